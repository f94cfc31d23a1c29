//! Maximum products of a simulation.

use entity::prelude::*;

use super::{ReorderPolicy, SimulatedRule};

/// Maximum products of a simulation; of one by fill rate, whose search for the stock takes a
/// hundred times as many steps; and of one by measured deliveries, whose mixture needs a search
/// within a search.
const MAX_PRODUCTS: usize = 500;
const MAX_BY_FILL: usize = 100;
pub const MAX_BY_DELIVERIES: usize = 20;
const WEEK: usize = 7;

impl ReorderPolicy {
    /// Returns the maximum number of products that the policy is simulated for.
    pub const fn max_products(&self) -> usize {
        let promises = !matches!(self.rule, SimulatedRule::MinMax { .. } | SimulatedRule::TargetDays { .. });
        match (promises, self.method, self.lead_days) {
            (false, ..) | (_, SafetyStockMethod::Normal, _) | (_, SafetyStockMethod::Quantile, Some(_)) => MAX_PRODUCTS,
            (_, SafetyStockMethod::FillRate, Some(_)) => MAX_BY_FILL,
            (.., None) => MAX_BY_DELIVERIES,
        }
    }
    /// Returns the same limit for suppliers with calendars: the stock is searched at each review
    /// then, not once a week.
    pub fn max_products_with_calendars(&self) -> usize {
        match self.max_products() {
            MAX_PRODUCTS => MAX_PRODUCTS,
            most => most.div_ceil(WEEK.div_ceil(self.review_days.max(1))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(rule: SimulatedRule) -> ReorderPolicy {
        let method = SafetyStockMethod::Quantile;
        ReorderPolicy {
            rule,
            service: 0.95,
            method,
            lead_days: Some(14),
            review_days: 7,
            minimum: 0,
            pack: 1,
            is_backordered: false,
        }
    }

    #[test]
    fn a_search_for_a_fill_rate_takes_fewer_products() {
        let by = |rule: SimulatedRule, method: SafetyStockMethod| ReorderPolicy { method, ..policy(rule) }.max_products();
        let days = SimulatedRule::TargetDays { safety_days: 7, target_days: 28 };
        assert_eq!([by(SimulatedRule::Periodic, SafetyStockMethod::Quantile), by(days, SafetyStockMethod::FillRate)], [500; 2]);
        assert_eq!(by(SimulatedRule::Periodic, SafetyStockMethod::FillRate), 100);
        let measured = |rule: SimulatedRule| ReorderPolicy { lead_days: None, ..policy(rule) }.max_products();
        assert_eq!([measured(SimulatedRule::Periodic), measured(days)], [20, 500]);
    }

    #[test]
    fn with_calendars_a_search_is_made_at_each_review() {
        let point = policy(SimulatedRule::ReorderPoint { cover_days: 14 });
        let most = |method: SafetyStockMethod, lead_days: Option<usize>, review_days: usize| {
            ReorderPolicy { method, lead_days, review_days, ..point }.max_products_with_calendars()
        };
        assert_eq!([7, 3, 1].map(|review| most(SafetyStockMethod::FillRate, Some(14), review)), [100, 34, 15]);
        assert_eq!([14, 1].map(|review| most(SafetyStockMethod::Quantile, None, review)), [20, 3]);
        assert_eq!([7, 1].map(|review| most(SafetyStockMethod::Quantile, Some(14), review)), [500; 2]);
    }
}
