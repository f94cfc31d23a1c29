//! Input of alerts about forecasts, and of product classes.

use std::collections::{BTreeMap, BTreeSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::product,
};
use platform::storage::{Fault, Finds, ROWS_PER_PAGE, Reads, Row, Work};

use super::{
    facts::each_level_week,
    runs::{parts_of_run, series_of_products},
};
use crate::forecasting::core::{Level, StoredClasses};

/// Returns the first week of the newest run, if its alerts are not updated yet.
pub async fn unreviewed_run(reads: &impl Reads) -> Result<Option<i32>, Fault> {
    let sql = "SELECT r.first_week FROM forecast_run r WHERE r.tenant_id = $1 AND r.watched_at IS NULL
         AND r.first_week = (SELECT n.first_week FROM forecast_run n WHERE n.tenant_id = $1 ORDER BY n.seq DESC, n.first_week DESC LIMIT 1)";
    reads.rows(sql, vec![]).await?.first().map(Row::scalar).transpose()
}

/// Records that alerts are updated from a run.
pub async fn mark_reviewed(work: &Work, first_week: i32, now: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE forecast_run SET watched_at = $3 WHERE tenant_id = $1 AND first_week = $2";
    work.execute(sql, vec![first_week.into(), now.micros().into()]).await.map(drop)
}

/// Reads the demand in single stores by week, from one week on and before another.
pub async fn store_units(
    reads: &impl Reads,
    (since, until): (i32, i32),
) -> Result<BTreeMap<(i32, ProductId, StoreId), i64>, Fault> {
    let mut units_by_level = BTreeMap::new();
    each_level_week(reads, (since, until), |(product, store), week, units| {
        _ = units_by_level.insert((week, product, store), units);
    })
    .await?;
    Ok(units_by_level)
}

/// Reads the classes of products in single stores in a run.
pub async fn classes_of_run(reads: &impl Reads, first_week: i32) -> Result<BTreeMap<Level, StoredClasses>, Fault> {
    let mut classes_by_level = BTreeMap::new();
    for part in parts_of_run(reads, first_week).await? {
        let stored_series = series_of_products(reads, first_week, &part).await?;
        classes_by_level
            .extend(stored_series.into_iter().filter_map(|series| Some(((series.store, series.product), series.body.classes?))));
    }
    Ok(classes_by_level)
}

/// Price of a product that stock is planned for.
#[derive(Debug, Clone, PartialEq, Eq, Record)]
#[record(of = product, alias = "p")]
pub struct PlannedProduct {
    pub id: ProductId,
    pub sku: String,
    pub unit_decimals: i32,
    pub price_minor: Option<i64>,
}

/// Reads those of the products that plans include, with the fields that plans use.
pub async fn planned_products(reads: &impl Reads, products: &[ProductId]) -> Result<BTreeMap<ProductId, PlannedProduct>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM product p WHERE p.tenant_id = $1 AND {} AND p.status = 'ACTIVE' AND p.stock_policy <> 'UNTRACKED' AND p.is_kit = 0",
        PlannedProduct::SELECT,
        backend.in_ids("p.id", 2)
    );
    let mut rows_by_product = BTreeMap::new();
    for part in products.chunks(ROWS_PER_PAGE) {
        let rows = reads.records::<PlannedProduct>(&sql, vec![backend.ids(part.iter().copied())]).await?;
        rows_by_product.extend(rows.into_iter().map(|row| (row.id, row)));
    }
    Ok(rows_by_product)
}

#[derive(Record)]
#[record(of = product, alias = "p")]
struct CategorizedRow {
    id: ProductId,
    category_id: Option<CategoryId>,
}

/// Reads those of the products that are ACTIVE, each with its category.
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
    let mut category_by_product = BTreeMap::new();
    for part in products.chunks(ROWS_PER_PAGE) {
        let rows = reads.records::<CategorizedRow>(&sql, vec![backend.ids(part.iter().copied())]).await?;
        category_by_product.extend(rows.into_iter().map(|row| (row.id, row.category_id)));
    }
    Ok(category_by_product)
}

/// Stores that are not archived.
pub async fn open_stores(reads: &impl Reads) -> Result<BTreeSet<StoreId>, Fault> {
    let sql = "SELECT s.id FROM store s WHERE s.tenant_id = $1 AND s.archived_at IS NULL";
    reads.rows(sql, vec![]).await?.iter().map(Row::scalar).collect()
}
