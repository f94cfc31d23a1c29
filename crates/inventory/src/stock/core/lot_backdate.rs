//! Units that lots are lent, so that a fact from before their last count can take them: the count
//! found the rest.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    draft::Draft,
    level::LevelKey,
    lot::{Candidate, Dates, LotChoice, first_expired},
    lot_pick::{StockPool, min_remaining_days, unnamed},
    quote::posted,
    rejection::Rejection,
    step::Step,
};

/// Maximum checks that the lent units suffice. They can be picked by a step that names no lot, so
/// that a later one that does is short of them again; such commands are rare, and a shortage that
/// remains is refused.
const MAX_LOOKS: usize = 8;

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
    gone: BTreeMap<LotId, i64>,
    /// Units that lots lack.
    lacks: BTreeMap<LotId, i64>,
    /// Units of lots that later lines name.
    later: BTreeMap<LotId, i64>,
}

impl LotAllocation<'_> {
    fn takes(&mut self, lot: LotId, amount: i64, is_behind: bool) {
        if let Some(there) = self.candidates.iter_mut().find(|candidate| candidate.lot == lot) {
            there.available = (there.available - amount).max(0);
        }
        if is_behind {
            *self.gone.entry(lot).or_default() += amount;
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
        let mut all = BTreeMap::new();
        for (key, steps) in by_level {
            let mut lent = BTreeMap::new();
            for _ in 0..MAX_LOOKS {
                let lacking = self.lacking(key, &steps, &lent, fact)?;
                if lacking.is_empty() {
                    break;
                }
                lacking.into_iter().for_each(|(lot, amount)| *lent.entry(lot).or_default() += amount);
            }
            all.extend(lent.into_iter().map(|(lot, amount)| ((key, lot), amount)));
        }
        Ok(all)
    }

    /// Returns the units that the lots of a level lack beyond those that they have been lent.
    fn lacking(
        &self,
        key: LevelKey,
        steps: &[&Step],
        lent: &BTreeMap<LotId, i64>,
        fact: Fact,
    ) -> Result<BTreeMap<LotId, i64>, Rejection> {
        let Some(first) = steps.first() else { return Ok(BTreeMap::new()) };
        let level = self.level(key, first.field)?;
        let (today, remaining) = (self.today(&level.facts), min_remaining_days(fact.kind, fact.dates, &level.facts));
        let mut candidates = self.with_parcels(key, self.candidates(key, StockPool::Available));
        candidates.iter_mut().for_each(|one| one.available += lent.get(&one.lot).copied().unwrap_or(0));
        let mut taking =
            LotAllocation { candidates, gone: BTreeMap::new(), lacks: BTreeMap::new(), later: self.units_named_later(key) };
        let (mut now, mut short) = (level.available() + lent.values().sum::<i64>(), 0);
        for step in steps {
            for (choice, delta) in &step.lots {
                match self.said(key.product, choice).map(|lot| lot.id) {
                    Some(lot) if *delta > 0 => taking.takes(lot, -delta, false),
                    Some(lot) => self.take_specified(key, &mut taking, (lot, -delta), fact),
                    None if *delta < 0 && !choice.is_said() => {
                        self.take_first(key, &mut taking, -delta, (today, remaining), fact);
                    }
                    None => {}
                }
            }
            now += step.available_delta;
            short = short.max(taking.gone.values().sum::<i64>().min(-now));
        }
        // Reserved units are missing, too, if more units leave than are free.
        let mut extra = short - taking.lacks.values().sum::<i64>();
        for (lot, gone) in &taking.gone {
            let more = extra.min(gone - lent.get(lot).copied().unwrap_or(0) - taking.lacks.get(lot).copied().unwrap_or(0));
            if more > 0 && self.room_to_lend(key, *lot, fact) > 0 {
                *taking.lacks.entry(*lot).or_default() += more;
                extra -= more;
            }
        }
        Ok(taking.lacks)
    }

    /// Takes a quantity of a named lot, and records its shortage.
    fn take_specified(&self, key: LevelKey, taking: &mut LotAllocation<'_>, (lot, amount): (LotId, i64), fact: Fact) {
        let there = taking.candidates.iter().find(|one| one.lot == lot).map_or(0, |one| one.available);
        let lacks = (amount - there).min(self.room_to_lend(key, lot, fact));
        if lacks > 0 {
            *taking.lacks.entry(lot).or_default() += lacks;
        }
        posted(&mut taking.later, lot, amount);
        taking.takes(lot, amount, self.is_before_lot_count(key, lot, fact.occurred_at));
    }

    /// Takes a quantity first-expired-first-out; the missing rest is lent, in the same order, to
    /// lots that were counted later.
    fn take_first(
        &self,
        key: LevelKey,
        taking: &mut LotAllocation<'_>,
        amount: i64,
        (today, remaining): (i32, Option<i32>),
        fact: Fact,
    ) {
        let (mut parts, short) = first_expired(&unnamed(&taking.candidates, &taking.later), amount, today, remaining);
        if short > 0 {
            let room = |one: &Candidate<'_>| {
                let lacks = taking.lacks.get(&one.lot).copied().unwrap_or(0);
                self.room_to_lend(key, one.lot, fact) - lacks
            };
            let behind: Vec<Candidate<'_>> =
                taking.candidates.iter().map(|one| Candidate { available: room(one), ..*one }).collect();
            let (lacking, _) = first_expired(&behind, short, today, remaining);
            for (lot, lacks) in &lacking {
                *taking.lacks.entry(*lot).or_default() += lacks;
            }
            parts.extend(lacking);
        }
        for (lot, part) in parts {
            taking.takes(lot, part, self.is_before_lot_count(key, lot, fact.occurred_at));
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
