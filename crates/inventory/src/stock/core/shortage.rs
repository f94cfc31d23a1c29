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
    let pick_rules = PickRules { kind: head.kind, dates: policy.dates() };
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
                let shortage = draft.short_step(steps, nth, pick_rules);
                draft.refuse(shortage)?;
            }
        }
    }
    let short_levels: Vec<(LevelKey, i64, At)> = running
        .into_iter()
        .filter(|(_, (_, lowest))| *lowest < 0)
        .filter_map(|(key, (_, lowest))| Some((key, -lowest, steps.iter().find(|stock_step| stock_step.key == key)?.field)))
        .collect();
    if policy == Shortage::Shorten {
        return release_for_shortage(draft, &short_levels, (steps, pick_rules), head, room);
    }
    let Some(&(first, _, field)) = short_levels.first() else { return Ok(()) };
    let kind = MovementKind::Discrepancy;
    draft.begin(MovementHead { id: room.id, kind, reverses: None, ..head.clone() }, first, field)?;
    for (key, missing, field) in short_levels {
        let facts = draft.level(key, field)?.facts.clone();
        if facts.tracking == Tracking::None {
            let post_result = draft.post(key, Delta { on_hand: missing, ..Delta::default() }, facts.cost, None, field);
            draft.pass(post_result)?;
            continue;
        }
        for nth in find_short_steps(draft, steps, (key, 0))? {
            draft.refuse(LotRefusal::NotOnRecord { sku: facts.sku.clone() }.at(steps[nth].field))?;
        }
    }
    Ok(())
}

/// Returns the steps of a level, in their order, that take more than is left of it after
/// reservations of `released_units` gave way.
fn find_short_steps(draft: &Draft<'_>, steps: &[Step], (key, released_units): (LevelKey, i64)) -> Result<Vec<usize>, Rejection> {
    let mut available_units = draft.level(key, At::NOWHERE)?.available() + released_units;
    let mut short_indices = Vec::new();
    for (nth, step) in steps.iter().enumerate().filter(|(_, step)| step.key == key) {
        available_units += step.available_delta;
        if available_units < 0 && step.available_delta < 0 {
            short_indices.push(nth);
        }
    }
    Ok(short_indices)
}

/// Refuses the rest that a level still lacks after reservations gave way: each line that lacks
/// stock, or the command if no caller sent lines.
fn check_still_short(
    draft: &mut Draft<'_>,
    (key, released_units): (LevelKey, i64),
    (steps, pick_rules): (&[Step], PickRules),
    field: At,
) -> Result<(), Rejection> {
    if field.row.is_some() {
        for nth in find_short_steps(draft, steps, (key, released_units))? {
            let shortage = draft.short_step(steps, nth, pick_rules);
            draft.refuse(shortage)?;
        }
        return Ok(());
    }
    let level = Box::new(draft.level(key, field)?.clone());
    let key_steps: Vec<&Step> = steps.iter().filter(|step| step.key == key).collect();
    let (requested_units, held_units) = key_steps.iter().fold((0, 0), |(requested_units, held_units), step| {
        (requested_units + step.requested_quantity(), held_units + step.held_units())
    });
    // Usable units: the free ones, and those held for it. Holds of others that would give way are
    // not offered.
    let mut usable = (level.available() + held_units).max(0);
    if let [only_step] = key_steps.as_slice()
        && let Some(lots) = draft.usable_of_lots(std::iter::empty(), only_step, pick_rules)?
    {
        usable = usable.min(lots);
    }
    let requested = Quantity::new(requested_units).unwrap_or(Quantity::ZERO);
    draft.refuse(Rejection { why: Reason::Insufficient { level, usable, requested }, at: field })
}

/// Takes the missing quantity from the levels' reservations, unpaid and newest first: a movement
/// for each document whose reservations give way.
fn release_for_shortage(
    draft: &mut Draft<'_>,
    short_levels: &[(LevelKey, i64, At)],
    (steps, pick_rules): (&[Step], PickRules),
    head: &MovementHead,
    room: RoomMovement,
) -> Result<(), Rejection> {
    let mut group_indices: HashMap<Option<Reference>, usize> = HashMap::new();
    let mut released_groups: Vec<Vec<(Reservation, i64, At)>> = Vec::new();
    for &(key, missing, field) in short_levels {
        let mut still_missing = missing;
        for id in draft.active_reservations(key) {
            let Some(reservation) = draft.reservation(id).filter(|_| still_missing > 0) else { continue };
            if room.spare.is_some() && reservation.order.map(|(order, _)| order) == room.spare {
                continue;
            }
            let quantity = still_missing.min(reservation.remaining.get());
            still_missing -= quantity;
            let group_index = *group_indices.entry(reservation.reference).or_insert(released_groups.len());
            if group_index == released_groups.len() {
                released_groups.push(Vec::new());
            }
            released_groups[group_index].push((reservation.clone(), quantity, field));
        }
        if still_missing > 0 {
            check_still_short(draft, (key, missing - still_missing), (steps, pick_rules), field)?;
        }
    }
    draft.end_pass()?;
    for (nth, group) in released_groups.into_iter().enumerate() {
        for (index, (mut reservation, quantity, field)) in group.into_iter().enumerate() {
            if index == 0 {
                let (id, reference) = (derived_id(room.id, nth as u128), reservation.reference.or(head.reference));
                let head = MovementHead { id, kind: MovementKind::Release, reference, reverses: None, ..head.clone() };
                draft.begin(head, reservation.key, field)?;
            }
            reservation.give_back(quantity, ReservationStatus::Shortened, draft.now());
            draft.post(reservation.key, Delta { reserved: -quantity, ..Delta::default() }, None, None, field)?;
            draft.gave_way.extend(reservation.order.map(|(order, _)| order));
            draft.put_reservation(reservation);
        }
    }
    Ok(())
}
