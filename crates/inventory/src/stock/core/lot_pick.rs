//! Choice of the lots that goods are taken from, and the units of them that parcels name.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    draft::{Draft, Posting},
    input_path::At,
    level::{Facts, LevelKey},
    lot::{Candidate, Dates, LotChoice, LotLevel, first_expired},
    refusal::{ExpiredWay, LotRefusal},
    rejection::{Noun, Rejection, Scarce},
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
        (stock_pool, amount): (StockPool, i64),
        field: At,
    ) -> Result<Vec<Part>, Rejection> {
        let facts = self.level(key, field)?.facts.clone();
        let today = self.today(&facts);
        let is_sale = self.kind() == MovementKind::Sale;
        if posting.lot.is_specified() {
            let lot = self.find_lot(key.product, &posting.lot).ok_or_else(|| Rejection::not_found(Noun::Lot, field.lot()))?;
            let (present_units, unavailable_units) =
                self.lot_level(key, lot.id).map_or((0, 0), |level| (self.pool_units(level, stock_pool), level.unavailable));
            // A shipment takes the units that its own parcels name, also if less is left than all parcels name.
            let is_own = self.lots.leaving.contains_key(&(key, lot.id));
            let is_parcel_bound = stock_pool == StockPool::Available && !is_own && self.respects_parcels(posting);
            let usable =
                if is_parcel_bound { present_units - self.in_parcels(key, lot.id).min(present_units) } else { present_units };
            if is_sale && lot.blocked(today) == Some(Condition::Expired) {
                let expired_way = if usable < amount && unavailable_units > 0 {
                    Some(ExpiredWay::SetAside)
                } else {
                    (posting.dates == Dates::Keep).then_some(ExpiredWay::Override)
                };
                if let Some(expired_way) = expired_way {
                    return Err(LotRefusal::Expired { code: lot.code.clone(), way: expired_way }.at(field.lot()));
                }
            }
            if usable < amount {
                let code = lot.code.clone();
                let scarce = if usable < present_units { Scarce::OutsideParcels { code } } else { Scarce::Lot { code } };
                return Err(self.lot_shortage(key, scarce, (amount, usable), field));
            }
            return Ok(vec![(lot.id, amount)]);
        }
        let mut candidates = self.candidates(key, stock_pool);
        if stock_pool == StockPool::Available {
            // Lines that name lots are decided first, at any position in the command.
            candidates = without_named(&candidates, &self.units_named_later(key));
        }
        let remaining = match stock_pool {
            StockPool::Available => min_remaining_days(self.kind(), posting.dates, &facts),
            StockPool::Aside(_) => None,
        };
        let (mut parts, mut missing_units) = first_expired(&candidates, amount, today, remaining);
        if missing_units > 0 && stock_pool == StockPool::Available && !self.respects_parcels(posting) {
            let (parcel_parts, still_missing) =
                first_expired(&self.of_parcels(key, candidates.clone()), missing_units, today, remaining);
            missing_units = still_missing;
            for (lot, units) in parcel_parts {
                match parts.iter_mut().find(|(lot_id, _)| *lot_id == lot) {
                    Some((_, taken_units)) => *taken_units += units,
                    None => parts.push((lot, units)),
                }
            }
        }
        if missing_units > 0 {
            let sku = facts.sku.clone();
            let with_packed = || first_expired(&self.with_parcels(key, candidates), amount, today, remaining).1;
            let is_packed = stock_pool == StockPool::Available && with_packed() < missing_units;
            let scarce = if is_packed { Scarce::NotPacked { sku } } else { Scarce::MayBeTaken { sku } };
            return Err(self.lot_shortage(key, scarce, (amount, amount - missing_units), field));
        }
        Ok(parts)
    }

    /// Returns the units of a lot on that shelf.
    fn pool_units(&self, level: &LotLevel, shelf: StockPool) -> i64 {
        match shelf {
            StockPool::Available => level.available(),
            StockPool::Aside(condition) => self.unavailable_units(level.key, Some(level.lot)).of(condition),
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
        let leaving_of_key = self.lots.leaving.iter().filter(|((level_key, _), _)| *level_key == key);
        let still_leaving =
            |lot_key: &(LevelKey, LotId), units: i64| (units - self.lots.left.get(lot_key).copied().unwrap_or(0)).max(0);
        leaving_of_key.map(|(lot_key, units)| (lot_key.1, still_leaving(lot_key, *units))).collect()
    }

    /// Returns the units of a lot that are named by parcels which have not left, without those that
    /// leave with the command.
    pub(super) fn in_parcels(&self, key: LevelKey, lot: LotId) -> i64 {
        let units_in_parcels = self.book().lots.in_parcels.get(&(key, lot)).copied().unwrap_or(0);
        (units_in_parcels - self.lots.leaving.get(&(key, lot)).copied().unwrap_or(0)).max(0)
    }

    /// Records units of a lot that leave in parcels that name it: the command may take them.
    pub fn leaves_parcels(&mut self, key: LevelKey, lot: LotId, units: i64) {
        *self.lots.leaving.entry((key, lot)).or_default() += units;
    }

    /// Returns the lots of a level with the units that parcels name, which `candidates` leaves out.
    pub(super) fn with_parcels<'c>(&self, key: LevelKey, candidates: Vec<Candidate<'c>>) -> Vec<Candidate<'c>> {
        let with_all_units = |candidate: Candidate<'c>| {
            let available_units = self.lot_level(key, candidate.lot).map_or(0, LotLevel::available);
            Candidate { available: available_units, ..candidate }
        };
        candidates.into_iter().map(with_all_units).collect()
    }

    /// Returns the units of these lots that are named by parcels which do not leave with the
    /// command; `candidates` leaves them out.
    fn of_parcels<'c>(&self, key: LevelKey, candidates: Vec<Candidate<'c>>) -> Vec<Candidate<'c>> {
        let all_candidates = self.with_parcels(key, candidates.clone());
        without_named(&all_candidates, &self.units_named_later(key))
            .into_iter()
            .zip(candidates)
            .map(|(candidate, free_candidate)| Candidate {
                available: candidate.available - free_candidate.available,
                ..candidate
            })
            .collect()
    }

    /// Returns the lots of a level that have something to pick. Units named by parcels are left out of those for sale.
    pub(super) fn candidates(&self, key: LevelKey, stock_pool: StockPool) -> Vec<Candidate<'_>> {
        let to_candidate = |level: LotLevel| {
            let (lot, present_units) = (self.lot(level.lot)?, self.pool_units(&level, stock_pool));
            let units_in_parcels = if stock_pool == StockPool::Available { self.in_parcels(key, level.lot) } else { 0 };
            let available = present_units - units_in_parcels.min(present_units);
            // Unavailable stock can be picked whatever the lot's status.
            let status = if stock_pool == StockPool::Available { lot.status } else { LotStatus::Available };
            let (expires_on, received_at) = (lot.expires_on, level.received_at);
            Some(Candidate { lot: lot.id, code: &lot.code, available, status, expires_on, received_at })
        };
        self.lot_levels(key).into_iter().filter_map(to_candidate).collect()
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
        let mut levels_by_key: BTreeMap<(LevelKey, LotId), LotLevel> =
            self.book().lots.levels.range(range.clone()).map(|(key, level)| (*key, *level)).collect();
        levels_by_key.extend(self.lots.levels.range(range).map(|(key, level)| (*key, *level)));
        levels_by_key.into_values().collect()
    }
}

/// Returns these lots without the units that later lines name.
pub(super) fn without_named<'c>(candidates: &[Candidate<'c>], named_later: &BTreeMap<LotId, i64>) -> Vec<Candidate<'c>> {
    let free_units =
        |candidate: &Candidate<'c>| (candidate.available - named_later.get(&candidate.lot).copied().unwrap_or(0)).max(0);
    candidates.iter().map(|candidate| Candidate { available: free_units(candidate), ..*candidate }).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use uuid::Uuid;

    use super::*;
    use crate::stock::core::{Book, Level, Lot, PackedUnits, Reason, RowState};

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
        assert_eq!(Draft::new(&book).promisable_quantity(key(), At::INPUT), Ok(18), "what is in parcels is held");
        // Two of the twelve named units are held, and two are not in stock.
        let order = OrderId::from_uuid(Uuid::from_u128(4));
        book.lots.packed.insert((key(), order), PackedUnits { named: 12, held: 2 });
        assert_eq!(Draft::new(&book).promisable_quantity(key(), At::INPUT), Ok(10));
        let short = Draft::new(&book).reserve_shortage(key(), (11, 10), At::INPUT);
        assert!(matches!(short.why, Reason::LotShort { what: Scarce::NotPacked { .. }, .. }), "{short:?}");
    }
}
