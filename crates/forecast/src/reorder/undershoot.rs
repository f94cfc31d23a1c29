//! The undershoot of a point: a position passes it by part of a day's demand before the plan of the night sees that. A point has to last for that part, too.

use crate::intervals::LeadTimeDemand;

const DAYS_A_WEEK: f64 = 7.0;
/// A deviation of more mean steps than this is that of a giant, which steps are cut at.
const MAX_STEPS: f64 = 2.0;
/// The least unit that is sold: a product that sells one at a time passes no point.
const MIN_UNIT: f64 = 1.0;

/// Weekly units of a product, over its known weeks of the last 52.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct WeeklyUnits {
    pub mean: f64,
    /// The population deviation.
    pub deviation: f64,
}

/// The demand between the moment at which a position passes a point and the look that sees it, where there is one each day.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Undershoot {
    /// Mean of the undershoot in units: `days` of demand and `rest`.
    pub units: f64,
    /// Days of demand that vary as it does; at most a week, and no more than ask for its mean.
    pub days: f64,
    pub rest: f64,
}

impl Undershoot {
    /// The mean is (σ² + μ²) ÷ 2μ − ½ with the mean μ and the variance σ² of a day's units (renewal
    /// theory; Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, 4th
    /// ed., 2017). The undershoot is assumed to be even between 0 and twice that, so that its
    /// variance is a third of the mean's square, which is that of so many days of demand. σ² is a
    /// seventh of a week's. Zero if no demand is forecast. Source: decision 0370.
    pub fn of(weekly_units: WeeklyUnits, demand: &LeadTimeDemand<'_>) -> Self {
        let day = demand.mean(1.0 / DAYS_A_WEEK);
        if day <= 0.0 {
            return Self::default();
        }
        let variance = weekly_units.deviation.min(MAX_STEPS * demand.scale).powi(2) / DAYS_A_WEEK;
        // A product that sells less than it did passes its point by no larger sales.
        let usual = day.max(weekly_units.mean / DAYS_A_WEEK);
        let units = (variance / (2.0 * usual) + (day - MIN_UNIT) / 2.0).max(0.0);
        let as_varied = if variance > 0.0 { units.powi(2) / (3.0 * variance) } else { DAYS_A_WEEK };
        let days = as_varied.min(units / day).min(DAYS_A_WEEK);
        Self { units, days, rest: (units - days * day).max(0.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervals::SumPools;

    /// Returns the undershoot of a product whose days sell each of these units equally often.
    fn of_days(days: &[f64]) -> Undershoot {
        let count = days.len() as f64;
        let mean = days.iter().sum::<f64>() / count;
        let variance = days.iter().map(|units| (units - mean).powi(2)).sum::<f64>() / count;
        let known = WeeklyUnits { mean: DAYS_A_WEEK * mean, deviation: (DAYS_A_WEEK * variance).sqrt() };
        of(known, DAYS_A_WEEK * mean, 1_000.0)
    }
    fn of(known: WeeklyUnits, weekly: f64, scale: f64) -> Undershoot {
        let pools = SumPools::default();
        Undershoot::of(known, &LeadTimeDemand { path: &[weekly], scale, pools: &pools, days: None })
    }
    fn near(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-9
    }

    #[test]
    fn a_point_is_passed_by_part_of_a_sale() {
        // Twelve units on one day of eight: each of 0 to 11 is as likely as another.
        let lumps = of_days(&[12.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        assert!(near(lumps.units, 5.5) && near(lumps.days, 5.5 * 5.5 / (3.0 * 15.75)), "{lumps:?}");
        assert!(near(lumps.days * 1.5 + lumps.rest, 5.5), "{lumps:?}");
        // Ten each day: 0 to 9, which are less than half a day of demand.
        let steady = of_days(&[10.0]);
        assert!(near(steady.units, 4.5) && near(steady.days, 0.45) && near(steady.rest, 0.0), "{steady:?}");
        // Sizes count, and not how rare they are: of five and fifteen, larger sales pass a point more often.
        let sizes = of_days(&[5.0, 15.0]);
        assert!(near(sizes.units, (25.0 + 225.0) / 40.0 - 0.5) && near(sizes.units, of_days(&[5.0, 15.0, 0.0, 0.0]).units));
    }

    #[test]
    fn one_unit_at_a_time_passes_no_point() {
        for nothing in [of_days(&[1.0, 0.0, 0.0]), of_days(&[1.0]), of_days(&[0.0]), of(WeeklyUnits::default(), 0.02, 1.0)] {
            assert!(near(nothing.units, 0.0) && near(nothing.days, 0.0) && near(nothing.rest, 0.0), "{nothing:?}");
        }
    }

    #[test]
    fn giants_and_what_was_sold_before_do_not_pile_up() {
        // One week of 2,000 beside 51 of ten: steps of ten are known of it.
        let known = WeeklyUnits { mean: 48.27, deviation: 273.3 };
        assert!(of(known, 10.0, 10.0).units < 6.0, "{:?}", of(known, 10.0, 10.0));
        // A hundred a week have become one in two weeks.
        let known = WeeklyUnits { mean: 60.0, deviation: 50.0 };
        let fallen = of(known, 0.5, 25.0);
        assert!(near(fallen.units, 2_500.0 / 120.0 + (0.5 / DAYS_A_WEEK - 1.0) / 2.0), "{fallen:?}");
        // 24 units in one week of 26: no more than a week of demand counts as varying.
        let rare = of(WeeklyUnits { mean: 24.0 / 26.0, deviation: 120.0 / 26.0 }, 24.0 / 26.0, 5.0);
        assert!(near(rare.days, DAYS_A_WEEK) && rare.rest > 0.0, "{rare:?}");
    }
}
