//! Usable quantity in a refusal: the same call for just that quantity would be accepted.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    draft::Draft,
    input_path::At,
    level::LevelKey,
    lot::{Candidate, Dates, LotChoice, first_expired},
    lot_pick::{StockPool, min_remaining_days, without_named},
    rejection::{Noun, Reason, Rejection, Scarce},
    step::Step,
};

/// Facts of a movement that decide which lots its steps may take.
#[derive(Debug, Clone, Copy)]
pub struct PickRules {
    pub kind: MovementKind,
    pub dates: Dates,
}

impl Draft<'_> {
    /// Returns the most that the step could take, after those before it: of the available units and
    /// those held for it, in lots that may be taken.
    pub fn usable(&self, steps: &[Step], nth: usize, pick_rules: PickRules) -> Result<i64, Rejection> {
        let Some(step) = steps.get(nth) else { return Ok(0) };
        let earlier_steps = || steps[..nth].iter().filter(|earlier| earlier.key == step.key);
        let earlier_units: i64 = earlier_steps().map(|earlier| earlier.available_delta).sum();
        let available = self.level(step.key, step.field)?.available() + earlier_units + step.held_units();
        let lots = self.usable_of_lots(earlier_steps(), step, pick_rules)?;
        Ok(lots.map_or(available, |lots| lots.min(available)).max(0))
    }

    /// Like `usable`, by lots alone; None if stock is not kept by lots, or if the step names none
    /// because no available units leave.
    pub(super) fn usable_of_lots<'s>(
        &self,
        before: impl Iterator<Item = &'s Step>,
        step: &Step,
        pick_rules: PickRules,
    ) -> Result<Option<i64>, Rejection> {
        let facts = &self.level(step.key, step.field)?.facts;
        if facts.tracking == Tracking::None || step.lots.is_empty() {
            return Ok(None);
        }
        let (today, min_days) = (self.today(facts), min_remaining_days(pick_rules.kind, pick_rules.dates, facts));
        let mut candidates = self.candidates(step.key, StockPool::Available);
        if pick_rules.dates == Dates::Override {
            candidates = self.with_parcels(step.key, candidates);
        }
        let mut named_later = self.units_named_later(step.key);
        for earlier in before {
            for (choice, delta) in &earlier.lots {
                // Units that became unavailable can no longer be sold, though they have not left.
                let delta = if *delta == 0 { earlier.available_delta } else { *delta };
                self.takes((candidates.as_mut_slice(), &mut named_later), (step.key, choice, delta), (today, min_days));
            }
        }
        let of_lot = |lot: LotId| {
            candidates.iter().find(|candidate| candidate.lot == lot).map_or(0, |candidate| candidate.available.max(0))
        };
        let of_choice = |choice: &LotChoice, delta: i64| match self.find_lot(step.key.product, choice) {
            Some(lot) => {
                let is_expired = pick_rules.kind == MovementKind::Sale
                    && pick_rules.dates == Dates::Keep
                    && lot.blocked(today) == Some(Condition::Expired);
                let available_units = if is_expired { 0 } else { of_lot(lot.id) };
                if step.lots.len() > 1 { available_units.min(-delta) } else { available_units }
            }
            None if choice.is_specified() => 0,
            None => without_named(&candidates, &named_later)
                .iter()
                .filter(|candidate| candidate.is_pickable(today, min_days))
                .map(|candidate| candidate.available)
                .sum(),
        };
        Ok(Some(step.lots.iter().map(|(choice, delta)| of_choice(choice, *delta)).sum()))
    }

    /// Subtracts the units that an earlier step takes from the lots; `named_later` are those that later
    /// lines name.
    fn takes(
        &self,
        (candidates, named_later): (&mut [Candidate<'_>], &mut BTreeMap<LotId, i64>),
        (key, choice, delta): (LevelKey, &LotChoice, i64),
        (today, min_days): (i32, Option<i32>),
    ) {
        let parts = match self.find_lot(key.product, choice) {
            Some(lot) => {
                reduce_named_later(named_later, lot.id, -delta);
                vec![(lot.id, -delta)]
            }
            None if choice.is_specified() || delta >= 0 => Vec::new(),
            None => first_expired(&without_named(candidates, named_later), -delta, today, min_days).0,
        };
        for (lot, amount) in parts {
            if let Some(candidate) = candidates.iter_mut().find(|candidate| candidate.lot == lot) {
                candidate.available -= amount;
            }
        }
    }

    /// Returns the refusal that a step has too little stock.
    pub(super) fn short_step(&self, steps: &[Step], nth: usize, pick_rules: PickRules) -> Rejection {
        let Some(step) = steps.get(nth) else { return Rejection::not_found(Noun::Line, At::NOWHERE) };
        let usable = self.usable(steps, nth, pick_rules);
        let level = self.level(step.key, step.field);
        match (usable, level) {
            (Ok(usable), Ok(level)) => {
                // The level after the steps before this one.
                let mut level = Box::new(level.clone());
                let earlier_units: i64 =
                    steps[..nth].iter().filter(|earlier| earlier.key == step.key).map(|earlier| earlier.available_delta).sum();
                level.on_hand = Quantity::new(level.on_hand.get() + earlier_units).unwrap_or(level.on_hand);
                let requested = Quantity::new(step.requested_quantity()).unwrap_or(Quantity::ZERO);
                Rejection { why: Reason::Insufficient { level, usable, requested }, at: step.field }
            }
            (Err(rejection), _) | (_, Err(rejection)) => rejection,
        }
    }

    /// Returns the quantity of a level that may be moved elsewhere: the available stock, without
    /// the lots that may not leave today.
    pub fn movable_quantity(&self, key: LevelKey, field: At) -> Result<i64, Rejection> {
        let level = self.stocked_level(key, field)?;
        if level.facts.tracking == Tracking::None {
            return Ok(level.available());
        }
        let today = self.today(&level.facts);
        let candidates = self.candidates(key, StockPool::Available);
        let expired_units: i64 = candidates.iter().filter(|lot| !lot.is_pickable(today, Some(0))).map(|lot| lot.available).sum();
        Ok((level.available() - expired_units).max(0))
    }

    /// Returns the refusal that a number of whole kits is not available: `usable` are, limited by
    /// the scarcest component.
    pub fn kit_shortage(&self, (kit, part_key): (&str, LevelKey), (requested, usable): (i64, i64), field: At) -> Rejection {
        match self.level(part_key, field) {
            Ok(level) => {
                let shortage = Scarce::Kit { kit: kit.to_owned(), part: level.facts.sku.clone() };
                self.lot_shortage(part_key, shortage, (requested, usable), field)
            }
            Err(rejection) => rejection,
        }
    }
}

/// Reduces the units of a lot that are kept for later lines by those that a line took.
pub(super) fn reduce_named_later(named_later: &mut BTreeMap<LotId, i64>, lot: LotId, units: i64) {
    if let Some(units_of_lot) = named_later.get_mut(&lot).filter(|_| units > 0) {
        *units_of_lot = (*units_of_lot - units).max(0);
    }
}
