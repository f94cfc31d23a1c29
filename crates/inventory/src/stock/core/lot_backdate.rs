//! What lots are lent, so that a fact from before their last count can take it: the count found the rest.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    draft::Draft,
    level::LevelKey,
    lot::{Candidate, Dates, LotChoice, first_expired},
    lot_pick::{Shelf, least_days, unnamed},
    quote::posted,
    rejection::Rejection,
    shortage::Step,
};

/// How often it is looked whether what was lent is enough. What is lent can be picked by a step that says no lot, so that a later one that does is
/// short of it again; such commands are rare, and what is short in the end is refused.
const MOST_LOOKS: usize = 8;

/// A fact that is about to be posted: what it is, when it was, and whether dates bind it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fact {
    pub kind: MovementKind,
    pub occurred_at: Timestamp,
    pub dates: Dates,
}

/// A level's lots, as the steps of a command take from them one after the other.
struct Taking<'a> {
    candidates: Vec<Candidate<'a>>,
    /// What has left of lots that were counted later, as far as it could be sold.
    gone: BTreeMap<LotId, i64>,
    /// What they lack.
    lacks: BTreeMap<LotId, i64>,
    /// What lines name of them that come later.
    later: BTreeMap<LotId, i64>,
}

impl Taking<'_> {
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
    /// What the lots of each level are to be lent, so that the steps find there what they take. No more than leaves of them.
    pub(super) fn lots_lent(&self, steps: &[Step], fact: Fact) -> Result<BTreeMap<(LevelKey, LotId), i64>, Rejection> {
        let mut by_level: BTreeMap<LevelKey, Vec<&Step>> = BTreeMap::new();
        for step in steps {
            let level = self.level(step.key, step.field)?;
            // A level was counted last when one of its lots was.
            let is_counted_later = level.counted_at.is_some_and(|counted_at| fact.occurred_at < counted_at);
            if level.facts.tracking != Tracking::None && is_counted_later {
                by_level.entry(step.key).or_default().push(step);
            }
        }
        let mut all = BTreeMap::new();
        for (key, steps) in by_level {
            let mut lent = BTreeMap::new();
            for _ in 0..MOST_LOOKS {
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

    /// What the lots of a level lack beyond what they have been lent.
    fn lacking(
        &self,
        key: LevelKey,
        steps: &[&Step],
        lent: &BTreeMap<LotId, i64>,
        fact: Fact,
    ) -> Result<BTreeMap<LotId, i64>, Rejection> {
        let Some(first) = steps.first() else { return Ok(BTreeMap::new()) };
        let level = self.level(key, first.field)?;
        let (today, remaining) = (self.today(&level.facts), least_days(fact.kind, fact.dates, &level.facts));
        let mut candidates = self.with_parcels(key, self.candidates(key, Shelf::Available));
        candidates.iter_mut().for_each(|one| one.available += lent.get(&one.lot).copied().unwrap_or(0));
        let mut taking = Taking { candidates, gone: BTreeMap::new(), lacks: BTreeMap::new(), later: self.named_later(key) };
        let (mut now, mut short) = (level.available() + lent.values().sum::<i64>(), 0);
        for step in steps {
            for (choice, delta) in &step.lots {
                match self.said(key.product, choice).map(|lot| lot.id) {
                    Some(lot) if *delta > 0 => taking.takes(lot, -delta, false),
                    Some(lot) => self.take_said(key, &mut taking, (lot, -delta), fact),
                    None if *delta < 0 && !choice.is_said() => {
                        self.take_first(key, &mut taking, -delta, (today, remaining), fact);
                    }
                    None => {}
                }
            }
            now += step.available_delta;
            short = short.max(taking.gone.values().sum::<i64>().min(-now));
        }
        // What is held is short, too, where more leaves than is free.
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

    /// Takes so much of a lot that was said, and notes what it lacks.
    fn take_said(&self, key: LevelKey, taking: &mut Taking<'_>, (lot, amount): (LotId, i64), fact: Fact) {
        let there = taking.candidates.iter().find(|one| one.lot == lot).map_or(0, |one| one.available);
        let lacks = (amount - there).min(self.room_to_lend(key, lot, fact));
        if lacks > 0 {
            *taking.lacks.entry(lot).or_default() += lacks;
        }
        posted(&mut taking.later, lot, amount);
        taking.takes(lot, amount, self.is_lot_behind(key, lot, fact.occurred_at));
    }

    /// Takes so much first-expired-first-out; what is not there was, in the same order, of a lot that was counted later.
    fn take_first(
        &self,
        key: LevelKey,
        taking: &mut Taking<'_>,
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
            taking.takes(lot, part, self.is_lot_behind(key, lot, fact.occurred_at));
        }
    }

    /// How much a lot can be lent at a level: nothing unless it was counted there after the fact, and may be sold; of a serial number one, unless
    /// it is somewhere.
    fn room_to_lend(&self, key: LevelKey, lot: LotId, fact: Fact) -> i64 {
        let may_be_sold = |lot: &&super::lot::Lot| self.blocked(key, &LotChoice::Id(lot.id)).is_none();
        match self.lot(lot).filter(may_be_sold) {
            Some(lot) if self.is_lot_behind(key, lot.id, fact.occurred_at) => match lot.tracking {
                Tracking::Serial => i64::from(lot.on_hand.is_zero() && !lot.in_transit),
                Tracking::Lot | Tracking::None => i64::MAX / 4,
            },
            _ => 0,
        }
    }
}
