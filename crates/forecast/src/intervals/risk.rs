//! Risks of stock: that it runs out before a delivery, and that it stays unsold for long. Both are
//! computed from the measured errors of sums that also determine points and targets.

use crate::intervals::{LeadTimeDemand, count_distinct};

impl LeadTimeDemand<'_> {
    /// The chance, 0 to 1, that demand over a lead time is more than `stock`, where each of the lead times, in weeks, has an equal chance: 1 less the mean over
    /// them of F_L(stock), with F_L the inverse of [`Self::quantile`]. At the point that keeps a cycle service p it is 1 − p. None if too little was scored, or
    /// without lead times. Sources: INSIGHT, sections 5.2 and 6.2; Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, 4th ed. (2017):
    /// the probability of a stockout in a replenishment cycle.
    pub fn stockout_probability(&self, stock: f64, lead_weeks: &[f64]) -> Option<f64> {
        let distinct = count_distinct(lead_weeks);
        if distinct.is_empty() || !stock.is_finite() || !self.pools.has_enough_scores() {
            return None;
        }
        let total: f64 = distinct.iter().map(|(_, count)| count).sum();
        let within: f64 = distinct.iter().map(|(weeks, count)| count * self.chance_within(stock, *weeks)).sum();
        Some((1.0 - within / total).clamp(0.0, 1.0))
    }
    /// Expected units of `stock` that demand over `weeks` leaves: the mean of (stock − D)⁺ with D = max(0, Σf + e s₀) over the errors e of sums; beside
    /// [`Self::expected_shortage`] the other side of the newsvendor's balance, left − short = stock − mean demand (Silver, Pyke & Thomas, 2017). Within a week the
    /// units of the sums on both sides are weighted; errors grow by the root of the time there, and beyond the longest sum. Stock below 0 leaves none. None if
    /// too little was scored.
    pub fn expected_overstock(&self, stock: f64, weeks: f64) -> Option<f64> {
        if !weeks.is_finite() || !stock.is_finite() || !self.pools.has_enough_scores() {
            return None;
        }
        let stock = stock.max(0.0);
        self.errors(weeks)?.expected_remaining(stock)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervals::{Pool, SumPools};

    /// Sums over one and two weeks: errors 0.01, 0.02, … 9.99, and twice that.
    fn pools() -> SumPools {
        let scores = |factor: f32| Pool::new((1..1_000).map(|score| score as f32 / 100.0 * factor).collect());
        SumPools::new(vec![scores(1.0), scores(2.0)], &[9, 9])
    }
    fn near(found: Option<f64>, expected: f64) -> bool {
        (found.unwrap() - expected).abs() < 0.01
    }

    #[test]
    fn stock_at_the_point_of_a_service_level_runs_out_in_the_other_cycles() {
        let (path, pools) = ([10.0; 4], pools());
        let demand = LeadTimeDemand { path: &path, scale: 2.0, pools: &pools, days: None };
        // Demand over one week is evenly spread from 10 to 30, over two weeks from 20 to 60.
        for (stock, weeks, expected) in
            [(20.0, 1.0, 0.5), (25.0, 1.0, 0.25), (30.0, 1.0, 0.0), (9.0, 1.0, 1.0), (50.0, 2.0, 0.25)]
        {
            assert!(
                near(demand.stockout_probability(stock, &[weeks]), expected),
                "{stock} {weeks}: {:?}",
                demand.stockout_probability(stock, &[weeks])
            );
        }
        for service in [0.6, 0.9, 0.95, 0.98] {
            assert!(
                near(demand.stockout_probability(demand.quantile(service, 1.5).unwrap(), &[1.5]), 1.0 - service),
                "{service}"
            );
            let mixed = demand.mixture_quantile(service, &[1.0, 2.0]).unwrap();
            assert!(near(demand.stockout_probability(mixed, &[1.0, 2.0]), 1.0 - service), "{service} of two lead times");
        }
        // One week never needs 52, two weeks do in a fifth of the cases: three of four deliveries take a week.
        assert!(near(demand.stockout_probability(52.0, &[1.0, 1.0, 2.0, 1.0]), 0.05));
        assert_eq!(
            (demand.stockout_probability(0.0, &[0.0]), demand.stockout_probability(-1.0, &[0.0])),
            (Some(0.0), Some(1.0)),
            "at once"
        );
        assert_eq!((demand.stockout_probability(1.0, &[]), demand.stockout_probability(f64::NAN, &[1.0])), (None, None));
    }

    #[test]
    fn what_is_left_and_what_is_short_balance() {
        let (path, pools) = ([10.0; 4], pools());
        let demand = LeadTimeDemand { path: &path, scale: 2.0, pools: &pools, days: None };
        // Stock of 20 units leaves 10² ÷ (2 × 20) after one week, stock of 40 units 20² ÷ (2 × 40)
        // after two.
        assert!(near(demand.expected_overstock(20.0, 1.0), 2.5) && near(demand.expected_overstock(40.0, 2.0), 5.0));
        assert!(near(demand.expected_overstock(10.0, 1.0), 0.0) && near(demand.expected_overstock(50.0, 1.0), 30.0));
        assert_eq!((demand.expected_overstock(-5.0, 1.0), demand.expected_overstock(7.0, 0.0)), (Some(0.0), Some(7.0)));
        for (stock, weeks) in [(14.0, 1.0), (33.0, 1.5), (47.0, 2.0), (90.0, 3.0)] {
            let (left, short) =
                (demand.expected_overstock(stock, weeks).unwrap(), demand.expected_shortage(stock, weeks).unwrap());
            let mean_demand = stock - left + short;
            let all = demand.expected_shortage(0.0, weeks).unwrap();
            assert!((mean_demand - all).abs() < 0.05, "{stock} {weeks}: {mean_demand} {all}");
        }
        assert_eq!(demand.expected_overstock(f64::INFINITY, 1.0), None);
        let few = SumPools::new(vec![Pool::new(vec![1.0; 199])], &[9]);
        let unknown = LeadTimeDemand { pools: &few, ..demand };
        assert_eq!((unknown.expected_overstock(9.0, 1.0), unknown.stockout_probability(9.0, &[1.0])), (None, None));
    }

    #[test]
    fn no_more_is_left_than_there_was() {
        // Demand of 1 + 2 e with errors from −1 to 1: in a quarter of the weeks nothing is sold, in another quarter half of the unit is.
        let pool = Pool::new((0_i16..=200).map(|score| f32::from(score - 100) / 100.0).collect());
        let pools = SumPools::new(vec![pool], &[9]);
        let demand = LeadTimeDemand { path: &[1.0], scale: 2.0, pools: &pools, days: None };
        assert!(near(demand.expected_overstock(1.0, 1.0), 0.375), "{:?}", demand.expected_overstock(1.0, 1.0));
    }
}
