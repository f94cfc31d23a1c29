//! Share of orders' units that left in time, and the hours until they left.

use std::collections::BTreeMap;

use iam::access::{Permit, kind};
use platform::{
    paging::Key,
    storage::{Database, SideBySide},
};
use uuid::Uuid;

use super::report_context::{
    RankedRow, ReportSource, documents_source, largest_integer_first, restrict_to_permit, sort_rows, to_safe_integer,
};
use crate::{
    insight::shell::ReportError,
    reports::{
        core::{Fill, Hours},
        rows::{self, FulfilmentGroup, ReportFilter},
    },
};

/// Sums of one group, or of all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FulfilmentSums {
    pub fill: Fill,
    pub hours: Hours,
}

/// Groups in descending order of their orders.
#[derive(Debug, Clone)]
pub struct FulfilmentReport {
    pub source: ReportSource,
    pub totals: FulfilmentSums,
    pub rows: Vec<RankedRow<(Uuid, FulfilmentSums)>>,
}

/// Orders within the permit, by the units that left until the requested day, or within `hours`
/// hours if the order has none.
pub async fn fulfilment_report(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    report_filter: ReportFilter,
    (group, hours): (FulfilmentGroup, i64),
) -> Result<FulfilmentReport, ReportError> {
    let scope = permit.scope(db).long();
    let report_filter = restrict_to_permit(&permit, report_filter);
    let source = documents_source(&scope, report_filter.span).await?;
    let reads = &SideBySide(&scope);
    // Side by side: neither rests on the other.
    let (fills, hours) = tokio::try_join!(
        rows::fill_rates(reads, &report_filter, group, hours),
        rows::fulfilment_hours(reads, &report_filter, group)
    )?;
    let mut hours_by_key: BTreeMap<Uuid, Vec<f64>> = BTreeMap::new();
    let mut all_hours = Vec::new();
    for (key, hours) in hours {
        hours_by_key.entry(key).or_default().push(hours);
        all_hours.push(hours);
    }
    let mut totals = FulfilmentSums { hours: Hours::of(all_hours), ..FulfilmentSums::default() };
    let mut sorted_rows = Vec::with_capacity(fills.len());
    for (key, fill) in fills {
        totals.fill.join(&fill);
        let hours = Hours::of(hours_by_key.remove(&key).unwrap_or_default());
        sorted_rows.push(((key, FulfilmentSums { fill, hours }), vec![largest_integer_first(fill.orders), Key::Id(key)]));
    }
    to_safe_integer(totals.fill.ordered_units)?;
    Ok(FulfilmentReport { source, totals, rows: sort_rows(sorted_rows) })
}
