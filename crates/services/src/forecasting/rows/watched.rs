//! What alerts of forecasts, and classes of products, are made of.

use std::collections::{BTreeMap, BTreeSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::product,
};
use platform::storage::{AT_ONCE, Fault, Finds, Reads, Row, Work};

use super::{
    facts::each_level_week,
    runs::{parts_of_run, series_of_products},
};
use crate::forecasting::core::{Level, StoredClasses};

/// The first week of the newest run, if it was not looked at for alerts yet.
pub async fn unwatched_run(reads: &impl Reads) -> Result<Option<i32>, Fault> {
    let sql = "SELECT r.first_week FROM forecast_run r WHERE r.tenant_id = $1 AND r.watched_at IS NULL
         AND r.first_week = (SELECT n.first_week FROM forecast_run n WHERE n.tenant_id = $1 ORDER BY n.seq DESC, n.first_week DESC LIMIT 1)";
    reads.rows(sql, vec![]).await?.first().map(Row::scalar).transpose()
}

/// Notes that alerts stand as a run says.
pub async fn note_watched(work: &Work, first_week: i32, now: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE forecast_run SET watched_at = $3 WHERE tenant_id = $1 AND first_week = $2";
    work.execute(sql, vec![first_week.into(), now.micros().into()]).await.map(drop)
}

/// Units wanted in single stores by week, from one week on and before another.
pub async fn store_units(
    reads: &impl Reads,
    (since, until): (i32, i32),
) -> Result<BTreeMap<(i32, ProductId, StoreId), i64>, Fault> {
    let mut found = BTreeMap::new();
    each_level_week(reads, (since, until), |(product, store), week, units| _ = found.insert((week, product, store), units))
        .await?;
    Ok(found)
}

/// The classes that a run gave to products in single stores.
pub async fn classes_of_run(reads: &impl Reads, first_week: i32) -> Result<BTreeMap<Level, StoredClasses>, Fault> {
    let mut found = BTreeMap::new();
    for part in parts_of_run(reads, first_week).await? {
        let kept = series_of_products(reads, first_week, &part).await?;
        found.extend(kept.into_iter().filter_map(|series| Some(((series.store, series.product), series.body.classes?))));
    }
    Ok(found)
}

/// What a product that stock is planned of is sold for.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(of = product, alias = "p")]
pub struct Priced {
    pub id: ProductId,
    pub sku: String,
    pub unit_decimals: i32,
    pub price_minor: Option<i64>,
}

/// Those of these products that plans may be about, as plans see them.
pub async fn priced(reads: &impl Reads, products: &[ProductId]) -> Result<BTreeMap<ProductId, Priced>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM product p WHERE p.tenant_id = $1 AND {} AND p.status = 'ACTIVE' AND p.stock_policy <> 'UNTRACKED' AND p.is_kit = 0",
        Priced::SELECT,
        backend.in_ids("p.id", 2)
    );
    let mut found = BTreeMap::new();
    for part in products.chunks(AT_ONCE) {
        let rows = reads.records::<Priced>(&sql, vec![backend.ids(part.iter().copied())]).await?;
        found.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    Ok(found)
}

#[derive(Record)]
#[record(of = product, alias = "p")]
struct CategorizedRow {
    id: ProductId,
    category_id: Option<CategoryId>,
}

/// Those of these products that are ACTIVE, each with its category.
pub async fn active_products(
    reads: &impl Reads,
    products: &[ProductId],
) -> Result<BTreeMap<ProductId, Option<CategoryId>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM product p WHERE p.tenant_id = $1 AND {} AND p.status = 'ACTIVE'",
        CategorizedRow::SELECT,
        backend.in_ids("p.id", 2)
    );
    let mut found = BTreeMap::new();
    for part in products.chunks(AT_ONCE) {
        let rows = reads.records::<CategorizedRow>(&sql, vec![backend.ids(part.iter().copied())]).await?;
        found.extend(rows.into_iter().map(|row| (row.id, row.category_id)));
    }
    Ok(found)
}

/// Stores that are not archived.
pub async fn open_stores(reads: &impl Reads) -> Result<BTreeSet<StoreId>, Fault> {
    let sql = "SELECT s.id FROM store s WHERE s.tenant_id = $1 AND s.archived_at IS NULL";
    reads.rows(sql, vec![]).await?.iter().map(Row::scalar).collect()
}
