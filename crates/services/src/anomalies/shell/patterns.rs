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
    closed: i32,
    rules: &PatternRules,
) -> Result<Vec<Finding>, Fault> {
    let window = Span { stores, from: closed - WINDOW_DAYS + 1, to: closed };
    let mut found = below_cost(&rows::below_cost_lines(scope, window).await?, rules);
    // Equal orders are at most a day apart: the earlier one may be of the day before the window.
    let orders = rows::repeated_orders(scope, Span { from: window.from - 1, ..window }).await?;
    let receipts = rows::received(scope, Span { from: window.from - rules.receipt_days, ..window }).await?;
    let repeated = duplicates(&orders, rules).into_iter().chain(find_duplicate_receipts(&receipts, rules.receipt_days));
    found.extend(repeated.filter(|found| found.date >= window.from));
    found.extend(rows::counted(scope, window).await?.iter().filter_map(|one| repeated_shortfall(one, rules)));
    found.extend(
        rows::still(scope, stores, closed, rules.unmoved_days).await?.iter().map(|one| unmoved_stock_finding(one, rules)),
    );
    let compared = Span { from: closed - SPAN_DAYS + 1, ..window };
    let (people, registers) = (rows::documents(scope, compared).await?, rows::register_documents(scope, compared).await?);
    for (store, documents) in people.into_iter().chain(registers) {
        for far in find_outliers(&documents, rules.reversals) {
            let own = Span { stores: &[store], ..compared };
            if let Some(reversed) = rows::reversed(scope, own, &far.own.origin).await? {
                found.push(far.finding(closed, store, reversed));
            }
        }
    }
    Ok(found)
}
