//! Returns, for many of them at once: one statement each.

use std::collections::{BTreeSet, HashMap, HashSet};

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};

use super::load::currency_of;
use crate::{
    orders::core::{Return, ReturnLine, ReturnLot, ReturnPiece, Settled, Shipped},
    stock::core::LevelKey,
};

pub(super) const RETURN: &str =
    "r.id, r.number, r.status, r.store_id, r.customer_id, r.external_ref, r.currency, r.refund_minor, r.note, r.occurred_at,
    r.received_at, r.business_date, r.actor_kind, r.actor_id, r.version, r.created_at, r.updated_at, r.refunded_minor, r.reject_reason, r.country";

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
        refunded: row.take::<Option<i64>>()?.map(|minor| Money::new(minor, currency)),
        reject_reason: row.take()?,
        country: row.take()?,
        lines: Vec::new(),
        exists: true,
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
         l.total_minor, l.disposition, r.currency, l.received, l.restocked, l.quarantined, l.written_off, m.order_id, m.order_position,
         m.quantity, m.received FROM return_line l
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
        received: row.take()?,
        restocked: row.take()?,
        quarantined: row.take()?,
        written_off: row.take()?,
        matches: Vec::new(),
        lots: Vec::new(),
        parts: Vec::new(),
    })
}

fn piece(row: &mut Row<'_>) -> Result<Option<ReturnPiece>, Fault> {
    let (order, position, quantity): (Option<OrderId>, Option<i32>, Option<Quantity>) = (row.take()?, row.take()?, row.take()?);
    let received: Option<Quantity> = row.take()?;
    let (Some(order), Some(position), Some(quantity)) = (order, position, quantity) else { return Ok(None) };
    Ok(Some(ReturnPiece { line: order.line(position as u16), quantity, received: received.unwrap_or(Quantity::ZERO) }))
}

/// Returns with their lines and lots, locked in id order until the transaction ends.
pub async fn lock_returns(work: &impl Reads, ids: &[ReturnId]) -> Result<Vec<Return>, Fault> {
    whole(work, ids, &work.backend().for_change("r")).await
}

/// The same as committed, without a lock.
pub async fn whole_returns(reads: &impl Reads, ids: &[ReturnId]) -> Result<Vec<Return>, Fault> {
    whole(reads, ids, "").await
}

async fn whole(reads: &impl Reads, ids: &[ReturnId], lock: &str) -> Result<Vec<Return>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let of = backend.in_ids("r.id", 2);
    let sql = format!("SELECT {RETURN} FROM sales_return r WHERE r.tenant_id = $1 AND {of} ORDER BY r.id{lock}");
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    let mut lines = return_lines(reads, ids).await?;
    let sql = format!(
        "SELECT r.return_id, r.position, r.lot_id, r.received, r.inspected FROM return_lot r WHERE r.tenant_id = $1 AND {}
         ORDER BY r.return_id, r.position, r.lot_id",
        backend.in_ids("r.return_id", 2)
    );
    for row in &reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await? {
        let mut row = Row::new(row);
        let (of, position): (ReturnId, i32) = (row.take()?, row.take()?);
        let lot = ReturnLot { lot: row.take()?, received: row.take()?, inspected: row.take()?, exists: true };
        let mut own = lines.get_mut(&of).into_iter().flatten();
        if let Some(line) = own.find(|line| i32::from(line.position) == position) {
            line.lots.push(lot);
        }
    }
    rows.iter()
        .map(|row| {
            let ret = ret(&mut Row::new(row))?;
            Ok(Return { lines: lines.remove(&ret.id).unwrap_or_default(), ..ret })
        })
        .collect()
}

/// What came back in each of these lots and nobody has looked at, of returns that somebody will still look at, by store.
pub async fn unseen_lots(reads: &impl Reads, lots: &[LotId]) -> Result<HashMap<(StoreId, LotId), i64>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT r.store_id, t.lot_id, CAST(sum(t.received - t.inspected) AS bigint) FROM return_lot t
         JOIN sales_return r ON r.tenant_id = $1 AND r.id = t.return_id AND r.status IN ('PARTIALLY_RECEIVED', 'RECEIVED')
         WHERE t.tenant_id = $1 AND {} AND t.inspected < t.received GROUP BY r.store_id, t.lot_id",
        backend.in_ids("t.lot_id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(lots.iter().copied())]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok(((row.take()?, row.take()?), row.take()?))
        })
        .collect()
}

/// How much of the lines of these orders came back with returns that are closed.
pub async fn settled(reads: &impl Reads, orders: &[OrderId]) -> Result<Settled, Fault> {
    if orders.is_empty() {
        return Ok(Settled::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT m.order_id, m.order_position, m.received FROM return_match m
         JOIN sales_return r ON r.tenant_id = $1 AND r.id = m.return_id AND r.status = 'CLOSED' WHERE m.tenant_id = $1 AND {}",
        backend.in_ids("m.order_id", 2)
    );
    let mut all = Settled::new();
    for row in &reads.rows(&sql, vec![backend.ids(orders.iter().copied())]).await? {
        let mut row = Row::new(row);
        let (order, position): (OrderId, i32) = (row.take()?, row.take()?);
        *all.entry(order.line(position as u16)).or_default() += row.take::<i64>()?;
    }
    Ok(all)
}

/// What of these products left with these orders, and as which lots.
pub async fn shipped(reads: &impl Reads, orders: &BTreeSet<OrderId>, products: &HashSet<ProductId>) -> Result<Shipped, Fault> {
    let backend = reads.backend();
    let (of, sold) = (backend.in_ids("m.reference_id", 2), backend.in_ids("e.product_id", 3));
    let sql = format!(
        "SELECT DISTINCT m.reference_id, e.product_id, e.lot_id FROM movement m
         JOIN entry e ON e.tenant_id = $1 AND e.seq = m.seq AND e.on_hand_delta < 0 AND {sold}
         WHERE m.tenant_id = $1 AND m.kind = 'SALE' AND m.reference_kind = 'ORDER' AND {of}"
    );
    let mut all = Shipped::new();
    for row in &reads.rows(&sql, vec![backend.ids(orders.iter().copied()), backend.ids(products.iter().copied())]).await? {
        let mut row = Row::new(row);
        all.entry(row.take()?).or_default().insert((row.take()?, row.take()?));
    }
    Ok(all)
}

/// What a step of a return needs before it is queued: none of it changes.
#[derive(Debug, Clone)]
pub struct ReturnPlace {
    pub store: StoreId,
    pub time_zone: String,
    pub orders: Vec<OrderId>,
    pub levels: Vec<LevelKey>,
}

/// Where a return belongs; None for one that does not exist.
pub async fn return_place(reads: &impl Reads, id: ReturnId) -> Result<Option<ReturnPlace>, Fault> {
    let sql = "SELECT r.store_id, s.time_zone FROM sales_return r JOIN store s ON s.tenant_id = $1 AND s.id = r.store_id
               WHERE r.tenant_id = $1 AND r.id = $2";
    let rows = reads.rows(sql, vec![id.into()]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    let mut row = Row::new(row);
    let (store, time_zone): (StoreId, String) = (row.take()?, row.take()?);
    let sql = "SELECT DISTINCT m.order_id FROM return_match m WHERE m.tenant_id = $1 AND m.return_id = $2";
    let orders = reads.rows(sql, vec![id.into()]).await?;
    let orders = orders.iter().map(|row| Row::new(row).take()).collect::<Result<_, Fault>>()?;
    let sql = "SELECT DISTINCT l.product_id FROM return_line l WHERE l.tenant_id = $1 AND l.return_id = $2 AND l.product_id IS NOT NULL";
    let products = reads.rows(sql, vec![id.into()]).await?;
    let level = |row| Ok(LevelKey { product: Row::new(row).take()?, store });
    let levels = products.iter().map(level).collect::<Result<_, Fault>>()?;
    Ok(Some(ReturnPlace { store, time_zone, orders, levels }))
}
