//! Flags that the platform sets on orders; they block nothing.

use entity::prelude;
use inventory::orders::{
    core,
    rows::{Flag, LineReservation},
};

use super::{held_stock::held_units, hold::OrderHold};

/// The flags of an order that were set.
pub fn flags(order_flags: &[Flag]) -> Vec<OrderHold> {
    order_flags.iter().map(OrderHold::from).collect()
}

/// Whether an order in this state holds the stock that it owes.
pub(crate) fn holds_stock(status: prelude::OrderStatus) -> bool {
    use prelude::OrderStatus::{Cancelled, Closed, Confirmed, Draft, Expired, Fulfilled, PartiallyFulfilled, Pending};
    match status {
        Pending | Confirmed | PartiallyFulfilled => true,
        Draft | Fulfilled | Closed | Cancelled | Expired => false,
    }
}

/// The flag of an order with a stocked line that holds less stock than is still to be delivered.
pub fn shortage_flag(order: &core::Order, reservations: &[LineReservation]) -> Option<OrderHold> {
    let line_reservations = |position: u16| reservations.iter().filter(move |reservation| reservation.position == position);
    let is_short =
        |line: &&core::Line| line.goods().next().is_some() && held_units(line, reservations, None) < line.outstanding();
    let mut short = order.lines.iter().filter(is_short);
    let first = short.next()?;
    // The time of the latest change of what the short lines hold; without such rows, the creation
    // of the order.
    let lines = std::iter::once(first).chain(short);
    let placed_at = lines
        .flat_map(|line| line_reservations(line.position))
        .map(|reservation| reservation.updated_at)
        .max()
        .unwrap_or(order.created_at);
    Some(OrderHold::from_flag(order, "SHORT", placed_at))
}
