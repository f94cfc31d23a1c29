//! Returned quantities of lots and of orders, and the lots as which they left, over all returns.

use std::collections::{BTreeSet, HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{entry, return_lot, return_match, sales_return},
};
use platform::storage::{Fault, Finds, Reads};

use crate::returns::core::{ReturnedLot, ReturnedQuantities, ShippedProducts};

#[derive(Record)]
struct UninspectedLot {
    #[record(of = sales_return, alias = "r")]
    store_id: StoreId,
    #[record(of = return_lot, alias = "t")]
    lot_id: LotId,
    #[record(sql = "CAST(sum(t.received - t.inspected) AS bigint)")]
    unseen: i64,
}

#[derive(Record)]
#[record(of = return_match, alias = "m")]
struct SettledRow {
    order_id: OrderId,
    order_position: i32,
    received: Quantity,
}

#[derive(Record)]
struct ShippedRow {
    #[record(sql = "m.reference_id")]
    order: OrderId,
    #[record(of = entry, alias = "e")]
    product_id: ProductId,
    #[record(of = entry, alias = "e")]
    lot_id: Option<LotId>,
}

#[derive(Record)]
struct ReturnedLotRow {
    #[record(sql = "m.reference_id")]
    ret: ReturnId,
    #[record(of = entry, alias = "e")]
    product_id: ProductId,
    #[record(of = entry, alias = "e", not_null)]
    lot_id: LotId,
    #[record(sql = "CAST(sum(e.on_hand_delta) AS bigint)")]
    units: i64,
}

/// Reads the uninspected units of each of these lots, of returns that are still to be inspected, by
/// store.
pub async fn load_uninspected_lots(reads: &impl Reads, lots: &[LotId]) -> Result<HashMap<(StoreId, LotId), i64>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM return_lot t
         JOIN sales_return r ON r.tenant_id = $1 AND r.id = t.return_id AND r.status IN ('PARTIALLY_RECEIVED', 'RECEIVED')
         WHERE t.tenant_id = $1 AND {of} AND t.inspected < t.received GROUP BY r.store_id, t.lot_id",
        select = UninspectedLot::SELECT,
        of = backend.in_ids("t.lot_id", 2)
    );
    let rows = reads.records::<UninspectedLot>(&sql, vec![backend.ids(lots.iter().copied())]).await?;
    Ok(rows.into_iter().map(|row| ((row.store_id, row.lot_id), row.unseen)).collect())
}

/// Reads the quantities of these orders' lines that came back with returns that are closed.
pub async fn load_settled_quantities(reads: &impl Reads, orders: &[OrderId]) -> Result<ReturnedQuantities, Fault> {
    if orders.is_empty() {
        return Ok(ReturnedQuantities::new());
    }
    let backend = reads.backend();
    // CROSS JOIN tells SQLite to begin with the orders: otherwise it begins with all closed returns
    // of the tenant.
    let sql = format!(
        "SELECT {select} FROM return_match m CROSS JOIN sales_return r
         WHERE m.tenant_id = $1 AND {of} AND r.tenant_id = $1 AND r.id = m.return_id AND r.status = 'CLOSED'",
        select = SettledRow::SELECT,
        of = backend.in_ids("m.order_id", 2)
    );
    let mut settled_by_line = ReturnedQuantities::new();
    for row in reads.records::<SettledRow>(&sql, vec![backend.ids(orders.iter().copied())]).await? {
        *settled_by_line.entry(row.order_id.line(row.order_position as u16)).or_default() += row.received.get();
    }
    Ok(settled_by_line)
}

/// Reads which of these products left with these orders, and as which lots.
pub async fn load_shipped_products(
    reads: &impl Reads,
    orders: &BTreeSet<OrderId>,
    products: &HashSet<ProductId>,
) -> Result<ShippedProducts, Fault> {
    let backend = reads.backend();
    let (order_condition, product_condition) = (backend.in_ids("m.reference_id", 2), backend.in_ids("e.product_id", 3));
    let sql = format!(
        "SELECT DISTINCT {select} FROM movement m
         JOIN entry e ON e.tenant_id = $1 AND e.seq = m.seq AND e.on_hand_delta < 0 AND {product_condition}
         WHERE m.tenant_id = $1 AND m.kind = 'SALE' AND m.reference_kind = 'ORDER' AND {order_condition}
           AND NOT EXISTS (SELECT 1 FROM movement v WHERE v.tenant_id = $1 AND v.reverses_id = m.id)",
        select = ShippedRow::SELECT
    );
    let mut shipped_lots = ShippedProducts::new();
    let values = vec![backend.ids(orders.iter().copied()), backend.ids(products.iter().copied())];
    for row in reads.records::<ShippedRow>(&sql, values).await? {
        shipped_lots.entry(row.order).or_default().insert((row.product_id, row.lot_id));
    }
    Ok(shipped_lots)
}

/// Reads the quantities of each lot that came back with these returns, except for reversed
/// receipts.
pub async fn load_returned_lots(reads: &impl Reads, returns: &[ReturnId]) -> Result<Vec<ReturnedLot>, Fault> {
    if returns.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM movement m
         JOIN entry e ON e.tenant_id = $1 AND e.seq = m.seq AND e.on_hand_delta > 0 AND e.lot_id IS NOT NULL
         WHERE m.tenant_id = $1 AND m.kind = 'RETURN' AND m.reference_kind = 'RETURN' AND {of}
           AND NOT EXISTS (SELECT 1 FROM movement v WHERE v.tenant_id = $1 AND v.reverses_id = m.id)
         GROUP BY m.reference_id, e.product_id, e.lot_id",
        select = ReturnedLotRow::SELECT,
        of = backend.in_ids("m.reference_id", 2)
    );
    let rows = reads.records::<ReturnedLotRow>(&sql, vec![backend.ids(returns.iter().copied())]).await?;
    Ok(rows
        .into_iter()
        .map(|row| ReturnedLot { ret: row.ret, product: row.product_id, lot: row.lot_id, units: row.units })
        .collect())
}
