//! Reservations of a transfer's stock at the sender.

use entity::prelude::*;

use super::{
    step::Steps,
    transfer::{Transfer, TransferState, head},
};
use crate::stock::core::{At, Delta, Draft, LevelKey, MovementHead, ReferenceKind, Rejection, Reservation, RowState};

/// Reserves every line's stock at the sender, all or nothing. `field` is the place of a line, from
/// 0.
pub(super) fn reserve_lines(
    draft: &mut Draft<'_>,
    transfer: &mut Transfer,
    steps: &Steps,
    reservations: &[ReservationId],
    field: impl Fn(usize) -> At,
) -> Result<(), Rejection> {
    let now = draft.now();
    let reserve_head = head(steps.movements[0], MovementKind::Reserve, transfer, (steps.actor, now));
    let mut has_begun = false;
    for (index, (line, id)) in transfer.nonzero_lines().zip(reservations).enumerate() {
        let field = field(index);
        let key = LevelKey { product: line.product, store: transfer.from };
        let stock_check = check_in_stock(draft, (key, transfer.to), line.quantity.get(), field);
        if draft.pass(stock_check)?.is_none() {
            continue;
        }
        if !has_begun {
            draft.begin(reserve_head.clone(), key, field)?;
            has_begun = true;
        }
        draft.post(key, Delta { reserved: line.quantity.get(), ..Delta::default() }, None, None, field)?;
        draft.put_reservation(new_hold(*id, key, line.quantity, &reserve_head));
    }
    transfer.state = TransferState::Ready;
    Ok(())
}

/// Checks that a quantity of a product is in stock and can be sent to a store that can stock it.
pub(super) fn check_in_stock(
    draft: &Draft<'_>,
    (key, to): (LevelKey, StoreId),
    requested_units: i64,
    field: At,
) -> Result<(), Rejection> {
    draft.stocked_level(LevelKey { store: to, ..key }, field)?;
    let movable_units = draft.movable_quantity(key, field)?;
    if movable_units < requested_units {
        Err(draft.reserve_shortage(key, (requested_units, movable_units), field))
    } else {
        Ok(())
    }
}

/// The reservation of a line, created by the movement that reserves it.
pub(super) fn new_hold(id: ReservationId, key: LevelKey, quantity: Quantity, reserve_head: &MovementHead) -> Reservation {
    Reservation {
        id,
        key,
        quantity,
        remaining: quantity,
        status: ReservationStatus::Active,
        expires_at: None,
        channel: None,
        order: None,
        reference: reserve_head.reference,
        version: 1,
        created_at: reserve_head.occurred_at,
        updated_at: reserve_head.occurred_at,
        row: RowState::New,
    }
}

/// Returns the transfer's loaded holds, by product.
pub(super) fn loaded_holds(draft: &Draft<'_>, transfer: &Transfer) -> Vec<Reservation> {
    let is_of_transfer = |reservation: &&Reservation| {
        let reference = reservation.reference.map(|reference| (reference.kind, reference.id));
        reservation.status == ReservationStatus::Active && reference == Some((ReferenceKind::Transfer, transfer.id.uuid()))
    };
    let mut own_reservations: Vec<Reservation> = draft.book().reservations.values().filter(is_of_transfer).cloned().collect();
    own_reservations.sort_by_key(|reservation| (reservation.key, reservation.id));
    own_reservations
}
