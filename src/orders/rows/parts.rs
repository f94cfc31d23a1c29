//! What belongs to orders and returns, for many of them at once: one statement each.

use std::collections::HashMap;

use entity::prelude::*;

use super::load::currency_of;
use crate::{
    orders::core::{Fulfilment, FulfilmentLine, Return, ReturnLine, ReturnMatch},
    stock::core::LevelKey,
    storage::{Fault, Reads, Row},
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

pub(super) const RETURN: &str =
    "r.id, r.number, r.status, r.store_id, r.customer_id, r.external_ref, r.currency, r.refund_minor, r.note, r.occurred_at,
    r.received_at, r.business_date, r.actor_kind, r.actor_id, r.version, r.created_at, r.updated_at";

/// A return without its lines.
pub(super) fn ret(row: &mut Row<'_>) -> Result<Return, Fault> {
    let (id, number) = (row.take()?, row.take()?);
    let status = row.word("sales_return", ReturnStatus::parse)?;
    let (store, customer, external_ref) = (row.take()?, row.take()?, row.take()?);
    let currency = currency_of("sales_return", &row.take::<String>()?)?;
    Ok(Return {
        id,
        number,
        status,
        store,
        customer,
        external_ref,
        refund: Money::new(row.take()?, currency),
        note: row.take()?,
        occurred_at: row.time()?,
        received_at: row.time_opt()?,
        business_date: row.take()?,
        actor: Actor { kind: row.word("sales_return", ActorKind::parse)?, id: row.take()? },
        version: row.take()?,
        created_at: row.time()?,
        updated_at: row.time()?,
        lines: Vec::new(),
    })
}

/// Returns without their lines; in no order.
pub async fn returns(reads: &impl Reads, ids: &[ReturnId]) -> Result<Vec<Return>, Fault> {
    let backend = reads.backend();
    let sql = format!("SELECT {RETURN} FROM sales_return r WHERE r.tenant_id = $1 AND {}", backend.in_ids("r.id", 2));
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.iter().map(|row| ret(&mut Row::new(row))).collect()
}

/// The returns that bring something of these orders back, without their lines, each with its order, by number.
pub async fn returns_of(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<(OrderId, Return)>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT k.order_id, {RETURN} FROM (SELECT DISTINCT m.order_id, m.return_id FROM return_match m WHERE m.tenant_id = $1 AND {}) k
         JOIN sales_return r ON r.tenant_id = $1 AND r.id = k.return_id ORDER BY r.number",
        backend.in_ids("m.order_id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok((row.take()?, ret(&mut row)?))
        })
        .collect()
}

/// The lines of these returns with their matches, in order.
pub async fn return_lines(reads: &impl Reads, returns: &[ReturnId]) -> Result<HashMap<ReturnId, Vec<ReturnLine>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT l.return_id, l.position, l.kind, l.product_id, l.sku, l.name, l.unit_decimals, l.quantity, l.unit_price_minor,
         l.total_minor, l.disposition, r.currency, m.order_id, m.order_position, m.quantity FROM return_line l
         JOIN sales_return r ON r.tenant_id = l.tenant_id AND r.id = l.return_id
         LEFT JOIN return_match m ON m.tenant_id = l.tenant_id AND m.return_id = l.return_id AND m.return_position = l.position
         WHERE l.tenant_id = $1 AND {} ORDER BY l.return_id, l.position, m.order_id, m.order_position",
        backend.in_ids("l.return_id", 2)
    );
    let mut all: HashMap<ReturnId, Vec<ReturnLine>> = HashMap::with_capacity(returns.len());
    for row in &reads.rows(&sql, vec![backend.ids(returns.iter().copied())]).await? {
        let mut row = Row::new(row);
        let lines = all.entry(row.take()?).or_default();
        let line = return_line(&mut row)?;
        let piece = piece(&mut row)?;
        if lines.last().is_none_or(|last| last.position != line.position) {
            lines.push(line);
        }
        if let (Some(last), Some(piece)) = (lines.last_mut(), piece) {
            last.matches.push(piece);
        }
    }
    Ok(all)
}

fn return_line(row: &mut Row<'_>) -> Result<ReturnLine, Fault> {
    let position = row.take::<i32>()? as u16;
    let kind = row.word("return_line", LineKind::parse)?;
    let (product, sku, name) = (row.take()?, row.take()?, row.take()?);
    let decimals = row.take::<i32>()? as u8;
    let (quantity, unit_price, total): (Quantity, i64, i64) = (row.take()?, row.take()?, row.take()?);
    let disposition = row.word("return_line", Disposition::parse)?;
    let currency = currency_of("sales_return", &row.take::<String>()?)?;
    let (unit_price, total) = (Money::new(unit_price, currency), Money::new(total, currency));
    Ok(ReturnLine {
        position,
        kind,
        product,
        sku,
        name,
        decimals,
        quantity,
        unit_price,
        total,
        disposition,
        matches: Vec::new(),
        parts: Vec::new(),
    })
}

fn piece(row: &mut Row<'_>) -> Result<Option<ReturnMatch>, Fault> {
    let (order, position, quantity): (Option<OrderId>, Option<i32>, Option<Quantity>) = (row.take()?, row.take()?, row.take()?);
    let (Some(order), Some(position), Some(quantity)) = (order, position, quantity) else { return Ok(None) };
    Ok(Some(ReturnMatch { line: order.line(position as u16), quantity }))
}

/// The levels that the stocked lines of these orders and the parts of their kits are on, at each order's own store.
pub async fn stocked_levels(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<(OrderId, LevelKey)>, Fault> {
    let backend = reads.backend();
    let of = backend.in_ids("o.id", 2);
    let sql = format!(
        "SELECT o.id, l.product_id, o.store_id FROM sales_order o JOIN order_line l ON l.tenant_id = o.tenant_id AND l.order_id = o.id
         WHERE o.tenant_id = $1 AND {of} AND l.product_id IS NOT NULL AND l.stock_policy <> 'UNTRACKED'
         UNION ALL SELECT o.id, n.product_id, o.store_id FROM sales_order o
         JOIN order_line_part n ON n.tenant_id = o.tenant_id AND n.order_id = o.id WHERE o.tenant_id = $1 AND {of}"
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
