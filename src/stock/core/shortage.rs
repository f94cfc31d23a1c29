//! Physical truth wins, and says so: what happens when a fact takes what was promised or was not there.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    draft::{Delta, Draft, MovementHead},
    level::LevelKey,
    lot::Dates,
    rejection::{Field, Rejection},
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
    pub field: Field,
}

/// Makes sure that none of the steps, taken in order, brings a level below zero available: refuses, or posts what makes room. Room is
/// made in a movement of its own before the command's. What `room.spare` holds does not give way: it is what the command is about to use.
pub fn cover(draft: &mut Draft<'_>, steps: &[Step], policy: Shortage, head: &MovementHead, room: Room) -> Result<(), Rejection> {
    draft.lend(steps, head)?;
    let mut running: BTreeMap<LevelKey, (i64, i64)> = BTreeMap::new();
    for step in steps {
        let start = draft.level(step.key, &step.field)?.available();
        let (now, lowest) = running.entry(step.key).or_insert((start, 0));
        *now += step.available_delta;
        if *now < *lowest {
            if policy == Shortage::Refuse {
                let level = Box::new(draft.level(step.key, &step.field)?.clone());
                let requested = Quantity::new(-step.available_delta).unwrap_or(Quantity::ZERO);
                return Err(Rejection::Insufficient { level, requested, field: step.field.clone() });
            }
            *lowest = *now;
        }
    }
    let short: Vec<(LevelKey, i64, &Field)> = running
        .into_iter()
        .filter(|(_, (_, lowest))| *lowest < 0)
        .filter_map(|(key, (_, lowest))| Some((key, -lowest, &steps.iter().find(|s| s.key == key)?.field)))
        .collect();
    let Some((first, _, field)) = short.first() else { return Ok(()) };
    let kind = if policy == Shortage::Shorten { MovementKind::Release } else { MovementKind::Discrepancy };
    draft.begin(MovementHead { id: room.id, kind, reverses: None, ..head.clone() }, *first, field)?;
    for (key, missing, field) in short {
        match policy {
            Shortage::Refuse => {}
            Shortage::Shorten => shorten(draft, key, missing, room.spare, field)?,
            Shortage::PostDiscrepancy => {
                let facts = &draft.level(key, field)?.facts;
                if facts.tracking != Tracking::None {
                    let message = format!("{} is tracked: take in the lot that was not on record first", facts.sku);
                    return Err(Rejection::invalid(message, field.clone()));
                }
                let cost = draft.level(key, field)?.facts.cost;
                draft.post(key, Delta { on_hand: missing, ..Delta::default() }, cost, None, field)?;
            }
        }
    }
    Ok(())
}

/// Takes `missing` back from the level's holds, unpaid and newest first.
fn shorten(draft: &mut Draft<'_>, key: LevelKey, missing: i64, spare: Option<OrderId>, field: &Field) -> Result<(), Rejection> {
    let mut left = missing;
    for id in draft.active_reservations(key) {
        if left == 0 {
            break;
        }
        let Some(reservation) = draft.reservation(id) else { continue };
        if spare.is_some() && reservation.order.map(|(order, _)| order) == spare {
            continue;
        }
        let mut reservation = reservation.clone();
        let taken = left.min(reservation.remaining.get());
        left -= taken;
        reservation.give_back(taken, ReservationStatus::Shortened, draft.now());
        draft.post(key, Delta { reserved: -taken, ..Delta::default() }, None, None, field)?;
        draft.put_reservation(reservation);
    }
    if left > 0 {
        let level = Box::new(draft.level(key, field)?.clone());
        let requested = Quantity::new(missing).unwrap_or(Quantity::ZERO);
        return Err(Rejection::Insufficient { level, requested, field: field.clone() });
    }
    Ok(())
}
