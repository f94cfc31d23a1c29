//! The lots in which goods of a call come back whose lines name none: units that its other lines are of cannot come back a second time.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use entity::prelude::*;

use super::{
    lots_left::{LotLeft, LotsLeft},
    refusal::ReturnRefusal,
    sales_return::ReturnLine,
};
use crate::stock::core::{At, Draft, LevelKey, LotChoice, Rejection, RoomRefusal};

/// Goods that come back with a line of a call.
pub(super) struct Goods {
    /// The place of the line.
    index: usize,
    key: LevelKey,
    units: i64,
    /// As the line names it.
    lot: LotChoice,
    /// The lines of orders that they go back on; none where a part of them came from no known order.
    origins: BTreeSet<OrderLineId>,
}

impl Goods {
    /// Goods of a return's line, as the line at a place of the call brings them.
    pub(super) fn of(line: &ReturnLine, index: usize, (key, units, lot): (LevelKey, i64, LotChoice)) -> Self {
        let matched: i64 = line.matches.iter().map(|piece| piece.quantity.get()).sum();
        let is_known = matched >= line.quantity.get();
        let origins = line.matches.iter().filter(|_| is_known).map(|piece| piece.line).collect();
        Self { index, key, units, lot, origins }
    }
}

/// The lots of goods whose lines name none, by the place of the line and the product.
#[derive(Debug, Default)]
pub(super) struct LotsChosen(BTreeMap<(usize, ProductId), Result<LotId, ReturnRefusal>>);

impl LotsChosen {
    /// Finds the lots that alone can come back, of all goods of a call.
    pub(super) fn of(draft: &Draft<'_>, left: &LotsLeft, goods: &[Goods]) -> Self {
        let (named, silent): (Vec<&Goods>, Vec<&Goods>) = goods.iter().partition(|one| one.lot.is_said());
        let lot = |one: &Goods| draft.lot_id_said(one.key.product, &one.lot);
        let named: Vec<(&Goods, LotId)> = named.into_iter().filter_map(|one| Some((one, lot(one)?))).collect();
        let facts = |one: &Goods| draft.level(one.key, At::NOWHERE).ok().map(|level| &level.facts);
        let is_open = |one: &&Goods| facts(one).is_some_and(|facts| facts.tracking != Tracking::None);
        let mut chosen = BTreeMap::new();
        for (one, found) in choose(left, &named, silent.into_iter().filter(is_open).collect()) {
            let place = (one.index, one.key.product);
            match (found, facts(one)) {
                (Found::Only(lot), _) => drop(chosen.insert(place, Ok(lot))),
                (Found::OneOf(codes), Some(facts)) if !codes.is_empty() => {
                    let why = ReturnRefusal::SeveralLots { sku: facts.sku.clone(), tracking: facts.tracking, codes };
                    chosen.insert(place, Err(why));
                }
                (Found::OneOf(_), _) => {}
            }
        }
        Self(chosen)
    }

    /// The lot of goods: the one that their line names, else the only one that can come back. Several are refused; none is known of goods that are not kept
    /// by lots.
    pub(super) fn lot(&self, place: (usize, ProductId), named: &LotChoice, field: At) -> Result<LotChoice, Rejection> {
        match self.0.get(&place) {
            None => Ok(named.clone()),
            Some(Ok(lot)) => Ok(LotChoice::Id(*lot)),
            Some(Err(why)) => Err(why.clone().at(field.lot())),
        }
    }
}

/// What is known of a lot that is not named.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Only(LotId),
    /// The codes of those that can come back, sorted: several; or one, of which fewer units are left; or none.
    OneOf(Vec<String>),
}

/// The lots that are left for goods that go back on the same lines of orders, with the units of each.
type Pool<'g> = BTreeMap<LotId, (&'g LotLeft, i64)>;

/// The pools of each product, by the lines of orders.
type Pools<'g> = BTreeMap<ProductId, BTreeMap<&'g BTreeSet<OrderLineId>, Pool<'g>>>;

/// Takes off what lines name, and then what alone is left for a line that names none, until that leaves no further line one lot alone. Goods of fewer order
/// lines take first, since they are taken off those of more, and not the other way round: so the order of the lines does not matter.
fn choose<'g>(left: &'g LotsLeft, named: &[(&Goods, LotId)], mut open: Vec<&'g Goods>) -> Vec<(&'g Goods, Found)> {
    open.sort_by_key(|goods| goods.origins.len());
    let mut pools = pools_of(left, &open);
    for (goods, lot) in named {
        take(&mut pools, goods, *lot);
    }
    let mut chosen = Vec::with_capacity(open.len());
    loop {
        let before = open.len();
        open.retain(|goods| {
            let Some(lot) = only(&pools, goods) else { return true };
            take(&mut pools, goods, lot);
            chosen.push((*goods, Found::Only(lot)));
            false
        });
        if open.len() == before {
            break;
        }
    }
    chosen.extend(open.into_iter().map(|goods| (goods, Found::OneOf(codes(&pools, goods)))));
    chosen
}

fn pools_of<'g>(left: &'g LotsLeft, open: &[&'g Goods]) -> Pools<'g> {
    let mut pools = Pools::new();
    for goods in open {
        let product = goods.key.product;
        if let Entry::Vacant(free) = pools.entry(product).or_default().entry(&goods.origins) {
            let mut pool = Pool::new();
            for (lot, units) in goods.origins.iter().flat_map(move |line| left.of(*line, product)) {
                pool.entry(lot.lot).or_insert((lot, 0)).1 += units;
            }
            free.insert(pool);
        }
    }
    pools
}

/// Takes units off all that they are surely a part of: goods that may have left for other lines, too, are not taken off these. So too much is left then,
/// and never too little.
fn take(pools: &mut Pools<'_>, goods: &Goods, lot: LotId) {
    if goods.origins.is_empty() {
        return;
    }
    for (origins, pool) in pools.get_mut(&goods.key.product).into_iter().flatten() {
        if !goods.origins.is_subset(origins) {
            continue;
        }
        if let Entry::Occupied(mut known) = pool.entry(lot) {
            known.get_mut().1 -= goods.units;
            if known.get().1 <= 0 {
                known.remove();
            }
        }
    }
}

fn pool<'p, 'g>(pools: &'p Pools<'g>, goods: &Goods) -> Option<&'p Pool<'g>> {
    pools.get(&goods.key.product)?.get(&goods.origins)
}

/// The only lot that can come back, if all of the goods can be of it.
fn only(pools: &Pools<'_>, goods: &Goods) -> Option<LotId> {
    let pool = pool(pools, goods)?;
    let (lot, (_, units)) = pool.first_key_value()?;
    (pool.len() == 1 && *units >= goods.units).then_some(*lot)
}

fn codes(pools: &Pools<'_>, goods: &Goods) -> Vec<String> {
    let lots = pool(pools, goods).into_iter().flat_map(BTreeMap::values);
    let sorted: BTreeSet<&LotLeft> = lots.map(|(lot, _)| *lot).collect();
    sorted.into_iter().map(|lot| lot.code.clone()).collect()
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

    /// What is left of an order: of its first line 3 of L-1 and 2 of L-2, of its second one 4 of L-2.
    fn left() -> LotsLeft {
        let units = [(1, 1, 3), (1, 2, 2), (2, 2, 4)].map(|(of, nth, units)| ((line(of), CHEESE, lot(nth)), units));
        let codes = [1, 2].map(|nth| (lot(nth), format!("L-{nth}")));
        LotsLeft::new(&[], &BTreeMap::from(units), &HashMap::from(codes))
    }

    /// The line at a place, which brings so much of these lines of the order.
    fn brings(index: usize, units: i64, of: &[u16]) -> Goods {
        let key = LevelKey { product: CHEESE, store: StoreId::NIL };
        Goods { index, key, units, lot: LotChoice::Unsaid, origins: of.iter().map(|position| line(*position)).collect() }
    }

    /// What is found for lines that name no lot, in their order, beside those that name one.
    fn found(named: &[(Goods, u128)], silent: &[Goods]) -> Vec<Found> {
        let left = left();
        let named: Vec<(&Goods, LotId)> = named.iter().map(|(goods, nth)| (goods, lot(*nth))).collect();
        let mut all = choose(&left, &named, silent.iter().collect());
        all.sort_by_key(|(goods, _)| goods.index);
        all.into_iter().map(|(_, found)| found).collect()
    }

    fn is(nth: u128) -> Found {
        Found::Only(lot(nth))
    }
    fn one_of(codes: &[&str]) -> Found {
        Found::OneOf(codes.iter().map(|code| (*code).to_owned()).collect())
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
        // What is found for the second line leaves one lot for the first.
        let named = [(brings(2, 2, &[1]), 2)];
        assert_eq!(found(&named, &[brings(0, 1, &[1, 2]), brings(1, 4, &[2])]), [is(1), is(2)]);
        assert_eq!(found(&named, &[brings(0, 4, &[2]), brings(1, 1, &[1, 2])]), [is(2), is(1)]);
        // Of six units of the last lot two go back on the first line, so that four are left for both: whichever is named first.
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
}
