//! Notes for the ends of the descriptions of fields and types: what they require, do and cost.
//! Introspection carries no directives.

use std::collections::HashMap;

use async_graphql::{
    Positioned, Value as Constant,
    parser::types::{ConstDirective, FieldDefinition, TypeDefinition},
};
use reference::{Operation, points_of};
use serde_json::Value;

use crate::{price::Millis, priced_inputs::PricedInputs, schema_index::directive};

/// Notes by type, and by type and field, or value of an enum. Cheap where there are none. GraphiQL's page reads them: assets/graphiql/src/notes.js.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct SchemaNotes {
    types: HashMap<String, String>,
    fields: HashMap<String, HashMap<String, String>>,
}

impl SchemaNotes {
    /// Adds a note of the directives of a root type's field, and of its cost before its answer is
    /// counted.
    pub(crate) fn add_root(&mut self, operation: Operation, root: &str, field: &FieldDefinition, price: Millis) {
        self.add(root, field, of_root(operation, &field.directives, price));
    }

    /// Adds a note of the directives of another type's field, and of its cost besides its objects.
    pub(crate) fn add_field(&mut self, kind: &str, field: &FieldDefinition, price: Millis) {
        let mut note = of_permissions(&field.directives);
        if price > 0 {
            note.push(format!("Cost: {}.", points_text(price)));
        }
        if !note.is_empty() {
            self.add(kind, field, note.join(" "));
        }
    }

    /// Adds a note of the directives of a type, and of the cost of each of its objects.
    pub(crate) fn add_type(&mut self, kind: &TypeDefinition, price: Millis) {
        let mut note = of_permissions(&kind.directives);
        if price > 0 {
            note.push(format!("Cost: {} for each object.", points_text(price)));
        }
        if !note.is_empty() {
            self.types.insert(kind.name.node.to_string(), note.join(" "));
        }
    }

    /// Adds notes of the cost that fields of inputs and values of enums add to an operation.
    pub(crate) fn add_inputs(&mut self, inputs: &PricedInputs) {
        for (kind, name, price, is_of_each) in inputs.priced_parts() {
            let of_each = if is_of_each { " for each value" } else { "" };
            let note = format!("Cost: {}{of_each}.", points_text(price));
            self.fields.entry(kind.to_string()).or_default().insert(name.to_string(), note);
        }
    }

    fn add(&mut self, kind: &str, field: &FieldDefinition, note: String) {
        self.fields.entry(kind.to_owned()).or_default().insert(field.name.node.to_string(), note);
    }

    /// Ends descriptions in the value of `__schema` with their notes.
    pub(super) fn append_to_descriptions(&self, schema: &mut Value) {
        for kind in schema["types"].as_array_mut().into_iter().flatten() {
            let Some(name) = kind["name"].as_str() else { continue };
            let (of_type, of_fields) = (self.types.get(name), self.fields.get(name));
            if let Some(note) = of_type {
                append_note(kind, note);
            }
            let Some(notes) = of_fields else { continue };
            for members in ["fields", "inputFields", "enumValues"] {
                for member in kind[members].as_array_mut().into_iter().flatten() {
                    if let Some(note) = member["name"].as_str().and_then(|name| notes.get(name)) {
                        append_note(member, note);
                    }
                }
            }
        }
    }
}

/// Ends the description of a type, a field or a value with its note.
fn append_note(node: &mut Value, note: &str) {
    let text = node["description"].as_str().unwrap_or_default();
    let new_description = if text.is_empty() { note.to_owned() } else { format!("{text}\n\n{note}") };
    node["description"] = new_description.into();
}

fn of_root(operation: Operation, directives: &[Positioned<ConstDirective>], price: Millis) -> String {
    let mut note = String::new();
    match permission(directives, "requires") {
        Some(codes) => note += &format!("Permission: {codes}."),
        None if directive(directives, "public").is_some() => note += "Permission: none, without a login too.",
        None => note += "Permission: none beyond a login.",
    }
    if directive(directives, "stepUp").is_some() {
        note += " Asks for a fresh login.";
    }
    let events = directive(directives, "emits").map(|invocation| texts(invocation, "events")).unwrap_or_default();
    if !events.is_empty() {
        note += &format!(" Events: {}.", events.join(", "));
    }
    note += &format!(" Cost: {}.", points_of(operation, Some(&to_points(price).to_string())));
    note
}

/// Returns notes on the permissions without which the field is refused or null.
fn of_permissions(directives: &[Positioned<ConstDirective>]) -> Vec<String> {
    let required = permission(directives, "requires").map(|codes| format!("Permission: {codes}."));
    let masked = permission(directives, "mask").map(|codes| format!("Masked: null without {codes}."));
    required.into_iter().chain(masked).collect()
}

fn permission(directives: &[Positioned<ConstDirective>], name: &str) -> Option<String> {
    directive(directives, name).map(|invocation| texts(invocation, "permission").join(", "))
}

fn to_points(price: Millis) -> f64 {
    f64::from(u32::try_from(price).unwrap_or(u32::MAX)) / 1_000.0
}

fn points_text(price: Millis) -> String {
    let unit = if price == 1_000 { "point" } else { "points" };
    format!("{} {unit}", to_points(price))
}

/// A text, or a list of texts.
fn texts(directive: &ConstDirective, argument: &str) -> Vec<String> {
    match directive.get_argument(argument).map(|value| &value.node) {
        Some(Constant::String(text)) => vec![text.clone()],
        Some(Constant::List(values)) => {
            let text = |constant: &Constant| if let Constant::String(text) = constant { Some(text.clone()) } else { None };
            values.iter().filter_map(text).collect()
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
            type Other { shop: String }
            schema { query: Query mutation: Mutation }"#;
        let index = SchemaIndex::of(sdl).unwrap();
        let mut schema = json!({"types": [
            {"name": "Query", "fields": [{"name": "shop", "description": "The shop."}, {"name": "clock", "description": null}, {"name": "me"}]},
            {"name": "Mutation", "fields": [{"name": "open", "description": "Opens it."}]},
            {"name": "Other", "fields": [{"name": "shop", "description": "The shop."}]},
            {"name": "Kind", "fields": null},
        ]});
        index.notes().append_to_descriptions(&mut schema);
        let said = |kind: usize, field: usize| schema["types"][kind]["fields"][field]["description"].clone();
        assert_eq!(said(0, 0), "The shop.\n\nPermission: shop.read. Cost: 1 point and what its answer holds.");
        assert_eq!(said(0, 1), "Permission: none, without a login too. Cost: 1 point and what its answer holds.");
        assert_eq!(said(0, 2), "Permission: none beyond a login. Cost: 1 point and what its answer holds.");
        let open = "Opens it.\n\nPermission: shop.write. Asks for a fresh login. Events: shop.opened, shop.updated. Cost: 10 points, plus 0.1 for each line of the input, and what its answer holds.";
        assert_eq!(said(1, 0), open);
        assert_eq!(said(2, 0), "The shop.", "what asks for nothing says nothing");
    }

    #[test]
    fn a_nested_field_and_a_type_say_their_permission_their_mask_and_their_cost() {
        let sdl = r#"
            directive @requires(permission: String!) on FIELD_DEFINITION | OBJECT
            directive @mask(permission: String!) on FIELD_DEFINITION
            directive @cost(weight: String!) on FIELD_DEFINITION | OBJECT
            interface Node { id: ID! }
            type Query { shop: Shop }
            type Shop implements Node { id: ID! @cost(weight: "0")
              owner: String @requires(permission: "owner.read") rent: Int @mask(permission: "rent.read")
              visits: Int @cost(weight: "1") profit: Int @mask(permission: "rent.read") @cost(weight: "2.5") shelf: Shelf }
            type Shelf @requires(permission: "shelf.read") @cost(weight: "0.05") { width: Int }
            type Till @requires(permission: "till.read") { sum: Int }
            schema { query: Query }"#;
        let index = SchemaIndex::of(sdl).unwrap();
        let names =
            ["id", "owner", "rent", "visits", "profit", "shelf"].map(|name| json!({"name": name, "description": "Text."}));
        let mut schema = json!({"types": [
            {"name": "Shop", "description": "A shop.", "fields": names},
            {"name": "Shelf", "description": "A shelf.", "fields": [{"name": "width", "description": "Text."}]},
            {"name": "Till", "description": null, "fields": []},
        ]});
        index.notes().append_to_descriptions(&mut schema);
        let said = |kind: usize| schema["types"][kind]["description"].clone();
        assert_eq!(said(0), "A shop.\n\nCost: 0.1 points for each object.");
        assert_eq!(said(1), "A shelf.\n\nPermission: shelf.read. Cost: 0.05 points for each object.");
        assert_eq!(said(2), "Permission: till.read.");
        let said = |kind: usize, field: usize| schema["types"][kind]["fields"][field]["description"].clone();
        assert_eq!(said(0, 0), "Text.", "what costs nothing says nothing");
        assert_eq!(said(0, 1), "Text.\n\nPermission: owner.read.");
        assert_eq!(said(0, 2), "Text.\n\nMasked: null without rent.read.");
        assert_eq!(said(0, 3), "Text.\n\nCost: 1 point.");
        assert_eq!(said(0, 4), "Text.\n\nMasked: null without rent.read. Cost: 2.5 points.");
        assert_eq!(said(0, 5), "Text.", "its type says it");
        assert_eq!(said(1, 0), "Text.");
    }

    #[test]
    fn a_field_of_an_input_and_a_value_say_what_they_cost() {
        let sdl = r#"
            directive @cost(weight: String!) on INPUT_FIELD_DEFINITION | ENUM_VALUE
            type Query { shops(filter: ShopFilter, sort: ShopSort): Int }
            input ShopFilter { code: String name: Words @cost(weight: "5") ids: [ID!] @cost(weight: "0.01") and: [ShopFilter!] }
            input Words { contains: String @cost(weight: "1") }
            enum ShopSort { CODE NAME @cost(weight: "5") }
            schema { query: Query }"#;
        let index = SchemaIndex::of(sdl).unwrap();
        let text = |name: &str| json!({"name": name, "description": "Text."});
        let (fields, sorts) = (["code", "name", "ids", "and"].map(text), ["CODE", "NAME"].map(text));
        let mut schema = json!({"types": [
            {"name": "ShopFilter", "fields": null, "inputFields": fields},
            {"name": "Words", "inputFields": [text("contains")]},
            {"name": "ShopSort", "enumValues": sorts},
        ]});
        index.notes().append_to_descriptions(&mut schema);
        let said = |kind: usize, members: &str, member: usize| schema["types"][kind][members][member]["description"].clone();
        assert_eq!(said(0, "inputFields", 0), "Text.", "what costs nothing says nothing");
        assert_eq!(said(0, "inputFields", 1), "Text.\n\nCost: 5 points.");
        assert_eq!(said(0, "inputFields", 2), "Text.\n\nCost: 0.01 points for each value.");
        assert_eq!(said(0, "inputFields", 3), "Text.", "what leads to one says nothing");
        assert_eq!(said(1, "inputFields", 0), "Text.\n\nCost: 1 point.");
        assert_eq!(said(2, "enumValues", 0), "Text.");
        assert_eq!(said(2, "enumValues", 1), "Text.\n\nCost: 5 points.");
    }
}
