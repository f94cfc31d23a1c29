//! Rows of a batch's decisions: each table in bulk.

use entity::{
    prelude::*,
    record::Record,
    tables::{entry, reservation, stock_level},
};
use platform::storage::{Bulk, Rows, new_and_changed};

use super::{movements::MovementRow, reservations::ReservationRow};
use crate::stock::core::{Entry, Level, Movement, Reservation};

/// A level's first row. Columns that a store sets have the defaults of the table.
#[derive(Record)]
#[record(of = stock_level)]
struct NewLevel {
    product_id: ProductId,
    store_id: StoreId,
    id: LevelId,
    on_hand: Quantity,
    reserved: Quantity,
    unavailable: Quantity,
    incoming: Quantity,
    in_transit: Quantity,
    last_occurred_at: Timestamp,
    version: i64,
    seq: i64,
    updated_at: Timestamp,
    counted_at: Option<Timestamp>,
}

#[derive(Record)]
#[record(of = stock_level)]
struct ChangedLevel {
    product_id: ProductId,
    store_id: StoreId,
    on_hand: Quantity,
    reserved: Quantity,
    unavailable: Quantity,
    incoming: Quantity,
    in_transit: Quantity,
    last_occurred_at: Timestamp,
    version: i64,
    seq: i64,
    updated_at: Timestamp,
    counted_at: Option<Timestamp>,
}

impl From<&Level> for NewLevel {
    fn from(level: &Level) -> Self {
        Self {
            product_id: level.key.product,
            store_id: level.key.store,
            id: level.id,
            on_hand: level.on_hand,
            reserved: level.reserved,
            unavailable: level.unavailable,
            incoming: level.incoming,
            in_transit: level.in_transit,
            last_occurred_at: level.last_occurred_at,
            version: level.version,
            seq: level.seq,
            updated_at: level.updated_at,
            counted_at: level.counted_at,
        }
    }
}

impl From<&Level> for ChangedLevel {
    fn from(level: &Level) -> Self {
        Self {
            product_id: level.key.product,
            store_id: level.key.store,
            on_hand: level.on_hand,
            reserved: level.reserved,
            unavailable: level.unavailable,
            incoming: level.incoming,
            in_transit: level.in_transit,
            last_occurred_at: level.last_occurred_at,
            version: level.version,
            seq: level.seq,
            updated_at: level.updated_at,
            counted_at: level.counted_at,
        }
    }
}

/// Returns the rows of levels after the batch: new and changed ones. A level without a row gets
/// one; if another process inserted it first, the unique key fails and the batch is run again.
pub fn level_rows(tenant: TenantId, levels: &[&Level]) -> [Bulk; 2] {
    new_and_changed::<NewLevel, ChangedLevel, _>(tenant, levels.iter().map(|level| (*level, level.row.is_stored())))
}

#[derive(Record)]
#[record(of = entry)]
struct NewEntry {
    seq: i64,
    line: i32,
    movement_id: MovementId,
    product_id: ProductId,
    store_id: StoreId,
    lot_id: Option<LotId>,
    condition: Option<String>,
    on_hand_delta: i64,
    reserved_delta: i64,
    unavailable_delta: i64,
    incoming_delta: i64,
    in_transit_delta: i64,
    on_hand_after: Quantity,
    reserved_after: Quantity,
    unavailable_after: Quantity,
    version_after: i64,
    unit_cost_minor: Option<i64>,
    cost_currency: Option<String>,
    value_minor: Option<i64>,
    note: Option<String>,
    occurred_at: Timestamp,
    occurred_max: Timestamp,
    recorded_at: Timestamp,
}

impl From<&Movement> for MovementRow {
    fn from(movement: &Movement) -> Self {
        Self {
            seq: movement.seq,
            id: movement.id,
            kind: movement.kind,
            reason_code: movement.reason.map(|reason| reason.as_str().to_owned()),
            note: movement.note.clone(),
            external_ref: movement.external_ref.clone(),
            reference_kind: movement.reference.map(|reference| reference.kind.as_str().to_owned()),
            reference_id: movement.reference.map(|reference| reference.id),
            actor_kind: movement.actor.kind,
            actor_id: movement.actor.id,
            reverses_id: movement.reverses,
            occurred_at: movement.occurred_at,
            business_date: movement.business_date,
            recorded_at: movement.recorded_at,
        }
    }
}

impl NewEntry {
    fn of(movement: &Movement, entry: &Entry) -> Self {
        Self {
            seq: movement.seq,
            line: entry.line.into(),
            movement_id: movement.id,
            product_id: entry.key.product,
            store_id: entry.key.store,
            lot_id: entry.lot,
            condition: entry.condition.map(|condition| condition.as_str().to_owned()),
            on_hand_delta: entry.on_hand_delta,
            reserved_delta: entry.reserved_delta,
            unavailable_delta: entry.unavailable_delta,
            incoming_delta: entry.incoming_delta,
            in_transit_delta: entry.in_transit_delta,
            on_hand_after: entry.on_hand_after,
            reserved_after: entry.reserved_after,
            unavailable_after: entry.unavailable_after,
            version_after: entry.version_after,
            unit_cost_minor: entry.unit_cost.map(|cost| cost.minor),
            cost_currency: entry.unit_cost.map(|cost| cost.currency.to_string()),
            value_minor: entry.value.map(|value| value.minor),
            note: entry.note.clone(),
            occurred_at: movement.occurred_at,
            occurred_max: entry.occurred_max,
            recorded_at: movement.recorded_at,
        }
    }
}

/// Columns that only entries of lots, of costs and with a note have.
const RARE_ENTRY_COLUMNS: &[&str] = &["lot_id", "condition", "unit_cost_minor", "cost_currency", "value_minor", "note"];

/// Movements whose `seq` is known, and their entries.
pub fn movement_rows(tenant: TenantId, movements: &[&Movement]) -> [Bulk; 2] {
    let (mut heads, mut entries) = (Rows::<MovementRow>::insert(tenant), Rows::<NewEntry>::insert(tenant));
    for &movement in movements {
        heads.push(movement.into());
        entries.extend(movement.entries.iter().map(|entry| NewEntry::of(movement, entry)));
    }
    [heads.into(), Bulk::from(entries).rarely_set(RARE_ENTRY_COLUMNS)]
}

#[derive(Record)]
#[record(of = reservation)]
struct ChangedReservation {
    id: ReservationId,
    remaining: Quantity,
    status: ReservationStatus,
    expires_at: Option<Timestamp>,
    version: i64,
    updated_at: Timestamp,
}

impl From<&Reservation> for ReservationRow {
    fn from(reservation: &Reservation) -> Self {
        Self {
            id: reservation.id,
            product_id: reservation.key.product,
            store_id: reservation.key.store,
            quantity: reservation.quantity,
            remaining: reservation.remaining,
            status: reservation.status,
            expires_at: reservation.expires_at,
            channel_id: reservation.channel,
            order_id: reservation.order.map(|(order, _)| order),
            order_position: reservation.order.map(|(_, position)| position.into()),
            reference_kind: reservation.reference.map(|reference| reference.kind.as_str().to_owned()),
            reference_id: reservation.reference.map(|reference| reference.id),
            version: reservation.version,
            created_at: reservation.created_at,
            updated_at: reservation.updated_at,
        }
    }
}

impl From<&Reservation> for ChangedReservation {
    fn from(reservation: &Reservation) -> Self {
        Self {
            id: reservation.id,
            remaining: reservation.remaining,
            status: reservation.status,
            expires_at: reservation.expires_at,
            version: reservation.version,
            updated_at: reservation.updated_at,
        }
    }
}

/// Returns the rows of reservations after the batch: new and changed ones.
pub fn reservation_rows(tenant: TenantId, reservations: &[&Reservation]) -> [Bulk; 2] {
    let rows = reservations.iter().map(|reservation| (*reservation, reservation.row.is_stored()));
    let [new, changed] = new_and_changed::<ReservationRow, ChangedReservation, _>(tenant, rows);
    // Reservations of orders refer to no other document.
    [new.rarely_set(&["reference_kind", "reference_id"]), changed]
}
