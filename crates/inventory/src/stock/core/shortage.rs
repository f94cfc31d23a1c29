//! Shortages: handling of facts that take stock which is reserved or was not on the books. The
//! physical fact prevails and is reported.

use std::collections::{BTreeMap, HashMap};

use entity::prelude::*;

use super::{
    balance::derived_id,
    draft::{Delta, Draft, MovementHead},
    input_path::At,
    level::LevelKey,
    lot::Dates,
    lot_backdate::Fact,
    movement::Reference,
    quote::PickRules,
    refusal::LotRefusal,
    rejection::{Reason, Rejection},
    reservation::Reservation,
    step::Step,
};

/// Handling of a shortage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shortage {
    /// Refuse.
    #[default]
    Refuse,
    /// The newest unpaid reservations give way.
    Shorten,
    /// A balancing incoming DISCREPANCY is posted first.
    PostDiscrepancy,
}

impl Shortage {
    /// Returns whether dates bind: a caller that may override a shortage may also take lots past
    /// their dates.
    pub fn dates(self) -> Dates {
        if self == Self::Refuse { Dates::Keep } else { Dates::Override }
    }
}

/// The movement that makes room, if one is needed: it shares the command's `head`.
#[derive(Debug, Clone, Copy)]
pub struct RoomMovement {
    pub id: MovementId,
    /// The order whose own reservations the command is about to use.
    pub spare: Option<OrderId>,
}
impl From<MovementId> for RoomMovement {
    fn from(id: MovementId) -> Self {
        Self { id, spare: None }
    }
}

/// Checks that none of the steps, taken in order, brings a level below zero available: refuses, or
/// posts movements that make room, before the command's. Reservations in `room.spare` do not give
/// way: the command is about to use them.
pub fn ensure_available(
    draft: &mut Draft<'_>,
    steps: &[Step],
    policy: Shortage,
    head: &MovementHead,
    room: RoomMovement,
) -> Result<(), Rejection> {
    draft.backdate(steps, head, Fact { kind: head.kind, occurred_at: head.occurred_at, dates: policy.dates() })?;
    let taking = PickRules { kind: head.kind, dates: policy.dates() };
    let mut running: BTreeMap<LevelKey, (i64, i64)> = BTreeMap::new();
    for (nth, step) in steps.iter().enumerate() {
        let start = draft.level(step.key, step.field)?.available();
        let (now, lowest) = running.entry(step.key).or_insert((start, 0));
        *now += step.available_delta;
        if *now < *lowest {
            if policy != Shortage::Refuse {
                *lowest = *now;
            } else if step.available_delta < 0 {
                // The step takes what is available: later steps find the level as if only that had
                // been requested.
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
        return release_for_shortage(draft, &short, (steps, taking), head, room);
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

/// Returns the steps of a level, in their order, that take more than is left of it after
/// reservations of `given` units gave way.
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

/// Refuses the rest that a level still lacks after reservations gave way: each line that lacks
/// stock, or the command if no caller sent lines.
fn check_still_short(
    draft: &mut Draft<'_>,
    (key, given): (LevelKey, i64),
    (steps, taking): (&[Step], PickRules),
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
    // Usable units: the free ones, and those held for it. Holds of others that would give way are
    // not offered.
    let mut usable = (level.available() + held).max(0);
    if let [only] = own.as_slice()
        && let Some(lots) = draft.usable_of_lots(std::iter::empty(), only, taking)?
    {
        usable = usable.min(lots);
    }
    let requested = Quantity::new(asked).unwrap_or(Quantity::ZERO);
    draft.refuse(Rejection { why: Reason::Insufficient { level, usable, requested }, at: field })
}

/// Takes the missing quantity from the levels' reservations, unpaid and newest first: a movement
/// for each document whose reservations give way.
fn release_for_shortage(
    draft: &mut Draft<'_>,
    short: &[(LevelKey, i64, At)],
    (steps, taking): (&[Step], PickRules),
    head: &MovementHead,
    room: RoomMovement,
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
            check_still_short(draft, (key, missing - left), (steps, taking), field)?;
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
