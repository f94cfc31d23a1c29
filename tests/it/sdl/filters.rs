//! Lists at the root have a filter (`docs/decisions/0374-a-filter-on-every-list-of-kept-rows.md`), and it nests (`docs/decisions/0376-one-filter-language.md`).

use std::collections::{BTreeMap, BTreeSet};

use async_graphql::parser::types::{ServiceDocument, TypeKind, TypeSystemDefinition};

use super::{bare::BARE, parsed, served};
use crate::authorization::calls::base;

/// A single condition: `and` and `or` belong to the list of such conditions.
const ONE_CONDITION: &str = "one condition";
/// The filter selects the input of a calculation, not rows of its result.
const CALCULATED: &str = "of a calculation";
/// Questions of a model are about the products of the filter.
const MODEL: &str = "products that a model is asked about";

/// Lists whose filter has no `and`, `or` and `not`, with the reason.
const FLAT: [(&str, &str); 14] = [
    ("abcXyz", CALCULATED),
    ("boughtTogether", CALCULATED),
    ("countAccuracy", CALCULATED),
    ("deadStock", CALCULATED),
    ("demandFacts", CALCULATED),
    ("fulfilmentReport", CALCULATED),
    ("lostSales", CALCULATED),
    ("marginReport", CALCULATED),
    ("numberPatternsList", ONE_CONDITION),
    ("productCategorySuggestions", MODEL),
    ("productTagSuggestions", MODEL),
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

/// Rows of the first four are lots with their expiring quantities; both times are on the lot. A
/// paper shows the time as `issuedAt`.
const ELSEWHERE: [&str; 5] =
    ["expiringLots.createdAt", "expiringLots.updatedAt", "expiringSoon.createdAt", "expiringSoon.updatedAt", "papers.createdAt"];

/// Times of rows, each with the value of a sort by it.
const TIMES: [(&str, &str); 2] = [("createdAt", "CREATED_AT"), ("updatedAt", "UPDATED_AT")];

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
        let (filter_fields, row_fields) = (fields_of(&document, &filter), fields_of(&document, &row));
        let unseen = ["createdAt", "updatedAt"]
            .into_iter()
            .filter(|time| filter_fields.contains_key(*time) && !row_fields.contains_key(*time));
        found.extend(unseen.map(|time| format!("{list}.{time}")));
    }
    found
}

/// The values of an enum.
fn values_of(document: &ServiceDocument, name: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for definition in &document.definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        if let TypeKind::Enum(words) = &kind.node.kind
            && kind.node.name.node == name
        {
            found.extend(words.values.iter().map(|word| word.node.value.node.to_string()));
        }
    }
    found
}

/// Times of rows that a list at any place is sorted by, or that the rows of a list with a filter show, and that it is not filtered by: as
/// `Type.list.field`.
fn unfiltered_times(sdl: &str) -> Vec<String> {
    let document = parsed(sdl);
    let mut found = Vec::new();
    for definition in &document.definitions {
        let TypeSystemDefinition::Type(kind) = definition else { continue };
        let TypeKind::Object(object) = &kind.node.kind else { continue };
        for field in object.fields.iter().map(|field| &field.node) {
            let connection = base(&field.ty.node);
            if !connection.ends_with("Connection") {
                continue;
            }
            let taken = |name: &str| {
                let argument = field.arguments.iter().find(|argument| argument.node.name.node == name);
                argument.map(|argument| fields_of(&document, &base(&argument.node.ty.node)))
            };
            let (filter, sort) = (taken("filter"), taken("sort").unwrap_or_default());
            let sorts = sort.get("field").map(|words| values_of(&document, words)).unwrap_or_default();
            let row = fields_of(&document, &connection).remove("nodes").unwrap_or_default();
            let shown = if filter.is_some() { fields_of(&document, &row) } else { BTreeMap::new() };
            let filter = filter.unwrap_or_default();
            let missing = TIMES
                .iter()
                .filter(|(time, sort)| (sorts.contains(*sort) || shown.contains_key(*time)) && !filter.contains_key(*time));
            found.extend(missing.map(|(time, _)| format!("{}.{}.{time}", kind.node.name.node, field.name.node)));
        }
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
    assert_eq!(unseen_times(&served()), ELSEWHERE, "show the time, or say here where it is shown");
}

#[test]
fn lists_are_filtered_by_the_times_that_they_are_sorted_by_and_that_their_rows_show() {
    assert_eq!(unfiltered_times(&served()), [""; 0], "give the filter the time");
}

#[test]
fn a_time_that_no_filter_has_is_found() {
    let rows = "type A { createdAt: Int } type AConnection { nodes: [A!]! } type B { id: ID } type BConnection { nodes: [B!]! }";
    let inputs = "input F { id: ID updatedAt: Int } input S { field: E! } enum E { CREATED_AT UPDATED_AT }";
    let fields = "a(filter: F): AConnection! b(filter: F, sort: S): BConnection c(first: Int): AConnection";
    let nested = "type N { d(sort: S): BConnection! e(sort: S, filter: F): AConnection }";
    let found = unfiltered_times(&format!("{rows} {inputs} type Query {{ {fields} }} {nested}"));
    let expected = ["Query.a.createdAt", "Query.b.createdAt", "N.d.createdAt", "N.d.updatedAt", "N.e.createdAt"];
    assert_eq!(found, expected);
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
