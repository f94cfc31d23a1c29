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
pub async fn left_lots(reads: &impl Reads, ids: &[OrderId], known: Option<&[Order]>) -> Result<Vec<ShippedLot>, Fault> {
    let sales = sales_with_lots(reads, ids).await?;
    if sales.is_empty() {
        return Ok(Vec::new());
    }
    let orders = match known {
        Some(known) => Cow::Borrowed(known),
        None => Cow::Owned(orders(reads, ids).await?),
    };
    let shipments = fulfilments_of(reads, ids).await?;
    let mut left = Vec::new();
    for order in &*orders {
        let of = Some(Reference { kind: ReferenceKind::Order, id: order.id.uuid() });
        let own: Vec<Fulfilment> = shipments.iter().filter(|shipment| shipment.order == order.id).cloned().collect();
        let posted: Vec<Movement> = sales.iter().filter(|sale| sale.reference == of).cloned().collect();
        left.extend(shipped_lots(order, &own, &posted));
    }
    Ok(left)
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
