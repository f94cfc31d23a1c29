//! Prices of levels while they had stock.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::product,
};
use platform::storage::{Backend, Fault, Finds, ROWS_PER_PAGE, Reads};

use super::narrow::{ReportFilter, SqlParameters};
use crate::{
    demand::rows::{CURRENT, UNTAXED, by_level},
    reports::core::UnitPrice,
};

/// Days that a price is the mean of: the last ones up to the last day in stock.
const PRICED_DAYS: i64 = 28;
/// Columns for the units, revenue without tax and cost of sales.
fn paid() -> String {
    format!(
        "CAST(sum(d.ordered_units - d.cancelled_units) AS bigint) AS units, CAST(sum({UNTAXED}) AS bigint) AS revenue,
        CAST(sum(d.cost_minor) AS bigint) AS cost"
    )
}

#[derive(Record)]
struct PaidRow {
    #[record(sql = "x.product_id")]
    product: ProductId,
    #[record(sql = "x.store_id")]
    store: StoreId,
    #[record(sql = "x.units")]
    units: i64,
    #[record(sql = "x.revenue")]
    revenue: i64,
    #[record(sql = "x.cost")]
    cost: i64,
}

#[derive(Record)]
#[record(of = product, alias = "p")]
struct ListedRow {
    id: ProductId,
    unit_decimals: i32,
    price_minor: Option<i64>,
    price_currency: Option<String>,
    cost_minor: Option<i64>,
    cost_currency: Option<String>,
}

/// Returns the average prices without tax and costs of levels in the 28 days up to their last day in stock, in
/// one currency. Levels without sales in that time are left out.
pub async fn load_paid_prices(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    currency: Currency,
) -> Result<HashMap<(ProductId, StoreId), UnitPrice>, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let (to, money) = (bound.bind(i64::from(report_filter.span.to)), bound.bind(currency.as_str()));
    let from = bound.bind(i64::from(report_filter.span.from));
    let mut conditions = SqlParameters::of_products(report_filter, "s.product_id");
    conditions += &bound.of_stores(report_filter, "s.store_id");
    // Only levels with a stock-out in the period have lost anything.
    let levels = format!(
        "(SELECT s.product_id, s.store_id,
            max(CASE WHEN s.state = 'OUT' THEN NULL WHEN s.to_date IS NULL OR s.to_date > {to} THEN {to} ELSE s.to_date END) AS last_day
          FROM stock_span s WHERE s.tenant_id = $1 AND s.generation = {CURRENT} AND s.from_date <= {to}{conditions}
          GROUP BY s.product_id, s.store_id
          HAVING max(CASE WHEN s.state = 'OUT' AND (s.to_date IS NULL OR s.to_date >= {from}) THEN 1 ELSE 0 END) = 1) w"
    );
    let days = format!(
        "d.generation = {CURRENT} AND d.product_id = w.product_id AND d.store_id = w.store_id
         AND d.business_date <= w.last_day AND d.business_date > w.last_day - {PRICED_DAYS} AND d.currency = {money}"
    );
    let (backend, paid) = (reads.backend(), paid());
    let paid_sql = match backend {
        Backend::Sqlite => format!(
            "SELECT w.product_id, w.store_id, {paid} FROM {levels} JOIN demand_day d{by_level} ON d.tenant_id = $1 AND {days}
             GROUP BY w.product_id, w.store_id",
            by_level = by_level(backend)
        ),
        // Looked up level by level: Postgres cannot estimate how few days of each are needed, and
        // would scan all days.
        Backend::Postgres => format!(
            "SELECT w.product_id, w.store_id, y.units, y.revenue, y.cost FROM {levels}
             CROSS JOIN LATERAL (SELECT {paid} FROM demand_day d WHERE d.tenant_id = $1 AND {days}) y"
        ),
    };
    let sql = format!("SELECT {} FROM ({paid_sql}) x WHERE x.units > 0", PaidRow::SELECT);
    let price_of = |row: PaidRow| {
        let per_unit = |minor: i64| minor as f64 / row.units as f64;
        ((row.product, row.store), UnitPrice { price: per_unit(row.revenue), cost: Some(per_unit(row.cost)) })
    };
    Ok(reads.records::<PaidRow>(&sql, bound.values).await?.into_iter().map(price_of).collect())
}

/// Returns the list prices and costs of these products, for one smallest unit, if they are in this
/// currency.
pub async fn list_prices(
    reads: &impl Reads,
    products: &[ProductId],
    currency: Currency,
) -> Result<HashMap<ProductId, UnitPrice>, Fault> {
    let backend = reads.backend();
    let sql = format!("SELECT {} FROM product p WHERE p.tenant_id = $1 AND {}", ListedRow::SELECT, backend.in_ids("p.id", 2));
    let in_currency = |minor: Option<i64>, code: Option<String>, decimals: i32| {
        let minor = minor.filter(|_| code.as_deref() == Some(currency.as_str()))?;
        Some(minor as f64 / 10f64.powi(decimals))
    };
    let price_of = |row: ListedRow| {
        let price = in_currency(row.price_minor, row.price_currency, row.unit_decimals)?;
        Some((row.id, UnitPrice { price, cost: in_currency(row.cost_minor, row.cost_currency, row.unit_decimals) }))
    };
    let mut listed_prices = HashMap::new();
    for part in products.chunks(ROWS_PER_PAGE) {
        let rows = reads.records::<ListedRow>(&sql, vec![backend.ids(part.iter().copied())]).await?;
        listed_prices.extend(rows.into_iter().filter_map(price_of));
    }
    Ok(listed_prices)
}
