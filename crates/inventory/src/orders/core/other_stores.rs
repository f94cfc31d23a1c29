//! Reservations of an order in stores other than the one that its goods leave: they are released
//! only beyond the units that the order still needs.

use entity::prelude::*;

use super::{
    hold::{active_reservations_of, order_head},
    line::Line,
    order::Order,
    shipment::{Fulfil, Parcel},
};
use crate::stock::core::{Delta, Draft, MovementHead, Rejection, Reservation};

/// Releases the reservations at other stores of lines that leave from this one, beyond their open
/// units.
pub(super) fn release_elsewhere(
    draft: &mut Draft<'_>,
    order: &Order,
    command: &Fulfil,
    parcels: &[Parcel],
    at: Timestamp,
) -> Result<(), Rejection> {
    // Read once for all parcels: an order has thousands of lines.
    let held = active_reservations_of(draft, order);
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

/// Returns how many units of a backordered line are still reserved once `quantity` of it has left a
/// store, where `held` are the order's reservations before. A kit counts by its part with the most
/// reserved units. Returns 0 if no units are backordered: all units that leave were open then.
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

/// Returns an order's holds of a product for the line at a position.
fn of_goods(held: &[Reservation], position: u16, product: ProductId) -> impl Iterator<Item = &Reservation> {
    held.iter().filter(move |held| held.key.product == product && held.order.is_some_and(|(_, of)| of == position))
}

/// Returns the units of a parcel's product by which the line's holds will exceed its open units
/// once the parcel has left.
fn surplus(held: &[Reservation], order: &Order, parcel: &Parcel) -> i64 {
    let held: i64 = of_goods(held, parcel.position, parcel.key.product).map(|held| held.remaining.get()).sum();
    let line = order.lines.iter().find(|line| line.position == parcel.position);
    let open = line.map_or(0, |line| line.open.get().saturating_mul(parcel.takes));
    (held - parcel.held - open).max(0)
}
