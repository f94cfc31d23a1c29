//! Reservations of a transfer's stock at the sender.

use entity::prelude::*;

use super::{
    step::Steps,
    transfer::{Transfer, TransferState, head},
};
use crate::stock::core::{At, Delta, Draft, LevelKey, MovementHead, ReferenceKind, Rejection, Reservation, RowState};

/// Reserves every line's stock at the sender, all or nothing. `field` is the place of a line, from
/// 0.
pub(super) fn hold(
    draft: &mut Draft<'_>,
    transfer: &mut Transfer,
    steps: &Steps,
    reservations: &[ReservationId],
    field: impl Fn(usize) -> At,
) -> Result<(), Rejection> {
    let now = draft.now();
    let reserve = head(steps.movements[0], MovementKind::Reserve, transfer, (steps.actor, now));
    let mut has_begun = false;
    for (index, (line, id)) in transfer.nonzero_lines().zip(reservations).enumerate() {
        let field = field(index);
        let key = LevelKey { product: line.product, store: transfer.from };
        let fits = check_in_stock(draft, (key, transfer.to), line.quantity.get(), field);
        if draft.pass(fits)?.is_none() {
            continue;
        }
        if !has_begun {
            draft.begin(reserve.clone(), key, field)?;
            has_begun = true;
        }
        draft.post(key, Delta { reserved: line.quantity.get(), ..Delta::default() }, None, None, field)?;
        draft.put_reservation(held(*id, key, line.quantity, &reserve));
    }
    transfer.state = TransferState::Ready;
    Ok(())
}

/// Checks that a quantity of a product is in stock and can be sent to a store that can stock it.
pub(super) fn check_in_stock(draft: &Draft<'_>, (key, to): (LevelKey, StoreId), wanted: i64, field: At) -> Result<(), Rejection> {
    draft.stocked(LevelKey { store: to, ..key }, field)?;
    let there = draft.movable(key, field)?;
    if there < wanted { Err(draft.reserve_shortage(key, (wanted, there), field)) } else { Ok(()) }
}

/// The reservation of a line, created by the movement that reserves it.
pub(super) fn held(id: ReservationId, key: LevelKey, quantity: Quantity, reserve: &MovementHead) -> Reservation {
    Reservation {
        id,
        key,
        quantity,
        remaining: quantity,
        status: ReservationStatus::Active,
        expires_at: None,
        channel: None,
        order: None,
        reference: reserve.reference,
        version: 1,
        created_at: reserve.occurred_at,
        updated_at: reserve.occurred_at,
        row: RowState::New,
    }
}

/// Returns the transfer's loaded holds, by product.
pub(super) fn held_for(draft: &Draft<'_>, transfer: &Transfer) -> Vec<Reservation> {
    let is_ours = |r: &&Reservation| {
        let reference = r.reference.map(|reference| (reference.kind, reference.id));
        r.status == ReservationStatus::Active && reference == Some((ReferenceKind::Transfer, transfer.id.uuid()))
    };
    let mut held: Vec<Reservation> = draft.book().reservations.values().filter(is_ours).cloned().collect();
    held.sort_by_key(|r| (r.key, r.id));
    held
}
