//! Looks for patterns in stores that have a newly closed day.

use entity::prelude::*;
use platform::storage::{Fault, TenantScope};

use crate::anomalies::{
    core::{
        Finding, PatternRules, SPAN_DAYS, WINDOW_DAYS, below_cost, duplicates, find_duplicate_receipts, find_outliers,
        repeated_shortfall, unmoved_stock_finding,
    },
    rows::{self, Span},
};

/// Returns all patterns of these stores up to the closed day.
pub(super) async fn find_patterns(
    scope: &TenantScope,
    stores: &[StoreId],
    last_day: i32,
    rules: &PatternRules,
) -> Result<Vec<Finding>, Fault> {
    let window = Span { stores, from: last_day - WINDOW_DAYS + 1, to: last_day };
    let mut findings = below_cost(&rows::below_cost_lines(scope, window).await?, rules);
    // Equal orders are at most a day apart: the earlier one may be of the day before the window.
    let orders = rows::repeated_orders(scope, Span { from: window.from - 1, ..window }).await?;
    let receipts = rows::receipt_units(scope, Span { from: window.from - rules.receipt_days, ..window }).await?;
    let repeated = duplicates(&orders, rules).into_iter().chain(find_duplicate_receipts(&receipts, rules.receipt_days));
    findings.extend(repeated.filter(|findings| findings.date >= window.from));
    findings.extend(rows::count_differences(scope, window).await?.iter().filter_map(|one| repeated_shortfall(one, rules)));
    findings.extend(
        rows::unmoved_stock(scope, stores, last_day, rules.unmoved_days)
            .await?
            .iter()
            .map(|one| unmoved_stock_finding(one, rules)),
    );
    let comparison_span = Span { from: last_day - SPAN_DAYS + 1, ..window };
    let (people, registers) =
        (rows::documents(scope, comparison_span).await?, rows::register_documents(scope, comparison_span).await?);
    for (store, documents) in people.into_iter().chain(registers) {
        for outlier in find_outliers(&documents, rules.reversals) {
            let store_span = Span { stores: &[store], ..comparison_span };
            if let Some(reversal_content) = rows::reversal_content(scope, store_span, &outlier.own.origin).await? {
                findings.push(outlier.finding(last_day, store, reversal_content));
            }
        }
    }
    Ok(findings)
}
