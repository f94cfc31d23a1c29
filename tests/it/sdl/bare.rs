//! Lists at the root without a sort or a filter, each with its reasons: `sorts.rs` and `filters.rs` compare them with the schema.

/// Rows that are computed for each call, and cut after ranking: in the report's own order, or by
/// its `topBy` or `groupBy`.
const RANKED: &str = "a report, ranked as it is worked out";
/// Rows of a model or of a comparison of all products: another order would compute all of them for
/// each page.
const SUGGESTED: &str = "suggestions, worked out page by page or the best of all";

/// Rows that are computed for each call: days, stores and products are arguments of the report.
const REPORT: &str = "a report, whose arguments are its conditions";

/// The reason for which a list has no sort, and that for which it has no filter.
pub const BARE: [(&str, Option<&str>, Option<&str>); 26] = [
    ("abcXyz", Some(RANKED), None),
    ("boughtTogether", Some(RANKED), None),
    ("countAccuracy", Some(RANKED), None),
    ("customerCohorts", Some("a report by months, the oldest first"), Some(REPORT)),
    ("customerScores", Some(RANKED), Some(REPORT)),
    ("deadStock", Some(RANKED), None),
    ("demandFacts", Some("a report in the order of the dimensions that it is grouped by"), None),
    (
        "events",
        Some("the journal, in the order of `seq`, as streams go on from its cursors"),
        Some("the journal, by types of events alone, as streams are"),
    ),
    ("expiryRisk", Some(RANKED), Some(REPORT)),
    ("fulfilmentReport", Some(RANKED), None),
    (
        "history",
        Some("merged from several tables by moment and ID, the newest first"),
        Some("all that happened to one object, of the kinds that are asked for"),
    ),
    ("lostSales", Some(RANKED), None),
    ("lotTrace", Some("the way of a lot through the ledger, the oldest line first"), Some("the way of one lot")),
    ("marginReport", Some(RANKED), None),
    ("productCategorySuggestions", Some(SUGGESTED), None),
    ("productDuplicates", Some(SUGGESTED), Some("pairs of products that a model compares whole")),
    ("productNameCleanups", Some(SUGGESTED), Some("names that a model compares whole")),
    ("productTagSuggestions", Some(SUGGESTED), None),
    ("reorderSuggestionsList", Some(SUGGESTED), Some(REPORT)),
    ("shrinkage", Some(RANKED), None),
    ("stockAgeing", Some(RANKED), Some("a report of the company's books: costs are kept by product, and not by store")),
    (
        "stockDigestLevels",
        Some("levels by product, to be compared with a copy in that order"),
        Some("levels of buckets, to be compared with a copy"),
    ),
    ("stockPerformance", Some(RANKED), Some(REPORT)),
    ("stockProductivity", Some(RANKED), None),
    ("stocktakesDueList", Some(RANKED), Some(REPORT)),
    ("supplierPerformances", None, Some(REPORT)),
];

#[test]
fn a_line_has_a_reason() {
    let idle = BARE.iter().filter(|(_, sort, filter)| sort.is_none() && filter.is_none());
    assert_eq!(idle.count(), 0);
}
