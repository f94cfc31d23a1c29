//! Sales of products, in total and by week.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::product,
};
use platform::storage::{Fault, Finds, Reads};

use super::narrow::{ReportFilter, SqlParameters};
use crate::{
    demand::rows::CURRENT,
    reports::core::{ProductSold, StockedDays},
};

#[derive(Record)]
struct SoldRow {
    #[record(of = product, alias = "p")]
    id: ProductId,
    #[record(of = product, alias = "p")]
    sku: String,
    #[record(sql = "coalesce(s.revenue, 0)")]
    revenue: i64,
    #[record(sql = "coalesce(s.units, 0)")]
    units: i64,
    #[record(sql = "coalesce(s.other_units, 0)")]
    other_units: i64,
}

#[derive(Record)]
struct WeekRow {
    #[record(sql = "w.product_id")]
    product: ProductId,
    #[record(sql = "w.week")]
    week: i32,
    #[record(sql = "w.units")]
    units: i64,
}

#[derive(Record)]
struct StockedRow {
    #[record(sql = "r.product_id")]
    product: ProductId,
    #[record(sql = "r.first_day")]
    first: i32,
    #[record(sql = "r.last_day")]
    last: i32,
}

/// Products that are on sale, or have facts on these days, with their sales.
pub async fn products_sold(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    currency: Currency,
) -> Result<Vec<ProductSold>, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let money = bound.bind(currency.as_str());
    let days = bound.of_days(report_filter);
    let sql = format!(
        "SELECT {select} FROM product p LEFT JOIN (
           SELECT d.product_id, CAST(sum(CASE WHEN d.currency = {money} THEN d.gross_minor ELSE 0 END) AS bigint) AS revenue,
             CAST(sum(d.ordered_units - d.cancelled_units) AS bigint) AS units,
             CAST(sum(CASE WHEN d.currency = {money} THEN 0 ELSE d.ordered_units - d.cancelled_units END) AS bigint) AS other_units
           FROM demand_day d WHERE {days} GROUP BY d.product_id) s ON s.product_id = p.id
         WHERE p.tenant_id = $1{of} AND (p.status = 'ACTIVE' OR s.product_id IS NOT NULL)",
        select = SoldRow::SELECT,
        of = report_filter.products.sql
    );
    let sold = |row: SoldRow| {
        let SoldRow { id, sku, revenue, units, other_units } = row;
        ProductSold { product: id, sku, revenue, units, other_units }
    };
    Ok(reads.records::<SoldRow>(&sql, bound.values).await?.into_iter().map(sold).collect())
}

/// Units of products by the Monday of the week, in no order. Weeks without a sale are left out.
pub async fn weeks_sold(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    (first, last): (i32, i32),
) -> Result<HashMap<ProductId, Vec<(i32, i64)>>, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let first = bound.bind(i64::from(first));
    // Weeks are of no channel; days are.
    let (table, week, day, last) = match &report_filter.channels {
        None => ("demand_week", "d.week_date", "d.week_date", last),
        Some(_) => {
            ("demand_day", "d.business_date - ((d.business_date + 3) % 7 + 7) % 7", "d.business_date", last.saturating_add(6))
        }
    };
    let last = bound.bind(i64::from(last));
    let mut conditions = SqlParameters::of_products(report_filter, "d.product_id");
    conditions += &bound.of_stores(report_filter, "d.store_id");
    conditions += &bound.of_channels(report_filter, "d.channel_id");
    // Grouped as the rows lie: no sort.
    let sql = format!(
        "SELECT {select} FROM (
           SELECT d.product_id, CAST({week} AS integer) AS week, CAST(sum(d.ordered_units - d.cancelled_units) AS bigint) AS units
           FROM {table} d WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND {day} >= {first} AND {day} <= {last}{conditions}
           GROUP BY {week}, d.product_id) w
         WHERE w.units <> 0",
        select = WeekRow::SELECT
    );
    let mut weeks: HashMap<ProductId, Vec<(i32, i64)>> = HashMap::new();
    for WeekRow { product, week, units } in reads.records::<WeekRow>(&sql, bound.values).await? {
        weeks.entry(product).or_default().push((week, units));
    }
    Ok(weeks)
}

/// Days on which products closed with stock in any store in these weeks: runs in the order of their
/// first day. Equal runs of several stores are merged, and days without stock are a run without
/// days, so that only products that never had stock are missing.
pub async fn stocked_days(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    (first, last): (i32, i32),
) -> Result<StockedDays, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let (from, to) = (bound.bind(i64::from(first)), bound.bind(i64::from(last.saturating_add(6))));
    let mut conditions = SqlParameters::of_products(report_filter, "x.product_id");
    conditions += &bound.of_stores(report_filter, "x.store_id");
    let sql = format!(
        "SELECT {select} FROM (
           SELECT x.product_id,
             CAST(CASE WHEN x.state = 'OUT' THEN {to} + 1 WHEN x.from_date < {from} THEN {from} ELSE x.from_date END AS integer) AS first_day,
             CAST(CASE WHEN x.state = 'OUT' OR x.to_date IS NULL OR x.to_date > {to} THEN {to} ELSE x.to_date END AS integer) AS last_day
           FROM stock_span x WHERE x.tenant_id = $1 AND x.generation = {CURRENT} AND x.from_date <= {to}
             AND (x.to_date IS NULL OR x.to_date >= {from}){conditions}) r
         GROUP BY r.product_id, r.first_day, r.last_day ORDER BY r.product_id, r.first_day, r.last_day",
        select = StockedRow::SELECT
    );
    let mut days = StockedDays::new();
    for StockedRow { product, first, last } in reads.records::<StockedRow>(&sql, bound.values).await? {
        days.entry(product).or_default().push((first, last));
    }
    Ok(days)
}
