//! Lists at the root have a sort (`docs/decisions/0317-a-sort-on-every-list-held-by-the-schema.md`).

use std::collections::BTreeMap;

use async_graphql::parser::types::{FieldDefinition, ServiceDocument, TypeKind, TypeSystemDefinition};

use super::{bare::BARE, parsed, served};
use crate::authorization::calls::base;

/// The root fields that return a connection and take no `sort`, by name.
fn unsorted(sdl: &str) -> Vec<String> {
    let mut found = Vec::new();
    for definition in &parsed(sdl).definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        let TypeKind::Object(object) = &kind.node.kind else { continue };
        if kind.node.name.node != "Query" {
            continue;
        }
        for field in object.fields.iter().map(|field| &field.node) {
            let is_list = base(&field.ty.node).ends_with("Connection");
            let is_sorted = field.arguments.iter().any(|argument| argument.node.name.node == "sort");
            if is_list && !is_sorted {
                found.push(field.name.to_string());
            }
        }
    }
    found.sort_unstable();
    found
}

#[test]
fn every_list_at_the_root_has_a_sort_or_a_reason_to_have_none() {
    let expected: Vec<_> = BARE.iter().filter(|(_, sort, _)| sort.is_some()).map(|(list, ..)| *list).collect();
    assert_eq!(unsorted(&served()), expected, "give it a sort, or say in `bare.rs` why it has none");
}

#[test]
fn a_list_without_a_sort_is_found() {
    let fields = "a(first: Int): AConnection! b(sort: BSort, first: Int): BConnection c: [C!]! d: DConnection";
    let found = unsorted(&format!("type Query {{ {fields} }} type A {{ b(first: Int): BConnection! }}"));
    assert_eq!(found, ["a", "d"]);
}

fn kind<'a>(document: &'a ServiceDocument, name: &str) -> Option<&'a TypeKind> {
    document.definitions.iter().find_map(|definition| match definition {
        TypeSystemDefinition::Type(kind) if kind.node.name.node == name => Some(&kind.node.kind),
        _ => None,
    })
}

/// Points of the sort orders of an input; those without points of their own are left out.
fn points(document: &ServiceDocument, sort: &str) -> BTreeMap<String, String> {
    let Some(TypeKind::InputObject(input)) = kind(document, sort) else { return BTreeMap::new() };
    let field = input.fields.iter().find(|field| field.node.name.node == "field");
    let words = field.and_then(|field| kind(document, &base(&field.node.ty.node)));
    let Some(TypeKind::Enum(words)) = words else { return BTreeMap::new() };
    let mut found = BTreeMap::new();
    for word in words.values.iter().map(|word| &word.node) {
        let cost = word.directives.iter().find(|directive| directive.node.name.node == "cost");
        let weight = cost.and_then(|cost| cost.node.get_argument("weight"));
        found.extend(weight.map(|weight| (word.value.node.to_string(), weight.node.to_string())));
    }
    found
}

#[test]
fn a_sort_costs_the_same_under_its_earlier_name() {
    let document = parsed(&served());
    let taken = |field: &FieldDefinition, name: &str| {
        let argument = field.arguments.iter().find(|argument| argument.node.name.node == name);
        argument.map(|argument| base(&argument.node.ty.node))
    };
    let mut checked_count = 0;
    for definition in &document.definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        let TypeKind::Object(object) = &kind.node.kind else { continue };
        for field in object.fields.iter().map(|field| &field.node) {
            let (Some(sort), Some(earlier)) = (taken(field, "sort"), taken(field, "orderBy")) else { continue };
            assert_eq!(points(&document, &sort), points(&document, &earlier), "{}.{}", kind.node.name.node, field.name.node);
            checked_count += 1;
        }
    }
    assert!(checked_count > 5 && !points(&document, "StockSort").is_empty(), "{checked_count}: that proves nothing");
}
