//! Charges that are added to purchase orders after their goods were received.

use std::collections::BTreeMap;

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{cost_posting, entry},
};
use platform::storage::{Fault, Finds, Reads, Row, Work};
use sea_orm::Value;

use super::{report::CostFilter, revaluation::select_revaluations};
use crate::costing::core::{Revaluation, Values};

/// Units of a product that a receipt brought, less those that reversals took back.
#[derive(Record)]
struct ReceivedRow {
    #[record(sql = "r.seq")]
    seq: i64,
    #[record(of = entry, alias = "e")]
    product_id: ProductId,
    #[record(sql = "CAST(sum(e.on_hand_delta) AS bigint)")]
    units: i64,
}

/// Returns the units of each product that an order's receipts brought, less those that were taken
/// back, by the receipts' events.
pub async fn received_quantities(
    reads: &impl Reads,
    order: PurchaseOrderId,
) -> Result<BTreeMap<ProductId, Vec<(i64, i64)>>, Fault> {
    let sql = format!(
        "SELECT {select} FROM (
           SELECT o.seq, o.seq AS moved FROM movement o
           WHERE o.tenant_id = $1 AND o.reference_kind = 'PURCHASE_ORDER' AND o.reference_id = $2 AND o.kind = 'RECEIPT' AND o.reverses_id IS NULL
           UNION ALL SELECT o.seq, m.seq AS moved FROM movement o JOIN movement m ON m.tenant_id = $1 AND m.reverses_id = o.id
           WHERE o.tenant_id = $1 AND o.reference_kind = 'PURCHASE_ORDER' AND o.reference_id = $2 AND o.kind = 'RECEIPT' AND o.reverses_id IS NULL) r
         JOIN entry e ON e.tenant_id = $1 AND e.seq = r.moved
         GROUP BY r.seq, e.product_id HAVING sum(e.on_hand_delta) > 0 ORDER BY r.seq, e.product_id",
        select = ReceivedRow::SELECT
    );
    let mut received: BTreeMap<ProductId, Vec<(i64, i64)>> = BTreeMap::new();
    for row in reads.records::<ReceivedRow>(&sql, vec![order.into()]).await? {
        received.entry(row.product_id).or_default().push((row.seq, row.units));
    }
    Ok(received)
}

/// Returns the charges added to these orders, the oldest first, including reversed ones.
pub async fn charges_of_orders(reads: &impl Reads, orders: &[PurchaseOrderId]) -> Result<Vec<Revaluation>, Fault> {
    let backend = reads.backend();
    let conditions = format!("WHERE v.tenant_id = $1 AND {} ORDER BY v.seq", backend.in_ids("v.purchase_order_id", 2));
    select_revaluations(reads, &conditions, vec![backend.ids(orders.iter().copied())]).await
}

/// Returns the number of charges that were added to an order, including those that were taken back.
pub async fn count_charges(reads: &impl Reads, order: PurchaseOrderId) -> Result<i64, Fault> {
    let sql = "SELECT count(*) FROM revaluation WHERE tenant_id = $1 AND purchase_order_id = $2";
    let rows = reads.rows(sql, vec![order.into()]).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

/// Increments the version of an order, which its steps check.
pub async fn change_order(work: &Work, order: PurchaseOrderId, now: Timestamp) -> Result<(), Fault> {
    let sql = "UPDATE purchase_order SET version = version + 1, updated_at = $3 WHERE tenant_id = $1 AND id = $2";
    work.execute(sql, vec![order.into(), now.micros().into()]).await.map(drop)
}

/// Part of the added charges that falls on units that have left stock, by day and product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChargeVariance {
    pub day: i32,
    pub product: ProductId,
    pub values: Values,
}

#[derive(Record)]
struct VarianceRow {
    #[record(sql = "CAST(p.business_date AS integer)")]
    day: i32,
    #[record(of = cost_posting, alias = "p", column = "product_id")]
    product: ProductId,
    #[record(sql = "CAST(sum(l.charge_minor - p.average_minor) AS bigint)")]
    average: i64,
    #[record(sql = "CAST(sum(l.charge_minor - p.fifo_minor) AS bigint)")]
    fifo: i64,
}

/// Reads the parts of added charges that fall on units that have left stock, as far as the book is
/// posted. They belong to no store: the list is empty if the filter names stores.
pub async fn charge_variances(reads: &impl Reads, filter: &CostFilter) -> Result<Vec<ChargeVariance>, Fault> {
    if filter.stores.is_some() {
        return Ok(Vec::new());
    }
    let mut values: Vec<Value> = filter.products.values.clone();
    let mut conditions = filter.products.on("p.product_id").map(|condition| format!(" AND {condition}")).unwrap_or_default();
    let mut add_condition = |text: &str, value: Option<Value>| {
        if let Some(value) = value {
            values.push(value);
            conditions.push_str(&format!(" AND {text} ${}", values.len() + 1));
        }
    };
    add_condition("p.occurred_at >=", filter.from.map(|at| at.micros().into()));
    add_condition("p.occurred_at <", filter.to.map(|at| at.micros().into()));
    add_condition("p.product_id =", filter.product.map(Into::into));
    let sql = format!(
        "SELECT {select} FROM revaluation_line l JOIN revaluation v ON v.tenant_id = $1 AND v.id = l.revaluation_id
         JOIN cost_posting p ON p.tenant_id = $1 AND p.seq = v.seq AND p.line = l.position
         WHERE l.tenant_id = $1 AND l.charge_minor IS NOT NULL{conditions} GROUP BY p.business_date, p.product_id ORDER BY 1, 2",
        select = VarianceRow::SELECT
    );
    let rows = reads.records::<VarianceRow>(&sql, values).await?;
    let variance = |VarianceRow { day, product, average, fifo }| {
        let values = Values { average, fifo };
        ChargeVariance { day, product, values }
    };
    Ok(rows.into_iter().map(variance).collect())
}
