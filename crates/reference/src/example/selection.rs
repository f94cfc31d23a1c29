//! The fields that an example selects: those that identify the object for a person, and a few of
//! its related objects.

use crate::{
    directives::Access,
    operation::Operation,
    schema::{Definition, Field, Kind, Schema, base, is_list},
};

/// A field, or `... on Type`, with its own fields.
#[derive(Debug)]
pub(super) struct SelectedField {
    head: String,
    below: Vec<SelectedField>,
}

pub(super) struct Selector<'a> {
    pub(super) schema: &'a Schema,
    /// The permission that the root field requires.
    pub(super) permission: Option<&'a str>,
    pub(super) operation: Operation,
}

/// Leaf fields in the order in which they are wanted.
const PREFERRED_LEAVES: [&str; 19] = [
    "phase",
    "cursor",
    "reset",
    "seq",
    "inFilter",
    "id",
    "number",
    "code",
    "sku",
    "status",
    "name",
    "kind",
    "onHand",
    "available",
    "total",
    "price",
    "amount",
    "version",
    "createdAt",
];
/// Leaf fields of one object.
const MAX_LEAVES: usize = 8;
/// Objects below one object, and how many levels of them.
const MAX_OBJECTS: usize = 2;
const MAX_DEPTH: usize = 2;
/// An object of so few leaves, as `Money`, is selected as if it were one.
const MAX_SMALL_LEAVES: usize = 3;
/// Well-known members of interfaces and unions.
const KNOWN_MEMBERS: [&str; 4] = ["Product", "Order", "TokenPair", "Member"];

impl Selector<'_> {
    /// The selection of a root field that returns this type; empty for a leaf.
    pub(super) fn of(&self, name: &str) -> Vec<SelectedField> {
        let Some(definition) = self.schema.definition(name).filter(|_| !self.schema.is_leaf(name)) else { return Vec::new() };
        if definition.fields.iter().any(|field| field.name == "userErrors") && definition.kind == Kind::Object {
            return self.payload(definition);
        }
        self.composite(definition, 0)
    }

    fn payload(&self, definition: &Definition) -> Vec<SelectedField> {
        let (mut picks, mut objects) = (Vec::new(), Vec::new());
        for field in definition.fields.iter().filter(|field| field.name != "userErrors" && is_selectable(field)) {
            match self.schema.definition(base(&field.ty)) {
                Some(below) if !self.schema.is_leaf(&below.name) => {
                    objects.push(SelectedField { head: field.name.clone(), below: self.composite(below, 1) });
                }
                _ => picks.push(leaf(&field.name)),
            }
        }
        picks.append(&mut objects);
        picks.push(SelectedField {
            head: "userErrors".to_owned(),
            below: ["code", "message", "field"].into_iter().map(leaf).collect(),
        });
        picks
    }

    fn composite(&self, definition: &Definition, depth: usize) -> Vec<SelectedField> {
        match definition.kind {
            Kind::Interface | Kind::Union => self.member(definition, depth),
            _ if is_connection(definition) => self.connection(definition, depth),
            _ => self.object(definition, depth),
        }
    }

    fn member(&self, definition: &Definition, depth: usize) -> Vec<SelectedField> {
        let preferred = KNOWN_MEMBERS.iter().find_map(|name| definition.members.iter().find(|member| member == name));
        let member = preferred.or(definition.members.first()).and_then(|name| self.schema.definition(name));
        let mut picks = vec![leaf("__typename")];
        if let Some(member) = member {
            picks.push(SelectedField { head: format!("... on {}", member.name), below: self.object(member, depth.max(1)) });
        }
        picks
    }

    fn connection(&self, definition: &Definition, depth: usize) -> Vec<SelectedField> {
        let nodes = definition.fields.iter().find(|field| field.name == "nodes").and_then(|field| {
            let below = self.schema.definition(base(&field.ty))?;
            Some(SelectedField { head: "nodes".to_owned(), below: self.composite(below, depth + 1) })
        });
        let page =
            SelectedField { head: "pageInfo".to_owned(), below: ["hasNextPage", "endCursor"].into_iter().map(leaf).collect() };
        nodes.into_iter().chain([page]).collect()
    }

    fn object(&self, definition: &Definition, depth: usize) -> Vec<SelectedField> {
        let fields: Vec<_> = definition.fields.iter().filter(|field| is_selectable(field) && self.is_allowed(field)).collect();
        let mut leaves: Vec<_> = fields.iter().filter(|field| self.is_leaf_like(field)).collect();
        leaves.sort_by_key(|field| {
            let is_object = !self.schema.is_leaf(base(&field.ty));
            (PREFERRED_LEAVES.iter().position(|preferred| *preferred == field.name).unwrap_or(PREFERRED_LEAVES.len()), is_object)
        });
        leaves.truncate(MAX_LEAVES);
        let count = leaves.len();
        let mut picks: Vec<_> = leaves.into_iter().map(|field| self.leaf_like(field)).collect();
        let is_thin = count < MAX_LEAVES / 2 || (self.operation == Operation::Subscription && depth < MAX_DEPTH);
        if depth < MAX_DEPTH && (depth == 0 || is_thin) {
            let objects = fields.iter().filter(|field| !self.is_leaf_like(field) && self.is_near(field, depth));
            picks.extend(objects.take(MAX_OBJECTS).filter_map(|field| {
                let below = self.schema.definition(base(&field.ty))?;
                Some(SelectedField { head: field.name.clone(), below: self.composite(below, depth + 1) })
            }));
        }
        if picks.is_empty() { vec![leaf("__typename")] } else { picks }
    }

    /// A leaf, or an object of a few leaves. A list of such objects is no leaf.
    fn is_leaf_like(&self, field: &Field) -> bool {
        let name = base(&field.ty);
        self.schema.is_leaf(name) || (!is_list(&field.ty) && self.find_small_object(name).is_some())
    }

    fn find_small_object(&self, name: &str) -> Option<&Definition> {
        let definition = self.schema.definition(name).filter(|candidate| candidate.kind == Kind::Object)?;
        let is_small = definition.fields.len() <= MAX_SMALL_LEAVES
            && definition.fields.iter().all(|field| {
                field.arguments.is_empty()
                    && self.schema.is_leaf(base(&field.ty))
                    && is_selectable(field)
                    && self.is_allowed(field)
            });
        is_small.then_some(definition)
    }

    fn leaf_like(&self, field: &Field) -> SelectedField {
        let below = if self.schema.is_leaf(base(&field.ty)) { None } else { self.find_small_object(base(&field.ty)) };
        let below = below.into_iter().flat_map(|definition| &definition.fields).map(|field| leaf(&field.name)).collect();
        SelectedField { head: field.name.clone(), below }
    }

    /// Whether the example's permission is enough for the field and for its type.
    fn is_allowed(&self, field: &Field) -> bool {
        let of_type = self.schema.definition(base(&field.ty)).map_or(Access::Unsaid, |definition| definition.directives.access());
        [field.directives.access(), of_type].into_iter().all(|access| match access {
            Access::Requires(permission) => self.permission == Some(permission.as_str()),
            Access::Public | Access::Authenticated | Access::Unsaid => true,
        })
    }

    /// Pages inside of objects are left out of objects that are themselves rows.
    fn is_near(&self, field: &Field, depth: usize) -> bool {
        depth == 0 || self.schema.definition(base(&field.ty)).is_some_and(|definition| !is_connection(definition))
    }
}

fn leaf(name: &str) -> SelectedField {
    SelectedField { head: name.to_owned(), below: Vec::new() }
}

fn is_connection(definition: &Definition) -> bool {
    ["nodes", "pageInfo"].iter().all(|name| definition.fields.iter().any(|field| field.name == *name))
}

/// Whether the field can be selected without more: no required argument, not deprecated, no
/// step-up.
fn is_selectable(field: &Field) -> bool {
    field.directives.deprecated().is_none()
        && field.directives.step_up().is_none()
        && !field.arguments.iter().any(crate::schema::Input::is_required)
}

/// The selection in braces, with a space before it; empty if nothing is selected. `depth` counts the levels of the line that it begins on.
pub(super) fn selection_text(picks: &[SelectedField], depth: usize) -> String {
    if picks.is_empty() {
        return String::new();
    }
    if picks.iter().all(|pick| pick.below.is_empty()) {
        let names: Vec<_> = picks.iter().map(|pick| pick.head.as_str()).collect();
        return format!(" {{ {} }}", names.join(" "));
    }
    let indent = "  ".repeat(depth + 1);
    let leaves: Vec<_> = picks.iter().filter(|pick| pick.below.is_empty()).map(|pick| pick.head.as_str()).collect();
    let mut out = " {".to_owned();
    if !leaves.is_empty() {
        out.push_str(&format!("\n{indent}{}", leaves.join(" ")));
    }
    for pick in picks.iter().filter(|pick| !pick.below.is_empty()) {
        out.push_str(&format!("\n{indent}{}{}", pick.head, selection_text(&pick.below, depth + 1)));
    }
    out.push_str(&format!("\n{}}}", "  ".repeat(depth)));
    out
}
