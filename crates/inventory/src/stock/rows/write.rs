//! What a batch decided, as rows: each table in bulk.

use entity::prelude::TenantId;
use platform::storage::{Bulk, Column, ColumnKind::*};
use sea_orm::Value;

use crate::stock::core::{Level, Movement, Reservation};

const NEW_LEVEL: &[Column] = &[
    Column("tenant_id", Id),
    Column("product_id", Id),
    Column("store_id", Id),
    Column("id", Id),
    Column("on_hand", Int),
    Column("reserved", Int),
    Column("unavailable", Int),
    Column("incoming", Int),
    Column("in_transit", Int),
    Column("last_occurred_at", Int),
    Column("version", Int),
    Column("seq", Int),
    Column("updated_at", Int),
    Column("counted_at", IntOrNull),
];

const LEVEL: &[Column] = &[
    Column("tenant_id", Id),
    Column("product_id", Id),
    Column("store_id", Id),
    Column("on_hand", Int),
    Column("reserved", Int),
    Column("unavailable", Int),
    Column("incoming", Int),
    Column("in_transit", Int),
    Column("last_occurred_at", Int),
    Column("version", Int),
    Column("seq", Int),
    Column("updated_at", Int),
    Column("counted_at", IntOrNull),
];

/// Levels as they are after the batch: new and changed ones. A level without a row gets one; if another process was first, the unique
/// key says so and the batch is run again.
pub fn level_rows(tenant: TenantId, levels: &[&Level]) -> [Bulk; 2] {
    let tenant: Value = tenant.into();
    let mut new = Bulk::insert("stock_level", NEW_LEVEL);
    let mut changed = Bulk::update("stock_level", LEVEL, 3);
    for level in levels {
        let (product, store) = (Value::from(level.key.product), Value::from(level.key.store));
        let buckets = [level.on_hand, level.reserved, level.unavailable, level.incoming, level.in_transit];
        let [on_hand, reserved, unavailable, incoming, transit] = buckets.map(|q| Value::from(q.get()));
        let last: Value = level.last_occurred_at.micros().into();
        let (version, seq, updated) =
            (Value::from(level.version), Value::from(level.seq), Value::from(level.updated_at.micros()));
        let counted: Value = level.counted_at.map(entity::prelude::Timestamp::micros).into();
        if level.exists {
            changed.row([
                tenant.clone(),
                product,
                store,
                on_hand,
                reserved,
                unavailable,
                incoming,
                transit,
                last,
                version,
                seq,
                updated,
                counted,
            ]);
        } else {
            new.row([
                tenant.clone(),
                product,
                store,
                level.id.into(),
                on_hand,
                reserved,
                unavailable,
                incoming,
                transit,
                last,
                version,
                seq,
                updated,
                counted,
            ]);
        }
    }
    [new, changed]
}

const MOVEMENT: &[Column] = &[
    Column("tenant_id", Id),
    Column("seq", Int),
    Column("id", Id),
    Column("kind", Text),
    Column("reason_code", TextOrNull),
    Column("note", TextOrNull),
    Column("external_ref", TextOrNull),
    Column("reference_kind", TextOrNull),
    Column("reference_id", IdOrNull),
    Column("actor_kind", Text),
    Column("actor_id", Id),
    Column("reverses_id", IdOrNull),
    Column("occurred_at", Int),
    Column("business_date", Small),
    Column("recorded_at", Int),
];

const ENTRY: &[Column] = &[
    Column("tenant_id", Id),
    Column("seq", Int),
    Column("line", Small),
    Column("movement_id", Id),
    Column("product_id", Id),
    Column("store_id", Id),
    Column("lot_id", IdOrNull),
    Column("condition", TextOrNull),
    Column("on_hand_delta", Int),
    Column("reserved_delta", Int),
    Column("unavailable_delta", Int),
    Column("incoming_delta", Int),
    Column("in_transit_delta", Int),
    Column("on_hand_after", Int),
    Column("reserved_after", Int),
    Column("unavailable_after", Int),
    Column("version_after", Int),
    Column("unit_cost_minor", IntOrNull),
    Column("cost_currency", TextOrNull),
    Column("value_minor", IntOrNull),
    Column("note", TextOrNull),
    Column("occurred_at", Int),
    Column("occurred_max", Int),
    Column("recorded_at", Int),
];

/// Movements whose `seq` is known, and their entries.
pub fn movement_rows(tenant: TenantId, movements: &[&Movement]) -> [Bulk; 2] {
    let tenant: Value = tenant.into();
    let mut heads = Bulk::insert("movement", MOVEMENT);
    let mut entries = Bulk::insert("entry", ENTRY);
    for m in movements {
        let reason = m.reason.map(entity::prelude::ReasonCode::as_str);
        heads.row([
            tenant.clone(),
            m.seq.into(),
            m.id.into(),
            m.kind.as_str().into(),
            reason.into(),
            m.note.clone().into(),
            m.external_ref.clone().into(),
            m.reference.map(|r| r.kind.as_str()).into(),
            m.reference.map(|r| r.id).into(),
            m.actor.kind.as_str().into(),
            m.actor.id.into(),
            m.reverses.map(entity::id::Id::uuid).into(),
            m.occurred_at.micros().into(),
            m.business_date.into(),
            m.recorded_at.micros().into(),
        ]);
        for e in &m.entries {
            entries.row([
                tenant.clone(),
                m.seq.into(),
                i32::from(e.line).into(),
                m.id.into(),
                e.key.product.into(),
                e.key.store.into(),
                e.lot.map(entity::id::Id::uuid).into(),
                e.condition.map(entity::prelude::Condition::as_str).into(),
                e.on_hand_delta.into(),
                e.reserved_delta.into(),
                e.unavailable_delta.into(),
                e.incoming_delta.into(),
                e.in_transit_delta.into(),
                e.on_hand_after.get().into(),
                e.reserved_after.get().into(),
                e.unavailable_after.get().into(),
                e.version_after.into(),
                e.unit_cost.map(|c| c.minor).into(),
                e.unit_cost.map(|c| c.currency.to_string()).into(),
                e.value.map(|v| v.minor).into(),
                e.note.clone().into(),
                m.occurred_at.micros().into(),
                e.occurred_max.micros().into(),
                m.recorded_at.micros().into(),
            ]);
        }
    }
    [heads, entries]
}

const NEW_RESERVATION: &[Column] = &[
    Column("tenant_id", Id),
    Column("id", Id),
    Column("product_id", Id),
    Column("store_id", Id),
    Column("quantity", Int),
    Column("remaining", Int),
    Column("status", Text),
    Column("expires_at", IntOrNull),
    Column("channel_id", IdOrNull),
    Column("order_id", IdOrNull),
    Column("order_position", SmallOrNull),
    Column("reference_kind", TextOrNull),
    Column("reference_id", IdOrNull),
    Column("version", Int),
    Column("created_at", Int),
    Column("updated_at", Int),
];

const RESERVATION: &[Column] = &[
    Column("tenant_id", Id),
    Column("id", Id),
    Column("remaining", Int),
    Column("status", Text),
    Column("expires_at", IntOrNull),
    Column("version", Int),
    Column("updated_at", Int),
];

/// Reservations as they are after the batch: new and changed ones.
pub fn reservation_rows(tenant: TenantId, reservations: &[&Reservation]) -> [Bulk; 2] {
    let tenant: Value = tenant.into();
    let mut new = Bulk::insert("reservation", NEW_RESERVATION);
    let mut changed = Bulk::update("reservation", RESERVATION, 2);
    for r in reservations {
        let expires: Value = r.expires_at.map(entity::prelude::Timestamp::micros).into();
        if r.exists {
            let (remaining, status) = (r.remaining.get().into(), r.status.as_str().into());
            changed.row([
                tenant.clone(),
                r.id.into(),
                remaining,
                status,
                expires,
                r.version.into(),
                r.updated_at.micros().into(),
            ]);
            continue;
        }
        new.row([
            tenant.clone(),
            r.id.into(),
            r.key.product.into(),
            r.key.store.into(),
            r.quantity.get().into(),
            r.remaining.get().into(),
            r.status.as_str().into(),
            expires,
            r.channel.map(entity::id::Id::uuid).into(),
            r.order.map(|(order, _)| order.uuid()).into(),
            r.order.map(|(_, position)| i32::from(position)).into(),
            r.reference.map(|reference| reference.kind.as_str()).into(),
            r.reference.map(|reference| reference.id).into(),
            r.version.into(),
            r.created_at.micros().into(),
            r.updated_at.micros().into(),
        ]);
    }
    [new, changed]
}
