//! Replenishment: safety stock, reorder points, and suggestions with their reasons. Formulas after
//! Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, 4th ed. (2017), and
//! Harris (1913); the vectors that prove them are in `tests/it/purchasing/vectors.rs`.

use entity::prelude::*;

use super::supply::Supply;
use crate::catalog::core::calendar::SupplierCalendar;

/// Tolerance that is subtracted before rounding up, so that a sum that is whole but for the last
/// bit of a float is not rounded up.
const ROUNDING_TOLERANCE: f64 = 1e-9;

/// The inverse of the standard normal distribution (P. J. Acklam's rational approximation, relative error below 1.2e-9); 0 < p < 1.
pub fn inverse_normal(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] = [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416];
    const TAIL: f64 = 0.024_25;
    let series = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, factor| sum * x + factor);
    let tail = |p: f64| {
        let q = (-2.0 * p.ln()).sqrt();
        series(&C, q) / (series(&D, q) * q + 1.0)
    };
    if p < TAIL {
        tail(p)
    } else if p > 1.0 - TAIL {
        -tail(1.0 - p)
    } else {
        let q = p - 0.5;
        series(&A, q * q) * q / (series(&B, q * q) * q * q + 1.0)
    }
}

/// Demand for a product and its lead time, in the same period (here: days).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Demand {
    pub mean: f64,
    pub deviation: f64,
    pub lead_time: f64,
    pub lead_time_deviation: f64,
}

/// `inverse_normal × √(L × σ² + mean² × σL²)`; 0 below a service level of one half.
pub fn safety_stock(service_level: f64, demand: Demand) -> f64 {
    if service_level < 0.5 {
        return 0.0;
    }
    let Demand { mean, deviation, lead_time, lead_time_deviation } = demand;
    inverse_normal(service_level) * (lead_time * deviation.powi(2) + mean.powi(2) * lead_time_deviation.powi(2)).sqrt()
}

/// `mean × L + safety stock`.
pub fn reorder_point(demand: Demand, safety_stock: f64) -> f64 {
    demand.mean * demand.lead_time + safety_stock
}

/// Returns 0 above the reorder point; else the quantity missing to the target, at least the
/// minimum, in whole packs. None if it exceeds the exact range.
pub fn order_quantity(position: i64, reorder_point: i64, target: i64, minimum: i64, pack: i64) -> Option<i64> {
    if position > reorder_point {
        return Some(0);
    }
    let (quantity, pack) = (target.checked_sub(position)?.max(minimum).max(0), pack.max(1));
    let packs = quantity.checked_add(pack - 1)? / pack;
    packs.checked_mul(pack)
}

/// Rounds up to whole units; a float beyond the range becomes the greatest quantity.
fn round_up_units(units: f64) -> i64 {
    let units = (units - ROUNDING_TOLERANCE).ceil();
    if units >= entity::quantity::MAX_SAFE as f64 { entity::quantity::MAX_SAFE } else { units.max(0.0) as i64 }
}

/// Parameters of suggestions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plan {
    /// Days of sales that the demand is taken from.
    pub days: u16,
    /// Days of demand that an order is to cover where a level has no maximum.
    pub cover_days: u16,
    /// Probability that stock lasts until the next delivery, if a level has no reorder point.
    pub service_level: f64,
    /// Default lead time in days.
    pub lead_days: u16,
}

/// Lead time data of a supplier, in days.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LeadTimeStats {
    /// Lead time that the supplier states.
    pub days: Option<u16>,
    /// Standard deviation of the measured lead times; 0 if there are too few.
    pub deviation: f64,
    pub calendar: SupplierCalendar,
    /// Current date, in days since 1970-01-01: the calendar's effect depends on it.
    pub today: i32,
}

impl LeadTimeStats {
    /// Returns the days that stock must cover, for a delivery with this lead time: by the
    /// supplier's calendar until the arrival of a later order.
    fn protection_days(&self, days: u16) -> u16 {
        u16::try_from(self.calendar.protection_days(self.today, days.into(), 1)).unwrap_or(u16::MAX)
    }
}

/// A product in a store.
#[derive(Debug, Clone, PartialEq)]
pub struct StoreStock {
    pub store: StoreId,
    pub available: i64,
    pub incoming: i64,
    pub in_transit: i64,
    pub backordered: i64,
    pub safety_stock: i64,
    pub reorder_point: Option<i64>,
    pub maximum: Option<i64>,
    /// Units sold in the plan's days, and the sum of the squares of the daily units.
    pub sold: f64,
    pub sold_squares: f64,
    /// True if suggestions for this store are requested; other stores may only give stock.
    pub is_asked: bool,
}

/// Kind of a suggestion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// From a store that has more than its maximum.
    Transfer {
        from: StoreId,
    },
    Purchase,
}

/// Source of the reorder point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The level has one.
    ReorderPoint,
    /// The level has none; it is computed from demand and lead time.
    Demand,
}

/// A suggestion, with all figures that it is computed from, in smallest units.
#[derive(Debug, Clone, PartialEq)]
pub struct Suggestion {
    pub store: StoreId,
    pub kind: Kind,
    pub reason: Reason,
    pub quantity: i64,
    /// available + incoming + in transit − backordered.
    pub position: i64,
    pub reorder_point: i64,
    pub target: i64,
    pub lead_days: u16,
    pub lead_deviation: f64,
    /// Mean demand of a day.
    pub demand_mean: f64,
    pub demand_deviation: f64,
    pub safety_stock: i64,
    pub store_stock: StoreStock,
}

impl StoreStock {
    /// Returns the empty stock of a store that never had the product.
    pub fn empty(store: StoreId) -> Self {
        Self {
            store,
            available: 0,
            incoming: 0,
            in_transit: 0,
            backordered: 0,
            safety_stock: 0,
            reorder_point: None,
            maximum: None,
            sold: 0.0,
            sold_squares: 0.0,
            is_asked: true,
        }
    }
    /// available + incoming + in transit − backordered.
    fn position(&self) -> i64 {
        self.available + self.incoming + self.in_transit - self.backordered
    }
    /// Returns the surplus that could be transferred: the available stock beyond the maximum.
    fn surplus(&self) -> i64 {
        self.maximum.map_or(0, |maximum| (self.available - self.backordered - maximum).max(0))
    }
}

/// Returns a suggestion for the quantity that a store lacks, before its source is chosen; `None` if
/// it lacks nothing.
fn build_suggestion(plan: &Plan, store_stock: &StoreStock, (lead_days, lead_deviation): (u16, f64)) -> Option<Suggestion> {
    let days = f64::from(plan.days.max(1));
    let mean = store_stock.sold / days;
    let variance = if plan.days > 1 { (store_stock.sold_squares - store_stock.sold * mean) / (days - 1.0) } else { 0.0 };
    let deviation = variance.max(0.0).sqrt();
    let demand = Demand { mean, deviation, lead_time: f64::from(lead_days), lead_time_deviation: lead_deviation };
    let safety =
        if store_stock.safety_stock > 0 { store_stock.safety_stock as f64 } else { safety_stock(plan.service_level, demand) };
    let (reason, point) = match store_stock.reorder_point {
        Some(point) => (Reason::ReorderPoint, point),
        // Rounded once, at the end: with rounded parts, the order would be a unit too early.
        None if mean > 0.0 => (Reason::Demand, round_up_units(reorder_point(demand, safety))),
        None if store_stock.backordered > 0 => (Reason::Demand, 0),
        None => return None,
    };
    let position = store_stock.position();
    let target =
        store_stock.maximum.unwrap_or_else(|| point.saturating_add(round_up_units(mean * f64::from(plan.cover_days)))).max(point);
    (position <= point && target > position).then(|| Suggestion {
        store: store_stock.store,
        kind: Kind::Purchase,
        reason,
        quantity: target - position,
        position,
        reorder_point: point,
        target,
        lead_days,
        lead_deviation,
        demand_mean: mean,
        demand_deviation: demand.deviation,
        safety_stock: round_up_units(safety),
        store_stock: store_stock.clone(),
    })
}

/// Returns the suggestions for one product, the most urgent store first. Surplus of other stores
/// beyond their maximum is transferred before anything is bought, the largest surplus first.
pub fn suggest(plan: &Plan, stock_by_store: &[StoreStock], supply: Option<&Supply>, lead: LeadTimeStats) -> Vec<Suggestion> {
    let supply_days = supply.and_then(|supply| supply.lead_time_days).and_then(|days| u16::try_from(days).ok());
    let days = lead.protection_days(supply_days.or(lead.days).unwrap_or(plan.lead_days));
    let mut needs: Vec<Suggestion> = stock_by_store
        .iter()
        .filter(|store_stock| store_stock.is_asked)
        .filter_map(|store_stock| build_suggestion(plan, store_stock, (days, lead.deviation)))
        .collect();
    needs.sort_by_key(|need| (need.position - need.reorder_point, need.store));
    let mut surplus_stores: Vec<(i64, StoreId)> = stock_by_store
        .iter()
        .map(|store_stock| (store_stock.surplus(), store_stock.store))
        .filter(|(surplus, _)| *surplus > 0)
        .collect();
    surplus_stores.sort_by_key(|(surplus, store)| (-surplus, *store));
    let (minimum, pack) = supply.map_or((0, 1), |supply| (supply.minimum_order.get(), supply.pack_size.get()));
    let mut suggestions = Vec::new();
    for need in needs {
        let mut unmet_quantity = need.quantity;
        for (surplus, from) in surplus_stores.iter_mut().filter(|(_, from)| *from != need.store) {
            let transferred = unmet_quantity.min(*surplus);
            if transferred > 0 {
                (unmet_quantity, *surplus) = (unmet_quantity - transferred, *surplus - transferred);
                suggestions.push(Suggestion { kind: Kind::Transfer { from: *from }, quantity: transferred, ..need.clone() });
            }
        }
        // Quantities that are transferred are not bought as well.
        let target = need.target - (need.quantity - unmet_quantity);
        if unmet_quantity > 0
            && let Some(quantity) = order_quantity(need.position, need.reorder_point, target, minimum, pack)
        {
            suggestions.push(Suggestion { quantity, ..need });
        }
    }
    suggestions
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAN: Plan = Plan { days: 30, cover_days: 14, service_level: 0.95, lead_days: 7 };

    fn store(n: u128) -> StoreId {
        StoreId::from_uuid(uuid::Uuid::from_u128(n))
    }
    fn store_stock(n: u128, available: i64) -> StoreStock {
        StoreStock { available, reorder_point: Some(10), maximum: Some(40), ..StoreStock::empty(store(n)) }
    }
    fn summarize(found: &[Suggestion]) -> Vec<(StoreId, Kind, i64)> {
        found.iter().map(|one| (one.store, one.kind, one.quantity)).collect()
    }

    #[test]
    fn a_place_is_filled_up_to_its_maximum_when_it_reaches_its_point() {
        assert_eq!(
            summarize(&suggest(&PLAN, &[store_stock(1, 10)], None, LeadTimeStats::default())),
            [(store(1), Kind::Purchase, 30)]
        );
        assert!(suggest(&PLAN, &[store_stock(1, 11)], None, LeadTimeStats::default()).is_empty());
        let coming = StoreStock { incoming: 5, in_transit: 2, backordered: 1, ..store_stock(1, 4) };
        assert_eq!(summarize(&suggest(&PLAN, &[coming], None, LeadTimeStats::default())), [(store(1), Kind::Purchase, 30)]);
    }

    #[test]
    fn what_another_store_has_too_much_of_is_moved_first_and_given_once() {
        let stock_by_store =
            [store_stock(1, 0), store_stock(2, 5), StoreStock { is_asked: false, ..store_stock(3, 90) }, store_stock(4, 45)];
        let found = suggest(&PLAN, &stock_by_store, None, LeadTimeStats::default());
        assert_eq!(
            summarize(&found),
            [
                (store(1), Kind::Transfer { from: store(3) }, 40),
                (store(2), Kind::Transfer { from: store(3) }, 10),
                (store(2), Kind::Transfer { from: store(4) }, 5),
                (store(2), Kind::Purchase, 20),
            ]
        );
    }

    #[test]
    fn without_a_point_demand_makes_one() {
        let selling = StoreStock { reorder_point: None, maximum: None, sold: 300.0, sold_squares: 3_000.0, ..store_stock(1, 60) };
        let found = suggest(&PLAN, std::slice::from_ref(&selling), None, LeadTimeStats::default());
        // Ten a day, always: no safety stock. The reorder point covers seven days, the target
        // fourteen more.
        assert_eq!((found[0].reason, found[0].reorder_point, found[0].target, found[0].quantity), (Reason::Demand, 70, 210, 150));
        assert_eq!(
            suggest(&PLAN, &[StoreStock { sold: 0.0, sold_squares: 0.0, ..selling.clone() }], None, LeadTimeStats::default()),
            []
        );
        let lead = |days, deviation| LeadTimeStats { days, deviation, ..LeadTimeStats::default() };
        assert_eq!(suggest(&PLAN, std::slice::from_ref(&selling), None, lead(Some(5), 0.0)), [], "a shorter way needs less");
        // z(0.95) × 10 a day × 2 days of deviation, rounded up.
        let unsure = suggest(&PLAN, std::slice::from_ref(&selling), None, lead(None, 2.0));
        assert_eq!((unsure[0].safety_stock, unsure[0].reorder_point), (33, 103), "who delivers unevenly is ordered from earlier");
        let mondays = SupplierCalendar { order_days: vec![1], ..SupplierCalendar::default() };
        // Seven days from a Monday on; an order that misses it arrives seven days after the next
        // one.
        let waiting = suggest(
            &PLAN,
            std::slice::from_ref(&selling),
            None,
            LeadTimeStats { calendar: mondays, today: 4, ..LeadTimeStats::default() },
        );
        assert_eq!((waiting[0].lead_days, waiting[0].reorder_point), (13, 130));
        let owed = StoreStock { sold: 0.0, sold_squares: 0.0, backordered: 70, ..selling };
        assert_eq!(suggest(&PLAN, &[owed], None, LeadTimeStats::default())[0].quantity, 10, "what is owed is ordered");
    }

    #[test]
    fn huge_figures_stay_in_range() {
        let most = entity::quantity::MAX_SAFE;
        assert_eq!(round_up_units(f64::MAX), most);
        assert_eq!(order_quantity(i64::MIN, 0, i64::MAX, 0, 1), None);
        assert_eq!(order_quantity(0, 0, i64::MAX, 0, 7), None);
    }
}
