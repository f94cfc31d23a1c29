//! Rows of transfers for a batch's decisions: each table in bulk.

use entity::{
    prelude::*,
    record::Record,
    tables::{transfer, transfer_line, transfer_line_lot},
};
use platform::storage::{Bulk, Rows};
use uuid::Uuid;

use super::load::{LineRow, LotRow};
use crate::transfers::core::{Line, SentLot, StateBefore, Transfer};

/// A transfer's first row.
#[derive(Record)]
#[record(of = transfer)]
struct NewTransfer {
    id: TransferId,
    number: i64,
    status: TransferStatus,
    from_store_id: StoreId,
    to_store_id: StoreId,
    external_ref: Option<String>,
    note: Option<String>,
    expected_at: Option<Timestamp>,
    shipped_at: Option<Timestamp>,
    actor_kind: ActorKind,
    actor_id: Uuid,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
    metadata: Option<String>,
}

#[derive(Record)]
#[record(of = transfer)]
struct ChangedTransfer {
    id: TransferId,
    status: TransferStatus,
    external_ref: Option<String>,
    note: Option<String>,
    expected_at: Option<Timestamp>,
    shipped_at: Option<Timestamp>,
    received_at: Option<Timestamp>,
    loss_reason: Option<ReasonCode>,
    loss_note: Option<String>,
    metadata: Option<String>,
    version: i64,
    updated_at: Timestamp,
}

#[derive(Record)]
#[record(of = transfer_line)]
struct ChangedLine {
    transfer_id: TransferId,
    position: i32,
    quantity: Quantity,
    shipped: Quantity,
    received: Quantity,
    lost: Quantity,
    unit_cost_minor: Option<i64>,
    cost_currency: Option<String>,
}

/// Returns the rows of transfers after the batch, with their lines: new ones, then changed ones.
/// Each transfer comes with its state before the batch.
pub fn transfer_rows(tenant: TenantId, transfers: &[(&Transfer, Option<StateBefore>)]) -> [Bulk; 6] {
    let (mut new_transfers, mut new_lines) = (Rows::<NewTransfer>::insert(tenant), Rows::<LineRow>::insert(tenant));
    let (mut changed_transfers, mut changed_lines) =
        (Rows::<ChangedTransfer>::update(tenant), Rows::<ChangedLine>::update(tenant));
    let (mut new_lots, mut changed_lots) = (Rows::<LotRow>::insert(tenant), Rows::<LotRow>::update(tenant));
    for &(transfer, before) in transfers {
        if before.is_some() {
            changed_transfers.push(transfer.into());
        } else {
            new_transfers.push(transfer.into());
        }
        let written_lines = before.map_or(0, |before| before.lines);
        for line in &transfer.lines {
            if usize::from(line.position) <= written_lines {
                changed_lines.push(ChangedLine::of(transfer.id, line));
            } else {
                new_lines.push(LineRow::of(transfer.id, line));
            }
            for lot in &line.lots {
                let rows = if before.is_some_and(StateBefore::has_shipped) { &mut changed_lots } else { &mut new_lots };
                rows.push(LotRow::of(transfer.id, line, lot));
            }
        }
    }
    [new_transfers.into(), new_lines.into(), changed_transfers.into(), changed_lines.into(), new_lots.into(), changed_lots.into()]
}

#[derive(Record)]
#[record(of = transfer_line_lot)]
struct LotKey {
    transfer_id: TransferId,
    position: i32,
    lot_id: LotId,
}

/// Lots of lines that were not sent after all.
pub fn unsent_rows(tenant: TenantId, unsent: &[(TransferId, u16, LotId)]) -> Bulk {
    let mut rows = Rows::<LotKey>::delete(tenant);
    let key =
        |&(transfer_id, position, lot_id): &(TransferId, u16, LotId)| LotKey { transfer_id, position: position.into(), lot_id };
    rows.extend(unsent.iter().map(key));
    rows.into()
}

impl From<&Transfer> for NewTransfer {
    fn from(transfer: &Transfer) -> Self {
        Self {
            id: transfer.id,
            number: transfer.number.get(),
            status: transfer.status(),
            from_store_id: transfer.from,
            to_store_id: transfer.to,
            external_ref: transfer.external_ref.clone(),
            note: transfer.note.clone(),
            expected_at: transfer.expected_at,
            shipped_at: transfer.state.shipped_at(),
            actor_kind: transfer.actor.kind,
            actor_id: transfer.actor.id,
            version: transfer.version,
            created_at: transfer.created_at,
            updated_at: transfer.updated_at,
            metadata: transfer.metadata.clone(),
        }
    }
}

impl From<&Transfer> for ChangedTransfer {
    fn from(transfer: &Transfer) -> Self {
        let loss = transfer.state.loss();
        Self {
            id: transfer.id,
            status: transfer.status(),
            external_ref: transfer.external_ref.clone(),
            note: transfer.note.clone(),
            expected_at: transfer.expected_at,
            shipped_at: transfer.state.shipped_at(),
            received_at: transfer.state.received_at(),
            loss_reason: loss.map(|loss| loss.reason),
            loss_note: loss.and_then(|loss| loss.note.clone()),
            metadata: transfer.metadata.clone(),
            version: transfer.version,
            updated_at: transfer.updated_at,
        }
    }
}

impl LineRow {
    fn of(transfer: TransferId, line: &Line) -> Self {
        Self {
            transfer_id: transfer,
            position: line.position.into(),
            product_id: line.product,
            sku: line.sku.clone(),
            name: line.name.clone(),
            unit_decimals: line.decimals.into(),
            quantity: line.quantity,
            shipped: line.shipped,
            received: line.received,
            lost: line.lost,
            unit_cost_minor: line.unit_cost.map(|cost| cost.minor),
            cost_currency: line.unit_cost.map(|cost| cost.currency.to_string()),
        }
    }
}

impl ChangedLine {
    fn of(transfer: TransferId, line: &Line) -> Self {
        Self {
            transfer_id: transfer,
            position: line.position.into(),
            quantity: line.quantity,
            shipped: line.shipped,
            received: line.received,
            lost: line.lost,
            unit_cost_minor: line.unit_cost.map(|cost| cost.minor),
            cost_currency: line.unit_cost.map(|cost| cost.currency.to_string()),
        }
    }
}

impl LotRow {
    fn of(transfer: TransferId, line: &Line, lot: &SentLot) -> Self {
        Self {
            transfer_id: transfer,
            position: line.position.into(),
            lot_id: lot.lot,
            shipped: lot.shipped,
            received: lot.received,
            lost: lot.lost,
        }
    }
}
