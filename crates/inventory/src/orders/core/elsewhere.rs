//! What an order holds in other stores than the one that its goods leave from: it gives way only beyond what the order is still owed.

use entity::prelude::*;

use super::{
    act::{Fulfil, Parcel, held_for},
    hold::order_head,
    line::Line,
    order::Order,
};
use crate::stock::core::{Delta, Draft, MovementHead, Rejection, Reservation};

/// Lets go what is held at other stores, for lines that leave from this one, beyond what is still open of them.
pub(super) fn release_elsewhere(
    draft: &mut Draft<'_>,
    order: &Order,
    command: &Fulfil,
    parcels: &[Parcel],
    at: Timestamp,
) -> Result<(), Rejection> {
    // Once for all parcels: an order has thousands of lines.
    let held = held_for(draft, order);
    let mut begun = false;
    for parcel in parcels {
        let unheld = parcel.quantity - parcel.held;
        let mut left = if unheld > 0 { unheld.min(surplus(&held, order, parcel)) } else { 0 };
        for reservation in of_goods(&held, parcel.position, parcel.key.product) {
            if left == 0 || reservation.key == parcel.key {
                continue;
            }
            if !begun {
                let head =
                    MovementHead { actor: command.actor, ..order_head(command.movements[1], MovementKind::Release, order, at) };
                draft.begin(head, reservation.key, parcel.field)?;
                begun = true;
            }
            let taken = left.min(reservation.remaining.get());
            left -= taken;
            draft.post(reservation.key, Delta { reserved: -taken, ..Delta::default() }, None, None, parcel.field)?;
            let mut reservation = reservation.clone();
            reservation.give_back(taken, ReservationStatus::Consumed, draft.now());
            draft.put_reservation(reservation);
        }
    }
    Ok(())
}

/// Returns how many units of a backordered line are still held once `quantity` of it has left from a store, of what the order `held` before. Units of a
/// kit are those of the part of which most is held. 0 where nothing of the line is backordered: all that leaves was open then.
pub(super) fn still_held(held: &[Reservation], line: &Line, store: StoreId, quantity: i64) -> i64 {
    if !line.backordered.is_positive() {
        return 0;
    }
    let units = |(product, takes): (ProductId, i64)| {
        let (mut here, mut all) = (0_i64, 0_i64);
        for reservation in of_goods(held, line.position, product) {
            let remaining = reservation.remaining.get();
            all += remaining;
            here += if reservation.key.store == store { remaining } else { 0 };
        }
        let (rest, takes) = (all - here.min(quantity.saturating_mul(takes)), takes.max(1));
        rest / takes + i64::from(rest % takes > 0)
    };
    line.goods().map(units).max().unwrap_or(0)
}

/// What of an order's holds is of a product for the line at a position.
fn of_goods(held: &[Reservation], position: u16, product: ProductId) -> impl Iterator<Item = &Reservation> {
    held.iter().filter(move |held| held.key.product == product && held.order.is_some_and(|(_, of)| of == position))
}

/// How much more of a parcel's goods would be held for its line once it has left than the line still has open.
fn surplus(held: &[Reservation], order: &Order, parcel: &Parcel) -> i64 {
    let held: i64 = of_goods(held, parcel.position, parcel.key.product).map(|held| held.remaining.get()).sum();
    let line = order.lines.iter().find(|line| line.position == parcel.position);
    let open = line.map_or(0, |line| line.open.get().saturating_mul(parcel.takes));
    (held - parcel.held - open).max(0)
}
