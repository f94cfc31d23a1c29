//! Stock held for somebody, with an expiry.

use entity::prelude::*;

use super::{
    at::{At, Field},
    draft::{Delta, Draft, MovementHead},
    level::LevelKey,
    movement::{Reference, ReferenceKind},
    refusal::Refusal,
    rejection::{Noun, Rejection},
    row_state::RowState,
};

/// Stock that is held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    pub id: ReservationId,
    pub key: LevelKey,
    /// As it was made.
    pub quantity: Quantity,
    /// What is still held; above 0 exactly while ACTIVE.
    pub remaining: Quantity,
    pub status: ReservationStatus,
    pub expires_at: Option<Timestamp>,
    pub channel: Option<ChannelId>,
    /// The order's line that it is held for.
    pub order: Option<(OrderId, u16)>,
    pub reference: Option<Reference>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub row: RowState,
}

impl Reservation {
    /// Whether a document besides orders holds it, whose own actions let it go: only transfers do. What else is named is what it is held for.
    pub fn is_of_a_document(&self) -> bool {
        self.order.is_none() && self.reference.is_some_and(|reference| reference.kind == ReferenceKind::Transfer)
    }
    /// Holds `taken` less; when nothing is left it ends as `end`.
    pub fn give_back(&mut self, taken: i64, end: ReservationStatus, now: Timestamp) {
        self.remaining = Quantity::new(self.remaining.get() - taken).unwrap_or(Quantity::ZERO);
        if !self.remaining.is_positive() {
            self.status = end;
        }
        self.version += 1;
        self.updated_at = now;
    }
}

impl Draft<'_> {
    /// Lets these holds go until `excess` units are free, in their order; none where it is not above 0. The movement `head` begins with the first.
    pub fn let_go(
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
            let taken = excess.min(reservation.remaining.get());
            excess -= taken;
            if let Some(head) = head.take() {
                self.begin(head, reservation.key, field)?;
            }
            self.post(reservation.key, Delta { reserved: -taken, ..Delta::default() }, None, None, field)?;
            reservation.give_back(taken, ReservationStatus::Released, now);
            self.put_reservation(reservation);
        }
        Ok(())
    }
}

/// Hold stock.
#[derive(Debug, Clone)]
pub struct Reserve {
    pub head: MovementHead,
    pub expires_at: Option<Timestamp>,
    pub channel: Option<ChannelId>,
    pub items: Vec<ReserveItem>,
}
#[derive(Debug, Clone)]
pub struct ReserveItem {
    /// The id that the reservation will have.
    pub id: ReservationId,
    pub key: LevelKey,
    pub quantity: Quantity,
}

/// All items or none; what is available must suffice for each after the ones before it.
pub fn decide_reserve(draft: &mut Draft<'_>, command: &Reserve) -> Result<Vec<ReservationId>, Rejection> {
    let Some(first) = command.items.first() else {
        return Err(Refusal::NoItems.at(At::input(Field::Items)));
    };
    if draft.tells_all() {
        for (index, item) in command.items.iter().enumerate() {
            draft.look_for(item.key, At::row(Field::Items, index))?;
        }
    }
    draft.begin(command.head.clone(), first.key, At::row(Field::Items, 0))?;
    for (index, item) in command.items.iter().enumerate() {
        let held = hold_item(draft, command, (item, At::row(Field::Items, index)));
        draft.pass(held)?;
    }
    Ok(command.items.iter().map(|item| item.id).collect())
}

fn hold_item(draft: &mut Draft<'_>, command: &Reserve, (item, line): (&ReserveItem, At)) -> Result<(), Rejection> {
    let field = line.field(Field::Quantity);
    if !item.quantity.is_positive() {
        return Err(Refusal::NotPositive.at(field));
    }
    // What is held for buyers is what may be promised to them.
    let (asked, there) = (item.quantity.get(), draft.promisable(item.key, line)?);
    if there < asked {
        let short = draft.unpromised(item.key, (asked, there), field);
        draft.refuse(short)?;
    }
    // All of it; where it is short and all refusals are asked for, what there is.
    let held = asked.min(there.max(0));
    draft.post(item.key, Delta { reserved: held, ..Delta::default() }, None, None, field)?;
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

/// Let held stock go.
#[derive(Debug, Clone)]
pub struct Release {
    pub head: MovementHead,
    pub reservations: Vec<ReservationId>,
}

/// All or none. What an order holds is released by the order's own actions.
pub fn decide_release(draft: &mut Draft<'_>, command: &Release) -> Result<(), Rejection> {
    let mut begun = false;
    for (index, id) in command.reservations.iter().enumerate() {
        let field = At::row(Field::Reservations, index);
        let own = releasable(draft, *id, field);
        let Some(mut reservation) = draft.pass(own)? else { continue };
        if !begun {
            draft.begin(command.head.clone(), reservation.key, field)?;
            begun = true;
        }
        let held = reservation.remaining.get();
        draft.post(reservation.key, Delta { reserved: -held, ..Delta::default() }, None, None, field)?;
        reservation.give_back(held, ReservationStatus::Released, draft.now());
        draft.put_reservation(reservation);
    }
    draft.end_pass()?;
    if begun { Ok(()) } else { Err(Refusal::NoReservations.at(At::input(Field::Reservations))) }
}

/// The hold, if nothing but its own release lets it go.
fn releasable(draft: &Draft<'_>, id: ReservationId, field: At) -> Result<Reservation, Rejection> {
    let Some(reservation) = draft.reservation(id) else { return Err(Rejection::not_found(Noun::Reservation, field)) };
    if reservation.order.is_some() {
        return Err(Refusal::HeldForOrder.at(field));
    }
    if reservation.is_of_a_document() {
        return Err(Refusal::HeldForDocument.at(field));
    }
    if reservation.status != ReservationStatus::Active {
        return Err(Refusal::ReservationEnded(reservation.status).at(field));
    }
    Ok(reservation.clone())
}

/// The job's command: end what has run out.
#[derive(Debug, Clone)]
pub struct Expire {
    pub head: MovementHead,
    pub reservations: Vec<ReservationId>,
}

/// Ends those that are still active, belong to no order and are past their time; the others are left alone, so doing it twice does nothing.
pub fn decide_expire(draft: &mut Draft<'_>, command: &Expire) -> Result<(), Rejection> {
    let mut begun = false;
    for id in &command.reservations {
        let Some(reservation) = draft.reservation(*id) else { continue };
        let due = reservation.expires_at.is_some_and(|at| at <= draft.now());
        if reservation.status != ReservationStatus::Active || reservation.order.is_some() || !due {
            continue;
        }
        let mut reservation = reservation.clone();
        let field = At::NOWHERE;
        if !begun {
            draft.begin(command.head.clone(), reservation.key, field)?;
            begun = true;
        }
        let held = reservation.remaining.get();
        draft.post(reservation.key, Delta { reserved: -held, ..Delta::default() }, None, None, field)?;
        reservation.give_back(held, ReservationStatus::Expired, draft.now());
        draft.put_reservation(reservation);
    }
    Ok(())
}
