//! Units that lots are lent, so that a fact from before their last count can take them: the count
//! found the rest.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    draft::Draft,
    level::LevelKey,
    lot::{Candidate, Dates, LotChoice, first_expired},
    lot_pick::{StockPool, min_remaining_days, without_named},
    quote::reduce_named_later,
    rejection::Rejection,
    step::Step,
};

/// Maximum checks that the lent units suffice. They can be picked by a step that names no lot, so
/// that a later one that does is short of them again; such commands are rare, and a shortage that
/// remains is refused.
const MAX_LENDING_ROUNDS: usize = 8;

/// A fact to be posted: its kind, its time, and whether lots' dates restrict it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fact {
    pub kind: MovementKind,
    pub occurred_at: Timestamp,
    pub dates: Dates,
}

/// A level's lots, as the steps of a command take from them one after the other.
struct LotAllocation<'a> {
    candidates: Vec<Candidate<'a>>,
    /// Sellable units that have left lots which were counted later.
    gone_by_lot: BTreeMap<LotId, i64>,
    /// Units that lots lack.
    lacking_by_lot: BTreeMap<LotId, i64>,
    /// Units of lots that later lines name.
    named_later: BTreeMap<LotId, i64>,
}

impl LotAllocation<'_> {
    fn takes(&mut self, lot: LotId, amount: i64, is_behind: bool) {
        if let Some(candidate_of_lot) = self.candidates.iter_mut().find(|candidate| candidate.lot == lot) {
            candidate_of_lot.available = (candidate_of_lot.available - amount).max(0);
        }
        if is_behind {
            *self.gone_by_lot.entry(lot).or_default() += amount;
        }
    }
}

impl Draft<'_> {
    /// Returns the units to lend to the lots of each level, so that the steps find the units that
    /// they take. At most the units that leave them.
    pub(super) fn lots_lent(&self, steps: &[Step], fact: Fact) -> Result<BTreeMap<(LevelKey, LotId), i64>, Rejection> {
        let mut by_level: BTreeMap<LevelKey, Vec<&Step>> = BTreeMap::new();
        for step in steps {
            let level = self.level(step.key, step.field)?;
            // A level was last counted when one of its lots was.
            let is_counted_later = level.counted_at.is_some_and(|counted_at| fact.occurred_at < counted_at);
            if level.facts.tracking != Tracking::None && is_counted_later {
                by_level.entry(step.key).or_default().push(step);
            }
        }
        let mut lent_by_lot = BTreeMap::new();
        for (key, steps) in by_level {
            let mut lent_units = BTreeMap::new();
            for _ in 0..MAX_LENDING_ROUNDS {
                let lacking_units = self.missing_units(key, &steps, &lent_units, fact)?;
                if lacking_units.is_empty() {
                    break;
                }
                lacking_units.into_iter().for_each(|(lot, amount)| *lent_units.entry(lot).or_default() += amount);
            }
            lent_by_lot.extend(lent_units.into_iter().map(|(lot, amount)| ((key, lot), amount)));
        }
        Ok(lent_by_lot)
    }

    /// Returns the units that the lots of a level lack beyond those that they have been lent.
    fn missing_units(
        &self,
        key: LevelKey,
        steps: &[&Step],
        lent_units: &BTreeMap<LotId, i64>,
        fact: Fact,
    ) -> Result<BTreeMap<LotId, i64>, Rejection> {
        let Some(first) = steps.first() else { return Ok(BTreeMap::new()) };
        let level = self.level(key, first.field)?;
        let (today, remaining) = (self.today(&level.facts), min_remaining_days(fact.kind, fact.dates, &level.facts));
        let mut candidates = self.with_parcels(key, self.candidates(key, StockPool::Available));
        candidates.iter_mut().for_each(|candidate| candidate.available += lent_units.get(&candidate.lot).copied().unwrap_or(0));
        let mut allocation = LotAllocation {
            candidates,
            gone_by_lot: BTreeMap::new(),
            lacking_by_lot: BTreeMap::new(),
            named_later: self.units_named_later(key),
        };
        let (mut available_units, mut missing_units) = (level.available() + lent_units.values().sum::<i64>(), 0);
        for step in steps {
            for (choice, delta) in &step.lots {
                match self.find_lot(key.product, choice).map(|lot| lot.id) {
                    Some(lot) if *delta > 0 => allocation.takes(lot, -delta, false),
                    Some(lot) => self.take_specified(key, &mut allocation, (lot, -delta), fact),
                    None if *delta < 0 && !choice.is_specified() => {
                        self.take_first(key, &mut allocation, -delta, (today, remaining), fact);
                    }
                    None => {}
                }
            }
            available_units += step.available_delta;
            missing_units = missing_units.max(allocation.gone_by_lot.values().sum::<i64>().min(-available_units));
        }
        // Reserved units are missing, too, if more units leave than are free.
        let mut extra = missing_units - allocation.lacking_by_lot.values().sum::<i64>();
        for (lot, units_gone) in &allocation.gone_by_lot {
            let extra_units = extra.min(
                units_gone - lent_units.get(lot).copied().unwrap_or(0) - allocation.lacking_by_lot.get(lot).copied().unwrap_or(0),
            );
            if extra_units > 0 && self.room_to_lend(key, *lot, fact) > 0 {
                *allocation.lacking_by_lot.entry(*lot).or_default() += extra_units;
                extra -= extra_units;
            }
        }
        Ok(allocation.lacking_by_lot)
    }

    /// Takes a quantity of a named lot, and records its shortage.
    fn take_specified(&self, key: LevelKey, allocation: &mut LotAllocation<'_>, (lot, amount): (LotId, i64), fact: Fact) {
        let available_units =
            allocation.candidates.iter().find(|candidate| candidate.lot == lot).map_or(0, |candidate| candidate.available);
        let lacking_units = (amount - available_units).min(self.room_to_lend(key, lot, fact));
        if lacking_units > 0 {
            *allocation.lacking_by_lot.entry(lot).or_default() += lacking_units;
        }
        reduce_named_later(&mut allocation.named_later, lot, amount);
        allocation.takes(lot, amount, self.is_before_lot_count(key, lot, fact.occurred_at));
    }

    /// Takes a quantity first-expired-first-out; the missing rest is lent, in the same order, to
    /// lots that were counted later.
    fn take_first(
        &self,
        key: LevelKey,
        allocation: &mut LotAllocation<'_>,
        amount: i64,
        (today, remaining): (i32, Option<i32>),
        fact: Fact,
    ) {
        let (mut parts, missing_units) =
            first_expired(&without_named(&allocation.candidates, &allocation.named_later), amount, today, remaining);
        if missing_units > 0 {
            let room_of = |candidate: &Candidate<'_>| {
                let lacks = allocation.lacking_by_lot.get(&candidate.lot).copied().unwrap_or(0);
                self.room_to_lend(key, candidate.lot, fact) - lacks
            };
            let lendable_candidates: Vec<Candidate<'_>> =
                allocation.candidates.iter().map(|candidate| Candidate { available: room_of(candidate), ..*candidate }).collect();
            let (lacking_parts, _) = first_expired(&lendable_candidates, missing_units, today, remaining);
            for (lot, lacks) in &lacking_parts {
                *allocation.lacking_by_lot.entry(*lot).or_default() += lacks;
            }
            parts.extend(lacking_parts);
        }
        for (lot, part) in parts {
            allocation.takes(lot, part, self.is_before_lot_count(key, lot, fact.occurred_at));
        }
    }

    /// Returns the units that a lot can be lent at a level: 0 unless it was counted there after the
    /// fact, and may be sold; 1 for a serial number, unless it is in stock or in transit.
    fn room_to_lend(&self, key: LevelKey, lot: LotId, fact: Fact) -> i64 {
        let may_be_sold = |lot: &&super::lot::Lot| self.blocked(key, &LotChoice::Id(lot.id)).is_none();
        match self.lot(lot).filter(may_be_sold) {
            Some(lot) if self.is_before_lot_count(key, lot.id, fact.occurred_at) => match lot.tracking {
                Tracking::Serial => i64::from(lot.on_hand.is_zero() && !lot.in_transit),
                Tracking::Lot | Tracking::None => i64::MAX / 4,
            },
            _ => 0,
        }
    }
}
