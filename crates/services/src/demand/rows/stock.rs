//! What spans and days say of levels.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{demand_day, stock_span},
};
use platform::storage::{Backend, Fault, Finds, Reads, Row};
use sea_orm::{QueryResult, Value};

use crate::demand::core::{EVENT_DAYS, StockPeriod};

/// Which levels, over which days: both inclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockFilter {
    pub from: i32,
    pub to: i32,
    /// None: all of them.
    pub products: Option<Vec<ProductId>>,
    pub stores: Option<Vec<StoreId>>,
}

#[derive(Record)]
struct SpanRow {
    #[record(of = stock_span, alias = "s")]
    product_id: ProductId,
    #[record(of = stock_span, alias = "s")]
    store_id: StoreId,
    #[record(sql = "CAST(sum(CASE WHEN s.state = 'OUT' THEN 0 ELSE s.days END) AS bigint)")]
    in_stock_days: i64,
    #[record(sql = "CAST(sum(CASE WHEN s.state = 'OUT' THEN s.days ELSE 0 END) AS bigint)")]
    out_days: i64,
    #[record(sql = "CAST(sum(CASE WHEN s.state <> 'OUT' THEN 0 WHEN s.days > {event} THEN {event} ELSE s.days END) AS bigint)")]
    capped_days: i64,
    #[record(sql = "CAST(sum(CASE WHEN s.state = 'OUT' THEN 1 ELSE 0 END) AS bigint)")]
    stockouts: i64,
    #[record(sql = "CAST(sum(CASE WHEN s.state = 'OUT' THEN 0 ELSE s.sold END) AS bigint)")]
    sold_in_stock: i64,
    #[record(sql = "CAST(sum(CASE WHEN s.state = 'OUT' THEN s.sold ELSE 0 END) AS bigint)")]
    sold_out: i64,
}

#[derive(Record)]
struct FlowRow {
    #[record(of = demand_day, alias = "d")]
    product_id: ProductId,
    #[record(of = demand_day, alias = "d")]
    store_id: StoreId,
    #[record(sql = "CAST(sum(CASE WHEN d.business_date < $2 THEN d.net_units ELSE 0 END) AS bigint)")]
    opening: i64,
    #[record(sql = "CAST(sum(CASE WHEN d.business_date < $2 THEN 0 ELSE d.received_units + d.moved_in_units END) AS bigint)")]
    received: i64,
    #[record(sql = "CAST(sum(CASE WHEN d.business_date < $2 THEN 0 ELSE d.ordered_units - d.cancelled_units END) AS bigint)")]
    sold: i64,
    #[record(sql = "CAST(sum(d.net_units) AS bigint)")]
    closing: i64,
    #[record(
        sql = "CAST(sum(d.net_units * CASE WHEN d.business_date < $2 THEN $3 - $2 + 1 ELSE $3 - d.business_date + 1 END) AS bigint)"
    )]
    closing_sum: i64,
}

/// Behind `demand_day d`: that days are found by their level. SQLite would go through everybody's by their dates; a condition that keeps it from the dates keeps it
/// from finding a span's days in the index, too, and then each span reads all days of its level.
pub const fn by_level(backend: Backend) -> &'static str {
    match backend {
        Backend::Sqlite => " INDEXED BY demand_day_level",
        Backend::Postgres => "",
    }
}

/// The levels that have spans on these days, by product and store. A level with none has no stock to tell of.
pub async fn stock_periods(reads: &impl Reads, filter: &StockFilter) -> Result<Vec<(ProductId, StoreId, StockPeriod)>, Fault> {
    let backend = reads.backend();
    let mut values: Vec<Value> = vec![i64::from(filter.from).into(), i64::from(filter.to).into()];
    let mut within = String::new();
    let lists = [
        ("x.product_id", filter.products.as_ref().map(|ids| backend.ids(ids.iter().copied()))),
        ("x.store_id", filter.stores.as_ref().map(|ids| backend.ids(ids.iter().copied()))),
    ];
    for (column, ids) in lists {
        if let Some(ids) = ids {
            values.push(ids);
            within.push_str(&format!(" AND {}", backend.in_ids(column, values.len() + 1)));
        }
    }
    let by_level = by_level(backend);
    let current = "(SELECT b.generation FROM demand_book b WHERE b.tenant_id = $1 AND b.is_current)";
    let spans = format!(
        "SELECT {select} FROM (
           SELECT c.product_id, c.store_id, c.state, c.last - c.first + 1 AS days, coalesce((
             SELECT sum(d.ordered_units - d.cancelled_units) FROM demand_day d{by_level} WHERE d.tenant_id = $1
               AND d.generation = c.generation AND d.product_id = c.product_id AND d.store_id = c.store_id
               AND d.business_date >= c.first AND d.business_date <= c.last), 0) AS sold
           FROM (SELECT x.product_id, x.store_id, x.generation, x.state, CASE WHEN x.from_date < $2 THEN $2 ELSE x.from_date END AS first,
                   CASE WHEN x.to_date IS NULL OR x.to_date > $3 THEN $3 ELSE x.to_date END AS last
                 FROM stock_span x WHERE x.tenant_id = $1 AND x.generation = {current} AND x.from_date <= $3
                   AND (x.to_date IS NULL OR x.to_date >= $2){within}) c) s
         GROUP BY s.product_id, s.store_id ORDER BY s.product_id, s.store_id",
        select = SpanRow::SELECT.replace("{event}", &EVENT_DAYS.to_string())
    );
    let flows = format!(
        "SELECT {select} FROM demand_day d WHERE d.tenant_id = $1 AND d.generation = {current} AND d.business_date <= $3{within}
         GROUP BY d.product_id, d.store_id",
        select = FlowRow::SELECT,
        within = within.replace("x.", "d.")
    );
    let rows = reads.records::<FlowRow>(&flows, values.clone()).await?;
    let mut flows: HashMap<(ProductId, StoreId), FlowRow> = HashMap::with_capacity(rows.len());
    flows.extend(rows.into_iter().map(|row| ((row.product_id, row.store_id), row)));
    let period = |row: SpanRow| {
        let flow = flows.remove(&(row.product_id, row.store_id));
        let of = |figure: fn(&FlowRow) -> i64| i128::from(flow.as_ref().map(figure).unwrap_or_default());
        let period = StockPeriod {
            in_stock_days: row.in_stock_days,
            out_days: row.out_days,
            capped_days: row.capped_days,
            stockouts: row.stockouts,
            sold_in_stock: row.sold_in_stock,
            sold_out: row.sold_out,
            opening: of(|flow| flow.opening),
            received: of(|flow| flow.received),
            sold: of(|flow| flow.sold),
            closing: of(|flow| flow.closing),
            closing_sum: of(|flow| flow.closing_sum),
        };
        (row.product_id, row.store_id, period)
    };
    Ok(reads.records::<SpanRow>(&spans, values).await?.into_iter().map(period).collect())
}

/// Products with the category that they share with one of these, those themselves too; without a list all that have a category.
pub async fn products_of_same_category(
    reads: &impl Reads,
    products: Option<&[ProductId]>,
) -> Result<HashMap<ProductId, CategoryId>, Fault> {
    let (mut values, mut within) = (Vec::new(), String::new());
    if let Some(products) = products {
        let backend = reads.backend();
        values.push(backend.ids(products.iter().copied()));
        let named = backend.in_ids("o.id", 2);
        within = format!(" AND p.category_id IN (SELECT o.category_id FROM product o WHERE o.tenant_id = $1 AND {named})");
    }
    let sql = format!("SELECT p.id, p.category_id FROM product p WHERE p.tenant_id = $1 AND p.category_id IS NOT NULL{within}");
    let of = |row: &QueryResult| -> Result<(ProductId, CategoryId), Fault> {
        let mut row = Row::new(row);
        Ok((row.take()?, row.take()?))
    };
    reads.rows(&sql, values).await?.iter().map(of).collect()
}
