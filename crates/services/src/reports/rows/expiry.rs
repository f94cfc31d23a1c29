//! Lots that expire, their value, and the demand for their products.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{forecast_series, lot, lot_level},
};
use platform::storage::{Fault, Finds, Reads};

use super::narrow::{ReportFilter, SqlParameters};
use crate::{demand::rows::CURRENT, forecasting::core::StoredSeries};

/// Units of a lot that could be sold in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
pub struct StoredLot {
    #[record(of = lot_level, alias = "v")]
    pub product_id: ProductId,
    #[record(of = lot_level, alias = "v")]
    pub store_id: StoreId,
    #[record(of = lot, alias = "l", column = "id")]
    pub lot: LotId,
    #[record(sql = "l.expires_on")]
    pub expires_on: i32,
    #[record(sql = "v.on_hand - v.unavailable")]
    pub units: i64,
}

#[derive(Record)]
#[record(of = forecast_series, alias = "s")]
struct SeriesRow {
    product_id: ProductId,
    store_id: StoreId,
    body: String,
}

#[derive(Record)]
struct SoldRow {
    #[record(sql = "d.product_id")]
    product: ProductId,
    #[record(sql = "d.store_id")]
    store: StoreId,
    #[record(sql = "CAST(CASE WHEN sum(d.shipped_units - d.restocked_units) > sum(d.ordered_units - d.cancelled_units)
            THEN sum(d.shipped_units - d.restocked_units) ELSE sum(d.ordered_units - d.cancelled_units) END AS bigint)")]
    units: i64,
}

#[derive(Record)]
struct PoolRow {
    #[record(sql = "c.product_id")]
    product: ProductId,
    #[record(sql = "c.quantity")]
    quantity: i64,
    #[record(sql = "c.{minor}")]
    worth: i64,
}

/// Lots that expire by a day, by product and store in the order in which they leave: by expiry
/// date, and then by receipt.
pub async fn dated_lots(reads: &impl Reads, report_filter: &ReportFilter) -> Result<Vec<StoredLot>, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let last = bound.bind(i64::from(report_filter.span.to));
    let mut conditions = SqlParameters::of_products(report_filter, "l.product_id");
    conditions += &bound.of_stores(report_filter, "v.store_id");
    let sql = format!(
        "SELECT {select} FROM lot l CROSS JOIN lot_level v
         WHERE l.tenant_id = $1 AND l.expires_on IS NOT NULL AND l.expires_on <= {last} AND l.status = 'AVAILABLE' AND l.on_hand > 0
           AND v.tenant_id = $1 AND v.lot_id = l.id AND v.product_id = l.product_id AND v.on_hand > v.unavailable{conditions}
         ORDER BY v.product_id, v.store_id, l.expires_on, v.received_at, l.id",
        select = StoredLot::SELECT
    );
    reads.records(&sql, bound.values).await
}

/// The mean of each coming week of products in stores, from a run. Series without weeks are left out.
pub async fn forecast_means(
    reads: &impl Reads,
    first_week: i32,
    products: &[ProductId],
) -> Result<HashMap<(ProductId, StoreId), Vec<f64>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM forecast_series s WHERE s.tenant_id = $1 AND s.first_week = $2 AND {}",
        SeriesRow::SELECT,
        backend.in_ids("s.product_id", 3)
    );
    let values = vec![first_week.into(), backend.ids(products.iter().copied())];
    let mut means = HashMap::new();
    for SeriesRow { product_id, store_id, body } in reads.records::<SeriesRow>(&sql, values).await? {
        let series: StoredSeries =
            serde_json::from_str(&body).map_err(|_| Fault::corrupt("forecast_series", "its body is that of a forecast"))?;
        let weeks: Vec<f64> = series.points().map(|point| point.mean).collect();
        if !weeks.is_empty() {
            means.insert((product_id, store_id), weeks);
        }
    }
    Ok(means)
}

/// Units that products sold in stores on the days of the narrowing: those that were ordered, or that left by sales where these are more, as parts of kits are.
pub async fn units_sold(
    reads: &impl Reads,
    (from, to): (i32, i32),
    products: &[ProductId],
) -> Result<HashMap<(ProductId, StoreId), i64>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {} FROM demand_day d WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND {} AND d.business_date >= $3
         AND d.business_date <= $4 GROUP BY d.product_id, d.store_id",
        SoldRow::SELECT,
        backend.in_ids("d.product_id", 2)
    );
    let values = vec![backend.ids(products.iter().copied()), i64::from(from).into(), i64::from(to).into()];
    let rows = reads.records::<SoldRow>(&sql, values).await?;
    Ok(rows.into_iter().map(|row| ((row.product, row.store), row.units)).collect())
}

/// Returns the booked value of one smallest unit of products, in minor units.
pub async fn unit_values(
    reads: &impl Reads,
    method: CostingMethod,
    products: &[ProductId],
) -> Result<HashMap<ProductId, f64>, Fault> {
    let backend = reads.backend();
    let minor = match method {
        CostingMethod::Fifo => "fifo_minor",
        CostingMethod::MovingAverage => "average_minor",
    };
    let sql = format!(
        "SELECT {} FROM cost_pool c WHERE c.tenant_id = $1 AND {} AND c.quantity > 0",
        PoolRow::SELECT.replace("{minor}", minor),
        backend.in_ids("c.product_id", 2)
    );
    let rows = reads.records::<PoolRow>(&sql, vec![backend.ids(products.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.product, row.worth as f64 / row.quantity as f64)).collect())
}
