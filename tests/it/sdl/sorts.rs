//! Lists at the root have a sort (`docs/decisions/0317-a-sort-on-every-list-held-by-the-schema.md`).

use async_graphql::parser::types::{TypeKind, TypeSystemDefinition};

use super::{parsed, served};
use crate::authorization::calls::base;

/// Rows that are worked out for each call, and cut where they are ranked: the report's own order, and its `topBy` or `groupBy` where it has one.
const RANKED: &str = "a report, ranked as it is worked out";
/// A model or a comparison of all products brings the rows: another order would work all of them out for each page.
const SUGGESTED: &str = "suggestions, worked out page by page or the best of all";

/// Lists without a sort, with the reason.
const WITHOUT_A_SORT: [(&str, &str); 25] = [
    ("abcXyz", RANKED),
    ("boughtTogether", RANKED),
    ("countAccuracy", RANKED),
    ("customerCohorts", "a report by months, the oldest first"),
    ("customerScores", RANKED),
    ("deadStock", RANKED),
    ("demandFacts", "a report in the order of the dimensions that it is grouped by"),
    ("events", "the journal, in the order of `seq`, as streams go on from its cursors"),
    ("expiryRisk", RANKED),
    ("fulfilmentReport", RANKED),
    ("history", "merged from several tables by moment and ID, the newest first"),
    ("lostSales", RANKED),
    ("lotTrace", "the way of a lot through the ledger, the oldest line first"),
    ("marginReport", RANKED),
    ("productCategorySuggestions", SUGGESTED),
    ("productDuplicates", SUGGESTED),
    ("productNameCleanups", SUGGESTED),
    ("productTagSuggestions", SUGGESTED),
    ("reorderSuggestionsList", SUGGESTED),
    ("shrinkage", RANKED),
    ("stockAgeing", RANKED),
    ("stockDigestLevels", "levels by product, to be compared with a copy in that order"),
    ("stockPerformance", RANKED),
    ("stockProductivity", RANKED),
    ("stocktakesDueList", RANKED),
];

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
    let expected = WITHOUT_A_SORT.map(|(list, _)| list);
    assert_eq!(unsorted(&served()), expected, "give it a sort, or say here why it has none");
}

#[test]
fn a_list_without_a_sort_is_found() {
    let fields = "a(first: Int): AConnection! b(sort: BSort, first: Int): BConnection c: [C!]! d: DConnection";
    let found = unsorted(&format!("type Query {{ {fields} }} type A {{ b(first: Int): BConnection! }}"));
    assert_eq!(found, ["a", "d"]);
}
