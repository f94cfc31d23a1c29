//! The risks of a line: that stock ends before a delivery arrives, and that units are left after
//! half a year.

use std::sync::Arc;

use forecast::intervals::{LeadTimeDemand, SumPools};

use super::product::{Basis, Demand, LevelState, ProductState};

/// Weeks after which remaining units are overstock. Source: INSIGHT, section 6.2.
const OVERSTOCK_WEEKS: f64 = 26.0;
const WEEK: f64 = 7.0;
/// Horizon in days in which the end of stock is searched.
const HALF_YEAR: i32 = 182;
/// Days until the next opportunity to order, whose demand is at risk.
const REVIEW_DAYS: f64 = 7.0;

/// The demand for a level's stock over half a year: the mean of its weeks, and the errors of sums.
#[derive(Debug, Clone, PartialEq)]
pub struct HalfYear {
    weekly: f64,
    scale: f64,
    pools: Arc<SumPools>,
}

impl HalfYear {
    /// None without a forecast of demand.
    pub(super) fn of(basis: &Basis, level: &LevelState) -> Option<Self> {
        let demand = active_demand(level)?;
        let pools = basis.pools.get(&demand.pool?)?.clone();
        let weekly = basis.demand(level).mean(OVERSTOCK_WEEKS) / OVERSTOCK_WEEKS;
        Some(Self { weekly, scale: demand.scale, pools })
    }
    /// Expected remaining units of this stock. None if too few forecast errors are known.
    pub(super) fn remaining_units(&self, stock: i64) -> Option<f64> {
        let demand = LeadTimeDemand { path: &[self.weekly], scale: self.scale, pools: &self.pools, days: None };
        demand.expected_overstock(stock as f64, OVERSTOCK_WEEKS)
    }
}

/// The demand, unless it has ended: the errors of other products do not apply to a product without
/// demand.
fn active_demand(level: &LevelState) -> Option<&Demand> {
    level.demand.as_ref().filter(|demand| demand.has_demand())
}

/// The probability that the position of a level is used up before an order placed today arrives,
/// over the likely lead times. None without a forecast of demand, and if too few forecast errors
/// are known.
pub(super) fn stockout(basis: &Basis, product: &ProductState, level: &LevelState) -> Option<f64> {
    active_demand(level)?;
    let weeks: Vec<f64> = product.leads.arrivals(basis.today).into_iter().map(|days| days / WEEK).collect();
    basis.demand(level).stockout_probability(level.position() as f64, &weeks)
}

/// Expected remaining units after half a year, of the position of a level plus `added_units`. None
/// as of [`stockout`].
pub(super) fn overstock(basis: &Basis, level: &LevelState, added_units: i64) -> Option<f64> {
    HalfYear::of(basis, level)?.remaining_units(level.position().saturating_add(added_units))
}

/// Whole days until a store's stock is gone at mean demand, 0 if it is gone. None beyond half a
/// year, and without demand.
pub(super) fn stock_days(basis: &Basis, level: &LevelState) -> Option<i32> {
    let stock = (level.available - level.owed) as f64;
    let demand = basis.demand(level);
    let is_wanted = level.owed > 0 || demand.mean(f64::from(HALF_YEAR) / 7.0) > 0.0;
    if stock <= 0.0 {
        return is_wanted.then_some(0);
    }
    let is_gone = |days: i32| demand.mean(f64::from(days) / 7.0) >= stock;
    if !is_gone(HALF_YEAR) {
        return None;
    }
    // The last day on which some is left: mean demand never falls with time.
    let (mut low, mut high) = (0, HALF_YEAR);
    while high - low > 1 {
        let middle = i32::midpoint(low, high);
        if is_gone(middle) { high = middle } else { low = middle }
    }
    Some(low)
}

/// Units of mean demand that would be missed until a week after the next delivery, without that
/// delivery.
pub(super) fn missed_units(basis: &Basis, product: &ProductState, level: &LevelState) -> f64 {
    let (demand, days) = (basis.demand(level), product.leads.days_to_arrival(basis.today, 0));
    let shortfall = demand.mean((days + REVIEW_DAYS) / 7.0) - level.position().max(0) as f64;
    shortfall.max(0.0) + (-level.position()).max(0) as f64
}
