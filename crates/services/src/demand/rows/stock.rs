//! Stock figures of levels, read from spans and days.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{demand_day, product},
};
use platform::storage::{Backend, Fault, Finds, Reads, for_each_page};
use sea_orm::Value;

use crate::demand::core::{EVENT_DAYS, StockPeriod, week_of};

/// Filter of levels and days: both days are inclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockFilter {
    pub from: i32,
    pub to: i32,
    /// None for all products.
    pub products: Option<Vec<ProductId>>,
    pub stores: Option<Vec<StoreId>>,
}

#[derive(Record)]
struct SpanRow {
    #[record(sql = "h.product_id")]
    product_id: ProductId,
    #[record(sql = "h.store_id")]
    store_id: StoreId,
    #[record(sql = "h.in_stock_days")]
    in_stock_days: i64,
    #[record(sql = "h.out_days")]
    out_days: i64,
    #[record(sql = "h.capped_days")]
    capped_days: i64,
    #[record(sql = "h.stockouts")]
    stockouts: i64,
    #[record(sql = "h.sold_out")]
    sold_out: i64,
    /// On days of the period before the level's first span.
    #[record(sql = "h.sold_before")]
    sold_before: i64,
}

#[derive(Record)]
struct FlowRow {
    #[record(of = demand_day, alias = "d")]
    product_id: ProductId,
    #[record(of = demand_day, alias = "d")]
    store_id: StoreId,
    flow: StockFlow,
}

#[derive(Clone, Copy, Default, Record)]
struct StockFlow {
    #[record(sql = "CAST(sum(d.received_units + d.moved_in_units) AS bigint)")]
    received: i64,
    #[record(sql = "CAST(sum(d.ordered_units - d.cancelled_units) AS bigint)")]
    sold: i64,
    #[record(sql = "CAST(sum(d.net_units) AS bigint)")]
    net: i64,
    /// Sum of the closing stock of each day, without the opening stock of the period.
    #[record(sql = "CAST(sum(d.net_units * ($3 - d.business_date + 1)) AS bigint)")]
    closing_sum: i64,
    /// Net units of the days before the period.
    #[record(sql = "CAST(0 AS bigint)")]
    opening: i64,
}

/// Units of a level that were sold in the period.
#[derive(Record)]
struct SoldRow {
    #[record(of = demand_day, alias = "d")]
    product_id: ProductId,
    #[record(of = demand_day, alias = "d")]
    store_id: StoreId,
    #[record(sql = "CAST(sum(d.sold) AS bigint)")]
    sold: i64,
}

/// The columns of `FlowRow`, of the days before the period.
const COLUMNS_BEFORE_PERIOD: &str = "d.product_id, d.store_id, 0, 0, 0, 0, CAST(sum(d.net_units) AS bigint)";

impl StockFlow {
    const fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.sold += other.sold;
        self.net += other.net;
        self.closing_sum += other.closing_sum;
        self.opening += other.opening;
    }
}

/// Index hint after `demand_day d`: days are found by their level. SQLite would read the days of
/// all levels by date; a condition that prevents this also prevents a search for a span's days in
/// the index, so that each span would read all days of its level.
pub fn by_level(backend: Backend) -> String {
    backend.indexed_by("demand_day_level")
}

/// Index hint for weeks, for which SQLite would read the weeks of all products.
pub fn weeks_by_level(backend: Backend) -> String {
    backend.indexed_by("demand_week_level")
}

/// Lower bound before all days: with bounds on both sides SQLite reads days in the order of
/// storage, and with one it would look up each day in the order of levels.
pub const FIRST_DAY: i64 = i32::MIN as i64;

/// Revenue without sales tax of a row `d` of `demand_day`, before refunds: what was sold at the prices of its lines, less discounts. The rest
/// of a line's total is its tax.
pub const UNTAXED: &str = "(d.list_minor - d.discount_minor)";

/// The generation of facts that reports read, as an expression in a statement whose `$1` is the
/// tenant.
pub const CURRENT: &str = "(SELECT b.generation FROM demand_book b WHERE b.tenant_id = $1 AND b.is_current)";

/// Keeps levels that have a day without stock.
const HAVING_STOCKOUT: &str = " HAVING sum(CASE WHEN s.state = 'OUT' THEN 1 ELSE 0 END) > 0";

/// SQL of days by state, and of units sold on days without stock, of which there are few. `filter_sql`
/// is a condition on spans as `x`, `having` one on a level's spans as `s`.
fn spans_sql(backend: Backend, filter_sql: &str, having: &str) -> String {
    format!(
        "SELECT {select} FROM (
           SELECT g.product_id, g.store_id, g.in_stock_days, g.out_days, g.capped_days, g.stockouts, g.sold_out,
             CASE WHEN g.first_day <= $2 THEN 0 ELSE coalesce((
               SELECT CAST(sum(d.ordered_units - d.cancelled_units) AS bigint) FROM demand_day d{by_level} WHERE d.tenant_id = $1
                 AND d.generation = g.generation AND d.product_id = g.product_id AND d.store_id = g.store_id
                 AND d.business_date >= $2 AND d.business_date < g.first_day), 0) END AS sold_before
           FROM (
             SELECT s.product_id, s.store_id, s.generation, min(s.first_day) AS first_day,
               CAST(sum(CASE WHEN s.state = 'OUT' THEN 0 ELSE s.days END) AS bigint) AS in_stock_days,
               CAST(sum(CASE WHEN s.state = 'OUT' THEN s.days ELSE 0 END) AS bigint) AS out_days,
               CAST(sum(CASE WHEN s.state <> 'OUT' THEN 0 WHEN s.days > {EVENT_DAYS} THEN {EVENT_DAYS} ELSE s.days END) AS bigint) AS capped_days,
               CAST(sum(CASE WHEN s.state = 'OUT' THEN 1 ELSE 0 END) AS bigint) AS stockouts, CAST(sum(s.sold) AS bigint) AS sold_out
             FROM (
               SELECT c.product_id, c.store_id, c.generation, c.state, c.first_day, c.last_day - c.first_day + 1 AS days,
                 CASE WHEN c.state <> 'OUT' THEN 0 ELSE coalesce((
                   SELECT sum(d.ordered_units - d.cancelled_units) FROM demand_day d{by_level} WHERE d.tenant_id = $1
                     AND d.generation = c.generation AND d.product_id = c.product_id AND d.store_id = c.store_id
                     AND d.business_date >= c.first_day AND d.business_date <= c.last_day), 0) END AS sold
               FROM (SELECT x.product_id, x.store_id, x.generation, x.state, CASE WHEN x.from_date < $2 THEN $2 ELSE x.from_date END AS first_day,
                       CASE WHEN x.to_date IS NULL OR x.to_date > $3 THEN $3 ELSE x.to_date END AS last_day
                     FROM stock_span x WHERE x.tenant_id = $1 AND x.generation = {CURRENT} AND x.from_date <= $3
                       AND (x.to_date IS NULL OR x.to_date >= $2){filter_sql}) c) s
             GROUP BY s.product_id, s.store_id, s.generation{having}) g) h
         ORDER BY h.product_id, h.store_id",
        select = SpanRow::SELECT,
        by_level = by_level(backend)
    )
}

/// Returns the statement for the flows of levels in the period, and for their opening stock from
/// the day `first` on; a level may have a row of each. One statement, so that both have one
/// snapshot: a late entry is in neither or in both of the opening and the closing stock. `filter_sql`
/// is a condition on days as `d`.
fn flows_sql(filter_sql: &str, first: &str) -> String {
    let source = format!("FROM demand_day d WHERE d.tenant_id = $1 AND d.generation = {CURRENT}");
    format!(
        "SELECT {select} {source} AND d.business_date >= $2 AND d.business_date <= $3{filter_sql} GROUP BY d.product_id, d.store_id
         UNION ALL
         SELECT {COLUMNS_BEFORE_PERIOD} {source} AND d.business_date >= {first} AND d.business_date < $2{filter_sql} GROUP BY d.product_id, d.store_id",
        select = FlowRow::SELECT
    )
}

/// Returns the statement for the units that levels sold in the period, without levels that sold
/// nothing, and its values. Whole weeks are read from their own rows, which are fewer than those of
/// days, and narrower. `filter_sql` is a condition on days as `d`, `values` those of the period and of
/// the condition.
fn sold_sql(filter: &StockFilter, filter_sql: &str, mut values: Vec<Value>) -> (String, Vec<Value>) {
    let condition = format!("d.tenant_id = $1 AND d.generation = {CURRENT}{filter_sql}");
    let part = |table: &str, days: &str| {
        format!(
            "SELECT d.product_id, d.store_id, d.ordered_units - d.cancelled_units AS sold FROM {table} d WHERE {condition} AND {days}"
        )
    };
    // The first and the last Monday of the weeks that lie in the period.
    let (first, last) = (week_of(filter.from.saturating_add(6)), week_of(filter.to.saturating_sub(6)));
    let parts = if last < first {
        vec![part("demand_day", "d.business_date >= $2 AND d.business_date <= $3")]
    } else {
        let mut mark = |day: i32| {
            values.push(i64::from(day).into());
            format!("${}", values.len() + 1)
        };
        let (monday, next, last) = (mark(first), mark(last.saturating_add(7)), mark(last));
        vec![
            part("demand_week", &format!("d.week_date >= {monday} AND d.week_date <= {last}")),
            part("demand_day", &format!("d.business_date >= $2 AND d.business_date < {monday}")),
            part("demand_day", &format!("d.business_date >= {next} AND d.business_date <= $3")),
        ]
    };
    let sql = format!(
        "SELECT {select} FROM ({parts}) d GROUP BY d.product_id, d.store_id HAVING sum(d.sold) <> 0",
        select = SoldRow::SELECT,
        parts = parts.join(" UNION ALL ")
    );
    (sql, values)
}

/// A condition on spans as `x`, and the values of the period and of the condition.
fn conditions(backend: Backend, filter: &StockFilter) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = vec![i64::from(filter.from).into(), i64::from(filter.to).into()];
    let mut filter_sql = backend.and_ids("x.product_id", filter.products.as_deref(), &mut values);
    filter_sql.push_str(&backend.and_ids("x.store_id", filter.stores.as_deref(), &mut values));
    (filter_sql, values)
}

/// Returns the levels that had no stock on at least one of these days, by product and store, with
/// the figures of stock-outs: their days, the units sold on them, and the units sold otherwise.
/// Opening stock and receipts are not read, and are 0. Most levels never ran out; they are not
/// read.
pub async fn stockout_periods(reads: &impl Reads, filter: &StockFilter) -> Result<Vec<(ProductId, StoreId, StockPeriod)>, Fault> {
    let backend = reads.backend();
    let (filter_sql, values) = conditions(backend, filter);
    let spans = spans_sql(backend, &filter_sql, HAVING_STOCKOUT);
    let (sold, sold_values) = sold_sql(filter, &filter_sql.replace("x.", "d."), values.clone());
    let (spans, rows) = tokio::try_join!(reads.records::<SpanRow>(&spans, values), reads.records::<SoldRow>(&sold, sold_values))?;
    let sold: HashMap<(ProductId, StoreId), i64> =
        rows.into_iter().map(|row| ((row.product_id, row.store_id), row.sold)).collect();
    let period = |row: SpanRow| {
        let sold = sold.get(&(row.product_id, row.store_id)).copied().unwrap_or_default();
        let period = StockPeriod {
            in_stock_days: row.in_stock_days,
            out_days: row.out_days,
            capped_days: row.capped_days,
            stockouts: row.stockouts,
            sold_in_stock: sold - row.sold_out - row.sold_before,
            sold_out: row.sold_out,
            sold: sold.into(),
            ..StockPeriod::default()
        };
        (row.product_id, row.store_id, period)
    };
    Ok(spans.into_iter().map(period).collect())
}

/// Returns the levels that have spans on these days, by product and store. A level without spans
/// has no stock to report.
pub async fn stock_periods(reads: &impl Reads, filter: &StockFilter) -> Result<Vec<(ProductId, StoreId, StockPeriod)>, Fault> {
    let backend = reads.backend();
    let (from, to) = (i64::from(filter.from), i64::from(filter.to));
    let (filter_sql, values) = conditions(backend, filter);
    let spans = spans_sql(backend, &filter_sql, "");
    let flow_values: Vec<Value> = values.iter().cloned().chain([FIRST_DAY.into()]).collect();
    let flows = flows_sql(&filter_sql.replace("x.", "d."), &format!("${}", flow_values.len() + 1));
    let (spans, rows) =
        tokio::try_join!(reads.records::<SpanRow>(&spans, values), reads.records::<FlowRow>(&flows, flow_values))?;
    let mut flows: HashMap<(ProductId, StoreId), StockFlow> = HashMap::with_capacity(rows.len());
    for FlowRow { product_id, store_id, flow } in rows {
        flows.entry((product_id, store_id)).or_default().add(&flow);
    }
    let period = |row: SpanRow| {
        let flow = flows.get(&(row.product_id, row.store_id)).copied().unwrap_or_default();
        let opening = i128::from(flow.opening);
        let period = StockPeriod {
            in_stock_days: row.in_stock_days,
            out_days: row.out_days,
            capped_days: row.capped_days,
            stockouts: row.stockouts,
            // Spans follow each other without a gap, so that the rest of all sold units was sold on
            // days in stock.
            sold_in_stock: flow.sold - row.sold_out - row.sold_before,
            sold_out: row.sold_out,
            opening,
            received: flow.received.into(),
            sold: flow.sold.into(),
            closing: opening + i128::from(flow.net),
            closing_sum: opening * i128::from(to - from + 1) + i128::from(flow.closing_sum),
        };
        (row.product_id, row.store_id, period)
    };
    Ok(spans.into_iter().map(period).collect())
}

#[derive(Record)]
#[record(of = product, alias = "p")]
struct CategorizedRow {
    id: ProductId,
    #[record(not_null)]
    category_id: CategoryId,
}

/// Products with the category that they share with one of these, those themselves too; without a list all that have a category.
pub async fn products_of_same_category(
    reads: &impl Reads,
    products: Option<&[ProductId]>,
) -> Result<HashMap<ProductId, CategoryId>, Fault> {
    let sql = format!("SELECT {} FROM product p WHERE p.tenant_id = $1 AND p.category_id IS NOT NULL", CategorizedRow::SELECT);
    let Some(products) = products else {
        let mut category_by_product = HashMap::new();
        let record_row = |row: CategorizedRow| {
            category_by_product.insert(row.id, row.category_id);
            row.id.uuid()
        };
        for_each_page(reads, &sql, &[], "p.id", record_row).await?;
        return Ok(category_by_product);
    };
    let backend = reads.backend();
    let condition = backend.in_ids("o.id", 2);
    let sql = format!("{sql} AND p.category_id IN (SELECT o.category_id FROM product o WHERE o.tenant_id = $1 AND {condition})");
    let rows = reads.records::<CategorizedRow>(&sql, vec![backend.ids(products.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.category_id)).collect())
}
