//! Lots that left with orders, from the movements of their sales.

use std::borrow::Cow;

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};

use super::{load::orders, parts::fulfilments_of};
use crate::{
    orders::core::{Fulfilment, Order, ShippedLot, shipped_lots},
    stock::{
        core::{Movement, Reference, ReferenceKind},
        rows::movements_by_seq,
    },
};

/// Returns the lots that left with these orders, including undone shipments. Orders that are not
/// loaded yet are read. One statement if no lot left.
pub async fn shipped_lots_of(
    reads: &impl Reads,
    ids: &[OrderId],
    loaded_orders: Option<&[Order]>,
) -> Result<Vec<ShippedLot>, Fault> {
    let sales = sales_with_lots(reads, ids).await?;
    if sales.is_empty() {
        return Ok(Vec::new());
    }
    let orders = match loaded_orders {
        Some(loaded_orders) => Cow::Borrowed(loaded_orders),
        None => Cow::Owned(orders(reads, ids).await?),
    };
    let shipments = fulfilments_of(reads, ids).await?;
    let mut lots = Vec::new();
    for order in &*orders {
        let order_reference = Some(Reference { kind: ReferenceKind::Order, id: order.id.uuid() });
        let order_shipments: Vec<Fulfilment> = shipments.iter().filter(|shipment| shipment.order == order.id).cloned().collect();
        let posted: Vec<Movement> = sales.iter().filter(|sale| sale.reference == order_reference).cloned().collect();
        lots.extend(shipped_lots(order, &order_shipments, &posted));
    }
    Ok(lots)
}

/// Returns the sales of these orders that took lots, including undone ones, in the order of their
/// events, with all their entries.
async fn sales_with_lots(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<Movement>, Fault> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT m.seq FROM movement m
         WHERE m.tenant_id = $1 AND m.kind = 'SALE' AND m.reference_kind = 'ORDER' AND {of}
           AND EXISTS (SELECT 1 FROM entry e WHERE e.tenant_id = $1 AND e.seq = m.seq AND e.lot_id IS NOT NULL)",
        of = backend.in_ids("m.reference_id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    let mut seqs = rows.iter().map(Row::scalar).collect::<Result<Vec<i64>, _>>()?;
    seqs.sort_unstable();
    movements_by_seq(reads, &seqs).await
}
