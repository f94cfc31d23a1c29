//! Lists at the root have a filter (`docs/decisions/0374-a-filter-on-every-list-of-kept-rows.md`).

use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};

use super::{parsed, served};
use crate::authorization::calls::base;

/// Rows that are worked out for each call: days, stores and products are arguments of the report.
const REPORT: &str = "a report, whose arguments are its conditions";
/// A log or a few rows: the conditions that there are have arguments of their own.
const ARGUMENTS: &str = "its arguments are its conditions";

/// Lists without the argument `filter`, with the reason.
const WITHOUT_A_FILTER: [(&str, &str); 17] = [
    ("backups", ARGUMENTS),
    ("customerCohorts", REPORT),
    ("customerScores", REPORT),
    ("events", "the journal, by types of events alone, as streams are"),
    ("exchangeRates", ARGUMENTS),
    ("expiryRisk", REPORT),
    ("factorSeries", "the few series of a company, each with a code"),
    ("history", "all that happened to one object, of the kinds that are asked for"),
    ("lotTrace", "the way of one lot"),
    ("productDuplicates", "pairs of products that a model compares whole"),
    ("productNameCleanups", "names that a model compares whole"),
    ("reorderSuggestionsList", REPORT),
    ("stockAgeing", "a report of the company's books: costs are kept by product, and not by store"),
    ("stockDigestLevels", "levels of buckets, to be compared with a copy"),
    ("stockPerformance", REPORT),
    ("stocktakesDueList", REPORT),
    ("supplierPerformances", REPORT),
];

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
    let expected = WITHOUT_A_FILTER.map(|(list, _)| list);
    assert_eq!(unfiltered(&served()), expected, "give it a filter, or say here why it has none");
}

#[test]
fn a_list_without_a_filter_is_found() {
    let fields =
        "a(first: Int): AConnection! b(filter: BFilter, first: Int): BConnection c(filter: CFilter): [C!]! d: DConnection";
    let found = unfiltered(&format!("type Query {{ {fields} }} type A {{ b(first: Int): BConnection! }}"));
    assert_eq!(found, ["a", "d"]);
}
