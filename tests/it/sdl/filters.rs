//! Lists at the root have a filter (`docs/decisions/0374-a-filter-on-every-list-of-kept-rows.md`).

use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};

use super::{bare::BARE, parsed, served};
use crate::authorization::calls::base;

/// The root fields that return a connection and take no `filter`, by name.
fn unfiltered(sdl: &str) -> Vec<String> {
    let mut found = Vec::new();
    for definition in &parsed(sdl).definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        let TypeKind::Object(object) = &kind.node.kind else { continue };
        if kind.node.name.node != "Query" {
            continue;
        }
        for field in object.fields.iter().map(|field| &field.node) {
            let is_list = base(&field.ty.node).ends_with("Connection");
            let is_filtered = field.arguments.iter().any(|argument| argument.node.name.node == "filter");
            if is_list && !is_filtered {
                found.push(field.name.to_string());
            }
        }
    }
    found.sort_unstable();
    found
}

#[test]
fn every_list_at_the_root_has_a_filter_or_a_reason_to_have_none() {
    let expected: Vec<_> = BARE.iter().filter(|(_, _, filter)| filter.is_some()).map(|(list, ..)| *list).collect();
    assert_eq!(unfiltered(&served()), expected, "give it a filter, or say in `bare.rs` why it has none");
}

#[test]
fn a_list_without_a_filter_is_found() {
    let fields =
        "a(first: Int): AConnection! b(filter: BFilter, first: Int): BConnection c(filter: CFilter): [C!]! d: DConnection";
    let found = unfiltered(&format!("type Query {{ {fields} }} type A {{ b(first: Int): BConnection! }}"));
    assert_eq!(found, ["a", "d"]);
}
