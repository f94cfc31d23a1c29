//! Transfers as a batch decided them, as rows: each table in bulk.

use entity::prelude::{TenantId, Timestamp};
use platform::storage::{Bulk, Column, ColumnKind::*};
use sea_orm::Value;

use crate::transfers::core::{Line, SentLot, Transfer};

const NEW_TRANSFER: &[Column] = &[
    Column("tenant_id", Id),
    Column("id", Id),
    Column("number", Int),
    Column("status", Text),
    Column("from_store_id", Id),
    Column("to_store_id", Id),
    Column("external_ref", TextOrNull),
    Column("note", TextOrNull),
    Column("expected_at", IntOrNull),
    Column("actor_kind", Text),
    Column("actor_id", Id),
    Column("version", Int),
    Column("created_at", Int),
    Column("updated_at", Int),
];

const TRANSFER: &[Column] = &[
    Column("tenant_id", Id),
    Column("id", Id),
    Column("status", Text),
    Column("external_ref", TextOrNull),
    Column("note", TextOrNull),
    Column("expected_at", IntOrNull),
    Column("shipped_at", IntOrNull),
    Column("received_at", IntOrNull),
    Column("loss_reason", TextOrNull),
    Column("loss_note", TextOrNull),
    Column("version", Int),
    Column("updated_at", Int),
];

const LOT: &[Column] = &[
    Column("tenant_id", Id),
    Column("transfer_id", Id),
    Column("position", Small),
    Column("lot_id", Id),
    Column("shipped", Int),
    Column("received", Int),
    Column("lost", Int),
];

const NEW_LINE: &[Column] = &[
    Column("tenant_id", Id),
    Column("transfer_id", Id),
    Column("position", Small),
    Column("product_id", Id),
    Column("sku", Text),
    Column("name", Text),
    Column("unit_decimals", Small),
    Column("quantity", Int),
    Column("shipped", Int),
    Column("received", Int),
    Column("lost", Int),
];

const LINE: &[Column] = &[
    Column("tenant_id", Id),
    Column("transfer_id", Id),
    Column("position", Small),
    Column("quantity", Int),
    Column("shipped", Int),
    Column("received", Int),
    Column("lost", Int),
    Column("unit_cost_minor", IntOrNull),
    Column("cost_currency", TextOrNull),
];

fn moment(at: Option<Timestamp>) -> Value {
    at.map(Timestamp::micros).into()
}

/// Transfers as they are after the batch, with their lines: new ones, then changed ones.
pub fn transfer_rows(tenant: TenantId, transfers: &[&Transfer]) -> [Bulk; 6] {
    let tenant: Value = tenant.into();
    let (mut new, mut new_lines) = (Bulk::insert("transfer", NEW_TRANSFER), Bulk::insert("transfer_line", NEW_LINE));
    let (mut changed, mut changed_lines) = (Bulk::update("transfer", TRANSFER, 2), Bulk::update("transfer_line", LINE, 3));
    let (mut sent, mut moved) = (Bulk::insert("transfer_line_lot", LOT), Bulk::update("transfer_line_lot", LOT, 4));
    for t in transfers {
        let (status, external, note): (Value, Value, Value) =
            (t.status.as_str().into(), t.external_ref.clone().into(), t.note.clone().into());
        if t.exists {
            changed.row([
                tenant.clone(),
                t.id.into(),
                status,
                external,
                note,
                moment(t.expected_at),
                moment(t.shipped_at),
                moment(t.received_at),
                t.loss_reason.map(entity::prelude::ReasonCode::as_str).into(),
                t.loss_note.clone().into(),
                t.version.into(),
                t.updated_at.micros().into(),
            ]);
        } else {
            new.row([
                tenant.clone(),
                t.id.into(),
                t.number.into(),
                status,
                t.from.into(),
                t.to.into(),
                external,
                note,
                moment(t.expected_at),
                t.actor.kind.as_str().into(),
                t.actor.id.into(),
                t.version.into(),
                t.created_at.micros().into(),
                t.updated_at.micros().into(),
            ]);
        }
        for line in &t.lines {
            if usize::from(line.position) <= t.written {
                changed_lines.row(changed_line(&tenant, t, line));
            } else {
                new_lines.row(new_line(&tenant, t, line));
            }
            for lot in &line.lots {
                let rows = if lot.exists { &mut moved } else { &mut sent };
                rows.row(sent_lot(&tenant, t, line, lot));
            }
        }
    }
    [new, new_lines, changed, changed_lines, sent, moved]
}

fn sent_lot(tenant: &Value, t: &Transfer, line: &Line, lot: &SentLot) -> [Value; 7] {
    let position = i32::from(line.position).into();
    [tenant.clone(), t.id.into(), position, lot.lot.into(), lot.shipped.into(), lot.received.into(), lot.lost.into()]
}

fn new_line(tenant: &Value, t: &Transfer, line: &Line) -> [Value; 11] {
    [
        tenant.clone(),
        t.id.into(),
        i32::from(line.position).into(),
        line.product.into(),
        line.sku.as_str().into(),
        line.name.as_str().into(),
        i32::from(line.decimals).into(),
        line.quantity.get().into(),
        line.shipped.get().into(),
        line.received.get().into(),
        line.lost.get().into(),
    ]
}

fn changed_line(tenant: &Value, t: &Transfer, line: &Line) -> [Value; 9] {
    [
        tenant.clone(),
        t.id.into(),
        i32::from(line.position).into(),
        line.quantity.get().into(),
        line.shipped.get().into(),
        line.received.get().into(),
        line.lost.get().into(),
        line.unit_cost.map(|cost| cost.minor).into(),
        line.unit_cost.map(|cost| cost.currency.to_string()).into(),
    ]
}
