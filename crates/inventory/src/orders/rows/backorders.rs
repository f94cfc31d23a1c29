//! Lines that wait for stock, the oldest order first.

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{order_line, order_line_part, sales_order},
};
use platform::{
    paging::{Key, ListSource, Listed, PageRequest},
    storage::{Fault, Finds, Reads},
};

use super::filter::{Filter, compile};
use crate::stock::{core::LevelKey, rows::expected::lines_that_wait};

/// Names the list of backorders in cursors.
pub const BACKORDERS: &str = "backorders:PLACED_AT:ASC";

/// The states in which an order still waits for what it was promised.
const WAITING: &str = "o.status IN ('PENDING', 'CONFIRMED', 'PARTIALLY_FULFILLED')";

#[derive(Record)]
struct WaitingRow {
    #[record(of = sales_order, alias = "o")]
    id: OrderId,
    #[record(of = order_line, alias = "l")]
    position: i32,
    #[record(of = sales_order, alias = "o")]
    placed_at: Timestamp,
    #[record(of = sales_order, alias = "o")]
    number: i64,
}

/// A line that waits for a level: `takes` of its product for each of the `units` that could be made.
#[derive(Record)]
struct QueuedRow {
    #[record(of = sales_order, alias = "w")]
    placed_at: Timestamp,
    #[record(of = sales_order, alias = "w")]
    number: i64,
    #[record(of = sales_order, alias = "w")]
    id: OrderId,
    #[record(of = order_line, alias = "w")]
    position: i32,
    #[record(sql = "w.backordered")]
    backordered: i64,
    #[record(sql = "w.takes")]
    takes: i64,
    #[record(sql = "w.units")]
    units: i64,
    #[record(sql = "w.is_part")]
    is_part: i32,
}

#[derive(Record)]
struct OwedRow {
    #[record(of = order_line_part, alias = "n")]
    order_id: OrderId,
    #[record(of = order_line_part, alias = "n")]
    product_id: ProductId,
    #[record(of = sales_order, alias = "o")]
    store_id: StoreId,
    #[record(sql = "v.on_hand - v.unavailable - v.reserved")]
    available: i64,
}

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
) -> Result<Listed<Waiting>, Fault> {
    let (condition, mut values) = compile(filter, reads.backend(), 2);
    let mut of_product = String::new();
    if let Some(product) = product {
        values.push(product.into());
        of_product = format!(" AND l.product_id = ${}", 1 + values.len());
    }
    let waiting = lines_that_wait(reads.backend());
    let from = format!(
        "FROM order_line l{waiting} JOIN sales_order o ON o.tenant_id = $1 AND o.id = l.order_id
         WHERE l.tenant_id = $1 AND l.backordered > 0 AND {WAITING}{of_product} AND {condition}"
    );
    let source = ListSource { from, values };
    let columns = ["o.placed_at", "o.number", "l.position"];
    let (sql, values) = source.clone().page(WaitingRow::SELECT, &columns, false, request);
    let rows = reads.records::<WaitingRow>(&sql, values).await?;
    let waiting = |row: WaitingRow| {
        let (position, placed_at) = (row.position as u16, row.placed_at);
        Waiting { order: row.id, position, placed_at, number: row.number }
    };
    Ok(Listed { rows: rows.into_iter().map(waiting).collect(), source })
}

/// How many whole kits of the line `l` of the order `o` what is available in the order's store is enough for: 0 where a part cannot be held.
pub const WHOLE_KITS: &str = "(SELECT min(CASE WHEN q.status = 'ARCHIVED' OR q.stock_policy = 'UNTRACKED' THEN 0
      ELSE coalesce(v.on_hand - v.unavailable - v.reserved, 0) END / m.quantity) FROM order_line_part m
    JOIN product q ON q.tenant_id = m.tenant_id AND q.id = m.product_id
    LEFT JOIN stock_level v ON v.tenant_id = m.tenant_id AND v.product_id = m.product_id AND v.store_id = o.store_id
    WHERE m.tenant_id = l.tenant_id AND m.order_id = l.order_id AND m.position = l.position)";

/// That the order's own store has not refused the line `l` of the order `o`: what it would not send is not given to it again.
pub const NOT_BARRED: &str =
    "NOT EXISTS (SELECT 1 FROM order_line_barred x WHERE x.tenant_id = l.tenant_id AND x.order_id = l.order_id
    AND x.position = l.position AND x.store_id = o.store_id)";

/// A line that waits for a product in a store, and for how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queued {
    pub placed_at: Timestamp,
    pub number: i64,
    pub order: OrderId,
    pub position: u16,
    pub quantity: i64,
    /// Whether it waits for a part of a kit.
    pub is_part: bool,
}

/// Who waits for a level, the oldest first, at most so many: lines of the product itself, and kits that could be made whole now, with what they
/// would take. A kit that lacks another part lets others pass.
pub async fn queue_for(reads: &impl Reads, key: LevelKey, most: usize) -> Result<Vec<Queued>, Fault> {
    // CROSS JOIN tells SQLite to begin with the parts: left to itself it begins with all open orders of the store, also for a product that no kit has.
    let sql = format!(
        "SELECT {select} FROM (
           SELECT o.placed_at, o.number, o.id, l.position, l.backordered, 1 AS takes, l.backordered AS units, 0 AS is_part FROM order_line l{waiting}
           JOIN sales_order o ON o.tenant_id = $1 AND o.id = l.order_id
           WHERE l.tenant_id = $1 AND l.product_id = $2 AND l.backordered > 0 AND l.stock_policy <> 'UNTRACKED' AND o.store_id = $3 AND {WAITING}
             AND {NOT_BARRED}
           UNION ALL SELECT o.placed_at, o.number, o.id, l.position, l.backordered, n.quantity, {WHOLE_KITS}, 1
           FROM order_line_part n CROSS JOIN order_line l CROSS JOIN sales_order o
           WHERE n.tenant_id = $1 AND n.product_id = $2 AND l.tenant_id = $1 AND l.order_id = n.order_id AND l.position = n.position
             AND l.backordered > 0 AND o.tenant_id = $1 AND o.id = n.order_id AND o.store_id = $3 AND {WAITING} AND {NOT_BARRED}) w
         WHERE w.units > 0 ORDER BY w.placed_at, w.number, w.position LIMIT {most}",
        select = QueuedRow::SELECT,
        waiting = lines_that_wait(reads.backend())
    );
    let rows = reads.records::<QueuedRow>(&sql, vec![key.product.into(), key.store.into()]).await?;
    let queued = |row: QueuedRow| Queued {
        placed_at: row.placed_at,
        number: row.number,
        order: row.id,
        position: row.position as u16,
        quantity: row.backordered.min(row.units) * row.takes,
        is_part: row.is_part == 1,
    };
    Ok(rows.into_iter().map(queued).collect())
}

/// The levels that the kits which these orders are owed take from, and what is available there.
pub async fn owed_parts(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<(OrderId, LevelKey, i64)>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT DISTINCT {select} FROM order_line_part n
         JOIN order_line l ON l.tenant_id = $1 AND l.order_id = n.order_id AND l.position = n.position AND l.backordered > 0
         JOIN sales_order o ON o.tenant_id = $1 AND o.id = n.order_id
         JOIN stock_level v ON v.tenant_id = $1 AND v.product_id = n.product_id AND v.store_id = o.store_id
         WHERE n.tenant_id = $1 AND {of}",
        select = OwedRow::SELECT,
        of = backend.in_ids("n.order_id", 2)
    );
    let rows = reads.records::<OwedRow>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    let owed = |row: OwedRow| (row.order_id, LevelKey { product: row.product_id, store: row.store_id }, row.available);
    Ok(rows.into_iter().map(owed).collect())
}
