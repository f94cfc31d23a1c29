//! Lines that wait for stock, the oldest order first.

use entity::prelude::*;
use platform::{
    paging::{Key, PageRequest, keyset},
    storage::{Fault, Reads, Row},
};

use super::filter::{Filter, compile};
use crate::stock::core::LevelKey;

/// Names the list of backorders in cursors.
pub const BACKORDERS: &str = "backorders:PLACED_AT:ASC";

/// The states in which an order still waits for what it was promised.
const WAITING: &str = "o.status IN ('PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED')";

/// A line that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub order: OrderId,
    pub position: u16,
    pub placed_at: Timestamp,
    pub number: i64,
}

impl Waiting {
    /// Where it stands in its list.
    pub fn keys(&self) -> Vec<Key> {
        vec![Key::Int(self.placed_at.micros()), Key::Int(self.number), Key::Int(i64::from(self.position))]
    }
}

/// A page of the lines that wait, of one product or of all.
pub async fn backorders(
    reads: &impl Reads,
    filter: &Filter,
    product: Option<ProductId>,
    request: &PageRequest,
) -> Result<Vec<Waiting>, Fault> {
    let (condition, mut values) = compile(filter, reads.backend(), 2);
    let mut of_product = String::new();
    if let Some(product) = product {
        values.push(product.into());
        of_product = format!(" AND l.product_id = ${}", 1 + values.len());
    }
    let (bounds, tail, more) = keyset(&["o.placed_at", "o.number", "l.position"], false, request, 2 + values.len());
    values.extend(more);
    let sql = format!(
        "SELECT o.id, l.position, o.placed_at, o.number FROM order_line l JOIN sales_order o ON o.tenant_id = $1 AND o.id = l.order_id
         WHERE l.tenant_id = $1 AND l.backordered > 0 AND {WAITING}{of_product} AND {condition}{bounds}{tail}"
    );
    let rows = reads.rows(&sql, values).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            let (order, position): (OrderId, i32) = (row.take()?, row.take()?);
            Ok(Waiting { order, position: position as u16, placed_at: row.time()?, number: row.take()? })
        })
        .collect()
}

/// How many whole kits of the line `l` of the order `o` what is available in the order's store is enough for: 0 where a part cannot be held.
pub const WHOLE_KITS: &str = "(SELECT min(CASE WHEN q.status = 'ARCHIVED' OR q.stock_policy = 'UNTRACKED' THEN 0
      ELSE coalesce(v.on_hand - v.unavailable - v.reserved, 0) END / m.quantity) FROM order_line_part m
    JOIN product q ON q.tenant_id = m.tenant_id AND q.id = m.product_id
    LEFT JOIN stock_level v ON v.tenant_id = m.tenant_id AND v.product_id = m.product_id AND v.store_id = o.store_id
    WHERE m.tenant_id = l.tenant_id AND m.order_id = l.order_id AND m.position = l.position)";

/// A line that waits for a product in a store, and for how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queued {
    pub placed_at: Timestamp,
    pub number: i64,
    pub order: OrderId,
    pub quantity: i64,
    /// Whether it waits for a part of a kit.
    pub is_part: bool,
}

/// Who waits for a level, the oldest first, at most so many: lines of the product itself, and kits that could be made whole now, with what they
/// would take. A kit that lacks another part lets others pass.
pub async fn queue_for(reads: &impl Reads, key: LevelKey, most: usize) -> Result<Vec<Queued>, Fault> {
    let sql = format!(
        "SELECT w.placed_at, w.number, w.id, w.backordered, w.takes, w.units, w.is_part FROM (
           SELECT o.placed_at, o.number, o.id, l.position, l.backordered, 1 AS takes, l.backordered AS units, 0 AS is_part FROM order_line l
           JOIN sales_order o ON o.tenant_id = $1 AND o.id = l.order_id
           WHERE l.tenant_id = $1 AND l.product_id = $2 AND l.backordered > 0 AND l.stock_policy <> 'UNTRACKED' AND o.store_id = $3 AND {WAITING}
           UNION ALL SELECT o.placed_at, o.number, o.id, l.position, l.backordered, n.quantity, {WHOLE_KITS}, 1 FROM order_line_part n
           JOIN order_line l ON l.tenant_id = $1 AND l.order_id = n.order_id AND l.position = n.position AND l.backordered > 0
           JOIN sales_order o ON o.tenant_id = $1 AND o.id = n.order_id
           WHERE n.tenant_id = $1 AND n.product_id = $2 AND o.store_id = $3 AND {WAITING}) w
         WHERE w.units > 0 ORDER BY w.placed_at, w.number, w.position LIMIT {most}"
    );
    let rows = reads.rows(&sql, vec![key.product.into(), key.store.into()]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            let (placed_at, number, order) = (row.time()?, row.take()?, row.take()?);
            let (owed, takes, units): (i64, i64, i64) = (row.take()?, row.take()?, row.take()?);
            Ok(Queued { placed_at, number, order, quantity: owed.min(units) * takes, is_part: row.take::<i32>()? == 1 })
        })
        .collect()
}

/// The levels that the kits which these orders are owed take from, and what is available there.
pub async fn owed_parts(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<(OrderId, LevelKey, i64)>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT DISTINCT n.order_id, n.product_id, o.store_id, v.on_hand - v.unavailable - v.reserved FROM order_line_part n
         JOIN order_line l ON l.tenant_id = $1 AND l.order_id = n.order_id AND l.position = n.position AND l.backordered > 0
         JOIN sales_order o ON o.tenant_id = $1 AND o.id = n.order_id
         JOIN stock_level v ON v.tenant_id = $1 AND v.product_id = n.product_id AND v.store_id = o.store_id
         WHERE n.tenant_id = $1 AND {}",
        backend.in_ids("n.order_id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok((row.take()?, LevelKey { product: row.take()?, store: row.take()? }, row.take()?))
        })
        .collect()
}
