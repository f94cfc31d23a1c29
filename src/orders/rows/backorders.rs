//! Lines that wait for stock, the oldest order first.

use entity::prelude::*;

use super::filter::{Filter, compile};
use crate::{
    graphql::connection::{Key, PageRequest, keyset},
    stock::core::LevelKey,
    storage::{Fault, Reads, Row},
};

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

/// An order that waits for a product in a store, and for how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queued {
    pub placed_at: Timestamp,
    pub number: i64,
    pub order: OrderId,
    pub quantity: i64,
}

/// Who waits for a level, the oldest first, at most so many.
pub async fn queue_for(reads: &impl Reads, key: LevelKey, most: usize) -> Result<Vec<Queued>, Fault> {
    let sql = format!(
        "SELECT o.placed_at, o.number, o.id, CAST(sum(l.backordered) AS bigint) FROM order_line l
         JOIN sales_order o ON o.tenant_id = $1 AND o.id = l.order_id
         WHERE l.tenant_id = $1 AND l.product_id = $2 AND l.backordered > 0 AND o.store_id = $3 AND {WAITING}
         GROUP BY o.placed_at, o.number, o.id ORDER BY o.placed_at, o.number LIMIT {most}"
    );
    let rows = reads.rows(&sql, vec![key.product.into(), key.store.into()]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok(Queued { placed_at: row.time()?, number: row.take()?, order: row.take()?, quantity: row.take()? })
        })
        .collect()
}
