//! Lists at the root have a filter (`docs/decisions/0374-a-filter-on-every-list-of-kept-rows.md`), and it nests (`docs/decisions/0376-one-filter-language.md`).

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::parser::types::{ServiceDocument, TypeKind, TypeSystemDefinition};

use super::{bare::BARE, parsed, served};
use crate::authorization::calls::base;

/// One condition, of which `and` and `or` make lists, as its own list does.
const ONE_CONDITION: &str = "one condition";
/// The filter says what is calculated, and not which rows of that are shown.
const CALCULATED: &str = "of a calculation";
/// Questions of a model are about the products of the filter.
const MODEL: &str = "products that a model is asked about";

/// Lists whose filter has no `and`, `or` and `not`, with the reason.
const FLAT: [(&str, &str); 18] = [
    ("abcXyz", CALCULATED),
    ("attachments", ONE_CONDITION),
    ("boughtTogether", CALCULATED),
    ("countAccuracy", CALCULATED),
    ("deadStock", CALCULATED),
    ("demandFacts", CALCULATED),
    ("fulfilmentReport", CALCULATED),
    ("liquidationPlans", ONE_CONDITION),
    ("lostSales", CALCULATED),
    ("marginReport", CALCULATED),
    ("numberPatternsList", ONE_CONDITION),
    ("papers", ONE_CONDITION),
    ("productCategorySuggestions", MODEL),
    ("productTagSuggestions", MODEL),
    ("replenishmentPlans", ONE_CONDITION),
    ("report", CALCULATED),
    ("shrinkage", CALCULATED),
    ("stockProductivity", CALCULATED),
];

/// The root fields that return a connection, each with the type of its filter if it takes one.
fn lists(sdl: &str) -> BTreeMap<String, Option<String>> {
    let mut found = BTreeMap::new();
    for definition in &parsed(sdl).definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        let TypeKind::Object(object) = &kind.node.kind else { continue };
        if kind.node.name.node != "Query" {
            continue;
        }
        for field in object.fields.iter().map(|field| &field.node) {
            if base(&field.ty.node).ends_with("Connection") {
                let filter = field.arguments.iter().find(|argument| argument.node.name.node == "filter");
                found.insert(field.name.to_string(), filter.map(|argument| base(&argument.node.ty.node)));
            }
        }
    }
    found
}

/// Rows of these lists are lots with what expires of them; the lot has both times.
const WITHIN: [&str; 4] =
    ["expiringLots.createdAt", "expiringLots.updatedAt", "expiringSoon.createdAt", "expiringSoon.updatedAt"];

/// The fields of an object or an input, each with the name of its type.
fn fields_of(document: &ServiceDocument, name: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for definition in &document.definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        if kind.node.name.node != name {
            continue;
        }
        match &kind.node.kind {
            TypeKind::Object(object) => {
                found.extend(object.fields.iter().map(|field| (field.node.name.to_string(), base(&field.node.ty.node))));
            }
            TypeKind::InputObject(input) => {
                found.extend(input.fields.iter().map(|field| (field.node.name.to_string(), base(&field.node.ty.node))));
            }
            _ => {}
        }
    }
    found
}

/// Times of rows that a list is filtered by and that its rows do not show, as `list.field`.
fn unseen_times(sdl: &str) -> Vec<String> {
    let document = parsed(sdl);
    let roots = fields_of(&document, "Query");
    let mut found = Vec::new();
    for (list, filter) in lists(sdl) {
        let Some(filter) = filter else { continue };
        let Some(row) = fields_of(&document, &roots[&list]).remove("nodes") else { continue };
        let (asked, shown) = (fields_of(&document, &filter), fields_of(&document, &row));
        let unseen =
            ["createdAt", "updatedAt"].into_iter().filter(|time| asked.contains_key(*time) && !shown.contains_key(*time));
        found.extend(unseen.map(|time| format!("{list}.{time}")));
    }
    found
}

/// The root fields that return a connection and take no `filter`, by name.
fn unfiltered(sdl: &str) -> Vec<String> {
    lists(sdl).into_iter().filter(|(_, filter)| filter.is_none()).map(|(list, _)| list).collect()
}

/// The lists whose filter has not all of `and`, `or` and `not`, by name.
fn flat(sdl: &str) -> Vec<String> {
    let mut nested = BTreeSet::new();
    for definition in &parsed(sdl).definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        let TypeKind::InputObject(input) = &kind.node.kind else { continue };
        if ["and", "or", "not"].iter().all(|name| input.fields.iter().any(|field| field.node.name.node == *name)) {
            nested.insert(kind.node.name.node.to_string());
        }
    }
    let is_flat = |filter: &Option<String>| filter.as_ref().is_some_and(|filter| !nested.contains(filter));
    lists(sdl).into_iter().filter(|(_, filter)| is_flat(filter)).map(|(list, _)| list).collect()
}

#[test]
fn every_list_at_the_root_has_a_filter_or_a_reason_to_have_none() {
    let expected: Vec<_> = BARE.iter().filter(|(_, _, filter)| filter.is_some()).map(|(list, ..)| *list).collect();
    assert_eq!(unfiltered(&served()), expected, "give it a filter, or say in `bare.rs` why it has none");
}

#[test]
fn every_filter_of_a_list_nests_or_has_a_reason_not_to() {
    let expected = FLAT.map(|(list, _)| list);
    assert_eq!(flat(&served()), expected, "give it and, or and not, or say here why it has none");
}

#[test]
fn the_times_that_a_list_is_filtered_by_are_shown_by_its_rows() {
    assert_eq!(unseen_times(&served()), WITHIN, "show the time, or say here where it is shown");
}

#[test]
fn a_time_that_no_row_shows_is_found() {
    let rows = "type A { createdAt: Int } type AConnection { nodes: [A!]! } type B { id: ID } type BConnection { nodes: [B!]! }";
    let filters = "input F { id: ID createdAt: Int updatedAt: Int }";
    let fields = "a(filter: F): AConnection! b(filter: F): BConnection c(first: Int): BConnection";
    let found = unseen_times(&format!("{rows} {filters} type Query {{ {fields} }}"));
    assert_eq!(found, ["a.updatedAt", "b.createdAt", "b.updatedAt"]);
}

#[test]
fn a_filter_that_does_not_nest_is_found() {
    let filters = "input B { or: [B!] not: B x: Int } input C { and: [C!] or: [C!] not: C }";
    let fields = "a: AConnection b(filter: B): BConnection! c(filter: C, first: Int): CConnection! d(filter: B): [Int!]";
    assert_eq!(flat(&format!("{filters} type Query {{ {fields} }}")), ["b"]);
}

#[test]
fn a_list_without_a_filter_is_found() {
    let fields =
        "a(first: Int): AConnection! b(filter: BFilter, first: Int): BConnection c(filter: CFilter): [C!]! d: DConnection";
    let found = unfiltered(&format!("type Query {{ {fields} }} type A {{ b(first: Int): BConnection! }}"));
    assert_eq!(found, ["a", "d"]);
}
