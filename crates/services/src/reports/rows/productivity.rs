//! Units and revenue of levels.

use std::collections::HashMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::demand_day,
};
use platform::storage::{Fault, Finds, Reads};

use super::narrow::{ReportFilter, SqlParameters};
use crate::{
    demand::rows::{CURRENT, FIRST_DAY, products_of_same_category},
    insight::core::untaxed_refund,
    reports::core::Productivity,
};

/// Sales and stock of a level, and the sum of its units at the end of each day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LevelFlow {
    pub product: ProductId,
    pub category: Option<CategoryId>,
    pub store: StoreId,
    pub sums: Productivity,
    pub closing_sum: i64,
}

#[derive(Record)]
struct FlowRow {
    #[record(of = demand_day, alias = "d")]
    product_id: ProductId,
    #[record(of = demand_day, alias = "d")]
    store_id: StoreId,
    #[record(sql = "CAST(sum(d.received_units) AS bigint)")]
    received: i64,
    #[record(sql = "CAST(sum(d.moved_in_units) AS bigint)")]
    moved_in: i64,
    #[record(sql = "CAST(sum(d.ordered_units - d.cancelled_units) AS bigint)")]
    sold: i64,
    #[record(sql = "CAST(sum(d.net_units) AS bigint)")]
    units: i64,
    #[record(sql = "CAST(sum(d.net_units * ({to} - d.business_date + 1)) AS bigint)")]
    closing_sum: i64,
    #[record(sql = "CAST(sum(CASE WHEN d.currency <> {money} THEN 0 ELSE d.gross_minor END) AS bigint)")]
    gross: i64,
    #[record(sql = "CAST(sum(CASE WHEN d.currency <> {money} THEN 0 ELSE d.refund_minor END) AS bigint)")]
    refunds: i64,
    /// Revenue without tax, before refunds.
    #[record(sql = "CAST(sum(CASE WHEN d.currency <> {money} THEN 0 ELSE d.list_minor - d.discount_minor END) AS bigint)")]
    untaxed: i64,
    /// Rows of documents in other currencies.
    #[record(sql = "count(*) FILTER (WHERE d.currency <> {money} AND d.currency <> '')")]
    others: i64,
    /// Net units of the days before.
    #[record(sql = "CAST(0 AS bigint)")]
    opening: i64,
    #[record(sql = "CAST(min(d.business_date) AS integer)")]
    first_day: i32,
}

/// The columns of `FlowRow`, of the days before.
const COLUMNS_BEFORE_PERIOD: &str = "d.product_id, d.store_id, 0, 0, 0, 0, 0, 0, 0, 0, 0, CAST(sum(d.net_units) AS bigint), CAST(min(d.business_date) AS integer)";

/// The flows of all levels in all stores: a level's share of its product's value depends on all of
/// them.
pub async fn level_flows(reads: &impl Reads, report_filter: &ReportFilter, currency: Currency) -> Result<Vec<LevelFlow>, Fault> {
    let mut bound = SqlParameters::of(reads, report_filter);
    let (from, to) = (bound.bind(i64::from(report_filter.span.from)), bound.bind(i64::from(report_filter.span.to)));
    let money = bound.bind(currency.as_str());
    let first = bound.bind(FIRST_DAY);
    let conditions = SqlParameters::of_products(report_filter, "d.product_id");
    let source = format!("FROM demand_day d WHERE d.tenant_id = $1 AND d.generation = {CURRENT}");
    // One statement, so that opening and closing stock are of one state. A level may have a row of
    // each.
    let flows = format!(
        "SELECT {select} {source} AND d.business_date >= {from} AND d.business_date <= {to}{conditions} GROUP BY d.product_id, d.store_id
         UNION ALL
         SELECT {COLUMNS_BEFORE_PERIOD} {source} AND d.business_date >= {first} AND d.business_date < {from}{conditions} GROUP BY d.product_id, d.store_id",
        select = FlowRow::SELECT.replace("{to}", &to).replace("{money}", &money)
    );
    let (flows, categories) =
        tokio::try_join!(reads.records::<FlowRow>(&flows, bound.values), products_of_same_category(reads, None))?;
    let empty = |product: ProductId, store: StoreId| LevelFlow {
        product,
        category: categories.get(&product).copied(),
        store,
        sums: Productivity::default(),
        closing_sum: 0,
    };
    let mut levels: HashMap<(ProductId, StoreId), LevelFlow> = HashMap::with_capacity(flows.len());
    for row in flows {
        let level = levels.entry((row.product_id, row.store_id)).or_insert_with(|| empty(row.product_id, row.store_id));
        level.sums.join(&Productivity {
            opening: row.opening.into(),
            received: row.received.into(),
            moved_in: row.moved_in.into(),
            sold: row.sold.into(),
            closing: i128::from(row.opening) + i128::from(row.units),
            net: i128::from(row.gross) - i128::from(row.refunds),
            untaxed_net: i128::from(row.untaxed) - untaxed_refund(row.refunds, (row.gross.into(), row.untaxed.into())),
            first_day: Some(row.first_day),
            has_other_currencies: row.others > 0,
            ..Productivity::default()
        });
        let closings = row.closing_sum.saturating_add(row.opening.saturating_mul(report_filter.span.days()));
        level.closing_sum = level.closing_sum.saturating_add(closings);
    }
    Ok(levels.into_values().collect())
}
