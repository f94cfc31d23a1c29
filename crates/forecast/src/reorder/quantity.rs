//! From levels and a position to an order: the minimum, shelf life, price breaks, packs, in this order.

use crate::{
    intervals::LeadTimeDemand,
    panel::MAX_UNITS,
    reorder::{Levels, Review},
};

/// Tolerance before rounding up, for a sum that is whole except for rounding errors.
const ROUNDING_TOLERANCE: f64 = 1e-9;

/// Rounds up to whole units; at least 0, at most the largest whole number that a float counts
/// exactly. 0 for NaN.
pub fn whole_units(units: f64) -> i64 {
    (units - ROUNDING_TOLERANCE).ceil().clamp(0.0, MAX_UNITS) as i64
}

/// Stock, incoming and owed units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    pub available: i64,
    pub incoming: i64,
    pub in_transit: i64,
    pub backordered: i64,
}

impl Position {
    /// available + incoming + in transit − backordered.
    pub fn units(&self) -> i64 {
        self.available.saturating_add(self.incoming).saturating_add(self.in_transit).saturating_sub(self.backordered)
    }
}

/// A price from a quantity on, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceBreak {
    pub from_quantity: i64,
    pub unit_cost: i64,
}

/// Prices of a supplier, and the cost of holding stock.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SupplierPrices<'a> {
    /// Below the first break, in minor units.
    pub unit_cost: i64,
    pub breaks: &'a [PriceBreak],
    /// A year's holding cost as a share of the unit cost.
    pub holding_rate: f64,
    /// Mean units a week.
    pub weekly_demand: f64,
}

/// The shelf life of units that are ordered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shelf {
    /// Days on which ordered units can be sold.
    pub sellable_days: f64,
    /// Units in stock that expire after those ordered would.
    pub later_stock: i64,
}

/// Terms of sale of a supplier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Terms<'a> {
    pub minimum: i64,
    pub pack: i64,
    pub breaks: Option<SupplierPrices<'a>>,
    pub shelf: Option<Shelf>,
}

/// An order with the figure of each step, in units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proposal {
    /// Rounded up once.
    pub point: i64,
    /// Rounded up once.
    pub up_to: i64,
    pub position: i64,
    /// max(up to − position, minimum).
    pub needed: i64,
    /// After shelf life; the most that sells in time, if that is less.
    pub after_shelf: i64,
    /// After the price break that was taken.
    pub after_break: i64,
    /// Whole packs: the order.
    pub quantity: i64,
}

/// 0 above the point; else the difference to the target, at least the minimum, in whole packs.
/// `None` if the number is too large. Vectors pub-19, 20.
pub fn order_quantity(position: i64, point: i64, target: i64, terms: &Terms<'_>) -> Option<i64> {
    if position > point {
        return Some(0);
    }
    round_up_to_packs(target.checked_sub(position)?.max(terms.minimum).max(0), terms.pack)
}

fn round_up_to_packs(units: i64, pack: i64) -> Option<i64> {
    let pack = pack.max(1);
    (units.checked_add(pack - 1)? / pack).checked_mul(pack)
}

/// The order that levels and terms make, or None if none is due. Price breaks never exceed what sells within the shelf life; the last pack may.
pub fn propose(levels: &Levels, position: Position, terms: &Terms<'_>, demand: &LeadTimeDemand<'_>) -> Option<Proposal> {
    let (point, up_to, position) = (whole_units(levels.point), whole_units(levels.up_to), position.units());
    let is_due = match levels.review {
        Review::Continuous => position <= point,
        Review::OnReviewDays => true,
    };
    let missing = up_to.checked_sub(position)?;
    if !is_due || missing <= 0 {
        return None;
    }
    let needed = missing.max(terms.minimum);
    let max_sellable = terms.shelf.and_then(|shelf| sellable_units(&shelf, demand));
    let after_shelf = max_sellable.map_or(needed, |max_sellable| needed.min(max_sellable));
    let after_break = terms.breaks.map_or(after_shelf, |breaks| apply_price_break(after_shelf, max_sellable, &breaks));
    let quantity = if after_break > 0 { round_up_to_packs(after_break, terms.pack)? } else { 0 };
    (quantity > 0).then_some(Proposal { point, up_to, position, needed, after_shelf, after_break, quantity })
}

/// Q_0.5 over the sellable days less stock that expires later. None where nothing was scored.
pub fn sellable_units(shelf: &Shelf, demand: &LeadTimeDemand<'_>) -> Option<i64> {
    let sold = demand.quantile(0.5, shelf.sellable_days / 7.0)?;
    Some((sold.floor().min(MAX_UNITS) as i64).saturating_sub(shelf.later_stock).max(0))
}

/// The quantity of the break that saves most, if the price saved on the units needed is more than holding the extra ones until they are sold.
fn apply_price_break(needed: i64, max_sellable: Option<i64>, prices: &SupplierPrices<'_>) -> i64 {
    if needed <= 0 || prices.weekly_demand <= 0.0 {
        return needed;
    }
    let price = |quantity: i64| {
        let reached = prices.breaks.iter().filter(|price_break| price_break.from_quantity <= quantity);
        reached.map(|price_break| price_break.unit_cost).fold(prices.unit_cost, i64::min)
    };
    let gain = |price_break: &&PriceBreak| {
        let (extra, needed) = ((price_break.from_quantity - needed) as f64, needed as f64);
        let saved = (price(needed as i64) - price_break.unit_cost) as f64 * needed;
        // The extra units wait for the needed ones, then for each other.
        let weeks = (needed + extra / 2.0) / prices.weekly_demand;
        saved - extra * price_break.unit_cost as f64 * prices.holding_rate * weeks / 52.0
    };
    let larger = prices.breaks.iter().filter(|price_break| {
        price_break.from_quantity > needed && max_sellable.is_none_or(|max_sellable| price_break.from_quantity <= max_sellable)
    });
    let best = larger.max_by(|price_break, other| gain(price_break).total_cmp(&gain(other)));
    best.filter(|price_break| gain(price_break) > 0.0).map_or(needed, |price_break| price_break.from_quantity)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervals::{Pool, SumPools};

    const PLAIN: Terms<'_> = Terms { minimum: 0, pack: 1, breaks: None, shelf: None };

    fn flat(units: f64) -> Levels {
        Levels { point: units, up_to: units, ..Levels::NOT_STOCKED }
    }
    fn pools() -> SumPools {
        SumPools::new(vec![Pool::new(vec![0.0; 300]); 8], &[9; 8])
    }
    fn proposed(levels: &Levels, available: i64, terms: &Terms<'_>) -> Option<Proposal> {
        let pools = pools();
        let demand = LeadTimeDemand { path: &[10.0; 26], scale: 1.0, pools: &pools, days: None };
        propose(levels, Position { available, ..Position::default() }, terms, &demand)
    }

    #[test]
    fn the_worked_example_orders_60() {
        // Σf = 33.379, q = 6.447, s₀ = 6.7056.
        let found = proposed(&flat(33.379 + 6.447 * 6.7056), 18, &Terms { minimum: 24, pack: 12, ..PLAIN }).unwrap();
        assert_eq!((found.point, found.up_to, found.needed, found.quantity), (77, 77, 59, 60));
    }

    #[test]
    fn units_are_rounded_up_once_and_stay_in_range() {
        assert_eq!((whole_units(76.000_000_000_5), whole_units(76.01), whole_units(-3.0), whole_units(f64::NAN)), (76, 77, 0, 0));
        assert_eq!(whole_units(f64::INFINITY), MAX_UNITS as i64);
        assert_eq!(order_quantity(i64::MIN, 0, i64::MAX, &PLAIN), None);
        assert_eq!(order_quantity(83, 90, 200, &Terms { minimum: 48, pack: 12, ..PLAIN }), Some(120));
        assert_eq!(order_quantity(91, 90, 200, &PLAIN), Some(0));
    }

    #[test]
    fn an_order_is_due_at_the_point() {
        let levels = Levels { up_to: 30.0, ..flat(20.0) };
        assert_eq!(proposed(&levels, 20, &PLAIN).unwrap().quantity, 10);
        assert_eq!(proposed(&levels, 21, &PLAIN), None);
        assert_eq!(proposed(&Levels { review: Review::OnReviewDays, ..levels }, 21, &PLAIN).unwrap().quantity, 9);
        let position = Position { available: 5, incoming: 7, in_transit: 3, backordered: 4 };
        assert_eq!(position.units(), 11);
    }

    #[test]
    fn no_more_is_ordered_than_sells_in_time() {
        let shelf = Shelf { sellable_days: 21.0, later_stock: 6 };
        let found = proposed(&flat(50.0), 0, &Terms { shelf: Some(shelf), pack: 5, ..PLAIN }).unwrap();
        assert_eq!(
            (found.needed, found.after_shelf, found.quantity),
            (50, 24, 25),
            "30 sell in three weeks, 6 of them are there"
        );
    }

    #[test]
    fn a_price_break_is_taken_if_it_pays() {
        let breaks = [PriceBreak { from_quantity: 60, unit_cost: 90 }, PriceBreak { from_quantity: 5_000, unit_cost: 89 }];
        let prices = |weekly_demand: f64| SupplierPrices { unit_cost: 100, breaks: &breaks, holding_rate: 0.25, weekly_demand };
        let order = |weekly_demand: f64| {
            proposed(&flat(50.0), 0, &Terms { breaks: Some(prices(weekly_demand)), ..PLAIN }).unwrap().after_break
        };
        assert_eq!(order(10.0), 60, "500 saved; ten units held for 5.5 weeks cost 24");
        assert_eq!(order(0.2), 50, "held for 275 weeks they cost 1,190");
        assert_eq!(order(0.0), 50, "what does not sell is not bought for its price");
        let shelf = Shelf { sellable_days: 38.0, later_stock: 0 };
        let limited = Terms { breaks: Some(prices(10.0)), shelf: Some(shelf), ..PLAIN };
        assert_eq!(proposed(&flat(50.0), 0, &limited).unwrap().after_break, 50, "54 sell in time");
    }
}
