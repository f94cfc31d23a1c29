//! Facts that arrive after a count that had seen them.
//!
//! A count at nine found the stock left after a sale of eight units. When that sale reaches the
//! books at ten, the count has been posted, and taking the sale from stock would take it twice. So
//! it is booked as a sale, and a COUNT entry of the opposite sign keeps the counted quantity.

use std::collections::BTreeMap;

use entity::prelude::*;
use uuid::Uuid;

use super::{
    draft::{Delta, Draft, MovementHead, Posting},
    input_path::At,
    level::{Level, LevelKey},
    lot::LotChoice,
    lot_backdate::Fact,
    movement::Movement,
    rejection::Rejection,
    step::Step,
};

const BALANCE_NOTE: &str = "arrived after a count that had seen it";

/// Derives the ID of a movement that accompanies another one: a batch generates no IDs of its own.
pub(super) fn derived_id(id: MovementId, nth: u128) -> MovementId {
    MovementId::from_uuid(Uuid::from_u128(id.uuid().as_u128() ^ nth << 12))
}

impl Draft<'_> {
    /// True if the level was counted after that moment. Stock that is kept by lots is counted lot
    /// by lot.
    fn is_behind(&self, key: LevelKey, occurred_at: Timestamp, field: At) -> bool {
        let is_after = |level: &Level| level.counted_at.is_some_and(|counted_at| occurred_at < counted_at);
        self.level(key, field).is_ok_and(|level| level.facts.tracking == Tracking::None && is_after(level))
    }
    /// Whether the lot was counted there after that moment.
    pub(super) fn is_before_lot_count(&self, key: LevelKey, lot: LotId, occurred_at: Timestamp) -> bool {
        let counted_at = self.lot_level(key, lot).and_then(|level| level.counted_at);
        counted_at.is_some_and(|counted_at| occurred_at < counted_at)
    }

    fn companion_head(movement: &Movement, nth: u128) -> MovementHead {
        MovementHead {
            id: derived_id(movement.id, nth),
            kind: MovementKind::Count,
            reason: Some(ReasonCode::Correction),
            note: Some(BALANCE_NOTE.to_owned()),
            external_ref: movement.external_ref.clone(),
            reference: None,
            actor: movement.actor,
            reverses: None,
            occurred_at: movement.occurred_at,
        }
    }

    /// Lends missing units to steps of a fact from before the levels' last count: the count found
    /// the rest, and `balance` settles it. At most the leaving units are lent: units that are only
    /// set aside, or come back, must be in stock. A count itself borrows nothing.
    pub(super) fn backdate(&mut self, steps: &[Step], head: &MovementHead, fact: Fact) -> Result<(), Rejection> {
        if head.kind == MovementKind::Count {
            return Ok(());
        }
        // Available stock after each step, units that have left by then, and the units to lend.
        let mut lowest: BTreeMap<LevelKey, (i64, i64, i64)> = BTreeMap::new();
        for step in steps.iter().filter(|step| self.is_behind(step.key, head.occurred_at, step.field)) {
            let (available_units, units_gone, lent_units) =
                lowest.entry(step.key).or_insert((self.level(step.key, step.field)?.available(), 0, 0));
            *available_units += step.available_delta;
            *units_gone += (-step.on_hand_delta).max(0);
            *lent_units = (*lent_units).max((*units_gone).min(-*available_units));
        }
        lowest.retain(|_, (.., lent_units)| *lent_units > 0);
        let lots = self.lots_lent(steps, fact)?;
        let Some(first_key) = lowest.keys().chain(lots.keys().map(|(key, _)| key)).next().copied() else { return Ok(()) };
        let field = steps.iter().find(|step| step.key == first_key).map_or(At::NOWHERE, |step| step.field);
        let lending_head = MovementHead {
            id: derived_id(head.id, 1),
            kind: MovementKind::Count,
            reason: Some(ReasonCode::Correction),
            note: Some(BALANCE_NOTE.to_owned()),
            reference: None,
            reverses: None,
            ..head.clone()
        };
        self.begin(lending_head, first_key, field)?;
        for (key, (.., lent_units)) in lowest {
            let cost = self.level(key, field)?.facts.cost;
            self.post(key, Delta { on_hand: lent_units, ..Delta::default() }, cost, None, field)?;
            *self.lent.entry(key).or_default() += lent_units;
        }
        for ((key, lot), lent_units) in lots {
            let cost = self.level(key, field)?.facts.cost;
            let delta = Delta { on_hand: lent_units, ..Delta::default() };
            self.post_to(key, Posting { delta, cost, lot: LotChoice::Id(lot), ..Posting::default() }, field)?;
            *self.lots.lent.entry((key, lot)).or_default() += lent_units;
        }
        Ok(())
    }

    /// Balances facts from before levels' last count with COUNT entries of the opposite sign.
    pub(super) fn balance(&mut self) -> Result<(), Rejection> {
        let field = At::NOWHERE;
        let mut behind: BTreeMap<LevelKey, i64> = BTreeMap::new();
        // The facts of a command share their time, and the balancing entries have it too: known
        // quantities of the past do not change.
        let mut fact = None;
        let mut mirrored_postings: Vec<(LevelKey, Posting)> = Vec::new();
        let mut lots_lent = self.lots.lent.clone();
        for movement in self.movements.iter().filter(|movement| movement.kind != MovementKind::Count) {
            for entry in movement.entries.iter().filter(|entry| entry.on_hand_delta != 0) {
                if let Some(lot) = entry.lot.filter(|lot| self.is_before_lot_count(entry.key, *lot, movement.occurred_at)) {
                    fact = Some(movement);
                    let (mut on_hand, unavailable) = (-entry.on_hand_delta, -entry.unavailable_delta);
                    // Units that were lent to the lot already balance as many units that left it.
                    if let Some(lent_units) = lots_lent.get_mut(&(entry.key, lot)).filter(|_| on_hand > 0 && unavailable == 0) {
                        let settled_units = on_hand.min(*lent_units);
                        (*lent_units, on_hand) = (*lent_units - settled_units, on_hand - settled_units);
                    }
                    let delta = Delta { on_hand, unavailable, ..Delta::default() };
                    let (lot, condition, cost) = (LotChoice::Id(lot), entry.condition, entry.unit_cost);
                    if on_hand != 0 {
                        mirrored_postings.push((entry.key, Posting { delta, cost, lot, condition, ..Posting::default() }));
                    }
                }
                if self.is_behind(entry.key, movement.occurred_at, field) {
                    *behind.entry(entry.key).or_default() += entry.on_hand_delta;
                    fact = Some(movement);
                }
            }
        }
        for (key, lent_units) in &self.lent {
            *behind.entry(*key).or_default() += lent_units;
        }
        behind.retain(|_, moved_units| *moved_units != 0);
        // Lent units that were not taken go last: `mirrored_postings` is posted from the end on.
        for ((key, lot), units_left) in lots_lent.into_iter().filter(|(_, units_left)| *units_left > 0) {
            let (delta, cost) = (Delta { on_hand: -units_left, ..Delta::default() }, self.level(key, field)?.facts.cost);
            mirrored_postings.insert(0, (key, Posting { delta, cost, lot: LotChoice::Id(lot), ..Posting::default() }));
        }
        let first = behind.keys().next().or_else(|| mirrored_postings.first().map(|(key, _)| key)).copied();
        // Lent units are returned even if no counted unit was taken.
        let fact = fact.or_else(|| self.movements.iter().find(|movement| movement.kind != MovementKind::Count));
        let (Some(first), Some(fact)) = (first, fact) else { return Ok(()) };
        let head = Self::companion_head(fact, 2);
        self.begin(head, first, field)?;
        for (key, moved_units) in behind {
            let cost = self.level(key, field)?.facts.cost;
            self.post(key, Delta { on_hand: -moved_units, ..Delta::default() }, cost, None, field)?;
        }
        mirrored_postings.into_iter().rev().try_for_each(|(key, posting)| self.post_to(key, posting, field))
    }
}
