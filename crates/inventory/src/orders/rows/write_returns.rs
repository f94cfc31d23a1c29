//! Returns as a batch decided them, as rows: each table in bulk.

use entity::prelude::TenantId;
use platform::storage::{Bulk, Column, ColumnKind::*};
use sea_orm::Value;

use super::write::moment;
use crate::orders::core::{Return, ReturnLine};

const NEW_RETURN: &[Column] = &[
    Column("tenant_id", Id),
    Column("id", Id),
    Column("number", Int),
    Column("status", Text),
    Column("store_id", Id),
    Column("customer_id", IdOrNull),
    Column("external_ref", TextOrNull),
    Column("currency", Text),
    Column("refund_minor", Int),
    Column("note", TextOrNull),
    Column("occurred_at", Int),
    Column("received_at", IntOrNull),
    Column("business_date", Small),
    Column("actor_kind", Text),
    Column("actor_id", Id),
    Column("version", Int),
    Column("created_at", Int),
    Column("updated_at", Int),
    Column("country", TextOrNull),
];
const RETURN: &[Column] = &[
    Column("tenant_id", Id),
    Column("id", Id),
    Column("status", Text),
    Column("refunded_minor", IntOrNull),
    Column("reject_reason", TextOrNull),
    Column("occurred_at", Int),
    Column("received_at", IntOrNull),
    Column("business_date", Small),
    Column("version", Int),
    Column("updated_at", Int),
];
const NEW_LINE: &[Column] = &[
    Column("tenant_id", Id),
    Column("return_id", Id),
    Column("position", Small),
    Column("kind", Text),
    Column("product_id", IdOrNull),
    Column("sku", Text),
    Column("name", Text),
    Column("unit_decimals", Small),
    Column("quantity", Int),
    Column("unit_price_minor", Int),
    Column("total_minor", Int),
    Column("disposition", Text),
    Column("received", Int),
    Column("restocked", Int),
    Column("quarantined", Int),
    Column("written_off", Int),
];
const LINE: &[Column] = &[
    Column("tenant_id", Id),
    Column("return_id", Id),
    Column("position", Small),
    Column("received", Int),
    Column("restocked", Int),
    Column("quarantined", Int),
    Column("written_off", Int),
];
const NEW_MATCH: &[Column] = &[
    Column("tenant_id", Id),
    Column("return_id", Id),
    Column("return_position", Small),
    Column("order_id", Id),
    Column("order_position", Small),
    Column("quantity", Int),
    Column("received", Int),
];
const MATCH: &[Column] = &[
    Column("tenant_id", Id),
    Column("return_id", Id),
    Column("return_position", Small),
    Column("order_id", Id),
    Column("order_position", Small),
    Column("received", Int),
];
/// The same columns for a new row and for one that changed: the last two are figures.
const LOT: &[Column] = &[
    Column("tenant_id", Id),
    Column("return_id", Id),
    Column("position", Small),
    Column("lot_id", Id),
    Column("received", Int),
    Column("inspected", Int),
];

const PART: &[Column] = &[
    Column("tenant_id", Id),
    Column("return_id", Id),
    Column("position", Small),
    Column("product_id", Id),
    Column("quantity", Int),
];

/// Returns as they are after the batch, with their lines, the order lines that they bring back, and their lots: new rows, then changed ones.
pub fn return_rows(tenant: TenantId, returns: &[&Return]) -> [Bulk; 9] {
    let tenant: Value = tenant.into();
    let (mut new, mut changed) = (Bulk::insert("sales_return", NEW_RETURN), Bulk::update("sales_return", RETURN, 2));
    let mut lines = (Bulk::insert("return_line", NEW_LINE), Bulk::update("return_line", LINE, 3));
    let mut matches = (Bulk::insert("return_match", NEW_MATCH), Bulk::update("return_match", MATCH, 5));
    let mut parts = Bulk::insert("return_line_part", PART);
    let mut lots = (Bulk::insert("return_lot", LOT), Bulk::update("return_lot", LOT, 4));
    for r in returns {
        if r.exists {
            changed.row(changed_return(&tenant, r));
        } else {
            new.row(new_return(&tenant, r));
        }
        for line in &r.lines {
            if r.exists {
                lines.1.row(changed_line(&tenant, r, line));
            } else {
                lines.0.row(new_line(&tenant, r, line));
                let position = i32::from(line.position);
                for (product, quantity) in &line.parts {
                    parts.row([tenant.clone(), r.id.into(), position.into(), (*product).into(), quantity.get().into()]);
                }
            }
            for m in &line.matches {
                let (order, of) = m.line.split_line::<entity::id::kind::OrderId>();
                let [tenant, id, position, received]: [Value; 4] =
                    [tenant.clone(), r.id.into(), i32::from(line.position).into(), m.received.get().into()];
                let (order, of) = (Value::from(order), Value::from(i32::from(of)));
                if r.exists {
                    matches.1.row([tenant, id, position, order, of, received]);
                } else {
                    matches.0.row([tenant, id, position, order, of, m.quantity.get().into(), received]);
                }
            }
            for lot in &line.lots {
                let to = if lot.exists { &mut lots.1 } else { &mut lots.0 };
                let (tenant, position) = (tenant.clone(), i32::from(line.position).into());
                to.row([tenant, r.id.into(), position, lot.lot.into(), lot.received.get().into(), lot.inspected.get().into()]);
            }
        }
    }
    [new, lines.0, matches.0, lots.0, parts, changed, lines.1, matches.1, lots.1]
}

fn new_return(tenant: &Value, r: &Return) -> [Value; 19] {
    [
        tenant.clone(),
        r.id.into(),
        r.number.into(),
        r.status.as_str().into(),
        r.store.into(),
        r.customer.map(entity::id::Id::uuid).into(),
        r.external_ref.clone().into(),
        r.refund.currency.as_str().into(),
        r.refund.minor.into(),
        r.note.clone().into(),
        r.occurred_at.micros().into(),
        moment(r.received_at),
        r.business_date.into(),
        r.actor.kind.as_str().into(),
        r.actor.id.into(),
        r.version.into(),
        r.created_at.micros().into(),
        r.updated_at.micros().into(),
        r.country.clone().into(),
    ]
}

fn changed_return(tenant: &Value, r: &Return) -> [Value; 10] {
    [
        tenant.clone(),
        r.id.into(),
        r.status.as_str().into(),
        r.refunded.map(|refunded| refunded.minor).into(),
        r.reject_reason.clone().into(),
        r.occurred_at.micros().into(),
        moment(r.received_at),
        r.business_date.into(),
        r.version.into(),
        r.updated_at.micros().into(),
    ]
}

fn new_line(tenant: &Value, r: &Return, l: &ReturnLine) -> [Value; 16] {
    [
        tenant.clone(),
        r.id.into(),
        i32::from(l.position).into(),
        l.kind.as_str().into(),
        l.product.map(entity::id::Id::uuid).into(),
        l.sku.as_str().into(),
        l.name.as_str().into(),
        i32::from(l.decimals).into(),
        l.quantity.get().into(),
        l.unit_price.minor.into(),
        l.total.minor.into(),
        l.disposition.as_str().into(),
        l.received.get().into(),
        l.restocked.get().into(),
        l.quarantined.get().into(),
        l.written_off.get().into(),
    ]
}

fn changed_line(tenant: &Value, r: &Return, l: &ReturnLine) -> [Value; 7] {
    let figures = [l.received, l.restocked, l.quarantined, l.written_off].map(|q| Value::from(q.get()));
    let [received, restocked, quarantined, written_off] = figures;
    [tenant.clone(), r.id.into(), i32::from(l.position).into(), received, restocked, quarantined, written_off]
}
