//! What belongs to orders, for many of them at once: one statement each.

use std::collections::HashMap;

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};

use crate::{
    orders::core::{Fulfilment, FulfilmentLine},
    stock::core::{LevelKey, Reservation},
};

/// The fulfilments of these orders with their lines, the oldest first.
pub async fn fulfilments_of(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<Fulfilment>, Fault> {
    let backend = reads.backend();
    fulfilments(reads, &backend.in_ids("f.order_id", 2), backend.ids(orders.iter().copied())).await
}

/// A fulfilment with its lines.
pub async fn fulfilment(reads: &impl Reads, id: FulfilmentId) -> Result<Option<Fulfilment>, Fault> {
    Ok(fulfilments(reads, "f.id = $2", id.into()).await?.pop())
}

async fn fulfilments(reads: &impl Reads, which: &str, value: sea_orm::Value) -> Result<Vec<Fulfilment>, Fault> {
    let sql = format!(
        "SELECT f.id, f.order_id, f.store_id, f.status, f.shipped_at, l.order_position, l.quantity FROM fulfilment f
         JOIN fulfilment_line l ON l.tenant_id = f.tenant_id AND l.fulfilment_id = f.id
         WHERE f.tenant_id = $1 AND {which} ORDER BY f.order_id, f.id, l.order_position"
    );
    let mut all: Vec<Fulfilment> = Vec::new();
    for row in &reads.rows(&sql, vec![value]).await? {
        let mut row = Row::new(row);
        let (id, order, store) = (row.take()?, row.take()?, row.take()?);
        let status = row.word("fulfilment", FulfilmentStatus::parse)?;
        let shipped_at = row.time_opt()?;
        let line = FulfilmentLine { position: row.take::<i32>()? as u16, quantity: row.take()? };
        match all.last_mut() {
            Some(last) if last.id == id => last.lines.push(line),
            _ => all.push(Fulfilment { id, order, store, status, shipped_at, lines: vec![line] }),
        }
    }
    Ok(all)
}

/// A hold that an order's line has or had to give up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    pub order: OrderId,
    pub position: u16,
    /// The line's own, or one of the parts of a kit.
    pub product: ProductId,
    pub store: StoreId,
    /// What is still held; 0 when it was shortened away.
    pub remaining: Quantity,
    pub updated_at: Timestamp,
}

/// What the lines of these orders hold, and which of their holds gave way whole.
pub async fn held_of(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<Held>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT r.order_id, r.order_position, r.product_id, r.store_id, r.remaining, r.updated_at FROM reservation r
         WHERE r.tenant_id = $1 AND r.order_id IS NOT NULL AND {} AND r.status IN ('ACTIVE', 'SHORTENED')
         ORDER BY r.order_id, r.order_position, r.id",
        backend.in_ids("r.order_id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            let (order, position) = (row.take()?, row.take::<i32>()? as u16);
            let (product, store) = (row.take()?, row.take()?);
            Ok(Held { order, position, product, store, remaining: row.take()?, updated_at: row.time()? })
        })
        .collect()
}

/// What of these holds is the order's, as `held_of` would find it.
pub fn held_in(reservations: &[Reservation], order: OrderId) -> Vec<Held> {
    let own = |one: &Reservation| {
        let (_, position) = one.order.filter(|(id, _)| *id == order)?;
        let (product, store) = (one.key.product, one.key.store);
        Some(Held { order, position, product, store, remaining: one.remaining, updated_at: one.updated_at })
    };
    let holds = [ReservationStatus::Active, ReservationStatus::Shortened];
    let mut held: Vec<&Reservation> = reservations.iter().filter(|one| holds.contains(&one.status)).collect();
    held.sort_by_key(|one| (one.order.map(|(_, position)| position), one.id));
    held.into_iter().filter_map(own).collect()
}

/// A flag that stops an order's fulfilment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flag {
    pub order: OrderId,
    pub reason: String,
    pub placed_at: Timestamp,
    pub actor: Actor,
}

/// The flags of these orders, the oldest first.
pub async fn flags_of(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<Flag>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT h.order_id, h.reason, h.placed_at, h.actor_kind, h.actor_id FROM order_hold h WHERE h.tenant_id = $1 AND {}
         ORDER BY h.order_id, h.placed_at, h.reason",
        backend.in_ids("h.order_id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            let (order, reason, placed_at) = (row.take()?, row.take()?, row.time()?);
            let actor = Actor { kind: row.word("order_hold", ActorKind::parse)?, id: row.take()? };
            Ok(Flag { order, reason, placed_at, actor })
        })
        .collect()
}

/// The levels that the stocked lines of these orders and the parts of their kits are on: at each order's own store, and wherever they are held.
/// Of a draft also those of its other products, which must still be for sale when it is confirmed.
pub async fn stocked_levels(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<(OrderId, LevelKey)>, Fault> {
    let backend = reads.backend();
    let of = backend.in_ids("o.id", 2);
    let sql = format!(
        "SELECT o.id, l.product_id, o.store_id FROM sales_order o JOIN order_line l ON l.tenant_id = o.tenant_id AND l.order_id = o.id
         WHERE o.tenant_id = $1 AND {of} AND l.product_id IS NOT NULL AND (l.stock_policy <> 'UNTRACKED' OR o.status = 'DRAFT')
         UNION ALL SELECT o.id, n.product_id, o.store_id FROM sales_order o
         JOIN order_line_part n ON n.tenant_id = o.tenant_id AND n.order_id = o.id WHERE o.tenant_id = $1 AND {of}
         UNION ALL SELECT r.order_id, r.product_id, r.store_id FROM reservation r
         WHERE r.tenant_id = $1 AND r.order_id IS NOT NULL AND r.status = 'ACTIVE' AND {}",
        backend.in_ids("r.order_id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok((row.take()?, LevelKey { product: row.take()?, store: row.take()? }))
        })
        .collect()
}

/// What was sold on an order's line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoldLine {
    pub product: Option<ProductId>,
    pub name: String,
}

/// What was sold on these lines; unknown ones are left out.
pub async fn sold_lines(reads: &impl Reads, lines: &[OrderLineId]) -> Result<HashMap<OrderLineId, SoldLine>, Fault> {
    if lines.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let mut orders: Vec<OrderId> = lines.iter().map(|line| line.split_line().0).collect();
    orders.sort_unstable();
    orders.dedup();
    let sql = format!(
        "SELECT l.order_id, l.position, l.product_id, l.name FROM order_line l WHERE l.tenant_id = $1 AND {}",
        backend.in_ids("l.order_id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(orders)]).await?;
    let wanted: std::collections::HashSet<&OrderLineId> = lines.iter().collect();
    let mut found = HashMap::with_capacity(lines.len());
    for row in &rows {
        let mut row = Row::new(row);
        let order: OrderId = row.take()?;
        let id = order.line(row.take::<i32>()? as u16);
        if wanted.contains(&id) {
            found.insert(id, SoldLine { product: row.take()?, name: row.take()? });
        }
    }
    Ok(found)
}
