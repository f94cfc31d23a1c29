//! Share of orders' units that left in time, and the hours until they left.

use std::collections::BTreeMap;

use iam::access::{Permit, kind};
use platform::{
    paging::Key,
    storage::{Database, SideBySide},
};
use uuid::Uuid;

use super::report_context::{Ranked, ReportSource, documents_source, largest_integer_first, sort_rows, to_safe_integer, within};
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
    pub rows: Vec<Ranked<(Uuid, FulfilmentSums)>>,
}

/// Orders within the permit, by the units that left until the requested day, or within `hours`
/// hours if the order has none.
pub async fn fulfilment_report(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    narrow: ReportFilter,
    (group, hours): (FulfilmentGroup, i64),
) -> Result<FulfilmentReport, ReportError> {
    let scope = permit.scope(db).long();
    let narrow = within(&permit, narrow);
    let source = documents_source(&scope, narrow.span).await?;
    let reads = &SideBySide(&scope);
    // Side by side: neither rests on the other.
    let (fills, hours) = tokio::try_join!(rows::fills(reads, &narrow, group, hours), rows::hours(reads, &narrow, group))?;
    let mut taken: BTreeMap<Uuid, Vec<f64>> = BTreeMap::new();
    let mut all = Vec::new();
    for (key, hours) in hours {
        taken.entry(key).or_default().push(hours);
        all.push(hours);
    }
    let mut totals = FulfilmentSums { hours: Hours::of(all), ..FulfilmentSums::default() };
    let mut found = Vec::with_capacity(fills.len());
    for (key, fill) in fills {
        totals.fill.join(&fill);
        let hours = Hours::of(taken.remove(&key).unwrap_or_default());
        found.push(((key, FulfilmentSums { fill, hours }), vec![largest_integer_first(fill.orders), Key::Id(key)]));
    }
    to_safe_integer(totals.fill.ordered_units)?;
    Ok(FulfilmentReport { source, totals, rows: sort_rows(found) })
}
