//! What root fields ask for and do, for the ends of their descriptions: introspection carries no directives.

use std::collections::HashMap;

use async_graphql::{
    Value as Constant,
    parser::types::{ConstDirective, FieldDefinition},
};
use reference::{Operation, points_of};
use serde_json::Value;

use crate::price::Millis;

/// Notes by root type and field. Cheap where there are none.
#[derive(Debug, Default, Clone)]
pub struct RootNotes(HashMap<String, HashMap<String, String>>);

impl RootNotes {
    /// Notes down what the directives of a root type's field say, and what it costs before its answer is counted.
    pub(crate) fn add(&mut self, operation: Operation, root: &str, field: &FieldDefinition, price: Millis) {
        let note = note(operation, field, price);
        self.0.entry(root.to_owned()).or_default().insert(field.name.node.to_string(), note);
    }

    /// Ends the descriptions of the root fields in the value of `__schema` with their notes.
    pub(super) fn end_descriptions(&self, schema: &mut Value) {
        for kind in schema["types"].as_array_mut().into_iter().flatten() {
            let Some(notes) = kind["name"].as_str().and_then(|name| self.0.get(name)) else { continue };
            for field in kind["fields"].as_array_mut().into_iter().flatten() {
                let Some(note) = field["name"].as_str().and_then(|name| notes.get(name)) else { continue };
                let text = field["description"].as_str().unwrap_or_default();
                field["description"] = if text.is_empty() { note.clone() } else { format!("{text}\n\n{note}") }.into();
            }
        }
    }
}

fn note(operation: Operation, field: &FieldDefinition, price: Millis) -> String {
    let mut note = String::new();
    let directive = |name: &str| field.directives.iter().map(|one| &one.node).find(|one| one.name.node == name);
    match directive("requires").map(|one| texts(one, "permission")) {
        Some(codes) => note += &format!("Permission: {}.", codes.join(", ")),
        None if directive("public").is_some() => note += "Permission: none, without a login too.",
        None => note += "Permission: none beyond a login.",
    }
    if directive("stepUp").is_some() {
        note += " Asks for a fresh login.";
    }
    let events = directive("emits").map(|one| texts(one, "events")).unwrap_or_default();
    if !events.is_empty() {
        note += &format!(" Events: {}.", events.join(", "));
    }
    let points = f64::from(u32::try_from(price).unwrap_or(u32::MAX)) / 1_000.0;
    note += &format!(" Cost: {}.", points_of(operation, Some(&points.to_string())));
    note
}

/// A text, or a list of texts.
fn texts(directive: &ConstDirective, argument: &str) -> Vec<String> {
    match directive.get_argument(argument).map(|value| &value.node) {
        Some(Constant::String(text)) => vec![text.clone()],
        Some(Constant::List(all)) => {
            let text = |one: &Constant| if let Constant::String(text) = one { Some(text.clone()) } else { None };
            all.iter().filter_map(text).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::schema_index::SchemaIndex;

    #[test]
    fn a_root_field_says_its_permission_its_events_and_its_cost() {
        let sdl = r#"
            directive @requires(permission: String!) on FIELD_DEFINITION
            directive @emits(events: [String!]!) on FIELD_DEFINITION
            directive @stepUp on FIELD_DEFINITION
            directive @public on FIELD_DEFINITION
            type Query { shop: String @requires(permission: "shop.read") clock: String @public me: Other }
            type Mutation { open: String @requires(permission: "shop.write") @stepUp @emits(events: ["shop.opened", "shop.updated"]) }
            type Other { shop: String @requires(permission: "shop.read") }
            schema { query: Query mutation: Mutation }"#;
        let index = SchemaIndex::of(sdl).unwrap();
        let mut schema = json!({"types": [
            {"name": "Query", "fields": [{"name": "shop", "description": "The shop."}, {"name": "clock", "description": null}, {"name": "me"}]},
            {"name": "Mutation", "fields": [{"name": "open", "description": "Opens it."}]},
            {"name": "Other", "fields": [{"name": "shop", "description": "The shop."}]},
            {"name": "Kind", "fields": null},
        ]});
        index.notes().end_descriptions(&mut schema);
        let said = |kind: usize, field: usize| schema["types"][kind]["fields"][field]["description"].clone();
        assert_eq!(said(0, 0), "The shop.\n\nPermission: shop.read. Cost: 1 point and what its answer holds.");
        assert_eq!(said(0, 1), "Permission: none, without a login too. Cost: 1 point and what its answer holds.");
        assert_eq!(said(0, 2), "Permission: none beyond a login. Cost: 1 point and what its answer holds.");
        let open = "Opens it.\n\nPermission: shop.write. Asks for a fresh login. Events: shop.opened, shop.updated. Cost: 10 points, plus 0.1 for each line of the input, and what its answer holds.";
        assert_eq!(said(1, 0), open);
        assert_eq!(said(2, 0), "The shop.", "what is no root carries none");
    }
}
