//! What an order holds in other stores than the one that its goods leave from.

use entity::prelude::*;

use super::{
    act::{Fulfil, Parcel, held_for},
    hold::order_head,
    order::Order,
};
use crate::stock::core::{Delta, Draft, MovementHead, Rejection, Reservation};

/// What becomes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Elsewhere {
    /// It gives way: the goods were to leave from there.
    LetGo,
    /// It is for those stores' own shares of the order, and gives way only beyond what the order still owes.
    Kept,
}

/// Lets go what is held at other stores for lines that leave from this one.
pub(super) fn release_elsewhere(
    draft: &mut Draft<'_>,
    order: &Order,
    (command, elsewhere): (&Fulfil, Elsewhere),
    parcels: &[Parcel],
    at: Timestamp,
) -> Result<(), Rejection> {
    // Once for all parcels: an order has thousands of lines.
    let held = held_for(draft, order);
    let mut begun = false;
    for parcel in parcels {
        let mut left = parcel.quantity - parcel.held;
        if elsewhere == Elsewhere::Kept {
            left = left.min(surplus(&held, order, parcel));
        }
        for reservation in &held {
            let same_line = reservation.order.is_some_and(|(_, p)| p == parcel.position);
            if left == 0 || !same_line || reservation.key == parcel.key || reservation.key.product != parcel.key.product {
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

/// How much more of a parcel's goods would be held for its line once it has left than the line still has open.
fn surplus(held: &[Reservation], order: &Order, parcel: &Parcel) -> i64 {
    let is_own = |held: &&Reservation| {
        held.key.product == parcel.key.product && held.order.is_some_and(|(_, position)| position == parcel.position)
    };
    let held: i64 = held.iter().filter(is_own).map(|held| held.remaining.get()).sum();
    let line = order.lines.iter().find(|line| line.position == parcel.position);
    let open = line.map_or(0, |line| line.open.get().saturating_mul(parcel.takes));
    (held - parcel.held - open).max(0)
}
