//! Loading and locking purchase orders.

use std::collections::{HashMap, HashSet};

use entity::prelude::*;
use platform::storage::{Fault, Reads, Row};

use crate::{
    purchasing::core::{Change, Charge, Line, PurchaseOrder},
    stock::core::LevelKey,
};

pub(super) const ORDER: &str = "o.id, o.number, o.status, o.supplier_id, o.store_id, o.currency, o.expected_on, o.external_ref, o.note, o.over_percent,
    o.under_percent, o.goods_minor, o.charges_minor, o.reason, o.actor_kind, o.actor_id, o.editors, o.requester_kind, o.requester_id,
    o.approver_id, o.submitted_at, o.decided_at, o.ordered_at, o.received_at, o.ended_at, o.version, o.created_at, o.updated_at";

const LINE: &str = "l.purchase_order_id, l.position, l.product_id, l.sku, l.name, l.supplier_sku, l.unit_decimals, l.expected_on, l.weight, l.quantity, l.most,
    l.unit_cost_minor, l.total_minor, l.charges_minor, l.received, l.damaged, l.open, l.short, l.returned";

/// Orders whole, locked in id order until the transaction ends.
pub async fn lock_orders(work: &impl Reads, ids: &[PurchaseOrderId]) -> Result<Vec<PurchaseOrder>, Fault> {
    read(work, ids, &work.backend().for_change("o")).await
}

/// Orders whole, as committed; in no order.
pub async fn orders(reads: &impl Reads, ids: &[PurchaseOrderId]) -> Result<Vec<PurchaseOrder>, Fault> {
    read(reads, ids, "").await
}

async fn read(reads: &impl Reads, ids: &[PurchaseOrderId], lock: &str) -> Result<Vec<PurchaseOrder>, Fault> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT {ORDER} FROM purchase_order o WHERE o.tenant_id = $1 AND {} ORDER BY o.id{lock}",
        backend.in_ids("o.id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    let mut orders = rows.iter().map(|row| order(&mut Row::new(row))).collect::<Result<Vec<_>, _>>()?;
    fill_lines(reads, &mut orders).await?;
    fill_charges(reads, &mut orders).await?;
    count_parts(reads, &mut orders).await?;
    Ok(orders)
}

pub(super) fn order(row: &mut Row<'_>) -> Result<PurchaseOrder, Fault> {
    let (id, number) = (row.take()?, row.take()?);
    let status = row.word("purchase_order", PurchaseOrderStatus::parse)?;
    let (supplier, store) = (row.take()?, row.take()?);
    let currency = currency_of("purchase_order", &row.take::<String>()?)?;
    let (expected_on, external_ref, note) = (row.take()?, row.take()?, row.take()?);
    let (over, under): (i32, i32) = (row.take()?, row.take()?);
    let (goods, charges_sum) = (Money::new(row.take()?, currency), Money::new(row.take()?, currency));
    let reason = row.take()?;
    let actor = Actor { kind: row.word("purchase_order", ActorKind::parse)?, id: row.take()? };
    let editors: Option<String> = row.take()?;
    let editors = editors.iter().flat_map(|all| all.split(' ')).map(editor).collect::<Result<_, _>>()?;
    let requester = actor_of(row)?;
    Ok(PurchaseOrder {
        id,
        number,
        status,
        supplier,
        store,
        currency,
        expected_on,
        external_ref,
        note,
        over_percent: over as u8,
        under_percent: under as u8,
        goods,
        charges_sum,
        reason,
        actor,
        editors,
        requester,
        approver: row.take()?,
        submitted_at: row.time_opt()?,
        decided_at: row.time_opt()?,
        ordered_at: row.time_opt()?,
        received_at: row.time_opt()?,
        ended_at: row.time_opt()?,
        version: row.take()?,
        created_at: row.time()?,
        updated_at: row.time()?,
        lines: Vec::new(),
        charges: Vec::new(),
        receipts: 0,
        discrepancies: 0,
        change: Change::Figures,
    })
}

/// An actor that may be missing.
fn actor_of(row: &mut Row<'_>) -> Result<Option<Actor>, Fault> {
    let found: (Option<String>, Option<uuid::Uuid>) = (row.take()?, row.take()?);
    let (Some(kind), Some(id)) = found else { return Ok(None) };
    let unknown = || Fault::corrupt("purchase_order", format!("unknown word {kind}"));
    Ok(Some(Actor { kind: ActorKind::parse(&kind).ok_or_else(unknown)?, id }))
}

/// As `write` puts it: its kind and its id.
fn editor(text: &str) -> Result<Actor, Fault> {
    let found = text.split_once(':').and_then(|(kind, id)| Some(Actor { kind: ActorKind::parse(kind)?, id: id.parse().ok()? }));
    found.ok_or_else(|| Fault::corrupt("purchase_order", format!("unknown editor {text}")))
}

pub(super) fn currency_of(table: &'static str, code: &str) -> Result<Currency, Fault> {
    Currency::parse(code).ok_or_else(|| Fault::corrupt(table, format!("unknown currency {code}")))
}

fn places(orders: &[PurchaseOrder]) -> HashMap<PurchaseOrderId, usize> {
    orders.iter().enumerate().map(|(place, order)| (order.id, place)).collect()
}

/// Reads the lines of all of them in one statement.
pub async fn fill_lines(reads: &impl Reads, orders: &mut [PurchaseOrder]) -> Result<(), Fault> {
    if orders.is_empty() {
        return Ok(());
    }
    let (backend, places) = (reads.backend(), places(orders));
    let of = backend.in_ids("l.purchase_order_id", 2);
    let sql = format!(
        "SELECT {LINE} FROM purchase_order_line l WHERE l.tenant_id = $1 AND {of} ORDER BY l.purchase_order_id, l.position"
    );
    for row in &reads.rows(&sql, vec![backend.ids(orders.iter().map(|order| order.id))]).await? {
        let mut row = Row::new(row);
        let id: PurchaseOrderId = row.take()?;
        if let Some(order) = places.get(&id).and_then(|place| orders.get_mut(*place)) {
            let line = line(&mut row, order.currency)?;
            order.lines.push(line);
        }
    }
    Ok(())
}

fn line(row: &mut Row<'_>, currency: Currency) -> Result<Line, Fault> {
    let money = |minor| Money::new(minor, currency);
    Ok(Line {
        position: row.take::<i32>()? as u16,
        product: row.take()?,
        sku: row.take()?,
        name: row.take()?,
        supplier_sku: row.take()?,
        decimals: row.take::<i32>()? as u8,
        expected_on: row.take()?,
        weight: row.take()?,
        quantity: row.take()?,
        most: row.take()?,
        unit_cost: money(row.take()?),
        total: money(row.take()?),
        charges: money(row.take()?),
        received: row.take()?,
        damaged: row.take()?,
        open: row.take()?,
        short: row.take()?,
        returned: row.take()?,
    })
}

async fn fill_charges(reads: &impl Reads, orders: &mut [PurchaseOrder]) -> Result<(), Fault> {
    let (backend, places) = (reads.backend(), places(orders));
    let of = backend.in_ids("c.purchase_order_id", 2);
    let sql = format!(
        "SELECT c.purchase_order_id, c.kind, c.basis, c.name, c.amount_minor FROM purchase_charge c
         WHERE c.tenant_id = $1 AND {of} ORDER BY c.purchase_order_id, c.position"
    );
    for row in &reads.rows(&sql, vec![backend.ids(orders.iter().map(|order| order.id))]).await? {
        let mut row = Row::new(row);
        let id: PurchaseOrderId = row.take()?;
        let kind = row.word("purchase_charge", ChargeKind::parse)?;
        let (basis, name, minor) = (row.word("purchase_charge", ChargeBasis::parse)?, row.take()?, row.take()?);
        if let Some(order) = places.get(&id).and_then(|place| orders.get_mut(*place)) {
            order.charges.push(Charge { kind, basis, name, amount: Money::new(minor, order.currency) });
        }
    }
    Ok(())
}

/// How far the numbers of receipts and discrepancies have come.
async fn count_parts(reads: &impl Reads, orders: &mut [PurchaseOrder]) -> Result<(), Fault> {
    let (backend, places) = (reads.backend(), places(orders));
    let of = |alias: &str| backend.in_ids(&format!("{alias}.purchase_order_id"), 2);
    let sql = format!(
        "SELECT g.purchase_order_id, max(g.number), 0 FROM goods_receipt g WHERE g.tenant_id = $1 AND {} GROUP BY g.purchase_order_id
         UNION ALL SELECT d.purchase_order_id, max(d.number), 1 FROM purchase_discrepancy d WHERE d.tenant_id = $1 AND {} GROUP BY d.purchase_order_id",
        of("g"),
        of("d")
    );
    for row in &reads.rows(&sql, vec![backend.ids(orders.iter().map(|order| order.id))]).await? {
        let mut row = Row::new(row);
        let (id, most, what): (PurchaseOrderId, i32, i32) = (row.take()?, row.take()?, row.take()?);
        if let Some(order) = places.get(&id).and_then(|place| orders.get_mut(*place)) {
            *if what == 0 { &mut order.receipts } else { &mut order.discrepancies } = most as u16;
        }
    }
    Ok(())
}

/// The levels that an order's lines are on. None of an order that does not exist. Lines of what is ordered never change.
pub async fn levels_of(reads: &impl Reads, order: PurchaseOrderId) -> Result<Vec<LevelKey>, Fault> {
    let sql = "SELECT DISTINCT l.product_id, o.store_id FROM purchase_order o
               JOIN purchase_order_line l ON l.tenant_id = o.tenant_id AND l.purchase_order_id = o.id WHERE o.tenant_id = $1 AND o.id = $2";
    let rows = reads.rows(sql, vec![order.into()]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok(LevelKey { product: row.take()?, store: row.take()? })
        })
        .collect()
}

/// The stores and suppliers of these orders, of those that exist.
pub async fn places_of(
    reads: &impl Reads,
    ids: &[PurchaseOrderId],
) -> Result<HashMap<PurchaseOrderId, (StoreId, SupplierId)>, Fault> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let sql = format!(
        "SELECT o.id, o.store_id, o.supplier_id FROM purchase_order o WHERE o.tenant_id = $1 AND {}",
        backend.in_ids("o.id", 2)
    );
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok((row.take()?, (row.take()?, row.take()?)))
        })
        .collect()
}

/// The products of the lines of these orders.
pub async fn products_of_lines(
    reads: &impl Reads,
    ids: &[PurchaseOrderId],
) -> Result<HashMap<PurchaseOrderLineId, ProductId>, Fault> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let backend = reads.backend();
    let of = backend.in_ids("l.purchase_order_id", 2);
    let sql = format!(
        "SELECT l.purchase_order_id, l.position, l.product_id FROM purchase_order_line l WHERE l.tenant_id = $1 AND {of}"
    );
    let rows = reads.rows(&sql, vec![backend.ids(ids.iter().copied())]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            let (order, position): (PurchaseOrderId, i32) = (row.take()?, row.take()?);
            Ok((order.line(position as u16), row.take()?))
        })
        .collect()
}

/// Which of these references an order with a supplier has.
pub async fn taken_refs(reads: &impl Reads, references: &[&str]) -> Result<HashSet<(SupplierId, String)>, Fault> {
    if references.is_empty() {
        return Ok(HashSet::new());
    }
    let backend = reads.backend();
    let of = backend.in_texts("o.external_ref", 2);
    // The supplier leads the index: naming the tenant's suppliers keeps the search in it.
    let sql = format!(
        "SELECT s.id, o.external_ref FROM supplier s JOIN purchase_order o ON o.tenant_id = $1 AND o.supplier_id = s.id AND {of} WHERE s.tenant_id = $1"
    );
    let rows = reads.rows(&sql, vec![backend.texts(references.iter().copied())]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok((row.take()?, row.take()?))
        })
        .collect()
}
