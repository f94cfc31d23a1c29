//! Calls generated from the schema: a valid one for each root field, and one for each place of an
//! ID.

use std::sync::atomic::{AtomicU32, Ordering};

use async_graphql::Positioned;
use async_graphql::parser::types::{
    BaseType, ConstDirective, FieldDefinition, InputValueDefinition, Type, TypeDefinition, TypeKind,
};
use serde_json::{Map, Value, json};

use super::{
    also::{ALSO, KEPT_RULE},
    id_names::ID_NAMES,
    world::Company,
};
pub use crate::support::schema::{Calls, base, is_needed, later_name};

/// Mutation that runs for each line of a file.
const SUPPLIERS: &str = "mutation($input: SupplierCreateInput!, $validateOnly: Boolean!) {
    supplierCreate(input: $input, validateOnly: $validateOnly) { userErrors { code } } }";

/// Points from which on a root field is a report or a search.
const REPORT_POINTS: f64 = 20.0;

/// Whether a root field is a report or a search, which reads many of a tenant's rows by design:
/// decided by its `@cost`.
pub fn is_report(field: &FieldDefinition) -> bool {
    let cost = field.directives.iter().find(|one| one.node.name.node == "cost");
    let weight = cost.and_then(|cost| cost.node.get_argument("weight")).map(|weight| weight.node.to_string());
    weight.is_some_and(|weight| weight.trim_matches('"').parse::<f64>().unwrap() >= REPORT_POINTS)
}

/// A place of an argument or input field, as names from the argument on; lists are passed through.
pub type Path = Vec<String>;

impl Calls {
    pub fn types(&self) -> impl Iterator<Item = &TypeDefinition> {
        self.types.values()
    }
    fn inputs(&self, kind: &str) -> &[Positioned<InputValueDefinition>] {
        match self.types.get(kind).map(|kind| &kind.kind) {
            Some(TypeKind::InputObject(input)) => &input.fields,
            _ => &[],
        }
    }

    /// Places of an ID in a root field's arguments. A filter nested in a filter is not searched
    /// again.
    pub fn slots(&self, field: &FieldDefinition) -> Vec<Path> {
        let mut found = Vec::new();
        self.walk_slots(&field.arguments, &mut Vec::new(), &mut Vec::new(), &mut found);
        found
    }

    fn walk_slots(
        &self,
        inputs: &[Positioned<InputValueDefinition>],
        path: &mut Path,
        within: &mut Vec<String>,
        found: &mut Vec<Path>,
    ) {
        for input in inputs {
            path.push(input.node.name.to_string());
            let kind = base(&input.node.ty.node);
            if kind == "ID" {
                found.push(path.clone());
            } else if !within.contains(&kind) {
                within.push(kind.clone());
                self.walk_slots(self.inputs(&kind), path, within, found);
                within.pop();
            }
            path.pop();
        }
    }

    /// Variables for a root field: its required arguments with IDs of this company, and the path to
    /// the slot.
    pub fn variables(&self, company: &Company, field: &FieldDefinition, slot: Option<(&Path, &str)>) -> Value {
        let root = field.name.node.as_str();
        let mut variables = Map::new();
        for argument in &field.arguments {
            let name = argument.node.name.node.as_str();
            let at = slot.filter(|(path, _)| path[0] == name);
            // With a slot, the argument may be replaced by the one that contains the slot.
            let is_also = slot.is_none() && ALSO.contains(&(root, name));
            // A required list of IDs is empty beside the references that lead to the slot: both
            // would be refused before any lookup.
            if slot.is_some_and(|(path, _)| is_in_place_of(&path[0], name)) && is_needed(&argument.node) {
                variables.insert(name.to_owned(), json!([]));
            } else if is_needed(&argument.node) || at.is_some() || is_also {
                let mut path = vec![argument.node.name.to_string()];
                variables.insert(path[0].clone(), self.value(company, root, &argument.node.ty.node, &mut path, at));
            }
        }
        Value::Object(variables)
    }

    fn value(&self, company: &Company, root: &str, ty: &Type, path: &mut Path, slot: Option<(&Path, &str)>) -> Value {
        match &ty.base {
            BaseType::List(inner) => json!([self.value(company, root, inner, path, slot)]),
            BaseType::Named(name) => match self.types.get(name.as_str()).map(|kind| (&kind.kind, &kind.directives)) {
                // The paper of an order, as `meant` returns an order's prefix.
                Some((TypeKind::Enum(_), _)) if name.as_str() == "PaperKind" => json!("ORDER_CONFIRMATION"),
                // A deposit is no part of what goods cost.
                Some((TypeKind::Enum(_), _)) if name.as_str() == "ChargeKind" => json!("FREIGHT"),
                Some((TypeKind::Enum(words), _)) => json!(words.values[0].node.value.node.as_str()),
                Some((TypeKind::InputObject(input), directives)) => {
                    let is_one_of = directives.iter().any(|directive| directive.node.name.node == "oneOf");
                    self.input(company, root, (name, &input.fields, is_one_of), path, slot)
                }
                _ => self.scalar(company, root, name, path, slot),
            },
        }
    }

    fn input(
        &self,
        company: &Company,
        root: &str,
        (name, fields, is_one_of): (&str, &[Positioned<InputValueDefinition>], bool),
        path: &mut Path,
        slot: Option<(&Path, &str)>,
    ) -> Value {
        let next =
            slot.and_then(|(slot, _)| slot.get(path.len())).filter(|_| slot.is_some_and(|(slot, _)| slot.starts_with(path)));
        let chosen: Vec<&str> = if is_one_of {
            let known = ["id", "unconditional"].into_iter().find(|one| fields.iter().any(|field| field.node.name.node == *one));
            vec![next.map(String::as_str).or(known).unwrap_or_else(|| fields[0].node.name.node.as_str())]
        } else {
            let is_row = |field: &InputValueDefinition| is_row(field) && !next.is_some_and(|next| is_named_by(field, next));
            let needed = |field: &InputValueDefinition| is_needed(field) || is_row(field);
            let names = fields.iter().map(|field| (field.node.name.node.as_str(), needed(&field.node)));
            // An ID beside the reference that leads to the slot would be refused as a second one,
            // before any lookup.
            let is_also = |field: &str| ALSO.contains(&(name, field)) && !next.is_some_and(|next| is_in_place_of(next, field));
            names
                .filter(|(field, needed)| *needed || is_also(field) || next.is_some_and(|next| next == field))
                .map(|(field, _)| field)
                .collect()
        };
        let mut value = Map::new();
        for field in fields.iter().filter(|field| chosen.contains(&field.node.name.node.as_str())) {
            path.push(field.node.name.to_string());
            value.insert(field.node.name.to_string(), self.value(company, root, &field.node.ty.node, path, slot));
            path.pop();
        }
        Value::Object(value)
    }

    fn scalar(&self, company: &Company, root: &str, kind: &str, path: &Path, slot: Option<(&Path, &str)>) -> Value {
        let name = path.last().map(String::as_str).unwrap_or_default();
        match kind {
            "ID" => match slot {
                Some((slot, id)) if slot == path => json!(id),
                // A transfer has different source and target stores.
                _ if path.iter().any(|name| name == "toStore") => json!(company.depot),
                // A picture and a document that belong to nothing yet.
                _ if name == "fileId" && root == "productImageAdd" => json!(company.picture),
                _ if name == "fileId" && root == "productDocumentAdd" => json!(company.manual),
                _ if name == "fileId" && root == "attachmentAdd" => json!(company.delivery),
                _ if root == "orderHoldLift" => json!(company.hold),
                _ => json!(company.ids[meant(root, path)]),
            },
            // More than the promised units, so that it can be set.
            "Quantity" if name == "onHand" => json!(1_000_000),
            "Int" | "Long" | "Quantity" => json!(1),
            "Float" => json!(1.0),
            "Boolean" => json!(true),
            // Rates are of days that have come.
            "Date" if root == "exchangeRateSet" => json!("2020-01-02"),
            "Date" => json!("2099-01-31"),
            // Not long after this world's own time.
            "DateTime" if name == "until" => json!("2026-12-01T00:00:00Z"),
            "DateTime" => json!("2026-09-21T00:00:00Z"),
            "Decimal" => json!("1.00"),
            // From one currency to another.
            "CurrencyCode" if ["to", "quoteCode"].contains(&name) => json!("EUR"),
            "CurrencyCode" => json!("GBP"),
            "JSON" => json!({}),
            _ if ["holdRuleArchive", "factorSeriesRemove"].contains(&root) && name == "code" => json!(KEPT_RULE),
            _ if name == "code" && root.starts_with("scan") => json!(format!("{}-mug", company.word)),
            _ if name == "query" && root == "search" => json!(format!("{}-mug", company.word)),
            _ if root == "tenantSwitch" => json!(format!("{}-company", company.word)),
            // The creator of a role or a key must hold the permissions that it grants.
            _ if name == "permissions" => json!(if root.starts_with("role") { "role.write" } else { "apikey.write" }),
            _ if name == "mutation" => json!(SUPPLIERS),
            _ if name == "document" => json!("{ stores { nodes { id } } }"),
            _ if name == "delimiter" => json!(";"),
            _ if name == "pattern" => json!("WEB-{n:5}"),
            _ if name == "ecbCsv" => json!("Date,USD\n2020-01-03,1.1147\n"),
            _ if name == "url" => json!("https://shop.example/hooks"),
            _ if name == "eventTypes" => json!("stock.changed"),
            _ if name == "email" => json!(format!("new{}@example.com", fresh())),
            _ if name == "password" => json!("correct horse battery staple"),
            _ => json!(format!("new-{}", fresh())),
        }
    }

    /// The document that calls a root field with what the variables name, selecting `selection` of its answer.
    pub fn document(&self, operation: &str, field: &FieldDefinition, variables: &Value, selection: &str) -> String {
        let given: Vec<&InputValueDefinition> = field
            .arguments
            .iter()
            .map(|argument| &argument.node)
            .filter(|argument| !variables[argument.name.node.as_str()].is_null())
            .collect();
        let declared: String = given.iter().map(|argument| format!("${}: {} ", argument.name, argument.ty)).collect();
        let passed: String = given.iter().map(|argument| format!("{0}: ${0} ", argument.name)).collect();
        let (declared, passed) =
            if given.is_empty() { (String::new(), String::new()) } else { (format!("({declared})"), format!("({passed})")) };
        format!("{operation}{declared} {{ {}{passed} {selection} }}", field.name)
    }

    /// A selection of a type, objects inside objects to a depth. Names are aliased by their type, so that those of an interface's types do not clash.
    pub fn wide(&self, kind: &str, depth: u32) -> String {
        let mut parts = vec!["__typename".to_owned()];
        for member in self.members(kind) {
            if depth > 0 {
                parts.push(format!("... on {member} {}", self.wide(&member, depth - 1)));
            }
        }
        for field in
            self.fields(kind).iter().filter(|field| !field.node.arguments.iter().any(|argument| is_needed(&argument.node)))
        {
            let (name, of) = (field.node.name.node.as_str(), base(&field.node.ty.node));
            let is_leaf = self.fields(&of).is_empty() && self.members(&of).is_empty();
            if is_leaf {
                parts.push(format!("{kind}_{name}: {name}"));
            } else if depth > 0 {
                parts.push(format!("{kind}_{name}: {name} {}", self.wide(&of, depth - 1)));
            }
        }
        format!("{{ {} }}", parts.join(" "))
    }

    /// Whether an answer to a selection by `wide` has an object with fields that a deeper one would ask for.
    pub fn goes_on(&self, answer: &Value) -> bool {
        match answer {
            Value::Array(items) => items.iter().any(|item| self.goes_on(item)),
            Value::Object(object) => {
                let kind = object.get("__typename").and_then(Value::as_str).unwrap_or_default();
                let is_left_out = |field: &FieldDefinition| !object.contains_key(&format!("{kind}_{}", field.name));
                self.plain_fields(kind).any(is_left_out) || object.values().any(|field| self.goes_on(field))
            }
            _ => false,
        }
    }

    /// Beginnings of the shortest selections that lead from a root field's answer to an object of a
    /// type with rights of its own, no deeper than `depth`: `{ __typename order { __typename `.
    /// Each precedes the longer ones that begin with it.
    pub fn ways_to_guarded(&self, field: &FieldDefinition, depth: u32) -> Vec<String> {
        let mut found = Vec::new();
        self.walk_ways(&base(&field.ty.node), depth, "{ __typename ", &mut found);
        found
    }

    fn walk_ways(&self, kind: &str, depth: u32, so_far: &str, found: &mut Vec<String>) {
        let stands_for = [vec![kind.to_owned()], self.members(kind)].concat();
        if stands_for.iter().any(|one| self.needed_for(one).is_some()) {
            found.push(so_far.to_owned());
        }
        if depth == 0 {
            return;
        }
        for field in
            self.fields(kind).iter().filter(|field| !field.node.arguments.iter().any(|argument| is_needed(&argument.node)))
        {
            let of = base(&field.node.ty.node);
            if !self.fields(&of).is_empty() || !self.members(&of).is_empty() {
                self.walk_ways(&of, depth - 1, &format!("{so_far}{} {{ __typename ", field.node.name), found);
            }
        }
    }

    /// The permission that a type needs on every way to it.
    pub fn needed_for(&self, kind: &str) -> Option<String> {
        self.types.get(kind).and_then(|kind| required(&kind.directives))
    }
}

/// Whether a reference can replace an ID: `product` for `productId`, `products` for `productIds`.
fn is_in_place_of(reference: &str, id: &str) -> bool {
    id.strip_suffix("Id") == Some(reference) || id.strip_suffix('s') == Some(&format!("{}Id", reference.trim_end_matches('s')))
}

/// Whether it is the ID of the row that a mutation changes, which a reference may name instead.
fn is_row(field: &InputValueDefinition) -> bool {
    field.name.node == "id" && field.description.as_ref().is_some_and(|text| text.node.contains("Needed unless `"))
}

/// Whether that reference is the field of this name.
fn is_named_by(row: &InputValueDefinition, reference: &str) -> bool {
    row.description.as_ref().is_some_and(|text| text.node.contains(&format!("Needed unless `{reference}`")))
}

/// A number that no call has had yet, of six digits: answers are compared with their digits hidden.
fn fresh() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(100_000);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// The permission of a `@requires`.
pub fn required(directives: &[Positioned<ConstDirective>]) -> Option<String> {
    let directive = directives.iter().find(|directive| directive.node.name.node == "requires")?;
    let permission = directive.node.get_argument("permission")?;
    Some(permission.node.to_string().trim_matches('"').to_owned())
}

/// Prefix of the kind of ID that a place expects, derived from its names, the innermost first, and
/// then from the root field's.
pub fn meant(root: &str, path: &Path) -> &'static str {
    named(root, path).unwrap_or("prd")
}

/// The same prefix, or None if no name implies one. Places like that of `node(id:)` take any kind.
pub fn named(root: &str, path: &Path) -> Option<&'static str> {
    let is_of_payment = root.starts_with("payment") || path.iter().any(|name| name == "payments");
    if is_of_payment && path.last().is_some_and(|name| name == "parentId") {
        return Some("pay");
    }
    let is_of_purchase = ["purchaseOrderReceive", "purchaseOrderConfirm", "purchaseOrderAmend"].contains(&root);
    if is_of_purchase && path.last().is_some_and(|name| name == "lineId") {
        return Some("pol");
    }
    if root.starts_with("paper") && path.iter().any(|name| name == "documentId" || name == "document") {
        return Some("ord");
    }
    let names = path.iter().rev().map(String::as_str).chain([root]);
    let mut known = names.filter_map(|name| {
        // To restore something has nothing to do with a store.
        let name = name.to_lowercase().replace("restore", "");
        // `lines` holds line inputs, which have ids of many kinds; `lineId` is one.
        let word = |(word, _): &&(&str, &str)| name.contains(word) && name != "lines";
        ID_NAMES.iter().find(word).map(|(_, prefix)| *prefix)
    });
    known.next()
}

/// The least that can be selected of an answer.
pub fn least(calls: &Calls, field: &FieldDefinition) -> &'static str {
    let kind = base(&field.ty.node);
    if kind.ends_with("Payload") {
        "{ __typename userErrors { code field message } }"
    } else if calls.wide(&kind, 0) == "{ __typename }"
        && calls.members(&kind).is_empty()
        && !calls.types().any(|one| one.name.node == kind)
    {
        ""
    } else {
        "{ __typename }"
    }
}
