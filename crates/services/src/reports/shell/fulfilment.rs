//! How much of orders left in time, and how long it took.

use std::collections::BTreeMap;

use iam::access::{Permit, kind};
use platform::{
    paging::Key,
    storage::{Database, SideBySide},
};
use uuid::Uuid;

use super::within::{Ranked, ReportSource, exact, most, of_documents, ranked, within};
use crate::{
    insight::shell::ReportError,
    reports::{
        core::{Fill, Hours},
        rows::{self, FulfilmentGroup, Narrow},
    },
};

/// Of one group, or of all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FulfilmentSums {
    pub fill: Fill,
    pub hours: Hours,
}

/// Groups by their orders, the most first.
#[derive(Debug, Clone)]
pub struct FulfilmentReport {
    pub source: ReportSource,
    pub totals: FulfilmentSums,
    pub rows: Vec<Ranked<(Uuid, FulfilmentSums)>>,
}

/// Orders that are shown to the permit, by what left of them until they are wanted, or within so many hours where they do not say so.
pub async fn fulfilment_report(
    permit: Permit<kind::ReportRead>,
    db: &Database,
    narrow: Narrow,
    (group, hours): (FulfilmentGroup, i64),
) -> Result<FulfilmentReport, ReportError> {
    let scope = permit.scope(db).long();
    let narrow = within(&permit, narrow);
    let source = of_documents(&scope, narrow.span).await?;
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
        found.push(((key, FulfilmentSums { fill, hours }), vec![most(fill.orders), Key::Id(key)]));
    }
    exact(totals.fill.ordered_units)?;
    Ok(FulfilmentReport { source, totals, rows: ranked(found) })
}
