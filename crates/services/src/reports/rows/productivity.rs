//! Units, revenue and booked cost of levels.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{demand_day, product},
};
use platform::storage::{Fault, Finds, Reads};

use super::narrow::{Bound, CURRENT, DAY_MICROS, Narrow};
use crate::reports::core::Productivity;

/// A level, what it sold and had, and the units of its days' closings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelFlow {
    pub product: ProductId,
    pub category: Option<CategoryId>,
    pub store: StoreId,
    pub sums: Productivity,
    pub closing_sum: i64,
}

/// Booked cost of what a level sold, and of what came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
pub struct LevelCost {
    #[record(sql = "x.product_id")]
    pub product: ProductId,
    #[record(sql = "x.store_id")]
    pub store: StoreId,
    #[record(sql = "CAST(sum(CASE WHEN x.kind = 'SALE' THEN -x.{minor} ELSE 0 END) AS bigint)")]
    pub sold: i64,
    #[record(sql = "CAST(sum(CASE WHEN x.kind = 'RETURN' THEN x.{minor} ELSE 0 END) AS bigint)")]
    pub returned: i64,
}

#[derive(Record)]
struct FlowRow {
    #[record(of = demand_day, alias = "d")]
    product_id: ProductId,
    #[record(of = product, alias = "p")]
    category_id: Option<CategoryId>,
    #[record(of = demand_day, alias = "d")]
    store_id: StoreId,
    #[record(sql = "CAST(sum(CASE WHEN d.business_date < {from} THEN d.net_units ELSE 0 END) AS bigint)")]
    opening: i64,
    #[record(sql = "CAST(sum(CASE WHEN d.business_date < {from} THEN 0 ELSE d.received_units END) AS bigint)")]
    received: i64,
    #[record(sql = "CAST(sum(CASE WHEN d.business_date < {from} THEN 0 ELSE d.moved_in_units END) AS bigint)")]
    moved_in: i64,
    #[record(
        sql = "CAST(sum(CASE WHEN d.business_date < {from} THEN 0 ELSE d.ordered_units - d.cancelled_units END) AS bigint)"
    )]
    sold: i64,
    #[record(sql = "CAST(sum(d.net_units) AS bigint)")]
    closing: i64,
    #[record(
        sql = "CAST(sum(d.net_units * CASE WHEN d.business_date < {from} THEN {to} - {from} + 1 ELSE {to} - d.business_date + 1 END) AS bigint)"
    )]
    closing_sum: i64,
    #[record(
        sql = "CAST(sum(CASE WHEN d.business_date < {from} OR d.currency <> {money} THEN 0 ELSE d.gross_minor - d.refund_minor END) AS bigint)"
    )]
    net: i64,
}

#[derive(Record)]
struct ValueRow {
    #[record(sql = "w.product_id")]
    product: ProductId,
    #[record(sql = "w.value_sum")]
    value_sum: i64,
}

/// The flows of all levels, of whatever store: a level's share of its product's value is told by all of them.
pub async fn level_flows(reads: &impl Reads, narrow: &Narrow, currency: Currency) -> Result<Vec<LevelFlow>, Fault> {
    let mut bound = Bound::of(reads, narrow);
    let (from, to) = (bound.mark(i64::from(narrow.span.from)), bound.mark(i64::from(narrow.span.to)));
    let money = bound.mark(currency.as_str());
    let select = FlowRow::SELECT.replace("{from}", &from).replace("{to}", &to).replace("{money}", &money);
    let sql = format!(
        "SELECT {select} FROM demand_day d JOIN product p ON p.tenant_id = $1 AND p.id = d.product_id
         WHERE d.tenant_id = $1 AND d.generation = {CURRENT} AND d.business_date <= {to}{only}
         GROUP BY d.product_id, p.category_id, d.store_id",
        only = Bound::of_products(narrow, "d.product_id")
    );
    let flow = |row: FlowRow| LevelFlow {
        product: row.product_id,
        category: row.category_id,
        store: row.store_id,
        sums: Productivity {
            opening: row.opening.into(),
            received: row.received.into(),
            moved_in: row.moved_in.into(),
            sold: row.sold.into(),
            closing: row.closing.into(),
            net: row.net.into(),
            ..Productivity::default()
        },
        closing_sum: row.closing_sum,
    };
    Ok(reads.records::<FlowRow>(&sql, bound.values).await?.into_iter().map(flow).collect())
}

const fn minor(method: CostingMethod) -> &'static str {
    match method {
        CostingMethod::Fifo => "fifo_minor",
        CostingMethod::MovingAverage => "average_minor",
    }
}

/// The booked value of each product, summed over the closings of the days: back from what there is now, so that only postings since the first day are read.
pub async fn value_sums(reads: &impl Reads, narrow: &Narrow, method: CostingMethod) -> Result<HashMap<ProductId, i64>, Fault> {
    let mut bound = Bound::of(reads, narrow);
    let (from, days) = (bound.mark(i64::from(narrow.span.from)), bound.mark(narrow.span.days()));
    let since = bound.mark((i64::from(narrow.span.from) - 1) * DAY_MICROS);
    let sql = format!(
        "SELECT {select} FROM (
           SELECT c.product_id, c.{minor} * {days} - coalesce(s.moved, 0) AS value_sum FROM cost_pool c LEFT JOIN (
             SELECT x.product_id, CAST(sum(x.{minor} * CASE WHEN x.business_date - {from} < {days} THEN x.business_date - {from} ELSE {days} END)
               AS bigint) AS moved
             FROM cost_posting x WHERE x.tenant_id = $1 AND x.occurred_at >= {since} AND x.business_date > {from}{of_postings}
             GROUP BY x.product_id) s ON s.product_id = c.product_id
           WHERE c.tenant_id = $1{of_pools}) w WHERE w.value_sum <> 0",
        select = ValueRow::SELECT,
        minor = minor(method),
        of_postings = Bound::of_products(narrow, "x.product_id"),
        of_pools = Bound::of_products(narrow, "c.product_id")
    );
    let rows = reads.records::<ValueRow>(&sql, bound.values).await?;
    Ok(rows.into_iter().map(|row| (row.product, row.value_sum)).collect())
}

/// What sales took from the books on these days, and what returns brought back.
pub async fn level_costs(reads: &impl Reads, narrow: &Narrow, method: CostingMethod) -> Result<Vec<LevelCost>, Fault> {
    let mut bound = Bound::of(reads, narrow);
    let (from, to) = (bound.mark(i64::from(narrow.span.from)), bound.mark(i64::from(narrow.span.to)));
    let since = bound.mark((i64::from(narrow.span.from) - 1) * DAY_MICROS);
    let until = bound.mark((i64::from(narrow.span.to) + 2) * DAY_MICROS);
    let mut only = Bound::of_products(narrow, "x.product_id");
    only += &bound.of_stores(narrow, "x.store_id");
    let sql = format!(
        "SELECT {select} FROM cost_posting x
         WHERE x.tenant_id = $1 AND x.occurred_at >= {since} AND x.occurred_at < {until} AND x.business_date >= {from}
           AND x.business_date <= {to} AND x.kind IN ('SALE', 'RETURN') AND x.store_id IS NOT NULL{only}
         GROUP BY x.product_id, x.store_id",
        select = LevelCost::SELECT.replace("{minor}", minor(method))
    );
    reads.records(&sql, bound.values).await
}
