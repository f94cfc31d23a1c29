//! Reserving stock for a time, releasing it and ending what has expired.

use entity::prelude::*;

use super::{
    draft::{Delta, Draft, MovementHead},
    input_path::{At, Field},
    level::LevelKey,
    refusal::Refusal,
    rejection::{Noun, Rejection},
    reservation::Reservation,
    row_state::RowState,
};

impl Draft<'_> {
    /// Releases these reservations until `excess` units are free, in their order; none if it is not
    /// above 0. The movement `head` begins with the first.
    pub fn release_excess(
        &mut self,
        holds: Vec<Reservation>,
        mut excess: i64,
        head: &mut Option<MovementHead>,
        (now, field): (Timestamp, At),
    ) -> Result<(), Rejection> {
        for mut reservation in holds {
            if excess <= 0 {
                break;
            }
            let quantity = excess.min(reservation.remaining.get());
            excess -= quantity;
            if let Some(head) = head.take() {
                self.begin(head, reservation.key, field)?;
            }
            self.post(reservation.key, Delta { reserved: -quantity, ..Delta::default() }, None, None, field)?;
            reservation.give_back(quantity, ReservationStatus::Released, now);
            self.put_reservation(reservation);
        }
        Ok(())
    }
}

/// Reserves stock.
#[derive(Debug, Clone)]
pub struct Reserve {
    pub head: MovementHead,
    pub expires_at: Option<Timestamp>,
    pub channel: Option<ChannelId>,
    pub items: Vec<ReserveItem>,
}
#[derive(Debug, Clone)]
pub struct ReserveItem {
    /// ID of the new reservation.
    pub id: ReservationId,
    pub key: LevelKey,
    pub quantity: Quantity,
}

/// Reserves all items or none; the available stock must suffice for each after the ones before it.
pub fn decide_reserve(draft: &mut Draft<'_>, command: &Reserve) -> Result<Vec<ReservationId>, Rejection> {
    let Some(first) = command.items.first() else {
        return Err(Refusal::NoItems.at(At::input(Field::Items)));
    };
    if draft.collects_refusals() {
        for (index, item) in command.items.iter().enumerate() {
            draft.check_exists(item.key, At::row(Field::Items, index))?;
        }
    }
    draft.begin(command.head.clone(), first.key, At::row(Field::Items, 0))?;
    for (index, item) in command.items.iter().enumerate() {
        let reserve_result = reserve_item(draft, command, (item, At::row(Field::Items, index)));
        draft.pass(reserve_result)?;
    }
    Ok(command.items.iter().map(|item| item.id).collect())
}

fn reserve_item(draft: &mut Draft<'_>, command: &Reserve, (item, line): (&ReserveItem, At)) -> Result<(), Rejection> {
    let field = line.field(Field::Quantity);
    if !item.quantity.is_positive() {
        return Err(Refusal::NotPositive.at(field));
    }
    // At most the promisable quantity can be held for buyers.
    let (requested_units, promisable_units) = (item.quantity.get(), draft.promisable_quantity(item.key, line)?);
    if promisable_units < requested_units {
        let shortage = draft.reserve_shortage(item.key, (requested_units, promisable_units), field);
        draft.refuse(shortage)?;
    }
    // Reserves all of it; if stock is short and all refusals are collected, the available rest.
    let held_units = requested_units.min(promisable_units.max(0));
    draft.post(item.key, Delta { reserved: held_units, ..Delta::default() }, None, None, field)?;
    let now = draft.now();
    draft.put_reservation(Reservation {
        id: item.id,
        key: item.key,
        quantity: item.quantity,
        remaining: item.quantity,
        status: ReservationStatus::Active,
        expires_at: command.expires_at,
        channel: command.channel,
        order: None,
        reference: command.head.reference,
        version: 1,
        created_at: now,
        updated_at: now,
        row: RowState::New,
    });
    Ok(())
}

/// Releases reserved stock.
#[derive(Debug, Clone)]
pub struct Release {
    pub head: MovementHead,
    pub reservations: Vec<ReservationId>,
}

/// Releases all or none. Reservations of an order are released by the order's own actions.
pub fn decide_release(draft: &mut Draft<'_>, command: &Release) -> Result<(), Rejection> {
    let mut has_begun = false;
    for (index, id) in command.reservations.iter().enumerate() {
        let field = At::row(Field::Reservations, index);
        let releasable_reservation = find_releasable(draft, *id, field);
        let Some(mut reservation) = draft.pass(releasable_reservation)? else { continue };
        if !has_begun {
            draft.begin(command.head.clone(), reservation.key, field)?;
            has_begun = true;
        }
        let held_units = reservation.remaining.get();
        draft.post(reservation.key, Delta { reserved: -held_units, ..Delta::default() }, None, None, field)?;
        reservation.give_back(held_units, ReservationStatus::Released, draft.now());
        draft.put_reservation(reservation);
    }
    draft.end_pass()?;
    if has_begun { Ok(()) } else { Err(Refusal::NoReservations.at(At::input(Field::Reservations))) }
}

/// Returns the reservation, if only its own release can end it.
fn find_releasable(draft: &Draft<'_>, id: ReservationId, field: At) -> Result<Reservation, Rejection> {
    let Some(reservation) = draft.reservation(id) else { return Err(Rejection::not_found(Noun::Reservation, field)) };
    if reservation.order.is_some() {
        return Err(Refusal::HeldForOrder.at(field));
    }
    if reservation.is_held_by_document() {
        return Err(Refusal::HeldForDocument.at(field));
    }
    if reservation.status != ReservationStatus::Active {
        return Err(Refusal::ReservationEnded(reservation.status).at(field));
    }
    Ok(reservation.clone())
}

/// Command of the job: ends expired reservations.
#[derive(Debug, Clone)]
pub struct Expire {
    pub head: MovementHead,
    pub reservations: Vec<ReservationId>,
}

/// Ends the reservations that are still active, belong to no order and are past their time; others
/// are left unchanged, so a repetition has no effect.
pub fn decide_expire(draft: &mut Draft<'_>, command: &Expire) -> Result<(), Rejection> {
    let mut has_begun = false;
    for id in &command.reservations {
        let Some(reservation) = draft.reservation(*id) else { continue };
        let is_due = reservation.expires_at.is_some_and(|at| at <= draft.now());
        if reservation.status != ReservationStatus::Active || reservation.order.is_some() || !is_due {
            continue;
        }
        let mut reservation = reservation.clone();
        let field = At::NOWHERE;
        if !has_begun {
            draft.begin(command.head.clone(), reservation.key, field)?;
            has_begun = true;
        }
        let held_units = reservation.remaining.get();
        draft.post(reservation.key, Delta { reserved: -held_units, ..Delta::default() }, None, None, field)?;
        reservation.give_back(held_units, ReservationStatus::Expired, draft.now());
        draft.put_reservation(reservation);
    }
    Ok(())
}
