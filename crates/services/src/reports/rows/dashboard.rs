//! The panels of the dashboard, one statement each.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{forecast_series, liquidation_settings},
};
use forecast::ratios::DAYS_WITHOUT_SALE;
use platform::storage::{Fault, Finds, Reads, Row};
use serde::Deserialize;

use super::narrow::{ReportFilter, SqlParameters};
use crate::{
    demand::rows::{CURRENT, by_level},
    forecasting::core::StoredSeries,
};

/// Sales of some days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sales {
    pub orders: i64,
    pub units: i64,
    pub gross: i64,
    pub refunds: i64,
}

/// Levels of products on sale by their state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Record)]
pub struct Levels {
    #[record(sql = "count(*)")]
    pub all: i64,
    #[record(sql = "CAST(coalesce(sum(CASE WHEN s.available <= 0 THEN 1 ELSE 0 END), 0) AS bigint)")]
    pub out: i64,
    #[record(
        sql = "CAST(coalesce(sum(CASE WHEN s.available > 0 AND s.available <= s.threshold THEN 1 ELSE 0 END), 0) AS bigint)"
    )]
    pub critical: i64,
    #[record(
        sql = "CAST(coalesce(sum(CASE WHEN s.available > 0 AND s.available > s.threshold AND 2 * s.available <= 3 * s.threshold THEN 1 ELSE 0 END), 0) AS bigint)"
    )]
    pub low: i64,
}

/// Documents on their way, and the overdue ones among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IncomingDocuments {
    pub documents: i64,
    pub overdue: i64,
}

/// Purchase orders on their way; `{today}` is replaced by a day.
#[derive(Record)]
struct PurchasesRow {
    #[record(sql = "count(*)")]
    documents: i64,
    #[record(
        sql = "CAST(coalesce(sum(CASE WHEN EXISTS (SELECT 1 FROM purchase_order_line l WHERE l.tenant_id = $1 AND l.purchase_order_id = p.id AND l.open > 0
           AND coalesce(l.confirmed_on, l.expected_on, p.expected_on, l.lead_on) < {today}) THEN 1 ELSE 0 END), 0) AS bigint)"
    )]
    overdue: i64,
}

/// Transfers on their way; `{now}` is replaced by a moment.
#[derive(Record)]
struct TransfersRow {
    #[record(sql = "count(*)")]
    documents: i64,
    #[record(sql = "CAST(coalesce(sum(CASE WHEN t.expected_at < {now} THEN 1 ELSE 0 END), 0) AS bigint)")]
    overdue: i64,
}

/// A product with stock, for the rule of dead stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
pub struct DeadStock {
    #[record(sql = "l.product_id")]
    pub product: ProductId,
    #[record(sql = "l.on_hand")]
    pub on_hand: i64,
    /// The first day on which a unit was received or removed; None before the facts have one.
    #[record(sql = "l.first_day")]
    pub first_day: Option<i32>,
    /// Whether a unit was sold since the requested day.
    #[record(sql = "l.is_sold")]
    pub is_sold: i32,
}

#[derive(Record)]
struct SalesRow {
    #[record(sql = "CAST(coalesce(sum(d.ordered_units - d.cancelled_units), 0) AS bigint)")]
    units: i64,
    #[record(sql = "CAST(coalesce(sum(CASE WHEN d.currency = {money} THEN d.gross_minor ELSE 0 END), 0) AS bigint)")]
    gross: i64,
    #[record(sql = "CAST(coalesce(sum(CASE WHEN d.currency = {money} THEN d.refund_minor ELSE 0 END), 0) AS bigint)")]
    refunds: i64,
}

#[derive(Record)]
struct TopRow {
    #[record(sql = "t.product_id")]
    product: ProductId,
    #[record(sql = "t.units")]
    units: i64,
    #[record(sql = "t.gross")]
    gross: i64,
}

#[derive(Record)]
#[record(of = forecast_series, alias = "s")]
struct SeriesRow {
    body: String,
}

async fn read_number(reads: &impl Reads, sql: &str, bound: SqlParameters) -> Result<i64, Fault> {
    let rows = reads.rows(sql, bound.values).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

/// Units and revenue of the days by their facts, and distinct orders by the orders themselves.
pub async fn net_sales(reads: &impl Reads, report_filter: &ReportFilter, currency: Currency) -> Result<Sales, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let (money, days) = (bound.bind(currency.as_str()), bound.of_days(report_filter));
    let sql = format!("SELECT {} FROM demand_day d WHERE {days}", SalesRow::SELECT.replace("{money}", &money));
    let sums = reads.records::<SalesRow>(&sql, bound.values).await?.pop();
    let sums = sums.ok_or_else(|| Fault::Broken("a sum without a group has a row".to_owned()))?;
    let mut bound = SqlParameters::of(reads, report_filter);
    let orders = bound.of_orders(report_filter);
    let orders = read_number(reads, &format!("SELECT count(*) FROM sales_order o WHERE {orders}"), bound).await?;
    Ok(Sales { orders, units: sums.units, gross: sums.gross, refunds: sums.refunds })
}

/// Levels of active products with tracked stock, in stores that are open.
pub async fn levels(reads: &impl Reads, report_filter: &ReportFilter) -> Result<Levels, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let conditions = bound.of_stores(report_filter, "l.store_id");
    let sql = format!(
        "SELECT {select} FROM (
           SELECT l.on_hand - l.unavailable - l.reserved AS available, coalesce(l.reorder_point, p.low_stock_threshold) AS threshold
           FROM stock_level l JOIN product p ON p.tenant_id = $1 AND p.id = l.product_id JOIN store t ON t.tenant_id = $1 AND t.id = l.store_id
           WHERE l.tenant_id = $1 AND p.status = 'ACTIVE' AND p.stock_policy <> 'UNTRACKED' AND t.archived_at IS NULL{conditions}) s",
        select = Levels::SELECT
    );
    Ok(reads.records(&sql, bound.values).await?.pop().unwrap_or_default())
}

/// Orders that are not done.
pub async fn open_orders(reads: &impl Reads, report_filter: &ReportFilter) -> Result<i64, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let (stores, channels) = (bound.of_stores(report_filter, "o.store_id"), bound.of_channels(report_filter, "o.channel_id"));
    let sql = format!(
        "SELECT count(*) FROM sales_order o{open}
         WHERE o.tenant_id = $1 AND o.status IN ('PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED'){stores}{channels}",
        open = reads.backend().indexed_by("sales_order_open")
    );
    read_number(reads, &sql, bound).await
}

/// Purchase orders that are with their suppliers; an order is overdue if it has open lines that
/// were expected before `today`.
pub async fn incoming_purchases(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    today: i32,
) -> Result<IncomingDocuments, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let (today, conditions) = (bound.bind(i64::from(today)), bound.of_stores(report_filter, "p.store_id"));
    let sql = format!(
        "SELECT {select} FROM purchase_order p
         WHERE p.tenant_id = $1 AND p.status IN ('ORDERED', 'PARTIALLY_RECEIVED'){conditions}",
        select = PurchasesRow::SELECT.replace("{today}", &today)
    );
    let row = reads.records::<PurchasesRow>(&sql, bound.values).await?.pop();
    Ok(row.map(|row| IncomingDocuments { documents: row.documents, overdue: row.overdue }).unwrap_or_default())
}

/// Transfers on their way to the stores; overdue are those that were expected before now.
pub async fn incoming_transfers(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    now: Timestamp,
) -> Result<IncomingDocuments, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let (now, conditions) = (bound.bind(now.micros()), bound.of_stores(report_filter, "t.to_store_id"));
    let sql = format!(
        "SELECT {select} FROM transfer t
         WHERE t.tenant_id = $1 AND t.status IN ('IN_TRANSIT', 'PARTIALLY_RECEIVED'){conditions}",
        select = TransfersRow::SELECT.replace("{now}", &now)
    );
    let row = reads.records::<TransfersRow>(&sql, bound.values).await?.pop();
    Ok(row.map(|row| IncomingDocuments { documents: row.documents, overdue: row.overdue }).unwrap_or_default())
}

/// Alerts that are not acknowledged.
pub async fn open_alerts(reads: &impl Reads, report_filter: &ReportFilter) -> Result<i64, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let conditions = bound.of_stores(report_filter, "a.store_id");
    read_number(reads, &format!("SELECT count(*) FROM alert a WHERE a.tenant_id = $1 AND a.state = 'OPEN'{conditions}"), bound)
        .await
}

/// The products with the highest revenue on the days, with units and revenue.
pub async fn top_sellers(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    currency: Currency,
    limit: i64,
) -> Result<Vec<(ProductId, i64, i64)>, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let (money, days, limit) = (bound.bind(currency.as_str()), bound.of_days(report_filter), bound.bind(limit));
    let sql = format!(
        "SELECT {select} FROM (
           SELECT d.product_id, CAST(sum(d.ordered_units - d.cancelled_units) AS bigint) AS units, CAST(sum(d.gross_minor) AS bigint) AS gross
           FROM demand_day d WHERE {days} AND d.currency = {money} GROUP BY d.product_id) t
         WHERE t.gross > 0 ORDER BY t.gross DESC, t.product_id LIMIT {limit}",
        select = TopRow::SELECT
    );
    let rows = reads.records::<TopRow>(&sql, bound.values).await?;
    Ok(rows.into_iter().map(|row| (row.product, row.units, row.gross)).collect())
}

/// Returns the booked value of stock: of all of it, or the share of the units in these stores, each
/// product rounded to a minor unit.
pub async fn booked_stock_value(reads: &impl Reads, report_filter: &ReportFilter, method: CostingMethod) -> Result<i64, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let minor = match method {
        CostingMethod::Fifo => "fifo_minor",
        CostingMethod::MovingAverage => "average_minor",
    };
    let conditions = bound.of_stores(report_filter, "l.store_id");
    let sql = if report_filter.stores.is_none() {
        format!("SELECT CAST(coalesce(sum(c.{minor}), 0) AS bigint) FROM cost_pool c WHERE c.tenant_id = $1")
    } else {
        format!(
            "SELECT CAST(coalesce(sum(CAST(round(CAST(s.units AS double precision) * c.{minor} / c.quantity) AS bigint)), 0) AS bigint)
             FROM (SELECT l.product_id, CAST(sum(l.on_hand + l.in_transit) AS bigint) AS units FROM stock_level l
                   WHERE l.tenant_id = $1{conditions} GROUP BY l.product_id) s
             JOIN cost_pool c ON c.tenant_id = $1 AND c.product_id = s.product_id AND c.quantity > 0"
        )
    };
    read_number(reads, &sql, bound).await
}

#[derive(Record)]
#[record(of = liquidation_settings, alias = "s")]
struct SettingsRow {
    body: String,
}

/// The one of the tenant's criteria of dead stock that the dashboard uses.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DeadCriteria {
    days_without_sale: i32,
}

/// Days without a sale after which the tenant's stock is dead.
pub async fn days_without_sale(reads: &impl Reads) -> Result<i32, Fault> {
    let sql = format!("SELECT {} FROM liquidation_settings s WHERE s.tenant_id = $1", SettingsRow::SELECT);
    let Some(row) = reads.records::<SettingsRow>(&sql, vec![]).await?.pop() else { return Ok(DAYS_WITHOUT_SALE) };
    let criteria: DeadCriteria =
        serde_json::from_str(&row.body).map_err(|_| Fault::corrupt("liquidation_settings", "its body has the criteria"))?;
    Ok(criteria.days_without_sale)
}

/// Products with stock in the stores, with the day of their first movement, and whether one was
/// sold since a day, including in kits.
pub async fn dead_stock(reads: &impl Reads, report_filter: &ReportFilter, since: i32) -> Result<Vec<DeadStock>, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let (since, conditions) = (bound.bind(i64::from(since)), bound.of_stores(report_filter, "l.store_id"));
    let facts = format!(
        "demand_day d{} WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.product_id = l.product_id AND d.store_id = l.store_id",
        by_level(reads.backend())
    );
    let sql = format!(
        "SELECT {select} FROM (
           SELECT x.product_id, CAST(sum(x.on_hand) AS bigint) AS on_hand, CAST(min(x.first_day) AS integer) AS first_day,
             max(x.is_sold) AS is_sold
           FROM (SELECT l.product_id, l.on_hand, (SELECT min(d.business_date) FROM {facts}) AS first_day,
                   CASE WHEN EXISTS (SELECT 1 FROM {facts} AND d.business_date >= {since} AND (d.ordered_units > d.cancelled_units OR d.shipped_units > 0))
                     THEN 1 ELSE 0 END AS is_sold
                 FROM stock_level l WHERE l.tenant_id = $1 AND l.on_hand > 0{conditions}) x
           GROUP BY x.product_id) l ORDER BY l.product_id",
        select = DeadStock::SELECT
    );
    reads.records(&sql, bound.values).await
}

/// The means of a run's next weeks, summed over products: of all stores together, or of these.
pub async fn forecast_weeks(
    reads: &impl Reads,
    report_filter: &ReportFilter,
    first_week: i32,
    weeks: usize,
) -> Result<Vec<f64>, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let first = bound.bind(i64::from(first_week));
    let conditions = match &report_filter.stores {
        Some(_) => bound.of_stores(report_filter, "s.store_id"),
        None => format!(" AND s.store_id = {}", bound.bind(StoreId::NIL)),
    };
    let select = SeriesRow::SELECT;
    let sql = format!("SELECT {select} FROM forecast_series s WHERE s.tenant_id = $1 AND s.first_week = {first}{conditions}");
    let mut sums = vec![0.0; weeks];
    for row in &reads.rows(&sql, bound.values).await? {
        let SeriesRow { body } = Row::new(row).record::<SeriesRow>()?;
        let series: StoredSeries =
            serde_json::from_str(&body).map_err(|_| Fault::corrupt("forecast_series", "its body is that of a forecast"))?;
        for (sum, point) in sums.iter_mut().zip(series.points()) {
            *sum += point.mean;
        }
    }
    Ok(sums)
}
