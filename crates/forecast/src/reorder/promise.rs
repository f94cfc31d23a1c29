//! The point that keeps a promise by the days of a product. Deferring an order by a day delays its
//! delivery by a day, so the position has to last for the lead time and a day. By renewal theory
//! the position when an order goes out is distributed evenly between the point and the point less
//! the sales of a day. With B_L(s) the expected shortage of s units over L days, the share of
//! cycles that end short is then (B_(L+1)(s) − B_L(s)) ÷ the demand of the last of these days: the
//! share of that day's units that s misses. It counts undershoot, lead time and weekday at once.
//! The units that a cycle misses are the same difference of ∫ B_L. Sources: decision 0379; Silver,
//! Pyke & Thomas, Inventory and Production Management in Supply Chains, 4th ed. (2017), for
//! undershoots.

use crate::{
    intervals::{DaysAhead, Errors, count_distinct},
    reorder::{DemandOutlook, SafetyMethod},
};

const DAYS_A_WEEK: f64 = 7.0;
/// The least unit that is sold. Positions are whole units: from the point on, and not from anywhere between it and the next.
const MIN_UNIT: f64 = 1.0;
/// A point is found to this part of it, of less than a unit to this part of a unit.
const POINT_PRECISION: f64 = 1e-4;
const BISECTION_STEPS: usize = 64;
const MAX_DOUBLINGS: usize = 64;

/// A lead time, its demand, and the likely sales of the day after it.
#[derive(Debug, Clone)]
struct OrderCase<'a> {
    errors: Errors<'a>,
    sales: Vec<f64>,
    /// The chance of the lead time and of any sale on that day.
    weight: f64,
}

/// A promise of a share of cycles, or of units, to be kept by a point that is checked each day.
#[derive(Debug, Clone)]
pub struct ServicePromise<'a> {
    cases: Vec<OrderCase<'a>>,
    is_of_units: bool,
    /// Largest sum of weighted misses that keeps the promise.
    missed_limit: f64,
}

impl<'a> DemandOutlook<'a> {
    /// The days that stock is kept for. None by normal theory, where single days are unknown, and where too few errors were scored: days are even then.
    pub fn days(&self) -> Option<DaysAhead<'a>> {
        self.demand.days.filter(|_| self.safety.uses_forecast_errors() && self.demand.pools.has_enough_scores())
    }
    /// The promise of `service`, 0 to 1, from the first coming day on, ordered `lot` units at a time. None where days are even.
    pub fn promise(&self, service: f64, lot: f64) -> Option<ServicePromise<'a>> {
        let days = self.days().filter(|_| service.is_finite())?;
        let (daily, is_of_units) = (self.mean_daily_units(), matches!(self.safety, SafetyMethod::FillRate));
        let mut cases = Vec::new();
        for (lead_days, count) in count_distinct(&self.lead.likely_days()) {
            let after = lead_days.max(0.0) as usize;
            let (errors, sales) = (self.demand.errors(lead_days / DAYS_A_WEEK)?, days.sales(after, daily, self.demand.scale));
            cases.push(OrderCase { errors, sales, weight: count * days.sale_chance(after) });
        }
        let sold: f64 = cases.iter().map(|case| case.weight * case.sales.iter().sum::<f64>()).sum();
        let max_missed = (1.0 - service) * sold * if is_of_units { lot.max(MIN_UNIT) } else { 1.0 };
        Some(ServicePromise { cases, is_of_units, missed_limit: max_missed })
    }
}

impl ServicePromise<'_> {
    /// Whether a position may wait until tomorrow. Once it may, any greater one may.
    pub fn can_wait(&self, position: f64) -> Option<bool> {
        if self.is_ample(position)? {
            return Some(true);
        }
        let mut sum = 0.0;
        for OrderCase { errors, sales, weight } in &self.cases {
            let at_point = errors.expected_shortage(position)?;
            // The largest sales miss most: a broken promise is detected after few of them.
            for units in sales.iter().rev() {
                let missed_after = errors.expected_shortage(position - units)?;
                let missed = if self.is_of_units {
                    // Simpson's rule over the positions that the sale may leave.
                    units * (missed_after + 4.0 * errors.expected_shortage(position - units / 2.0)? + at_point) / 6.0
                } else {
                    missed_after - at_point
                };
                sum += weight * missed;
                if sum > self.missed_limit {
                    return Some(false);
                }
            }
        }
        Some(true)
    }
    /// Whether it would be kept even if each sale missed as much as the largest one, which takes a fraction of the time: most levels of a plan have plenty.
    fn is_ample(&self, position: f64) -> Option<bool> {
        let mut upper_bound = 0.0;
        for OrderCase { errors, sales, weight } in &self.cases {
            let Some(largest) = sales.last() else { continue };
            let all = if self.is_of_units { sales.iter().sum::<f64>() } else { sales.len() as f64 };
            upper_bound += weight * all * errors.expected_shortage(position - largest)?;
        }
        Some(upper_bound <= self.missed_limit)
    }
    /// The greatest position that may not wait, in units, at least 0: the point.
    pub fn point(&self) -> Option<f64> {
        if self.can_wait(0.0)? {
            return Some(0.0);
        }
        let sales = self.cases.iter().flat_map(|case| &case.sales).copied();
        let (mut low, mut high) = (0.0, sales.fold(MIN_UNIT, f64::max));
        for _ in 0..MAX_DOUBLINGS {
            if self.can_wait(high)? {
                break;
            }
            (low, high) = (high, 2.0 * high);
        }
        for _ in 0..BISECTION_STEPS {
            if high - low <= POINT_PRECISION * high.max(MIN_UNIT) {
                break;
            }
            let middle = f64::midpoint(low, high);
            if self.can_wait(middle)? { high = middle } else { low = middle }
        }
        Some((high - MIN_UNIT).max(0.0))
    }
    /// The mean undershoot: half of a sale, weighted by size, less the half unit that whole units do not pass.
    pub fn undershoot(&self) -> f64 {
        let sum = |value_of: fn(f64) -> f64| -> f64 {
            self.cases.iter().map(|case| case.weight * case.sales.iter().copied().map(value_of).sum::<f64>()).sum()
        };
        let sold = sum(|units| units);
        if sold > 0.0 { ((sum(|units| units * units) / sold - MIN_UNIT) / 2.0).max(0.0) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        intervals::{DayShape, DayTally, LeadTimeDemand, Pool, SumPools},
        reorder::{LeadTime, Policy, WeeklyUnits},
    };

    fn shape(weeks: u32, week: impl Fn(u32) -> [f64; 7]) -> DayShape {
        let mut tally = DayTally::default();
        (0..weeks).for_each(|nth| tally.add(&week(nth)));
        tally.shape(weeks).unwrap()
    }
    /// Errors of weeks evenly spread from −`most` to `most`, and those of more weeks by the root of their number.
    fn pools(most: f32) -> SumPools {
        let of = |weeks: u8| {
            let step = most * f32::from(weeks).sqrt() / 500.0;
            Pool::new((-500_i16..=500).map(|error| f32::from(error) * step).collect())
        };
        SumPools::new((1..=4).map(of).collect(), &[9; 4])
    }
    fn levels(outlook: &DemandOutlook<'_>, service: f64) -> (f64, f64) {
        let found = outlook.levels(Policy::ReorderPoint { service, cover_days: 14.0, economic: None }).unwrap();
        (found.point, found.undershoot.unwrap())
    }

    #[test]
    fn demand_without_errors_is_met_to_the_last_sale() {
        // Ten each day, for three days and the one before: at 39 is ordered, at 40 not.
        let (steady, pools) = (shape(20, |_| [10.0; 7]), pools(0.0));
        let days = Some(DaysAhead::new(&steady, 2));
        let demand = LeadTimeDemand { path: &[70.0], scale: 1.0, pools: &pools, days };
        let outlook =
            DemandOutlook { demand, lead: LeadTime::Stated(3.0), safety: SafetyMethod::Quantile, known: WeeklyUnits::default() };
        let (point, undershoot) = levels(&outlook, 1.0);
        assert!((point - 39.0).abs() < 0.01 && (undershoot - 4.5).abs() < 0.01, "{point} {undershoot}");
        // One of the ten positions below, from 29 to 38, may end short.
        let (point, _) = levels(&outlook, 0.9);
        assert!((point - 38.0).abs() < 0.01, "{point}");
        let promise = outlook.promise(0.9, 140.0).unwrap();
        assert_eq!((promise.can_wait(38.0), promise.can_wait(40.0)), (Some(false), Some(true)));
        // A tenth of 140 units may be missed: positions of 11 to 20, half a unit above each, need
        // 30.
        let filled = levels(&DemandOutlook { safety: SafetyMethod::FillRate, ..outlook }, 0.9).0;
        assert!((filled - (30.0 - 14.0 + 5.0 - 1.0)).abs() < 0.1, "{filled}");
    }

    #[test]
    fn stock_is_kept_for_the_coming_weekdays() {
        let (saturdays, pools) = (shape(32, |week| [0.0, 0.0, 0.0, 0.0, 0.0, f64::from(20 + week % 5), 0.0]), pools(2.0));
        let at = |first: usize, lead_days: f64| {
            let days = Some(DaysAhead::new(&saturdays, first));
            let demand = LeadTimeDemand { path: &[22.0], scale: 2.0, pools: &pools, days };
            let outlook = DemandOutlook {
                demand,
                lead: LeadTime::Stated(lead_days),
                safety: SafetyMethod::Quantile,
                known: WeeklyUnits::default(),
            };
            (levels(&outlook, 0.9), demand.quantile(0.9, 2.0 / DAYS_A_WEEK).unwrap())
        };
        // An order placed on Friday arrives on Saturday, one placed on Saturday too late; no other
        // day needs stock.
        assert!(at(4, 1.0).0.0 > 15.0 && at(4, 1.0).1 > 22.0, "{:?}", at(4, 1.0));
        for first in [0, 1, 2, 3, 6] {
            assert_eq!(at(first, 1.0), ((0.0, 0.0), 0.0), "{first}");
        }
        // Three days before it is Wednesday. A week more is a Saturday more.
        assert!(at(2, 3.0).0.0 > 15.0 && at(4, 3.0).0.0 == 0.0, "{:?} {:?}", at(2, 3.0), at(4, 3.0));
        assert!(at(4, 8.0).0.0 > at(4, 1.0).0.0 + 15.0);
    }

    #[test]
    fn rare_sales_are_covered_whatever_the_chance_of_a_second_one() {
        // Ten to fourteen units on one day of forty: of six weeks five have none.
        let rare = shape(52, |week| {
            std::array::from_fn(|day| {
                let nth = week * 7 + day as u32;
                if nth % 40 == 17 { f64::from(10 + nth / 40 % 5) } else { 0.0 }
            })
        });
        let mut errors = vec![-0.7_f32; 825];
        errors.extend([3.3_f32; 175]);
        let pools = SumPools::new(vec![Pool::new(errors)], &[9]);
        let demand = LeadTimeDemand { path: &[2.1], scale: 3.0, pools: &pools, days: Some(DaysAhead::new(&rare, 0)) };
        let outlook =
            DemandOutlook { demand, lead: LeadTime::Stated(1.0), safety: SafetyMethod::Quantile, known: WeeklyUnits::default() };
        let (point, undershoot) = levels(&outlook, 0.9);
        assert!((9.0..14.0).contains(&point) && (5.0..7.0).contains(&undershoot), "{point} {undershoot}");
        assert!(demand.quantile(0.9, 1.0 / DAYS_A_WEEK).unwrap() < 1.0, "most days ask for nothing");
        let plain = DemandOutlook { safety: SafetyMethod::Normal { deviation: 4.0 }, ..outlook };
        assert!(plain.promise(0.9, 1.0).is_none(), "its formula is a tenant's choice");
        let unknown = DemandOutlook { demand: LeadTimeDemand { days: None, ..demand }, ..outlook };
        assert!(unknown.promise(0.9, 1.0).is_none() && unknown.undershoot().is_some());
    }

    #[test]
    fn rules_that_promise_nothing_by_errors_have_even_days() {
        let (saturdays, pools) = (shape(32, |week| [0.0, 0.0, 0.0, 0.0, 0.0, f64::from(20 + week % 5), 0.0]), pools(2.0));
        let of = |days: Option<DaysAhead<'_>>, safety: SafetyMethod, policy: Policy| {
            let demand = LeadTimeDemand { path: &[22.0], scale: 2.0, pools: &pools, days };
            DemandOutlook { demand, lead: LeadTime::Stated(1.0), safety, known: WeeklyUnits::default() }.levels(policy).unwrap()
        };
        let monday = Some(DaysAhead::new(&saturdays, 0));
        let target = Policy::TargetDays { safety_days: 3.0, target_days: 10.0 };
        let (point, filled) = (
            Policy::ReorderPoint { service: 0.9, cover_days: 14.0, economic: None },
            Policy::Periodic { service: 0.9, review_days: 3.0 },
        );
        let normal = SafetyMethod::Normal { deviation: 4.0 };
        for (safety, policy) in [(SafetyMethod::Quantile, target), (normal, point), (normal, filled)] {
            assert_eq!(of(monday, safety, policy), of(None, safety, policy), "{policy:?}");
        }
        // Four days of demand are 22 × 4 ÷ 7, and not the none of Monday to Thursday.
        assert!((of(monday, SafetyMethod::Quantile, target).point - 88.0 / 7.0).abs() < 1e-9);
        assert_ne!(of(monday, SafetyMethod::Quantile, filled), of(None, SafetyMethod::Quantile, filled));
    }

    #[test]
    fn plenty_is_seen_by_the_largest_sale_alone() {
        let (lumpy, pools) =
            (shape(40, |week| std::array::from_fn(|day| f64::from((week * 7 + day as u32 * 3) % 23))), pools(2.0));
        for safety in [SafetyMethod::Quantile, SafetyMethod::FillRate] {
            let demand = LeadTimeDemand { path: &[77.0], scale: 20.0, pools: &pools, days: Some(DaysAhead::new(&lumpy, 2)) };
            let lead = LeadTime::Measured { days: &[2.0, 3.0, 3.0, 5.0, 9.0], stated: 1.0 };
            let promise = DemandOutlook { demand, lead, safety, known: WeeklyUnits::default() }.promise(0.95, 30.0).unwrap();
            let point = promise.point().unwrap();
            let ample: Vec<bool> = (0..40).map(|more| promise.is_ample(point + f64::from(more) * 10.0).unwrap()).collect();
            assert!(!ample[0] && ample[39] && ample.is_sorted(), "{safety:?}: {ample:?}");
            assert_eq!((promise.can_wait(point), promise.can_wait(point + 1.01)), (Some(false), Some(true)), "{safety:?}");
        }
    }

    #[test]
    fn each_measured_delivery_counts_with_its_weekday() {
        let (saturdays, pools) = (shape(32, |week| [0.0, 0.0, 0.0, 0.0, 0.0, f64::from(20 + week % 5), 0.0]), pools(2.0));
        let demand = LeadTimeDemand { path: &[22.0], scale: 2.0, pools: &pools, days: Some(DaysAhead::new(&saturdays, 4)) };
        let point = |days: &[f64]| {
            let lead = LeadTime::Measured { days, stated: 1.0 };
            levels(&DemandOutlook { demand, lead, safety: SafetyMethod::Quantile, known: WeeklyUnits::default() }, 0.9).0
        };
        let (one, mixed, eight) = (point(&[1.0; 5]), point(&[1.0, 1.0, 1.0, 8.0, 8.0]), point(&[8.0; 5]));
        assert!(one < mixed && mixed < eight, "{one} {mixed} {eight}");
        let later = point(&[1.0, 1.0, 1.0, 2.0, 3.0]);
        assert!((later - one).abs() < 0.001, "what comes after Saturday is waited for by nobody: {later} {one}");
    }
}
