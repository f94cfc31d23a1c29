//! Choice of the lots that goods are taken from, and of the quantity of them that may be promised.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    draft::{Draft, Posting},
    input_path::At,
    level::{Facts, LevelKey},
    lot::{Candidate, Dates, LotChoice, LotLevel, first_expired},
    refusal::{ExpiredWay, LotRefusal},
    rejection::{Noun, Reason, Rejection, Scarce},
};

/// A line's quantity of one lot. Above 0.
type Part = (LotId, i64);

/// Part of a level's stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StockPool {
    /// Available stock.
    Available,
    /// Unavailable stock in a condition.
    Aside(Condition),
}

/// Returns the days that a lot must have left to be picked from available stock; None if dates do not apply.
pub(super) fn min_remaining_days(kind: MovementKind, dates: Dates, facts: &Facts) -> Option<i32> {
    match (dates, kind) {
        (Dates::Override, _) => None,
        (Dates::Keep, MovementKind::Sale) => Some(facts.minimum_remaining_days),
        (Dates::Keep, _) => Some(0),
    }
}

impl Draft<'_> {
    /// Returns the lots to take, with the units of each.
    pub(crate) fn pick(
        &self,
        key: LevelKey,
        posting: &Posting,
        (shelf, amount): (StockPool, i64),
        field: At,
    ) -> Result<Vec<Part>, Rejection> {
        let facts = self.level(key, field)?.facts.clone();
        let today = self.today(&facts);
        let is_sale = self.kind() == MovementKind::Sale;
        if posting.lot.is_said() {
            let lot = self.said(key.product, &posting.lot).ok_or_else(|| Rejection::not_found(Noun::Lot, field.lot()))?;
            let (there, aside) =
                self.lot_level(key, lot.id).map_or((0, 0), |level| (self.there(level, shelf), level.unavailable));
            // A shipment takes the units that its own parcels name, also if less is left than all parcels name.
            let is_own = self.lots.leaving.contains_key(&(key, lot.id));
            let is_bound = shelf == StockPool::Available && !is_own && self.respects_parcels(posting);
            let usable = if is_bound { there - self.in_parcels(key, lot.id).min(there) } else { there };
            if is_sale && lot.blocked(today) == Some(Condition::Expired) {
                let way = if usable < amount && aside > 0 {
                    Some(ExpiredWay::SetAside)
                } else {
                    (posting.dates == Dates::Keep).then_some(ExpiredWay::Override)
                };
                if let Some(way) = way {
                    return Err(LotRefusal::Expired { code: lot.code.clone(), way }.at(field.lot()));
                }
            }
            if usable < amount {
                let code = lot.code.clone();
                let what = if usable < there { Scarce::OutsideParcels { code } } else { Scarce::Lot { code } };
                return Err(self.lot_shortage(key, what, (amount, usable), field));
            }
            return Ok(vec![(lot.id, amount)]);
        }
        let mut candidates = self.candidates(key, shelf);
        if shelf == StockPool::Available {
            // Lines that name lots are decided first, at any position in the command.
            candidates = unnamed(&candidates, &self.units_named_later(key));
        }
        let remaining = match shelf {
            StockPool::Available => min_remaining_days(self.kind(), posting.dates, &facts),
            StockPool::Aside(_) => None,
        };
        let (mut parts, mut short) = first_expired(&candidates, amount, today, remaining);
        if short > 0 && shelf == StockPool::Available && !self.respects_parcels(posting) {
            let (more, lacks) = first_expired(&self.of_parcels(key, candidates.clone()), short, today, remaining);
            short = lacks;
            for (lot, units) in more {
                match parts.iter_mut().find(|(of, _)| *of == lot) {
                    Some((_, taken)) => *taken += units,
                    None => parts.push((lot, units)),
                }
            }
        }
        if short > 0 {
            let sku = facts.sku.clone();
            let with_packed = || first_expired(&self.with_parcels(key, candidates), amount, today, remaining).1;
            let is_packed = shelf == StockPool::Available && with_packed() < short;
            let what = if is_packed { Scarce::NotPacked { sku } } else { Scarce::MayBeTaken { sku } };
            return Err(self.lot_shortage(key, what, (amount, amount - short), field));
        }
        Ok(parts)
    }

    /// Returns the units of a lot on that shelf.
    fn there(&self, level: &LotLevel, shelf: StockPool) -> i64 {
        match shelf {
            StockPool::Available => level.available(),
            StockPool::Aside(condition) => self.aside(level.key, Some(level.lot)).of(condition),
        }
    }

    /// True if units that parcels name are left to them: counts record the facts, and callers who override dates have the
    /// goods at hand.
    fn respects_parcels(&self, posting: &Posting) -> bool {
        posting.dates == Dates::Keep && self.kind() != MovementKind::Count
    }

    /// Returns the units of lots that parcels name which leave with the command, less those that
    /// have been posted: no other line of the command takes them.
    pub(super) fn units_named_later(&self, key: LevelKey) -> BTreeMap<LotId, i64> {
        let own = self.lots.leaving.iter().filter(|((of, _), _)| *of == key);
        let later = |at: &(LevelKey, LotId), units: i64| (units - self.lots.left.get(at).copied().unwrap_or(0)).max(0);
        own.map(|(at, units)| (at.1, later(at, *units))).collect()
    }

    /// Returns the units of a lot that are named by parcels which have not left, without those that
    /// leave with the command.
    fn in_parcels(&self, key: LevelKey, lot: LotId) -> i64 {
        let named = self.book().lots.in_parcels.get(&(key, lot)).copied().unwrap_or(0);
        (named - self.lots.leaving.get(&(key, lot)).copied().unwrap_or(0)).max(0)
    }

    /// Records units of a lot that leave in parcels that name it: the command may take them.
    pub fn leaves_parcels(&mut self, key: LevelKey, lot: LotId, units: i64) {
        *self.lots.leaving.entry((key, lot)).or_default() += units;
    }

    /// Returns the lots of a level with the units that parcels name, which `candidates` leaves out.
    pub(super) fn with_parcels<'c>(&self, key: LevelKey, candidates: Vec<Candidate<'c>>) -> Vec<Candidate<'c>> {
        let whole = |one: Candidate<'c>| {
            let there = self.lot_level(key, one.lot).map_or(0, LotLevel::available);
            Candidate { available: there, ..one }
        };
        candidates.into_iter().map(whole).collect()
    }

    /// Returns the units of these lots that are named by parcels which do not leave with the
    /// command; `candidates` leaves them out.
    fn of_parcels<'c>(&self, key: LevelKey, candidates: Vec<Candidate<'c>>) -> Vec<Candidate<'c>> {
        let whole = self.with_parcels(key, candidates.clone());
        unnamed(&whole, &self.units_named_later(key))
            .into_iter()
            .zip(candidates)
            .map(|(all, free)| Candidate { available: all.available - free.available, ..all })
            .collect()
    }

    /// Returns the lots of a level that have something to pick. Units named by parcels are left out of those for sale.
    pub(super) fn candidates(&self, key: LevelKey, shelf: StockPool) -> Vec<Candidate<'_>> {
        let candidate = |level: LotLevel| {
            let (lot, there) = (self.lot(level.lot)?, self.there(&level, shelf));
            let named = if shelf == StockPool::Available { self.in_parcels(key, level.lot) } else { 0 };
            let available = there - named.min(there);
            // Unavailable stock can be picked whatever the lot's status.
            let status = if shelf == StockPool::Available { lot.status } else { LotStatus::Available };
            let (expires_on, received_at) = (lot.expires_on, level.received_at);
            Some(Candidate { lot: lot.id, code: &lot.code, available, status, expires_on, received_at })
        };
        self.lot_levels(key).into_iter().filter_map(candidate).collect()
    }

    /// Returns the quantity of a level that may be promised to buyers: the available stock, without
    /// the parcels of other orders and without the lots that a sale would not pick today. Transfers
    /// take the lots of these that are only near their date first, so the reservations of transfers
    /// are counted against them.
    pub fn promisable(&self, key: LevelKey, field: At) -> Result<i64, Rejection> {
        let level = self.stocked(key, field)?;
        if level.facts.tracking == Tracking::None {
            return Ok(level.available());
        }
        let (today, remaining) = (self.today(&level.facts), Some(level.facts.minimum_remaining_days));
        let candidates = self.candidates(key, StockPool::Available);
        let stays: Vec<_> = candidates.iter().filter(|lot| !lot.is_pickable(today, remaining)).collect();
        let all: i64 = stays.iter().map(|lot| lot.available).sum();
        let near: i64 = stays.iter().filter(|lot| lot.is_pickable(today, Some(0))).map(|lot| lot.available).sum();
        Ok((level.available() - all + near.min(self.held_for_transfers(key)) - self.unheld_in_parcels(key)).max(0))
    }

    /// Returns the units in stock that parcels name for orders whose holds gave way: they count as
    /// available, and other orders cannot have them.
    fn unheld_in_parcels(&self, key: LevelKey) -> i64 {
        let unheld = self.book().lots.unheld(key);
        if unheld == 0 {
            return 0;
        }
        let (mut there, mut gone) = (0, 0);
        for level in self.lot_levels(key) {
            let named = self.in_parcels(key, level.lot);
            let kept = named.min(level.available().max(0));
            there += kept;
            gone += named - kept;
        }
        (unheld - gone).clamp(0, there)
    }

    /// Returns the units of a level that transfers hold, as far as they are loaded.
    fn held_for_transfers(&self, key: LevelKey) -> i64 {
        let held = self.active_reservations(key).into_iter().filter_map(|id| self.reservation(id));
        held.filter(|held| held.is_held_by_document()).map(|held| held.remaining.get()).sum()
    }

    /// Checks that a transfer from these lots leaves enough for customers' reservations: a caller may name lots that these
    /// need. `held` units are reserved for the transfer itself, and already used.
    pub fn check_promised_stock_remains(
        &self,
        key: LevelKey,
        (parts, held): (&[(LotId, i64)], i64),
        field: At,
    ) -> Result<(), Rejection> {
        let level = self.level(key, field)?;
        let (today, remaining) = (self.today(&level.facts), level.facts.minimum_remaining_days);
        if remaining == 0 {
            return Ok(());
        }
        // Promised units include those in parcels.
        let candidates = self.with_parcels(key, self.candidates(key, StockPool::Available));
        let for_sale = || candidates.iter().filter(|lot| lot.is_pickable(today, Some(remaining)));
        let there: i64 = for_sale().map(|lot| lot.available).sum();
        let taken: i64 = parts.iter().filter(|(id, _)| for_sale().any(|lot| lot.lot == *id)).map(|(_, amount)| amount).sum();
        let promised = level.reserved.get() - self.held_for_transfers(key) - held;
        let free = (there - promised).max(0);
        if taken > free {
            let what = Scarce::NotHeld { sku: level.facts.sku.clone() };
            // Lots near their date may be taken.
            let all: i64 = parts.iter().map(|(_, amount)| amount).sum();
            return Err(self.lot_shortage(key, what, (all, all - taken + free), field));
        }
        Ok(())
    }

    /// Returns the refusal that a level can reserve less than requested: it is missing, or in lots that may not be sold.
    pub fn reserve_shortage(&self, key: LevelKey, (requested, usable): (i64, i64), field: At) -> Rejection {
        match self.level(key, field) {
            Ok(level) if level.available() < requested => {
                let requested = Quantity::new(requested).unwrap_or(level.on_hand);
                let why = Reason::Insufficient { level: Box::new(level.clone()), usable: usable.max(0), requested };
                Rejection { why, at: field }
            }
            Ok(level) => {
                let sku = level.facts.sku.clone();
                let what = if self.unheld_in_parcels(key) > 0 { Scarce::NotPacked { sku } } else { Scarce::MayBeSold { sku } };
                self.lot_shortage(key, what, (requested, usable), field)
            }
            Err(absent) => absent,
        }
    }

    /// Returns the available lots that would be taken, with the units of each: the named lot, else
    /// the first to expire.
    pub fn lots_to_take(
        &self,
        key: LevelKey,
        (choice, amount): (&LotChoice, i64),
        field: At,
    ) -> Result<Vec<(LotId, i64)>, Rejection> {
        let posting = Posting { lot: choice.clone(), ..Posting::default() };
        self.pick(key, &posting, (StockPool::Available, amount), field)
    }

    /// The lots of a level that are loaded.
    pub(super) fn lot_levels(&self, key: LevelKey) -> Vec<LotLevel> {
        let range = (key, LotId::NIL)..=(key, LotId::from_uuid(uuid::Uuid::max()));
        let mut found: BTreeMap<(LevelKey, LotId), LotLevel> =
            self.book().lots.levels.range(range.clone()).map(|(key, level)| (*key, *level)).collect();
        found.extend(self.lots.levels.range(range).map(|(key, level)| (*key, *level)));
        found.into_values().collect()
    }
}

/// Returns these lots without the units that later lines name.
pub(super) fn unnamed<'c>(candidates: &[Candidate<'c>], later: &BTreeMap<LotId, i64>) -> Vec<Candidate<'c>> {
    let free = |one: &Candidate<'c>| (one.available - later.get(&one.lot).copied().unwrap_or(0)).max(0);
    candidates.iter().map(|one| Candidate { available: free(one), ..*one }).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use uuid::Uuid;

    use super::*;
    use crate::stock::core::{Book, Level, Lot, Packed, RowState};

    fn key() -> LevelKey {
        LevelKey { product: ProductId::from_uuid(Uuid::from_u128(1)), store: StoreId::from_uuid(Uuid::from_u128(2)) }
    }
    fn lot(nth: u128) -> LotId {
        LotId::from_uuid(Uuid::from_u128(nth))
    }

    /// Two lots of ten: parcels name twelve units of the first to expire, as a count has reduced it since.
    fn book() -> Book {
        let facts = Facts {
            sku: "CHEESE".to_owned(),
            name: "Cheese".to_owned(),
            status: ProductStatus::Active,
            policy: StockPolicy::Tracked,
            is_kit: false,
            decimals: 0,
            category: None,
            low_stock_threshold: None,
            tracking: Tracking::Lot,
            minimum_remaining_days: 0,
            price: None,
            cost: None,
            time_zone: "UTC".to_owned(),
            store_archived: false,
            handling: None,
        };
        let (key, at) = (key(), Timestamp(0));
        let mut book = Book::new(at, |_, _| 0);
        book.levels.insert(key, Level::empty(key, LevelId::from_uuid(Uuid::from_u128(3)), Arc::new(facts)));
        for (nth, expires_on) in [(1, 5), (2, 9)] {
            let code = format!("L-{nth}");
            book.lots.add(Lot {
                id: lot(nth),
                product: key.product,
                code: code.clone(),
                key: code,
                tracking: Tracking::Lot,
                made_on: None,
                expires_on: Some(expires_on),
                status: LotStatus::Available,
                note: None,
                on_hand: Quantity::ZERO,
                in_transit: false,
                version: 1,
                created_at: at,
                updated_at: at,
                row: RowState::Stored,
            });
            let (received_at, updated_at) = (at, at);
            let level = LotLevel {
                key,
                lot: lot(nth),
                on_hand: 10,
                unavailable: 0,
                received_at,
                updated_at,
                counted_at: None,
                row: RowState::Stored,
            };
            book.lots.levels.insert((key, lot(nth)), level);
        }
        book.lots.in_parcels.insert((key, lot(1)), 12);
        book
    }

    #[test]
    fn what_parcels_name_is_left_to_them_and_taken_last_where_dates_do_not_bind() {
        let book = book();
        let mut draft = Draft::new(&book);
        let posting = |choice: LotChoice, dates: Dates| Posting { lot: choice, dates, ..Posting::default() };
        let pick = |draft: &Draft<'_>, posting: &Posting, amount: i64| {
            draft.pick(key(), posting, (StockPool::Available, amount), At::INPUT)
        };
        let (first, bound) = (posting(LotChoice::Unsaid, Dates::Keep), posting(LotChoice::Id(lot(1)), Dates::Keep));
        assert_eq!(pick(&draft, &first, 10), Ok(vec![(lot(2), 10)]));
        let refused = pick(&draft, &first, 11).unwrap_err();
        assert!(matches!(refused.why, Reason::LotShort { what: Scarce::NotPacked { .. }, usable: 10, .. }), "{refused:?}");
        assert_eq!(pick(&draft, &posting(LotChoice::Unsaid, Dates::Override), 12), Ok(vec![(lot(2), 10), (lot(1), 2)]));
        let refused = pick(&draft, &bound, 1).unwrap_err();
        assert!(matches!(refused.why, Reason::LotShort { what: Scarce::OutsideParcels { .. }, .. }), "{refused:?}");
        draft.leaves_parcels(key(), lot(1), 6);
        assert_eq!(pick(&draft, &bound, 6), Ok(vec![(lot(1), 6)]), "the first of the parcels to leave finds what is there");
        // Its other lines leave these units to it, before it is posted and also if dates do not apply.
        assert_eq!(pick(&draft, &first, 10), Ok(vec![(lot(2), 10)]));
        let all = posting(LotChoice::Unsaid, Dates::Override);
        assert_eq!(pick(&draft, &all, 14), Ok(vec![(lot(2), 10), (lot(1), 4)]));
        assert!(pick(&draft, &all, 15).is_err());
    }

    #[test]
    fn what_is_packed_and_held_no_more_is_promised_to_no_other() {
        let mut book = book();
        let level = book.levels.get_mut(&key()).unwrap();
        (level.on_hand, level.reserved) = (Quantity::new(20).unwrap(), Quantity::new(2).unwrap());
        assert_eq!(Draft::new(&book).promisable(key(), At::INPUT), Ok(18), "what is in parcels is held");
        // Two of the twelve named units are held, and two are not in stock.
        let order = OrderId::from_uuid(Uuid::from_u128(4));
        book.lots.packed.insert((key(), order), Packed { named: 12, held: 2 });
        assert_eq!(Draft::new(&book).promisable(key(), At::INPUT), Ok(10));
        let short = Draft::new(&book).reserve_shortage(key(), (11, 10), At::INPUT);
        assert!(matches!(short.why, Reason::LotShort { what: Scarce::NotPacked { .. }, .. }), "{short:?}");
    }
}
