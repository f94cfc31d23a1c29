//! Physical truth wins, and says so: what happens when a fact takes what was promised or was not there.

use std::collections::{BTreeMap, HashMap};

use entity::prelude::*;

use super::{
    at::At,
    balance::derived_id,
    draft::{Delta, Draft, MovementHead},
    level::LevelKey,
    lot::{Dates, LotChoice},
    lot_backdate::Fact,
    movement::Reference,
    quote::Taking,
    refusal::LotRefusal,
    rejection::{Reason, Rejection},
    reserve::Reservation,
};

/// What to do about a shortage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shortage {
    /// Refuse.
    #[default]
    Refuse,
    /// The newest unpaid holds give way.
    Shorten,
    /// A balancing DISCREPANCY in is posted first.
    PostDiscrepancy,
}

impl Shortage {
    /// Whoever may override a shortage may take lots past their dates.
    pub fn dates(self) -> Dates {
        if self == Self::Refuse { Dates::Keep } else { Dates::Override }
    }
}

/// The movement that makes room, should one be needed: `head` of the command is shared with it.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    pub id: MovementId,
    /// The order whose own holds are about to be used.
    pub spare: Option<OrderId>,
}
impl From<MovementId> for Room {
    fn from(id: MovementId) -> Self {
        Self { id, spare: None }
    }
}

/// One step that a command is about to take on what is available of a level.
pub struct Step {
    pub key: LevelKey,
    /// The change of `on_hand − unavailable − reserved`.
    pub available_delta: i64,
    /// The change of `on_hand` itself.
    pub on_hand_delta: i64,
    /// The same by lots, as they are said; 0 of a lot of which nothing leaves, but something is set aside. Empty where what moves could not be sold.
    pub lots: Vec<(LotChoice, i64)>,
    pub field: At,
}

impl Step {
    /// A step that takes from what can be sold, or adds to it.
    pub fn moves(key: LevelKey, delta: i64, lot: &LotChoice, field: At) -> Self {
        Self { key, available_delta: delta, on_hand_delta: delta, lots: vec![(lot.clone(), delta)], field }
    }
}

/// Makes sure that none of the steps, taken in order, brings a level below zero available: refuses, or posts what makes room. Room is
/// made in a movement of its own before the command's. What `room.spare` holds does not give way: it is what the command is about to use.
pub fn cover(draft: &mut Draft<'_>, steps: &[Step], policy: Shortage, head: &MovementHead, room: Room) -> Result<(), Rejection> {
    draft.backdate(steps, head, Fact { kind: head.kind, occurred_at: head.occurred_at, dates: policy.dates() })?;
    let taking = Taking { kind: head.kind, dates: policy.dates() };
    let mut running: BTreeMap<LevelKey, (i64, i64)> = BTreeMap::new();
    for (nth, step) in steps.iter().enumerate() {
        let start = draft.level(step.key, step.field)?.available();
        let (now, lowest) = running.entry(step.key).or_insert((start, 0));
        *now += step.available_delta;
        if *now < *lowest {
            if policy != Shortage::Refuse {
                *lowest = *now;
            } else if step.available_delta < 0 {
                // It takes what there is: what comes behind it finds the level as if just that much had been asked for.
                let short = draft.short_step(steps, nth, taking);
                draft.refuse(short)?;
            }
        }
    }
    let short: Vec<(LevelKey, i64, At)> = running
        .into_iter()
        .filter(|(_, (_, lowest))| *lowest < 0)
        .filter_map(|(key, (_, lowest))| Some((key, -lowest, steps.iter().find(|s| s.key == key)?.field)))
        .collect();
    if policy == Shortage::Shorten {
        return give_way(draft, &short, (steps, taking), head, room);
    }
    let Some(&(first, _, field)) = short.first() else { return Ok(()) };
    let kind = MovementKind::Discrepancy;
    draft.begin(MovementHead { id: room.id, kind, reverses: None, ..head.clone() }, first, field)?;
    for (key, missing, field) in short {
        let facts = draft.level(key, field)?.facts.clone();
        if facts.tracking == Tracking::None {
            let posted = draft.post(key, Delta { on_hand: missing, ..Delta::default() }, facts.cost, None, field);
            draft.pass(posted)?;
            continue;
        }
        for nth in short_steps(draft, steps, (key, 0))? {
            draft.refuse(LotRefusal::NotOnRecord { sku: facts.sku.clone() }.at(steps[nth].field))?;
        }
    }
    Ok(())
}

/// The steps of a level, in their order, that take more than is left of it with so much that holds give way.
fn short_steps(draft: &Draft<'_>, steps: &[Step], (key, given): (LevelKey, i64)) -> Result<Vec<usize>, Rejection> {
    let mut left = draft.level(key, At::NOWHERE)?.available() + given;
    let mut short = Vec::new();
    for (nth, step) in steps.iter().enumerate().filter(|(_, step)| step.key == key) {
        left += step.available_delta;
        if left < 0 && step.available_delta < 0 {
            short.push(nth);
        }
    }
    Ok(short)
}

/// Refuses what is short of a level though so much that others held gives way: each line that is, or the command where nobody typed lines.
fn still_short(
    draft: &mut Draft<'_>,
    (key, given): (LevelKey, i64),
    (steps, taking): (&[Step], Taking),
    field: At,
) -> Result<(), Rejection> {
    if field.row.is_some() {
        for nth in short_steps(draft, steps, (key, given))? {
            let short = draft.short_step(steps, nth, taking);
            draft.refuse(short)?;
        }
        return Ok(());
    }
    let level = Box::new(draft.level(key, field)?.clone());
    let own: Vec<&Step> = steps.iter().filter(|step| step.key == key).collect();
    let (asked, held) = own.iter().fold((0, 0), |(asked, held), step| (asked + step.wanted_units(), held + step.held()));
    // What is free, and what is held for it: how far other holds would give way is not offered.
    let mut usable = (level.available() + held).max(0);
    if let [only] = own.as_slice()
        && let Some(lots) = draft.usable_of_lots(std::iter::empty(), only, taking)?
    {
        usable = usable.min(lots);
    }
    let requested = Quantity::new(asked).unwrap_or(Quantity::ZERO);
    draft.refuse(Rejection { why: Reason::Insufficient { level, usable, requested }, at: field })
}

/// Takes what is missing back from the levels' holds, unpaid and newest first: a movement for each document whose holds give way.
fn give_way(
    draft: &mut Draft<'_>,
    short: &[(LevelKey, i64, At)],
    (steps, taking): (&[Step], Taking),
    head: &MovementHead,
    room: Room,
) -> Result<(), Rejection> {
    let mut places: HashMap<Option<Reference>, usize> = HashMap::new();
    let mut given: Vec<Vec<(Reservation, i64, At)>> = Vec::new();
    for &(key, missing, field) in short {
        let mut left = missing;
        for id in draft.active_reservations(key) {
            let Some(reservation) = draft.reservation(id).filter(|_| left > 0) else { continue };
            if room.spare.is_some() && reservation.order.map(|(order, _)| order) == room.spare {
                continue;
            }
            let taken = left.min(reservation.remaining.get());
            left -= taken;
            let place = *places.entry(reservation.reference).or_insert(given.len());
            if place == given.len() {
                given.push(Vec::new());
            }
            given[place].push((reservation.clone(), taken, field));
        }
        if left > 0 {
            still_short(draft, (key, missing - left), (steps, taking), field)?;
        }
    }
    draft.end_pass()?;
    for (nth, of) in given.into_iter().enumerate() {
        for (index, (mut reservation, taken, field)) in of.into_iter().enumerate() {
            if index == 0 {
                let (id, reference) = (derived_id(room.id, nth as u128), reservation.reference.or(head.reference));
                let head = MovementHead { id, kind: MovementKind::Release, reference, reverses: None, ..head.clone() };
                draft.begin(head, reservation.key, field)?;
            }
            reservation.give_back(taken, ReservationStatus::Shortened, draft.now());
            draft.post(reservation.key, Delta { reserved: -taken, ..Delta::default() }, None, None, field)?;
            draft.gave_way.extend(reservation.order.map(|(order, _)| order));
            draft.put_reservation(reservation);
        }
    }
    Ok(())
}
