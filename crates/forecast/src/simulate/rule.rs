//! The rules of plans in a simulation: the reorder point and the level up to which is ordered, from
//! the data known at a review.

use crate::{
    intervals::{DayShape, DayTally, LeadTimeDemand},
    reorder::{DemandOutlook, LeadTime, Levels, Policy, SafetyMethod, WeeklyUnits, whole_units},
    simulate::demand::WEEK as WEEK_DAYS,
};

const WEEK: f64 = 7.0;
/// Weeks that a mean and a deviation are taken over.
const YEAR_WEEKS: usize = 52;

/// Returns the demand of `span` weeks at the mean of the last `weeks` weeks.
pub(super) fn recent_demand(before: &[i64], weeks: usize, span: f64) -> i64 {
    let last = &before[before.len().saturating_sub(weeks)..];
    if last.is_empty() { 0 } else { whole_units(last.iter().sum::<i64>() as f64 / last.len() as f64 * span) }
}

/// A rule of plans. The days of its reviews are those of the simulation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlanRule {
    pub policy: Policy,
    /// The deviation of normal theory is that of the weeks before each review, and the one given
    /// here is ignored.
    pub safety: SafetyMethod,
    /// Days of demand above the point that replace the maximum of [`Policy::MinMax`].
    pub cover_days: Option<f64>,
}

impl PlanRule {
    /// Whether stock is found by the errors of forecasts, so that these have to be known.
    pub const fn needs_errors(&self) -> bool {
        self.policy.uses_forecast_errors(self.safety)
    }
    /// Whether it orders at a point: its cycles are then those from one delivery to the next.
    pub const fn is_continuous(&self) -> bool {
        !matches!(self.policy, Policy::Periodic { .. })
    }
    /// Point and target, from the weeks before a review and the lead time that stock is kept for.
    pub(super) fn levels(&self, demand: &LeadTimeDemand<'_>, before: &[i64], lead: LeadTime<'_>) -> Option<Levels> {
        let weekly_units = weekly_statistics(before);
        let safety = match self.safety {
            SafetyMethod::Normal { .. } => SafetyMethod::Normal { deviation: weekly_units.deviation },
            other => other,
        };
        let policy = match (self.policy, self.cover_days) {
            (Policy::MinMax { point, .. }, Some(days)) => Policy::MinMax { point, maximum: point + demand.mean(days / WEEK) },
            (other, _) => other,
        };
        DemandOutlook { demand: *demand, lead, safety, known: weekly_units }.levels(policy)
    }
}

/// The shape of the last 52 weeks, from the first week with demand on, by the days before a week.
pub(super) fn day_shape(before: &[i64]) -> Option<DayShape> {
    let year = &before[before.len().saturating_sub(YEAR_WEEKS * WEEK_DAYS)..];
    let start = year.iter().position(|units| *units > 0)? / WEEK_DAYS * WEEK_DAYS;
    let mut tally = DayTally::default();
    let weeks = year[start..].chunks_exact(WEEK_DAYS);
    let count = weeks.len() as u32;
    weeks.for_each(|week| tally.add(&std::array::from_fn(|day| week[day] as f64)));
    tally.shape(count)
}

/// The last 52 weeks, from the first week with demand on.
fn weekly_statistics(before: &[i64]) -> WeeklyUnits {
    let start = before.iter().position(|units| *units > 0).unwrap_or(before.len());
    let year = &before[start.max(before.len().saturating_sub(YEAR_WEEKS))..];
    if year.is_empty() {
        return WeeklyUnits::default();
    }
    let weeks = year.len() as f64;
    let mean = year.iter().sum::<i64>() as f64 / weeks;
    let deviation = (year.iter().map(|units| (*units as f64 - mean).powi(2)).sum::<f64>() / weeks).sqrt();
    WeeklyUnits { mean, deviation }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_and_deviation_begin_with_the_first_demand() {
        let of = |mean: f64, deviation: f64| WeeklyUnits { mean, deviation };
        assert_eq!([weekly_statistics(&[0, 0, 2, 4]), weekly_statistics(&[7])], [of(3.0, 1.0), of(7.0, 0.0)]);
        assert_eq!([weekly_statistics(&[]), weekly_statistics(&[0, 0])], [of(0.0, 0.0); 2]);
        let mut weeks = vec![1_000];
        weeks.extend([5; 52]);
        assert_eq!(weekly_statistics(&weeks), of(5.0, 0.0), "older than a year");
    }

    #[test]
    fn the_shape_of_a_year_begins_with_the_first_demand() {
        let saturdays = |weeks: usize| [0_i64, 0, 0, 0, 0, 9, 0].repeat(weeks);
        let found = day_shape(&[vec![0; 70], saturdays(10)].concat()).unwrap();
        assert!(found.weekly == 9.0 && found.sales == 10 && !found.is_even, "{found:?}");
        let long = day_shape(&[[1; 700].to_vec(), saturdays(52)].concat()).unwrap();
        assert_eq!((long.sales, long.days[0].mean), (52, 0.0), "older than a year");
        assert_eq!((day_shape(&[0; 700]), day_shape(&saturdays(7)), day_shape(&[])), (None, None, None));
    }

    #[test]
    fn the_last_weeks_stand_in_for_those_to_come() {
        let found = [
            recent_demand(&[9, 10, 20], 2, 3.0),
            recent_demand(&[1], 4, 3.0),
            recent_demand(&[], 4, 3.0),
            recent_demand(&[1, 2], 2, 1.0),
        ];
        assert_eq!(found, [45, 3, 0, 2]);
        assert_eq!(recent_demand(&[14], 4, 10.0 / 7.0), 20, "ten days");
    }

    #[test]
    fn rules_that_promise_by_errors_need_them() {
        let rule = |policy: Policy, safety: SafetyMethod| PlanRule { policy, safety, cover_days: None };
        let point = Policy::ReorderPoint { service: 0.9, cover_days: 0.0, economic: None };
        assert!(rule(point, SafetyMethod::FillRate).needs_errors());
        assert!(!rule(point, SafetyMethod::Normal { deviation: 1.0 }).needs_errors());
        assert!(!rule(Policy::TargetDays { safety_days: 7.0, target_days: 14.0 }, SafetyMethod::Quantile).needs_errors());
    }
}
