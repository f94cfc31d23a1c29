//! The lots for goods of a call whose lines name none: units that other lines of the call bring
//! back cannot come back a second time.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    sync::Arc,
};

use entity::prelude::*;

use super::{
    refusal::ReturnRefusal,
    returnable_lots::{ReturnableLot, ReturnableLots},
    sales_return::ReturnLine,
};
use crate::stock::core::{At, Draft, LevelKey, LotChoice, Rejection, RoomRefusal};

/// Goods of a line of a call that come back.
pub(super) struct Goods {
    /// Index of the line.
    index: usize,
    key: LevelKey,
    units: i64,
    /// The lot that the line names, or none.
    lot: LotChoice,
    /// Order lines of the goods; none if a part of them came from no known order.
    origins: BTreeSet<OrderLineId>,
}

impl Goods {
    /// Goods of a return's line, as the line at an index of the call brings them.
    pub(super) fn of(line: &ReturnLine, index: usize, (key, units, lot): (LevelKey, i64, LotChoice)) -> Self {
        let matched: i64 = line.matches.iter().map(|piece| piece.quantity.get()).sum();
        let is_known = matched >= line.quantity.get();
        let origins = line.matches.iter().filter(|_| is_known).map(|piece| piece.line).collect();
        Self { index, key, units, lot, origins }
    }

    fn origin(&self) -> Origin<'_> {
        (self.key.product, &self.origins)
    }
}

/// The lots of goods whose lines name none, by the index of the line and the product.
#[derive(Debug, Default)]
pub(super) struct LotSelection(BTreeMap<(usize, ProductId), Result<LotId, Arc<ReturnRefusal>>>);

impl LotSelection {
    /// Finds the only candidates for lots, for all goods of a call.
    pub(super) fn of(draft: &Draft<'_>, returnable_lots: &ReturnableLots, goods: &[Goods]) -> Self {
        let (named_goods, unnamed_goods): (Vec<&Goods>, Vec<&Goods>) =
            goods.iter().partition(|goods_of_line| goods_of_line.lot.is_specified());
        let lot = |goods_of_line: &Goods| draft.specified_lot_id(goods_of_line.key.product, &goods_of_line.lot);
        let named_goods: Vec<(&Goods, LotId)> =
            named_goods.into_iter().filter_map(|goods_of_line| Some((goods_of_line, lot(goods_of_line)?))).collect();
        let facts = |goods_of_line: &Goods| draft.level(goods_of_line.key, At::NOWHERE).ok().map(|level| &level.facts);
        let is_open = |goods_of_line: &&Goods| facts(goods_of_line).is_some_and(|facts| facts.tracking != Tracking::None);
        let mut chosen_lots = BTreeMap::new();
        for (alike_goods, search_result) in
            assign_lots(returnable_lots, &named_goods, unnamed_goods.into_iter().filter(is_open).collect())
        {
            let search_result = match (search_result, alike_goods.first().and_then(|goods_of_line| facts(goods_of_line))) {
                (LotSearchResult::Only(lot), _) => Ok(lot),
                (LotSearchResult::OneOf(codes), Some(facts)) if !codes.is_empty() => {
                    Err(Arc::new(ReturnRefusal::SeveralLots { sku: facts.sku.clone(), tracking: facts.tracking, codes }))
                }
                (LotSearchResult::OneOf(_), _) => continue,
            };
            chosen_lots.extend(
                alike_goods
                    .into_iter()
                    .map(|goods_of_line| ((goods_of_line.index, goods_of_line.key.product), search_result.clone())),
            );
        }
        Self(chosen_lots)
    }

    /// Returns the lot of goods: the one that their line names, else the only one that can come
    /// back. Refuses several candidates; None for goods that are not kept by lots.
    pub(super) fn lot(&self, key: (usize, ProductId), requested_lot: &LotChoice, field: At) -> Result<LotChoice, Rejection> {
        match self.0.get(&key) {
            None => Ok(requested_lot.clone()),
            Some(Ok(lot)) => Ok(LotChoice::Id(*lot)),
            Some(Err(refusal)) => Err(ReturnRefusal::clone(refusal).at(field.lot())),
        }
    }
}

/// Result of the search for a lot that is not named.
#[derive(Debug, Clone, PartialEq, Eq)]
enum LotSearchResult {
    Only(LotId),
    /// Sorted codes of the lots that can come back: several; or one, of which fewer units are left;
    /// or none.
    OneOf(Vec<String>),
}

/// A product and the order lines of its goods.
type Origin<'g> = (ProductId, &'g BTreeSet<OrderLineId>);

/// The lots that are left for goods of one origin, with the units of each.
type Pool<'g> = BTreeMap<LotId, (&'g ReturnableLot, i64)>;

/// The pools of goods without a named lot, by their origins.
struct Pools<'g> {
    lots: BTreeMap<Origin<'g>, Pool<'g>>,
    /// The origins that contain each line of an order.
    sets_by_line: BTreeMap<(ProductId, OrderLineId), Vec<&'g BTreeSet<OrderLineId>>>,
}

/// Subtracts units of named lots, and then assigns lots to lines that name none, if only one is
/// left for them. Goods of fewer order lines are subtracted first, since they reduce those of more,
/// and not the other way round: so the order of the lines does not matter, and no assignment leaves
/// a single lot for an earlier line. Lines of one origin are subtracted from others together, as a
/// call may have thousands; each finding is of lines of one origin.
fn assign_lots<'g>(
    returnable_lots: &'g ReturnableLots,
    named_goods: &[(&Goods, LotId)],
    unnamed_goods: Vec<&'g Goods>,
) -> Vec<(Vec<&'g Goods>, LotSearchResult)> {
    let mut pools = Pools::of(returnable_lots, &unnamed_goods);
    let mut sums: BTreeMap<(Origin<'_>, LotId), i64> = BTreeMap::new();
    for (goods, lot) in named_goods {
        let sum = sums.entry((goods.origin(), *lot)).or_default();
        *sum = sum.saturating_add(goods.units);
    }
    for ((origin_of_goods, lot), units) in sums {
        for wider_lines in pools.with_all(origin_of_goods) {
            pools.take((origin_of_goods.0, wider_lines), lot, units);
        }
    }
    let mut alike_goods: BTreeMap<(usize, Origin<'g>), Vec<&'g Goods>> = BTreeMap::new();
    for goods in unnamed_goods {
        alike_goods.entry((goods.origins.len(), goods.origin())).or_default().push(goods);
    }
    let mut chosen_groups = Vec::with_capacity(alike_goods.len());
    for ((_, origin_of_goods), goods) in alike_goods {
        let (mut only_lot, mut goods_of_lot, mut goods_without_lot) = (None, Vec::new(), Vec::new());
        for goods_of_line in goods {
            if let Some(lot) = pools.find_only_lot(origin_of_goods, goods_of_line.units) {
                pools.take(origin_of_goods, lot, goods_of_line.units);
                only_lot = Some(lot);
                goods_of_lot.push(goods_of_line);
            } else {
                goods_without_lot.push(goods_of_line);
            }
        }
        if let Some(lot) = only_lot {
            let units = goods_of_lot.iter().fold(0_i64, |sum, goods_of_line| sum.saturating_add(goods_of_line.units));
            for wider_lines in pools.with_all(origin_of_goods).into_iter().filter(|wider_lines| *wider_lines != origin_of_goods.1)
            {
                pools.take((origin_of_goods.0, wider_lines), lot, units);
            }
            chosen_groups.push((goods_of_lot, LotSearchResult::Only(lot)));
        }
        if !goods_without_lot.is_empty() {
            chosen_groups.push((goods_without_lot, LotSearchResult::OneOf(pools.codes(origin_of_goods))));
        }
    }
    chosen_groups
}

impl<'g> Pools<'g> {
    fn of(returnable_lots: &'g ReturnableLots, open_goods: &[&'g Goods]) -> Self {
        let mut pools = Self { lots: BTreeMap::new(), sets_by_line: BTreeMap::new() };
        for goods in open_goods {
            let (product, origins) = goods.origin();
            let Entry::Vacant(vacant) = pools.lots.entry((product, origins)) else { continue };
            let mut pool = Pool::new();
            for (lot, units) in origins.iter().flat_map(move |line| returnable_lots.of(*line, product)) {
                pool.entry(lot.lot).or_insert((lot, 0)).1 += units;
            }
            vacant.insert(pool);
            for line in origins {
                pools.sets_by_line.entry((product, *line)).or_default().push(origins);
            }
        }
        pools
    }

    /// Returns the origins that contain all lines of the goods: goods that may also belong to other
    /// lines are not subtracted from these. The rest is thus never too small, but may be too large.
    /// The line of the goods that is in the fewest origins is in all of these.
    fn with_all(&self, (product, origins): Origin<'_>) -> Vec<&'g BTreeSet<OrderLineId>> {
        let sets_with_line = |line: &OrderLineId| self.sets_by_line.get(&(product, *line)).map(Vec::as_slice).unwrap_or_default();
        let fewest_sets = origins.iter().map(sets_with_line).min_by_key(|order_lines| order_lines.len()).unwrap_or_default();
        fewest_sets.iter().copied().filter(|order_lines| origins.is_subset(order_lines)).collect()
    }

    /// Subtracts units of a lot from one pool.
    fn take(&mut self, origin: Origin<'g>, lot: LotId, units: i64) {
        let Some(pool) = self.lots.get_mut(&origin) else { return };
        if let Entry::Occupied(mut lot_entry) = pool.entry(lot) {
            lot_entry.get_mut().1 -= units;
            if lot_entry.get().1 <= 0 {
                lot_entry.remove();
            }
        }
    }

    /// Returns the only lot that can come back, if it has this number of units.
    fn find_only_lot(&self, origin: Origin<'g>, units: i64) -> Option<LotId> {
        let pool = self.lots.get(&origin)?;
        let (lot, (_, units_left)) = pool.first_key_value()?;
        (pool.len() == 1 && *units_left >= units).then_some(*lot)
    }

    fn codes(&self, origin: Origin<'g>) -> Vec<String> {
        let lots = self.lots.get(&origin).into_iter().flat_map(BTreeMap::values);
        let sorted: BTreeSet<&ReturnableLot> = lots.map(|(lot, _)| *lot).collect();
        sorted.into_iter().map(|lot| lot.code.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use uuid::Uuid;

    use super::*;

    const CHEESE: ProductId = ProductId::from_uuid(Uuid::from_u128(2));

    fn lot(nth: u128) -> LotId {
        LotId::from_uuid(Uuid::from_u128(nth))
    }
    fn line(position: u16) -> OrderLineId {
        OrderId::from_uuid(Uuid::from_u128(1 << 20)).line(position)
    }

    /// Remaining lots of an order: 3 of L-1 and 2 of L-2 for its first line, 4 of L-2 for its
    /// second one.
    fn left() -> ReturnableLots {
        let units = [(1, 1, 3), (1, 2, 2), (2, 2, 4)].map(|(of, nth, units)| ((line(of), CHEESE, lot(nth)), units));
        let codes = [1, 2].map(|nth| (lot(nth), format!("L-{nth}")));
        ReturnableLots::new(&[], &BTreeMap::from(units), &HashMap::from(codes))
    }

    /// Goods of the line at an index, with this number of units of these lines of the order.
    fn brings(index: usize, units: i64, of: &[u16]) -> Goods {
        let key = LevelKey { product: CHEESE, store: StoreId::NIL };
        Goods { index, key, units, lot: LotChoice::Unsaid, origins: of.iter().map(|position| line(*position)).collect() }
    }

    /// Returns the results for lines that name no lot, in their order, given those that name one.
    fn found(named: &[(Goods, u128)], silent: &[Goods]) -> Vec<LotSearchResult> {
        found_of(&left(), named, silent)
    }

    fn found_of(left: &ReturnableLots, named: &[(Goods, u128)], silent: &[Goods]) -> Vec<LotSearchResult> {
        let named: Vec<(&Goods, LotId)> = named.iter().map(|(goods, nth)| (goods, lot(*nth))).collect();
        let alike = assign_lots(left, &named, silent.iter().collect()).into_iter();
        let mut all: Vec<(usize, LotSearchResult)> =
            alike.flat_map(|(alike, found)| alike.into_iter().map(move |one| (one.index, found.clone()))).collect();
        all.sort_by_key(|(index, _)| *index);
        all.into_iter().map(|(_, found)| found).collect()
    }

    type PoolsByOrigins<'g> = BTreeMap<&'g BTreeSet<OrderLineId>, Pool<'g>>;

    /// Reference implementation: line by line, until no line has only one lot; each is compared
    /// with each.
    fn found_slowly(left: &ReturnableLots, named: &[(Goods, u128)], silent: &[Goods]) -> Vec<LotSearchResult> {
        let mut pools = PoolsByOrigins::new();
        for goods in silent {
            let mut pool = Pool::new();
            for (lot, units) in goods.origins.iter().flat_map(|line| left.of(*line, CHEESE)) {
                pool.entry(lot.lot).or_insert((lot, 0)).1 += units;
            }
            pools.insert(&goods.origins, pool);
        }
        let take = |pools: &mut PoolsByOrigins<'_>, goods: &Goods, lot: LotId| {
            for (_, pool) in pools.iter_mut().filter(|(of, _)| !goods.origins.is_empty() && goods.origins.is_subset(of)) {
                if let Some(known) = pool.get_mut(&lot) {
                    known.1 -= goods.units;
                }
                pool.retain(|_, (_, units)| *units > 0);
            }
        };
        for (goods, nth) in named {
            take(&mut pools, goods, lot(*nth));
        }
        let (mut open, mut all): (Vec<&Goods>, BTreeMap<usize, LotSearchResult>) = (silent.iter().collect(), BTreeMap::new());
        open.sort_by_key(|goods| goods.origins.len());
        while all.len() < silent.len() {
            let before = open.len();
            open.retain(|goods| {
                let pool = &pools[&goods.origins];
                let only = pool.iter().next().filter(|(_, (_, units))| pool.len() == 1 && *units >= goods.units);
                let Some(lot) = only.map(|(lot, _)| *lot) else { return true };
                take(&mut pools, goods, lot);
                all.insert(goods.index, LotSearchResult::Only(lot));
                false
            });
            if open.len() == before {
                let codes = |goods: &Goods| pools[&goods.origins].values().map(|(lot, _)| lot.code.clone()).collect();
                all.extend(open.iter().map(|goods| (goods.index, LotSearchResult::OneOf(codes(goods)))));
            }
        }
        all.into_values().collect()
    }

    fn is(nth: u128) -> LotSearchResult {
        LotSearchResult::Only(lot(nth))
    }
    fn one_of(codes: &[&str]) -> LotSearchResult {
        LotSearchResult::OneOf(codes.iter().map(|code| (*code).to_owned()).collect())
    }

    #[test]
    fn units_that_other_lines_name_do_not_come_back_twice() {
        assert_eq!(found(&[], &[brings(0, 1, &[1])]), [one_of(&["L-1", "L-2"])]);
        assert_eq!(found(&[(brings(1, 2, &[1]), 1)], &[brings(0, 1, &[1])]), [one_of(&["L-1", "L-2"])]);
        assert_eq!(found(&[(brings(1, 3, &[1]), 1)], &[brings(0, 1, &[1])]), [is(2)]);
        let all = [(brings(1, 3, &[1]), 1), (brings(2, 2, &[1]), 2)];
        assert_eq!(found(&all, &[brings(0, 1, &[1])]), [one_of(&[])]);
    }

    #[test]
    fn units_that_are_found_for_one_line_are_not_found_for_the_next() {
        let named = [(brings(2, 3, &[1]), 1)];
        assert_eq!(found(&named, &[brings(0, 1, &[1]), brings(1, 1, &[1])]), [is(2), is(2)]);
        assert_eq!(found(&named, &[brings(0, 1, &[1]), brings(1, 2, &[1])]), [is(2), one_of(&["L-2"])]);
        // The result for the second line leaves one lot for the first.
        let named = [(brings(2, 2, &[1]), 2)];
        assert_eq!(found(&named, &[brings(0, 1, &[1, 2]), brings(1, 4, &[2])]), [is(1), is(2)]);
        assert_eq!(found(&named, &[brings(0, 4, &[2]), brings(1, 1, &[1, 2])]), [is(2), is(1)]);
        // Two of the last lot's six units go back on the first line, so that four are left for
        // both, in either order of the lines.
        let named = [(brings(2, 3, &[1]), 1)];
        assert_eq!(found(&named, &[brings(0, 2, &[1]), brings(1, 6, &[1, 2])]), [is(2), one_of(&["L-2"])]);
        assert_eq!(found(&named, &[brings(0, 6, &[1, 2]), brings(1, 2, &[1])]), [one_of(&["L-2"]), is(2)]);
    }

    #[test]
    fn units_that_may_be_of_another_line_are_left() {
        assert_eq!(found(&[(brings(1, 4, &[1, 2]), 2)], &[brings(0, 1, &[2])]), [is(2)]);
        assert_eq!(found(&[(brings(1, 4, &[]), 2)], &[brings(0, 1, &[2])]), [is(2)]);
        assert_eq!(found(&[], &[brings(0, 1, &[])]), [one_of(&[])]);
    }

    #[test]
    fn a_lot_of_fewer_units_than_come_is_not_the_only_one() {
        assert_eq!(found(&[], &[brings(0, 4, &[2])]), [is(2)]);
        assert_eq!(found(&[], &[brings(0, 5, &[2])]), [one_of(&["L-2"])]);
    }
    #[test]
    fn lines_of_one_origin_are_found_as_they_are_one_by_one() {
        let mut seed = 1_u64;
        let mut next = |below: u64| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        let codes = HashMap::from([1, 2, 3].map(|nth| (lot(nth), format!("L-{nth}"))));
        let (mut several, mut alone) = (0, 0);
        for case in 0..2_000 {
            let mut units = BTreeMap::new();
            for _ in 0..next(6) {
                let place = (line(next(3) as u16 + 1), CHEESE, lot(u128::from(next(3)) + 1));
                units.insert(place, next(6) as i64 + 1);
            }
            let left = ReturnableLots::new(&[], &units, &codes);
            let (mut named, mut silent) = (Vec::new(), Vec::new());
            for index in 0..next(8) as usize {
                let of: Vec<u16> = (1..=3).filter(|_| next(2) == 0).collect();
                let goods = brings(index, next(4) as i64 + 1, &of);
                if next(3) == 0 {
                    named.push((goods, u128::from(next(3)) + 1));
                } else {
                    silent.push(goods);
                }
            }
            let found = found_of(&left, &named, &silent);
            assert_eq!(found, found_slowly(&left, &named, &silent), "case {case}");
            alone += found.iter().filter(|found| matches!(found, LotSearchResult::Only(_))).count();
            several += found.iter().filter(|found| matches!(found, LotSearchResult::OneOf(codes) if codes.len() > 1)).count();
        }
        assert!(alone > 200 && several > 200, "{alone} and {several} prove little");
    }

    #[test]
    fn two_thousand_lines_find_their_lots() {
        let of = |nth: usize| u16::try_from(nth).unwrap();
        let units = (1..=2_000).map(|nth| ((line(of(nth)), CHEESE, lot(nth as u128)), 2));
        let codes = (1..=2_000).map(|nth| (lot(nth), format!("L-{nth}"))).collect();
        let left = ReturnableLots::new(&[], &units.collect(), &codes);
        let named: Vec<(Goods, u128)> = (1..=1_000).map(|nth| (brings(nth, 1, &[of(nth)]), nth as u128)).collect();
        let silent: Vec<Goods> = (1_001..=2_000).map(|nth| brings(nth, 1, &[of(nth - 1_000)])).collect();
        assert_eq!(found_of(&left, &named, &silent), (1..=1_000).map(is).collect::<Vec<_>>());
        // All units are of one line of an order, which left in one lot.
        let silent: Vec<Goods> = (0..2_000).map(|index| brings(index, 1, &[1])).collect();
        let found = found_of(&left, &[], &silent);
        assert_eq!(found.iter().filter(|found| **found == is(1)).count(), 2, "no more units of it left");
        assert!(found[2..].iter().all(|found| *found == one_of(&[])), "{:?}", found[2]);
    }
}
