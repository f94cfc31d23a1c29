//! Returns, for many of them at once: one statement each.

use std::collections::{HashMap, HashSet};

use entity::{
    prelude::*,
    record::{Record, Selected},
    tables::{return_line, return_lot, return_match, sales_return, store},
};
use platform::storage::{Fault, Finds, Reads, Row};
use uuid::Uuid;

use crate::{
    ledger::DocumentNumber,
    orders::rows::currency_of,
    returns::core::{Return, ReturnLine, ReturnLot, ReturnPiece, ReturnState},
    stock::core::LevelKey,
};

/// A return without its lines.
#[derive(Record)]
#[record(of = sales_return, alias = "r")]
pub(super) struct ReturnRow {
    id: ReturnId,
    number: i64,
    status: ReturnStatus,
    store_id: StoreId,
    customer_id: Option<CustomerId>,
    external_ref: Option<String>,
    currency: String,
    refund_minor: i64,
    note: Option<String>,
    occurred_at: Timestamp,
    received_at: Option<Timestamp>,
    business_date: i32,
    actor_kind: ActorKind,
    actor_id: Uuid,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    refunded_minor: Option<i64>,
    reject_reason: Option<String>,
    country: Option<String>,
    at_counter: Option<bool>,
    register: Option<String>,
}

#[derive(Record)]
struct ReturnOfOrder {
    #[record(of = return_match, alias = "k")]
    order_id: OrderId,
    ret: ReturnRow,
}

/// Row of a line.
#[derive(Record)]
#[record(of = return_line, alias = "l")]
pub(super) struct LineRow {
    pub return_id: ReturnId,
    pub position: i32,
    pub kind: LineKind,
    pub product_id: Option<ProductId>,
    pub sku: String,
    pub name: String,
    pub unit_decimals: i32,
    pub quantity: Quantity,
    pub unit_price_minor: i64,
    pub total_minor: i64,
    pub disposition: Disposition,
    pub received: Quantity,
    pub restocked: Quantity,
    pub quarantined: Quantity,
    pub written_off: Quantity,
}

/// Columns of a match; null if the line has none.
#[derive(Record)]
#[record(of = return_match, alias = "m")]
struct PieceRow {
    #[record(outer)]
    order_id: Option<OrderId>,
    #[record(outer)]
    order_position: Option<i32>,
    #[record(outer)]
    quantity: Option<Quantity>,
    #[record(outer)]
    received: Option<Quantity>,
    #[record(outer)]
    given_minor: Option<i64>,
}

#[derive(Record)]
struct LineAndPiece {
    line: LineRow,
    #[record(of = sales_return, alias = "r")]
    currency: String,
    piece: PieceRow,
}

/// Row of a lot of a line.
#[derive(Record)]
#[record(of = return_lot, alias = "r")]
pub(super) struct LotRow {
    pub return_id: ReturnId,
    pub position: i32,
    pub lot_id: LotId,
    pub received: Quantity,
    pub inspected: Quantity,
}

#[derive(Record)]
struct PlaceRow {
    #[record(of = sales_return, alias = "r")]
    store_id: StoreId,
    #[record(of = store, alias = "s")]
    time_zone: String,
}

impl ReturnRow {
    /// Returns None if the row has columns that its status does not have, or lacks one that it has.
    fn state(&self, currency: Currency) -> Option<ReturnState> {
        use ReturnStatus::{Approved, Closed, Inspected, PartiallyReceived, Received, Rejected, Requested};
        Some(match (self.status, self.received_at, self.refunded_minor, &self.reject_reason) {
            (Requested, None, None, None) => ReturnState::Requested,
            (Approved, None, None, None) => ReturnState::Approved,
            (Rejected, None, None, Some(reason)) => ReturnState::Rejected { reason: reason.clone() },
            (PartiallyReceived, Some(received_at), None, None) => ReturnState::PartiallyReceived { received_at },
            (Received, Some(received_at), None, None) => ReturnState::Received { received_at },
            (Inspected, Some(received_at), None, None) => ReturnState::Inspected { received_at },
            (Closed, Some(received_at), Some(minor), None) => {
                ReturnState::Closed { received_at, refunded: Money::new(minor, currency) }
            }
            _ => return None,
        })
    }

    pub fn ret(self) -> Result<Return, Fault> {
        let currency = currency_of("sales_return", &self.currency)?;
        let illegal = || Fault::corrupt("sales_return", "times, refunds and reasons are those of the status");
        Ok(Return {
            id: self.id,
            number: DocumentNumber::Given(self.number),
            state: self.state(currency).ok_or_else(illegal)?,
            store: self.store_id,
            customer: self.customer_id,
            external_ref: self.external_ref,
            refund: Money::new(self.refund_minor, currency),
            note: self.note,
            occurred_at: self.occurred_at,
            business_date: self.business_date,
            actor: Actor { kind: self.actor_kind, id: self.actor_id },
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            country: self.country,
            at_counter: self.at_counter,
            register: self.register,
            lines: Vec::new(),
        })
    }
}

/// Returns without their lines; in no order.
pub async fn load_returns(reads: &impl Reads, ids: &[ReturnId]) -> Result<Vec<Return>, Fault> {
    let backend = reads.backend();
    let (select, id_condition) = (ReturnRow::SELECT, backend.in_ids("r.id", 2));
    let sql = format!("SELECT {select} FROM sales_return r WHERE r.tenant_id = $1 AND {id_condition}");
    let rows = reads.records::<ReturnRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.into_iter().map(ReturnRow::ret).collect()
}

/// Returns the returns with goods of these orders, without their lines, each with its order, by
/// number.
pub async fn load_returns_of_orders(reads: &impl Reads, orders: &[OrderId]) -> Result<Vec<(OrderId, Return)>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM (SELECT DISTINCT m.order_id, m.return_id FROM return_match m WHERE m.tenant_id = $1 AND {of}) k
         JOIN sales_return r ON r.tenant_id = $1 AND r.id = k.return_id ORDER BY r.number",
        select = ReturnOfOrder::SELECT,
        of = backend.in_ids("m.order_id", 2)
    );
    let rows = reads.records::<ReturnOfOrder>(&sql, vec![backend.ids(orders.iter().copied())]).await?;
    rows.into_iter().map(|row| Ok((row.order_id, row.ret.ret()?))).collect()
}

/// The lines of these returns with their matches, in order.
pub async fn load_return_lines(reads: &impl Reads, returns: &[ReturnId]) -> Result<HashMap<ReturnId, Vec<ReturnLine>>, Fault> {
    let backend = reads.backend();
    let sql = format!(
        "SELECT {select} FROM return_line l
         JOIN sales_return r ON r.tenant_id = l.tenant_id AND r.id = l.return_id
         LEFT JOIN return_match m ON m.tenant_id = l.tenant_id AND m.return_id = l.return_id AND m.return_position = l.position
         WHERE l.tenant_id = $1 AND {of} ORDER BY l.return_id, l.position, m.order_id, m.order_position",
        select = LineAndPiece::SELECT,
        of = backend.in_ids("l.return_id", 2)
    );
    let mut lines_by_return: HashMap<ReturnId, Vec<ReturnLine>> = HashMap::with_capacity(returns.len());
    for LineAndPiece { line, currency, piece } in reads.records(&sql, vec![backend.ids(returns.iter().copied())]).await? {
        let lines = lines_by_return.entry(line.return_id).or_default();
        let line = line.line(currency_of("sales_return", &currency)?);
        if lines.last().is_none_or(|last| last.position != line.position) {
            lines.push(line);
        }
        if let (Some(last), Some(piece)) = (lines.last_mut(), piece.piece()) {
            last.matches.push(piece);
        }
    }
    Ok(lines_by_return)
}

impl LineRow {
    fn line(self, currency: Currency) -> ReturnLine {
        ReturnLine {
            position: self.position as u16,
            kind: self.kind,
            product: self.product_id,
            sku: self.sku,
            name: self.name,
            decimals: self.unit_decimals as u8,
            quantity: self.quantity,
            unit_price: Money::new(self.unit_price_minor, currency),
            total: Money::new(self.total_minor, currency),
            disposition: self.disposition,
            received: self.received,
            restocked: self.restocked,
            quarantined: self.quarantined,
            written_off: self.written_off,
            matches: Vec::new(),
            lots: Vec::new(),
            parts: Vec::new(),
        }
    }
}

impl PieceRow {
    fn piece(self) -> Option<ReturnPiece> {
        let (order, position, quantity) = (self.order_id?, self.order_position?, self.quantity?);
        let (received, given) = (self.received.unwrap_or(Quantity::ZERO), self.given_minor);
        Some(ReturnPiece { line: order.line(position as u16), quantity, received, given })
    }
}

/// Returns with their lines and lots, locked in id order until the transaction ends.
pub async fn lock_returns(work: &impl Reads, ids: &[ReturnId]) -> Result<Vec<Return>, Fault> {
    select_full_returns(work, ids, &work.backend().for_change("r")).await
}

/// Like `lock_returns`, as committed, without a lock.
pub async fn load_full_returns(reads: &impl Reads, ids: &[ReturnId]) -> Result<Vec<Return>, Fault> {
    select_full_returns(reads, ids, "").await
}

async fn select_full_returns(reads: &impl Reads, ids: &[ReturnId], lock: &str) -> Result<Vec<Return>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let (select, id_condition) = (ReturnRow::SELECT, backend.in_ids("r.id", 2));
    let sql = format!("SELECT {select} FROM sales_return r WHERE r.tenant_id = $1 AND {id_condition} ORDER BY r.id{lock}");
    let rows = reads.records::<ReturnRow>(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    let mut lines = load_return_lines(reads, ids).await?;
    let sql = format!(
        "SELECT {select} FROM return_lot r WHERE r.tenant_id = $1 AND {id_condition} ORDER BY r.return_id, r.position, r.lot_id",
        select = LotRow::SELECT,
        id_condition = backend.in_ids("r.return_id", 2)
    );
    for row in reads.records::<LotRow>(&sql, vec![backend.ids(ids.iter().copied())]).await? {
        let lot = ReturnLot { lot: row.lot_id, received: row.received, inspected: row.inspected };
        let mut lines_of_return = lines.get_mut(&row.return_id).into_iter().flatten();
        if let Some(line) = lines_of_return.find(|line| i32::from(line.position) == row.position) {
            line.lots.push(lot);
        }
    }
    rows.into_iter()
        .map(|row| {
            let sales_return = row.ret()?;
            Ok(Return { lines: lines.remove(&sales_return.id).unwrap_or_default(), ..sales_return })
        })
        .collect()
}

/// Data that a step of a return needs before it is queued: none of it changes.
#[derive(Debug, Clone)]
pub struct ReturnPlace {
    pub store: StoreId,
    pub time_zone: String,
    pub orders: Vec<OrderId>,
    pub levels: Vec<LevelKey>,
}

/// Reads the store, orders and levels of a return; `None` if it does not exist.
pub async fn load_return_place(reads: &impl Reads, id: ReturnId) -> Result<Option<ReturnPlace>, Fault> {
    let sql = format!(
        "SELECT {select} FROM sales_return r JOIN store s ON s.tenant_id = $1 AND s.id = r.store_id
         WHERE r.tenant_id = $1 AND r.id = $2",
        select = PlaceRow::SELECT
    );
    let row = reads.records::<PlaceRow>(&sql, vec![id.into()]).await?.into_iter().next();
    let Some(PlaceRow { store_id: store, time_zone }) = row else { return Ok(None) };
    let sql = "SELECT DISTINCT m.order_id FROM return_match m WHERE m.tenant_id = $1 AND m.return_id = $2";
    let orders = reads.rows(sql, vec![id.into()]).await?;
    let orders = orders.iter().map(Row::scalar).collect::<Result<_, Fault>>()?;
    let sql = "SELECT DISTINCT l.product_id FROM return_line l WHERE l.tenant_id = $1 AND l.return_id = $2 AND l.product_id IS NOT NULL";
    let products = reads.rows(sql, vec![id.into()]).await?;
    let level = |row| Ok(LevelKey { product: Row::scalar(row)?, store });
    let levels = products.iter().map(level).collect::<Result<_, Fault>>()?;
    Ok(Some(ReturnPlace { store, time_zone, orders, levels }))
}

/// Returns those of these external references that a return has.
pub async fn find_used_references(reads: &impl Reads, references: &[&str]) -> Result<HashSet<String>, Fault> {
    if references.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = reads.backend();
    let sql = format!("SELECT external_ref FROM sales_return WHERE tenant_id = $1 AND {}", backend.in_texts("external_ref", 2));
    let rows = reads.rows(&sql, vec![backend.texts(references.iter().copied())]).await?;
    rows.iter().map(Row::scalar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_what_its_status_has_and_nothing_else() {
        let gbp = Currency::parse("GBP").unwrap();
        let mut legal = 0;
        for status in ReturnStatus::ALL {
            for mask in 0..1_u32 << 3 {
                let has = |bit: u32| mask & 1 << bit != 0;
                let row = ReturnRow {
                    id: ReturnId::NIL,
                    number: 1,
                    status: *status,
                    store_id: StoreId::NIL,
                    customer_id: None,
                    external_ref: None,
                    currency: "GBP".to_owned(),
                    refund_minor: 5,
                    note: None,
                    occurred_at: Timestamp(0),
                    received_at: has(0).then_some(Timestamp(3)),
                    business_date: 0,
                    actor_kind: ActorKind::Member,
                    actor_id: Uuid::nil(),
                    version: 1,
                    created_at: Timestamp(0),
                    updated_at: Timestamp(0),
                    refunded_minor: has(1).then_some(4),
                    reject_reason: has(2).then(|| "worn".to_owned()),
                    country: None,
                    at_counter: None,
                    register: None,
                };
                let Some(state) = row.state(gbp) else {
                    assert!(row.ret().is_err(), "{status} {mask}");
                    continue;
                };
                legal += 1;
                assert_eq!((state.status(), state.received_at()), (row.status, row.received_at));
                assert_eq!(state.refunded(), row.refunded_minor.map(|minor| Money::new(minor, gbp)));
                assert_eq!(state.reject_reason(), row.reject_reason.as_deref());
            }
        }
        assert_eq!(legal, 7, "of 7 * 2^3");
    }
}
