//! Loading and locking transfers.

use std::collections::{HashMap, HashSet};

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};

use crate::transfers::core::{Line, SentLot, Transfer};

pub(super) const TRANSFER: &str =
    "t.id, t.number, t.status, t.from_store_id, t.to_store_id, t.external_ref, t.note, t.expected_at, t.shipped_at,
    t.received_at, t.loss_reason, t.loss_note, t.actor_kind, t.actor_id, t.version, t.created_at, t.updated_at";

const LINE: &str =
    "l.transfer_id, l.position, l.product_id, l.sku, l.name, l.unit_decimals, l.quantity, l.shipped, l.received, l.lost,
    l.unit_cost_minor, l.cost_currency";

/// Transfers with their lines, locked in id order until the transaction ends.
pub async fn lock_transfers(work: &impl Reads, ids: &[TransferId]) -> Result<Vec<Transfer>, Fault> {
    read(work, ids, &work.backend().for_change("t")).await
}

/// Transfers with their lines, as committed; in no order.
pub async fn transfers(reads: &impl Reads, ids: &[TransferId]) -> Result<Vec<Transfer>, Fault> {
    read(reads, ids, "").await
}

async fn read(reads: &impl Reads, ids: &[TransferId], lock: &str) -> Result<Vec<Transfer>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let of = backend.in_ids("t.id", 2);
    let sql = format!("SELECT {TRANSFER} FROM transfer t WHERE t.tenant_id = $1 AND {of} ORDER BY t.id{lock}");
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    let mut found = rows.iter().map(|row| transfer(&mut Row::new(row))).collect::<Result<Vec<_>, _>>()?;
    fill_lines(reads, &mut found).await?;
    Ok(found)
}

/// Reads the lines of all of them in one statement.
pub async fn fill_lines(reads: &impl Reads, transfers: &mut [Transfer]) -> Result<(), Fault> {
    if transfers.is_empty() {
        return Ok(());
    }
    let places: HashMap<TransferId, usize> = transfers.iter().enumerate().map(|(place, one)| (one.id, place)).collect();
    let backend = reads.backend();
    let of = backend.in_ids("l.transfer_id", 2);
    let sql = format!("SELECT {LINE} FROM transfer_line l WHERE l.tenant_id = $1 AND {of} ORDER BY l.transfer_id, l.position");
    for row in &reads.rows(&sql, vec![backend.ids(places.keys().copied())]).await? {
        let mut row = Row::new(row);
        let id: TransferId = row.take()?;
        if let Some(transfer) = places.get(&id).and_then(|place| transfers.get_mut(*place)) {
            transfer.lines.push(line(&mut row)?);
            transfer.written += 1;
        }
    }
    fill_lots(reads, &places, transfers).await
}

/// What left by lot, of all of them in one statement.
async fn fill_lots(reads: &impl Reads, places: &HashMap<TransferId, usize>, transfers: &mut [Transfer]) -> Result<(), Fault> {
    let backend = reads.backend();
    let of = backend.in_ids("s.transfer_id", 2);
    let sql = format!(
        "SELECT s.transfer_id, s.position, s.lot_id, s.shipped, s.received, s.lost FROM transfer_line_lot s
         WHERE s.tenant_id = $1 AND {of} ORDER BY s.transfer_id, s.position, s.lot_id"
    );
    for row in &reads.rows(&sql, vec![backend.ids(places.keys().copied())]).await? {
        let mut row = Row::new(row);
        let (id, position): (TransferId, i32) = (row.take()?, row.take()?);
        let sent = SentLot { lot: row.take()?, shipped: row.take()?, received: row.take()?, lost: row.take()?, exists: true };
        let lines = places.get(&id).and_then(|place| transfers.get_mut(*place)).into_iter().flat_map(|of| &mut of.lines);
        lines.filter(|line| i32::from(line.position) == position).for_each(|line| line.lots.push(sent));
    }
    Ok(())
}

pub(super) fn transfer(row: &mut Row<'_>) -> Result<Transfer, Fault> {
    let (id, number) = (row.take()?, row.take()?);
    let status = row.word("transfer", TransferStatus::parse)?;
    let (from, to, external_ref, note) = (row.take()?, row.take()?, row.take()?, row.take()?);
    let (expected_at, shipped_at, received_at) = (row.time_opt()?, row.time_opt()?, row.time_opt()?);
    let loss_reason: Option<String> = row.take()?;
    let word = |text: &str| ReasonCode::parse(text).ok_or_else(|| Fault::corrupt("transfer", format!("unknown word {text}")));
    Ok(Transfer {
        id,
        number,
        status,
        from,
        to,
        external_ref,
        note,
        expected_at,
        shipped_at,
        received_at,
        loss_reason: loss_reason.as_deref().map(word).transpose()?,
        loss_note: row.take()?,
        actor: Actor { kind: row.word("transfer", ActorKind::parse)?, id: row.take()? },
        version: row.take()?,
        created_at: row.time()?,
        updated_at: row.time()?,
        lines: Vec::new(),
        written: 0,
        exists: true,
    })
}

fn line(row: &mut Row<'_>) -> Result<Line, Fault> {
    let position: i32 = row.take()?;
    let (product, sku, name) = (row.take()?, row.take()?, row.take()?);
    let decimals: i32 = row.take()?;
    Ok(Line {
        position: position as u16,
        product,
        sku,
        name,
        decimals: decimals as u8,
        quantity: row.take()?,
        shipped: row.take()?,
        received: row.take()?,
        lost: row.take()?,
        unit_cost: money(row)?,
        lots: Vec::new(),
    })
}

fn money(row: &mut Row<'_>) -> Result<Option<Money>, Fault> {
    let (minor, currency): (Option<i64>, Option<String>) = (row.take()?, row.take()?);
    Ok(minor.zip(currency.as_deref().and_then(Currency::parse)).map(|(minor, currency)| Money::new(minor, currency)))
}

/// Which of these external references a transfer has.
pub async fn taken_refs(reads: &impl Reads, references: &[&str]) -> Result<HashSet<String>, Fault> {
    if references.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = reads.backend();
    let sql = format!("SELECT external_ref FROM transfer WHERE tenant_id = $1 AND {}", backend.in_texts("external_ref", 2));
    let rows = reads.rows(&sql, vec![backend.texts(references.iter().copied())]).await?;
    rows.iter().map(|row| Row::new(row).take()).collect()
}

/// What a step of a transfer has to lock, and by whom it may be done: its stores, its products, and the version that has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRoute {
    pub from: StoreId,
    pub to: StoreId,
    pub version: i64,
    pub products: Vec<ProductId>,
    /// The lots that left.
    pub lots: Vec<LotId>,
}

/// The places of a transfer; None when there is no such transfer.
pub async fn places_of(reads: &impl Reads, id: TransferId) -> Result<Option<TransferRoute>, Fault> {
    let sql = "SELECT t.from_store_id, t.to_store_id, t.version, l.product_id FROM transfer t
               LEFT JOIN transfer_line l ON l.tenant_id = $1 AND l.transfer_id = t.id AND l.quantity > 0 WHERE t.tenant_id = $1 AND t.id = $2";
    let mut places = None;
    for row in &reads.rows(sql, vec![id.into()]).await? {
        let mut row = Row::new(row);
        let (from, to, version, product): (StoreId, StoreId, i64, Option<ProductId>) =
            (row.take()?, row.take()?, row.take()?, row.take()?);
        let places = places.get_or_insert_with(|| TransferRoute { from, to, version, products: Vec::new(), lots: Vec::new() });
        places.products.extend(product);
    }
    if let Some(places) = &mut places {
        let sql = "SELECT DISTINCT s.lot_id FROM transfer_line_lot s WHERE s.tenant_id = $1 AND s.transfer_id = $2";
        for row in &reads.rows(sql, vec![id.into()]).await? {
            places.lots.push(Row::new(row).take()?);
        }
    }
    Ok(places)
}

/// Which of these lots are under way, in part or whole.
pub async fn under_way(reads: &impl Reads, lots: &[LotId]) -> Result<HashSet<LotId>, Fault> {
    if lots.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT DISTINCT s.lot_id FROM transfer_line_lot s WHERE s.tenant_id = $1 AND {} AND s.shipped > s.received + s.lost",
        backend.in_ids("s.lot_id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(lots.iter().copied())]).await?;
    rows.iter().map(|row| Row::new(row).take()).collect()
}

/// Which of these stores there are.
pub async fn existing_stores(reads: &impl Reads, ids: &[StoreId]) -> Result<HashSet<StoreId>, Fault> {
    let backend = reads.backend();
    let sql = format!("SELECT s.id FROM store s WHERE s.tenant_id = $1 AND {}", backend.in_ids("s.id", 2));
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.iter().map(|row| Row::new(row).take()).collect()
}
