//! Reading anomalies of the permit's stores.

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use platform::{
    paging::{ListPage, PageRequest},
    storage::{Database, Fault, Nested},
};

use crate::anomalies::{
    core::Anomaly,
    rows::{self, AnomalyFilter, AnomalySort},
};

/// Days whose largest lines determine the suggested size.
const LINE_DAYS: i32 = 90;

/// A page of anomalies.
pub async fn page(
    permit: &Permit<kind::ReportRead>,
    db: &Database,
    mut filter: Nested<AnomalyFilter>,
    sort: AnomalySort,
    request: &PageRequest,
) -> Result<ListPage<Anomaly>, Fault> {
    if let Reach::Stores(own_stores) = permit.reach() {
        let requested_stores = filter.own.stores.take();
        let is_visible =
            |store: &StoreId| requested_stores.as_ref().is_none_or(|requested_stores| requested_stores.contains(store));
        filter.own.stores = Some(own_stores.iter().copied().filter(is_visible).collect());
    }
    rows::page(&permit.scope(db), &filter, sort, request).await
}

/// Reads an anomaly by ID, if the permit covers its store.
pub async fn find(permit: &Permit<kind::ReportRead>, db: &Database, id: AnomalyId) -> Result<Option<Anomaly>, Fault> {
    let stored_anomaly = rows::anomaly(&permit.scope(db), id).await?;
    Ok(stored_anomaly.filter(|anomaly| permit.covers(anomaly.found.key.store)))
}

/// Returns the 99th percentile of the largest sold lines of a product on a day, of the last days up
/// to `today`, in whole units, rounded up. `None` without a line, or if the permit is not for all
/// stores and channels.
pub async fn p99_line_units(permit: &Permit<kind::ReportRead>, db: &Database, today: i32) -> Result<Option<i64>, Fault> {
    if permit.reach() != Reach::Everywhere || permit.channel().is_some() {
        return Ok(None);
    }
    let units = rows::p99_line_units(&permit.scope(db).long(), today - LINE_DAYS + 1).await?;
    Ok(units.map(|units| units.ceil() as i64))
}
