//! A nullable field describes when it is null, and an optional input describes what happens without
//! it.

use async_graphql::{
    Positioned,
    parser::types::{InputValueDefinition, TypeKind, TypeSystemDefinition},
};

use super::{descriptions::as_words, parsed, served};

/// Words one of which is in the text of each optional input: "Null for all.", "Needed unless `code`
/// is given."
const ABSENCE: [&str; 5] = ["null", "default", "unless", "omitted", "left out"];

fn says(text: &str, any_of: &[&str]) -> bool {
    let words = as_words(text);
    any_of.iter().any(|one| words.contains(&format!(" {one} ")))
}

fn text(description: Option<&Positioned<String>>) -> &str {
    description.map(|text| text.node.as_str()).unwrap_or_default()
}

/// The text of a deprecated name is that of the present one.
fn is_of_another(text: &str) -> bool {
    text.starts_with("Deprecated ")
}

/// Nullable fields whose texts do not explain null.
fn silent_outputs(sdl: &str) -> Vec<String> {
    let mut silent = Vec::new();
    for definition in &parsed(sdl).definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        let fields = match &kind.node.kind {
            TypeKind::Object(object) => object.fields.as_slice(),
            TypeKind::Interface(interface) => interface.fields.as_slice(),
            _ => continue,
        };
        for field in fields.iter().map(|field| &field.node) {
            let own = text(field.description.as_ref());
            if field.ty.node.nullable && !says(own, &["null"]) && !is_of_another(own) {
                silent.push(format!("{}.{}", kind.node.name, field.name));
            }
        }
    }
    silent
}

/// Adds the optional inputs whose texts do not explain their absence, unless the text of their type
/// explains null.
fn add_silent(inputs: &[Positioned<InputValueDefinition>], (parent, of_type): (&str, &str), silent: &mut Vec<String>) {
    for input in inputs.iter().map(|input| &input.node) {
        let own = text(input.description.as_ref());
        let may_be_left_out = input.ty.node.nullable && input.default_value.is_none();
        // The type's text covers the fields to change or to filter by, not the key of the call.
        let is_said_by_type = says(of_type, &["null"]) && input.name.node != "idempotencyKey";
        if may_be_left_out && !is_said_by_type && !says(own, &ABSENCE) && !is_of_another(own) {
            silent.push(format!("{parent}.{}", input.name));
        }
    }
}

/// Optional inputs whose texts do not explain their absence. A choice has exactly one field, so its
/// fields need no such text.
fn silent_inputs(sdl: &str) -> Vec<String> {
    let mut silent = Vec::new();
    for definition in &parsed(sdl).definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        let name = kind.node.name.node.as_str();
        let is_choice = kind.node.directives.iter().any(|directive| directive.node.name.node == "oneOf");
        match &kind.node.kind {
            TypeKind::InputObject(input) if !is_choice => {
                add_silent(&input.fields, (name, text(kind.node.description.as_ref())), &mut silent);
            }
            TypeKind::Object(object) => {
                for field in object.fields.iter().map(|field| &field.node) {
                    add_silent(&field.arguments, (&format!("{name}.{}", field.name), ""), &mut silent);
                }
            }
            _ => {}
        }
    }
    silent
}

#[test]
fn every_field_that_may_be_null_says_when_it_is() {
    let silent = silent_outputs(&served());
    assert!(silent.is_empty(), "{} may be null and do not say when (\"Null before.\"): {silent:#?}", silent.len());
}

#[test]
fn every_input_that_may_be_left_out_says_what_happens_without_it() {
    let silent = silent_inputs(&served());
    assert!(
        silent.is_empty(),
        "{} may be left out: say what happens then in their own texts (\"Null for all.\") or, where one rule holds for all fields of a type, in the \
         type's: {silent:#?}",
        silent.len()
    );
}

#[test]
fn a_field_that_says_nothing_of_null_is_found() {
    let fields =
        r#"a: Int b: Int! """Number. Null before.""" c: Int """Deprecated name of `c`.""" d: Int """As `null`.""" e: [Int!]"#;
    let found = silent_outputs(&format!("type A {{ {fields} }} interface B {{ f: Int }} input C {{ g: Int }}"));
    assert_eq!(found, ["A.a", "A.e", "B.f"]);
}

#[test]
fn an_input_that_says_nothing_of_its_absence_is_found() {
    let inputs = r#"a: Int b: Int! c: Int = 1 d: Int! = 1 """Null for all.""" e: Int """Needed unless a is given.""" f: Int idempotencyKey: String"#;
    let patch = r#""""A change. Fields that are left out stay as they are; null clears.""" input B"#;
    assert_eq!(silent_inputs(&format!("input A {{ {inputs} }}")), ["A.a", "A.idempotencyKey"]);
    assert_eq!(silent_inputs(&format!("{patch} {{ {inputs} }}")), ["B.idempotencyKey"], "the type says it of its fields");
    assert_eq!(silent_inputs(&format!("type Query {{ list({inputs}): Int }}")), ["Query.list.a", "Query.list.idempotencyKey"]);
    assert!(silent_inputs("input C @oneOf { a: Int b: Int }").is_empty(), "a choice");
}
