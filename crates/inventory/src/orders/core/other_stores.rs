//! Reservations of an order in stores other than the one that its goods leave: they are released
//! only beyond the units that the order still needs.

use entity::prelude::*;

use super::{
    fulfil::{Fulfil, Parcel},
    line::Line,
    order::Order,
    reservations::{active_reservations_of, order_movement_head},
};
use crate::stock::core::{Delta, Draft, MovementHead, Rejection, Reservation};

/// Releases the reservations at other stores of lines that leave from this one, beyond their open
/// units.
pub(super) fn release_reservations_elsewhere(
    draft: &mut Draft<'_>,
    order: &Order,
    command: &Fulfil,
    parcels: &[Parcel],
    at: Timestamp,
) -> Result<(), Rejection> {
    // Read once for all parcels: an order has thousands of lines.
    let reservations = active_reservations_of(draft, order);
    let mut has_begun = false;
    for parcel in parcels {
        let unheld_quantity = parcel.quantity - parcel.held;
        let mut unreleased =
            if unheld_quantity > 0 { unheld_quantity.min(surplus_units(&reservations, order, parcel)) } else { 0 };
        for reservation in reservations_of_goods(&reservations, parcel.position, parcel.key.product) {
            if unreleased == 0 || reservation.key == parcel.key {
                continue;
            }
            if !has_begun {
                let head = MovementHead {
                    actor: command.actor,
                    ..order_movement_head(command.movements[1], MovementKind::Release, order, at)
                };
                draft.begin(head, reservation.key, parcel.field)?;
                has_begun = true;
            }
            let released = unreleased.min(reservation.remaining.get());
            unreleased -= released;
            draft.post(reservation.key, Delta { reserved: -released, ..Delta::default() }, None, None, parcel.field)?;
            let mut reservation = reservation.clone();
            reservation.give_back(released, ReservationStatus::Consumed, draft.now());
            draft.put_reservation(reservation);
        }
    }
    Ok(())
}

/// Returns how many units of a backordered line are still reserved once `quantity` of it has left a
/// store, where `held` are the order's reservations before. A kit counts by its part with the most
/// reserved units. Returns 0 if no units are backordered: all units that leave were open then.
pub(super) fn remaining_reserved_units(reservations: &[Reservation], line: &Line, store: StoreId, quantity: i64) -> i64 {
    if !line.backordered.is_positive() {
        return 0;
    }
    let units = |(product, part_quantity): (ProductId, i64)| {
        let (mut store_quantity, mut total_quantity) = (0_i64, 0_i64);
        for reservation in reservations_of_goods(reservations, line.position, product) {
            let remaining = reservation.remaining.get();
            total_quantity += remaining;
            store_quantity += if reservation.key.store == store { remaining } else { 0 };
        }
        let (rest, part_quantity) =
            (total_quantity - store_quantity.min(quantity.saturating_mul(part_quantity)), part_quantity.max(1));
        rest / part_quantity + i64::from(rest % part_quantity > 0)
    };
    line.goods().map(units).max().unwrap_or(0)
}

/// Returns an order's holds of a product for the line at a position.
fn reservations_of_goods(held: &[Reservation], position: u16, product: ProductId) -> impl Iterator<Item = &Reservation> {
    held.iter()
        .filter(move |held| held.key.product == product && held.order.is_some_and(|(_, line_position)| line_position == position))
}

/// Returns the units of a parcel's product by which the line's holds will exceed its open units
/// once the parcel has left.
fn surplus_units(held: &[Reservation], order: &Order, parcel: &Parcel) -> i64 {
    let held: i64 = reservations_of_goods(held, parcel.position, parcel.key.product).map(|held| held.remaining.get()).sum();
    let line = order.lines.iter().find(|line| line.position == parcel.position);
    let open = line.map_or(0, |line| line.open.get().saturating_mul(parcel.takes));
    (held - parcel.held - open).max(0)
}
