//! The risk of a line: that stock ends before a delivery comes, and that units lie for half a year.

use std::sync::Arc;

use forecast::intervals::{LeadTimeDemand, SumPools};

use super::product::{Basis, Demand, LevelState, ProductState};

/// Units that are left after so many weeks are overstock. Source: INSIGHT, section 6.2.
const OVERSTOCK_WEEKS: f64 = 26.0;
const WEEK: f64 = 7.0;

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
        let demand = alive(level)?;
        let pools = basis.pools.get(&demand.pool?)?.clone();
        let weekly = basis.demand(level).mean(OVERSTOCK_WEEKS) / OVERSTOCK_WEEKS;
        Some(Self { weekly, scale: demand.scale, pools })
    }
    /// Units of so much stock that are expected to be left. None where too few errors are known.
    pub(super) fn left(&self, stock: i64) -> Option<f64> {
        let demand = LeadTimeDemand { path: &[self.weekly], scale: self.scale, pools: &self.pools, days: None };
        demand.overstock(stock as f64, OVERSTOCK_WEEKS)
    }
}

/// Errors of other products say nothing of one that nobody asks for any more.
fn alive(level: &LevelState) -> Option<&Demand> {
    level.demand.as_ref().filter(|demand| demand.is_alive())
}

/// The chance that the position of a level is gone before the arrival of what is ordered today, by each of the lead times that are likely. None without a
/// forecast of demand, and where too few errors are known.
pub(super) fn stockout(basis: &Basis, product: &ProductState, level: &LevelState) -> Option<f64> {
    alive(level)?;
    let weeks: Vec<f64> = product.leads.arrivals(basis.today).into_iter().map(|days| days / WEEK).collect();
    basis.demand(level).stockout(level.position() as f64, &weeks)
}

/// Units of the position of a level, with so many more, that are expected to be left after half a year. None as of [`stockout`].
pub(super) fn overstock(basis: &Basis, level: &LevelState, more: i64) -> Option<f64> {
    HalfYear::of(basis, level)?.left(level.position().saturating_add(more))
}
