//! Deprecated parts of the schema that an operation uses. The uses that a document names are found
//! once per document. The values of variables are checked in each call, but only if the variable's
//! type contains something deprecated: an operation without such uses pays for three comparisons. A
//! creator without an idempotency key is such a use too (`keyless`).

use std::{collections::HashSet, sync::Arc};

use async_graphql::{
    Name, Value, Variables,
    parser::types::{ExecutableDocument, Selection, SelectionSet},
};
use async_graphql_value::Value as InputValue;

use super::keyless::CreatorCall;
use crate::{
    deprecated::Deprecation,
    schema_index::{SchemaIndex, base},
};

/// Uses of deprecated parts of the schema by one operation.
#[derive(Debug, Default)]
pub struct DeprecatedUses {
    /// Uses that the document names, regardless of conditions.
    written: Vec<Arc<Deprecation>>,
    /// Variables that may hold more, with their input or enum.
    variables: Vec<(Name, Name)>,
    /// Calls that may be without an idempotency key.
    creators: Vec<CreatorCall>,
}

impl DeprecatedUses {
    /// Finds the uses of the only operation of a document that has passed the guard's limits.
    pub fn of(document: &ExecutableDocument, schema_index: &SchemaIndex) -> Self {
        let collector = UseCollector { schema_index, uses: Vec::new() };
        let mut visitor = DeprecatedUseVisitor { document, followed: HashSet::new(), collected: collector, creators: Vec::new() };
        let mut variables = Vec::new();
        if let Some((_, operation)) = document.operations.iter().next() {
            for definition in &operation.node.variable_definitions {
                let type_name = base(&definition.node.var_type.node);
                if let Some(default) = &definition.node.default_value {
                    visitor.collected.value(type_name, &default.node);
                }
                if schema_index.deprecated().holds(type_name) {
                    variables.push((definition.node.name.node.clone(), type_name.clone()));
                }
            }
            if let Some(root) = schema_index.root(operation.node.ty) {
                visitor.set(root, &operation.node.selection_set.node);
            }
        }
        Self { written: visitor.collected.uses, variables, creators: visitor.creators }
    }

    /// Returns the uses of a call with these variables, each once.
    pub fn with(&self, variables: &Variables, schema_index: &SchemaIndex) -> Vec<Arc<Deprecation>> {
        if self.written.is_empty() && self.variables.is_empty() && self.creators.is_empty() {
            return Vec::new();
        }
        let mut collector = UseCollector { schema_index, uses: self.written.clone() };
        for (name, type_name) in &self.variables {
            if let Some(value) = variables.get(name) {
                collector.value(type_name, value);
            }
        }
        for call in &self.creators {
            collector.add(call.deprecation(variables));
        }
        collector.uses
    }
}

struct UseCollector<'a> {
    schema_index: &'a SchemaIndex,
    uses: Vec<Arc<Deprecation>>,
}

impl UseCollector<'_> {
    fn add(&mut self, deprecation: Option<&Arc<Deprecation>>) {
        if let Some(deprecation) =
            deprecation.filter(|candidate| !self.uses.iter().any(|existing| Arc::ptr_eq(existing, candidate)))
        {
            self.uses.push(deprecation.clone());
        }
    }

    /// Adds the uses of a value in a document, where this input or enum is expected. A null is no
    /// use: it means the same as a value that is left out.
    fn literal(&mut self, type_name: &str, value: &InputValue) {
        let schema_index = self.schema_index;
        if !schema_index.deprecated().holds(type_name) {
            return;
        }
        match value {
            InputValue::Enum(name) => self.add(schema_index.deprecated().of_member(type_name, name)),
            InputValue::List(items) => items.iter().for_each(|item| self.literal(type_name, item)),
            InputValue::Object(members) => {
                for (name, member) in members.iter().filter(|(_, member)| !matches!(member, InputValue::Null)) {
                    self.add(schema_index.deprecated().of_member(type_name, name));
                    if let Some(input) = schema_index.input(type_name).and_then(|fields| fields.get(name)) {
                        self.literal(base(&input.kind), member);
                    }
                }
            }
            _ => {}
        }
    }

    /// Like `literal`, for a variable's value, in which an enum's value is a
    /// text.
    fn value(&mut self, type_name: &str, value: &Value) {
        let schema_index = self.schema_index;
        if !schema_index.deprecated().holds(type_name) {
            return;
        }
        match value {
            Value::Enum(name) => self.add(schema_index.deprecated().of_member(type_name, name)),
            Value::String(name) => self.add(schema_index.deprecated().of_member(type_name, name)),
            Value::List(items) => items.iter().for_each(|item| self.value(type_name, item)),
            Value::Object(members) => {
                for (name, member) in members.iter().filter(|(_, member)| **member != Value::Null) {
                    self.add(schema_index.deprecated().of_member(type_name, name));
                    if let Some(input) = schema_index.input(type_name).and_then(|fields| fields.get(name)) {
                        self.value(base(&input.kind), member);
                    }
                }
            }
            _ => {}
        }
    }
}

struct DeprecatedUseVisitor<'a> {
    document: &'a ExecutableDocument,
    /// Fragments that were visited: once is enough, however often they are spread.
    followed: HashSet<&'a Name>,
    collected: UseCollector<'a>,
    creators: Vec<CreatorCall>,
}

impl<'a> DeprecatedUseVisitor<'a> {
    fn set(&mut self, type_name: &str, set: &'a SelectionSet) {
        let schema_index = self.collected.schema_index;
        for item in &set.items {
            match &item.node {
                Selection::Field(field) => {
                    let name = field.node.name.node.as_str();
                    let Some(definition) = schema_index.field(type_name, name) else { continue };
                    self.collected.add(schema_index.deprecated().of_member(type_name, name));
                    if let Some(keyless) = schema_index.deprecated().deprecation_of_keyless_call(type_name, name) {
                        let operation = self.document.operations.iter().next();
                        let variables = operation.map(|(_, operation)| operation.node.variable_definitions.as_slice());
                        self.creators.push(CreatorCall::of(keyless.clone(), &field.node, variables.unwrap_or_default()));
                    }
                    for (argument, value) in &field.node.arguments {
                        self.collected.add(schema_index.deprecated().of_argument(type_name, name, &argument.node));
                        if let Some(input) = definition.arguments.get(&argument.node) {
                            self.collected.literal(base(&input.kind), &value.node);
                        }
                    }
                    self.set(&definition.of, &field.node.selection_set.node);
                }
                Selection::InlineFragment(inline) => {
                    let on = inline.node.type_condition.as_ref().map_or(type_name, |on| on.node.on.node.as_str());
                    self.set(on, &inline.node.selection_set.node);
                }
                Selection::FragmentSpread(spread) => {
                    let entry = self.document.fragments.get_key_value(&spread.node.fragment_name.node);
                    if let Some((_, fragment)) = entry.filter(|(name, _)| self.followed.insert(name)) {
                        self.set(fragment.node.type_condition.node.on.node.as_str(), &fragment.node.selection_set.node);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::parser::parse_query;
    use serde_json::{Value as Json, json};

    use super::*;

    const SDL: &str = r#"schema { query: Query mutation: Mutation }
        directive @deprecated(reason: String) on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE
        interface Node { id: ID! former: ID @deprecated(reason: "n") }
        type Query { shop: Shop, old: Shop @deprecated(reason: "q"), find(code: String, name: String @deprecated, status: Status, filter: Filter): Shop }
        type Mutation { make(input: [Make!]!): Shop, storeCreate(input: Store!, validateOnly: Boolean! = false): Shop,
            apiKeyRoll(id: ID!, idempotencyKey: String): Shop }
        type Shop implements Node { id: ID! former: ID, label: String @deprecated(reason: "l"), name: String, shop: Shop }
        enum Status { OPEN CLOSED GONE @deprecated(reason: "g") }
        enum Plain { A B }
        input Filter { not: Filter, status: [Status!], plain: Plain }
        input Make { name: String, label: String @deprecated(reason: "m"), filter: Filter }
        input Clean { plain: Plain }
        input Store { code: String, idempotencyKey: String }"#;

    fn used(query: &str, variables: Json) -> Vec<String> {
        let schema_index = SchemaIndex::of(SDL).unwrap();
        let uses = DeprecatedUses::of(&parse_query(query).unwrap(), &schema_index);
        let found = uses.with(&Variables::from_json(variables), &schema_index);
        found.iter().map(|one| one.coordinate.clone()).collect()
    }

    #[test]
    fn what_a_document_names_is_a_use() {
        let vectors: &[(&str, &[&str])] = &[
            ("{ old { id } }", &["Query.old"]),
            ("{ shop { label label shop { label } } }", &["Shop.label"]),
            ("{ shop { ...F } } fragment F on Shop { ... { ... on Shop { label } } ...F }", &["Shop.label"]),
            ("{ shop { label @skip(if: true) } }", &["Shop.label"]),
            ("{ find(name: \"x\") { id } }", &["Query.find(name:)"]),
            ("{ find(status: GONE) { id } }", &["Status.GONE"]),
            ("{ find(filter: { not: { status: [OPEN, GONE] } }) { id } }", &["Status.GONE"]),
            ("mutation { make(input: [{ label: \"x\", filter: { status: GONE } }]) { id } }", &["Make.label", "Status.GONE"]),
            ("query($s: Status = GONE) { find(status: $s) { id } }", &["Status.GONE"]),
            // An interface's own deprecations count.
            ("{ shop { ... on Node { former } } }", &["Node.former"]),
        ];
        for (query, expected) in vectors {
            assert_eq!(used(query, json!({})), *expected, "{query}");
        }
    }

    #[test]
    fn what_variables_hold_is_a_use() {
        let make = "mutation($input: [Make!]!) { make(input: $input) { id } }";
        assert_eq!(used(make, json!({ "input": [{ "name": "x" }, { "label": "y" }, { "label": "z" }] })), ["Make.label"]);
        assert_eq!(used(make, json!({ "input": { "filter": { "not": { "status": "GONE" } } } })), ["Status.GONE"]);
        let find = "query($f: Filter, $s: Status) { find(filter: $f, status: $s) { id } }";
        assert_eq!(used(find, json!({ "s": "GONE", "f": { "status": ["GONE"] } })), ["Status.GONE"]);
    }

    #[test]
    fn what_is_left_out_null_or_not_deprecated_is_none() {
        let make = "mutation($input: [Make!]!) { make(input: $input) { id } }";
        for (query, variables) in [
            ("{ shop { id name former } }", json!({})),
            ("{ find(status: OPEN, filter: { plain: A }) { id } }", json!({})),
            (make, json!({ "input": [{ "name": "GONE", "label": null }] })),
            (make, json!({ "input": [{ "filter": { "plain": "GONE" } }] })),
            ("mutation { make(input: [{ label: null }]) { id } }", json!({})),
            ("query($s: Status) { find(status: $s) { id } }", json!({ "s": "OPEN" })),
            ("query($s: Status) { find(status: $s) { id } }", json!({})),
            // Both are unknown.
            ("{ nowhere { label } ...Gone }", json!({})),
        ] {
            assert!(used(query, variables).is_empty(), "{query}");
        }
    }

    #[test]
    fn a_creator_without_a_key_is_a_use_and_a_dry_run_is_none() {
        let create = "mutation($in: Store!, $dry: Boolean! = false) { a: storeCreate(input: $in, validateOnly: $dry) { id } }";
        let roll = "mutation($key: String) { apiKeyRoll(id: 1, idempotencyKey: $key) { id } }";
        let tried = "mutation($dry: Boolean! = true) { storeCreate(input: { code: \"x\" }, validateOnly: $dry) { id } }";
        let literal = "mutation($key: String) { storeCreate(input: { code: \"x\", idempotencyKey: $key }) { id } }";
        for (query, variables, expected) in [
            (create, json!({ "in": { "code": "x" } }), Some("Store.idempotencyKey")),
            (create, json!({ "in": { "idempotencyKey": null }, "dry": false }), Some("Store.idempotencyKey")),
            (create, json!({ "in": { "idempotencyKey": "k" } }), None),
            (create, json!({ "in": { "code": "x" }, "dry": true }), None),
            (tried, json!({}), None),
            (tried, json!({ "dry": false }), Some("Store.idempotencyKey")),
            (roll, json!({}), Some("Mutation.apiKeyRoll(idempotencyKey:)")),
            (roll, json!({ "key": null }), Some("Mutation.apiKeyRoll(idempotencyKey:)")),
            (roll, json!({ "key": "k" }), None),
            (literal, json!({ "key": "k" }), None),
            (literal, json!({}), Some("Store.idempotencyKey")),
            ("mutation { apiKeyRoll(id: 1, idempotencyKey: \"k\") { id } }", json!({}), None),
            (
                "mutation { ...M } fragment M on Mutation { apiKeyRoll(id: 1) { id } }",
                json!({}),
                Some("Mutation.apiKeyRoll(idempotencyKey:)"),
            ),
            ("mutation { storeCreate(input: {}, validateOnly: true) { id } }", json!({}), None),
            ("mutation { storeCreate(input: {}, validateOnly: false) { id } }", json!({}), Some("Store.idempotencyKey")),
            (
                "mutation { a: storeCreate(input: {}) { id } b: storeCreate(input: {}) { id } }",
                json!({}),
                Some("Store.idempotencyKey"),
            ),
        ] {
            assert_eq!(used(query, variables), Vec::from_iter(expected), "{query}");
        }
    }

    #[test]
    fn variables_that_hold_nothing_deprecated_are_not_looked_at() {
        let schema_index = SchemaIndex::of(SDL).unwrap();
        let document = parse_query("query($p: Plain, $c: Clean, $f: Filter, $n: String) { shop { id } }").unwrap();
        let uses = DeprecatedUses::of(&document, &schema_index);
        assert_eq!(uses.variables, [(Name::new("f"), Name::new("Filter"))]);
        assert!(uses.written.is_empty());
    }
}
