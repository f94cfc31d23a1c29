//! The rules of plans in a simulation: the point at which is ordered and the level up to which, from what a review knows.

use crate::{
    intervals::LeadTimeDemand,
    reorder::{Lead, Levels, Outlook, Policy, Safety, whole_units},
    simulate::OrderUpTo,
};

const WEEK: f64 = 7.0;
/// Weeks that a deviation is taken over.
const YEAR_WEEKS: usize = 52;

/// What stock is filled up to at a review.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Level<'a> {
    /// What the demand of review and lead time stays within, with the promised chance.
    Promised,
    /// The mean of so many weeks before, over review and lead time.
    OfWeeks(usize),
    /// Point and target of a rule of plans.
    By(PlanRule),
    /// Those of a rule of each series; one without a rule is not played.
    Each(&'a [Option<PlanRule>]),
}

impl Level<'_> {
    /// What a series is filled up to; None of one that is not played.
    pub fn of(self, series: usize) -> Option<Self> {
        match self {
            Self::Each(rules) => rules.get(series).copied().flatten().map(Self::By),
            other => Some(other),
        }
    }
    pub fn needs_errors(&self) -> bool {
        match self {
            Self::Promised => true,
            Self::OfWeeks(_) => false,
            Self::By(rule) => rule.needs_errors(),
            Self::Each(rules) => rules.iter().flatten().any(PlanRule::needs_errors),
        }
    }
    pub fn is_continuous(&self) -> bool {
        match self {
            Self::By(rule) => rule.is_continuous(),
            Self::Each(rules) => rules.iter().flatten().any(PlanRule::is_continuous),
            Self::Promised | Self::OfWeeks(_) => false,
        }
    }
    /// Point and target, from the weeks before a review. Nothing is kept where nothing is known.
    pub fn levels(
        &self,
        ahead: &LeadTimeDemand<'_>,
        before: &[i64],
        policy: &OrderUpTo<'_>,
        (service, span): (f64, usize),
    ) -> (i64, i64) {
        let up_to = match self {
            Self::Promised => ahead.quantile(service, span as f64).map_or(0, whole_units),
            Self::OfWeeks(weeks) => recent(before, *weeks, span),
            Self::By(rule) => {
                let found = rule.levels(ahead, before, policy);
                return found.map_or((0, 0), |levels| (whole_units(levels.point), whole_units(levels.up_to)));
            }
            // Asked of a series, it is a rule or nothing.
            Self::Each(_) => 0,
        };
        (up_to, up_to)
    }
}

/// What `span` weeks ask for at the mean of the last ones.
pub(super) fn recent(before: &[i64], weeks: usize, span: usize) -> i64 {
    let last = &before[before.len().saturating_sub(weeks)..];
    if last.is_empty() { 0 } else { whole_units(last.iter().sum::<i64>() as f64 / last.len() as f64 * span as f64) }
}

/// A rule of plans, played by weeks. The days of its reviews are those of the simulation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlanRule {
    pub policy: Policy,
    /// The deviation of normal theory is that of the weeks before each review, whatever is named here.
    pub safety: Safety,
    /// Days of demand above the point that stand in for the maximum of [`Policy::MinMax`].
    pub cover_days: Option<f64>,
}

impl PlanRule {
    /// Whether stock is found by the errors of forecasts, so that these have to be known.
    pub const fn needs_errors(&self) -> bool {
        let promises = matches!(self.policy, Policy::ReorderPoint { .. } | Policy::Periodic { .. } | Policy::Service { .. });
        promises && !matches!(self.safety, Safety::Normal { .. })
    }
    /// Whether it orders at a point: its cycles are then those from one delivery to the next.
    pub const fn is_continuous(&self) -> bool {
        !matches!(self.policy, Policy::Periodic { .. })
    }
    /// Point and target. A point can only be looked at when stock is reviewed, so that it has to last for the weeks between two reviews as well.
    fn levels(&self, demand: &LeadTimeDemand<'_>, before: &[i64], order: &OrderUpTo<'_>) -> Option<Levels> {
        let weeks = if self.is_continuous() { order.lead_weeks + order.review_weeks } else { order.lead_weeks };
        let safety = match self.safety {
            Safety::Normal { .. } => Safety::Normal { deviation: deviation(before) },
            other => other,
        };
        let policy = match (self.policy, self.cover_days) {
            (Policy::MinMax { point, .. }, Some(days)) => Policy::MinMax { point, maximum: point + demand.mean(days / WEEK) },
            (other, _) => other,
        };
        Outlook { demand: *demand, lead: Lead::Stated(weeks as f64 * WEEK), safety }.levels(policy)
    }
}

/// The population deviation of the last 52 weeks' units, from the first week with demand on.
fn deviation(before: &[i64]) -> f64 {
    let begun = before.iter().position(|units| *units > 0).unwrap_or(before.len());
    let year = &before[begun.max(before.len().saturating_sub(YEAR_WEEKS))..];
    if year.is_empty() {
        return 0.0;
    }
    let weeks = year.len() as f64;
    let mean = year.iter().sum::<i64>() as f64 / weeks;
    (year.iter().map(|units| (*units as f64 - mean).powi(2)).sum::<f64>() / weeks).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        models::Method,
        panel::{Panel, Traits},
        reorder::Terms,
        selection::DEFAULT,
        simulate::{Outcome, Past, Unmet, simulate, simulate_each, simulate_rule},
    };

    /// Sixty products; `units` has those of each by its number and the week.
    fn panel(units: impl Fn(u64, u64) -> u64) -> Panel {
        let mut panel = Panel::new(40).unwrap();
        for series in 0..60 {
            let values: Vec<f32> = (0..40).map(|week| units(series, week) as f32).collect();
            panel.push(&values, Traits::default()).unwrap();
        }
        panel
    }
    /// 0 to 19 units a week, without a pattern.
    fn uneven(series: u64, week: u64) -> u64 {
        let mixed = (series * 1_000 + week + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) % 20
    }
    fn order() -> OrderUpTo<'static> {
        let terms = Terms { minimum: 0, pack: 1, breaks: None, shelf: None };
        OrderUpTo { service: 0.95, lead_weeks: 2, review_weeks: 1, terms, unmet: Unmet::Lost, weeks: 24..40, warm_up: 4, seed: 1 }
    }
    fn played(panel: &Panel, policy: Policy, safety: Safety) -> Outcome {
        let past = Past::new(panel, &Method::one(DEFAULT), 3, (8, 1));
        simulate_rule(panel, &past, &order(), &PlanRule { policy, safety, cover_days: None }).all
    }
    fn by_point(service: f64, cover_days: f64) -> Policy {
        Policy::ReorderPoint { service, cover_days, economic: None }
    }

    #[test]
    fn a_point_is_ordered_at_and_its_cycles_go_from_delivery_to_delivery() {
        let steady = panel(|_, _| 10);
        // 30 last for lead time and review. From 70 on, 40 are ordered every fourth week: at the beginning of weeks 24, 28, 32 and 36. They come two weeks
        // later; the last cycle ends with the simulation.
        let found = played(&steady, by_point(0.95, 28.0), Safety::Quantile);
        assert_eq!((found.orders, found.ordered, found.cycles), (60 * 4, 60.0 * 160.0, 60 * 5));
        assert_eq!((found.service(), found.fill()), (Some(1.0), Some(1.0)));
        for same in [Policy::MinMax { point: 30.0, maximum: 70.0 }, Policy::TargetDays { safety_days: 0.0, target_days: 28.0 }] {
            assert_eq!(played(&steady, same, Safety::Quantile), found, "{same:?}");
        }
        let past = Past::new(&steady, &Method::one(DEFAULT), 3, (8, 1));
        let policy = Policy::MinMax { point: 30.0, maximum: 0.0 };
        let covered = PlanRule { policy, safety: Safety::Quantile, cover_days: Some(28.0) };
        assert_eq!(simulate_rule(&steady, &past, &order(), &covered).all, found);
        // A point below the demand of the lead time runs out in each cycle.
        let short = played(&steady, Policy::MinMax { point: 5.0, maximum: 45.0 }, Safety::Quantile);
        assert!(short.served < short.cycles && short.fill().unwrap() < 0.9, "{short:?}");
    }

    #[test]
    fn a_periodic_rule_is_what_is_simulated_without_one() {
        let panel = panel(uneven);
        let past = Past::new(&panel, &Method::one(DEFAULT), 3, (8, 1));
        let rule = Policy::Periodic { service: 0.95, review_days: 7.0 };
        assert_eq!(played(&panel, rule, Safety::Quantile), simulate(&panel, &[], &past, &order()).all);
    }

    #[test]
    fn products_are_played_at_once_as_each_would_be_alone() {
        let panel = panel(uneven);
        let past = Past::new(&panel, &Method::one(DEFAULT), 3, (8, 1));
        let rule = |service: f64| PlanRule { policy: by_point(service, 14.0), safety: Safety::Quantile, cover_days: None };
        let (low, high) = (rule(0.8), rule(0.98));
        // Of three products each the first is promised little, the second much, and the third is not played.
        let rules: Vec<Option<PlanRule>> = [Some(low), Some(high), None].into_iter().cycle().take(60).collect();
        let found = simulate_each(&panel, &past, &order(), &rules);
        let alone = [low, high].map(|rule| simulate_rule(&panel, &past, &order(), &rule).by_series);
        for (series, outcome) in found.by_series.iter().enumerate() {
            let expected = alone.get(series % 3).map_or_else(Outcome::default, |played| played[series]);
            assert_eq!(*outcome, expected, "{series}");
        }
        let mut all = Outcome::default();
        found.by_series.iter().for_each(|outcome| all += *outcome);
        assert_eq!((all.cycles, all.orders, all.demanded), (found.all.cycles, found.all.orders, found.all.demanded));
        let units = |third: usize| found.by_series.iter().skip(third).step_by(3).map(|outcome| outcome.stock).sum::<f64>();
        assert!(units(0) < units(1) && units(2) < 1e-9, "{} {} {}", units(0), units(1), units(2));
        assert_eq!(simulate_each(&panel, &past, &order(), &[]).all, Outcome::default());
    }

    #[test]
    fn errors_of_some_products_are_pooled_and_all_are_forecast() {
        let panel = panel(uneven);
        let past = || Past::new(&panel, &Method::one(DEFAULT), 3, (8, 1));
        let half: Vec<bool> = (0..60).map(|series| series % 2 == 0).collect();
        let (whole, pooled) = (past(), past().pooling(&half));
        let scores = |past: &Past| past.pools(30).pool(1).map(|pool| pool.scores);
        assert_eq!(scores(&whole), scores(&pooled).map(|scores| 2 * scores));
        assert_eq!((whole.forecast(1, 30), whole.forecast(2, 30)), (pooled.forecast(1, 30), pooled.forecast(2, 30)));
    }

    #[test]
    fn each_method_keeps_its_own_promise() {
        let panel = panel(uneven);
        let normal = Safety::Normal { deviation: 1_000.0 };
        let cycles = played(&panel, by_point(0.95, 56.0), Safety::Quantile);
        let (low, high) = (played(&panel, by_point(0.6, 56.0), normal), played(&panel, by_point(0.99, 56.0), normal));
        assert!(low.stock < high.stock && low.fill().unwrap() < high.fill().unwrap(), "{low:?} {high:?}");
        assert!(high.stock < 60.0 * 16.0 * 300.0, "the deviation is that of the weeks, not the one that was named");
        // Lots of eight weeks: a share of units needs less than the same share of cycles.
        let units = played(&panel, by_point(0.95, 56.0), Safety::FillRate);
        assert!(units.stock < cycles.stock && units.fill().unwrap() >= 0.93, "{units:?} {cycles:?}");
        let rule = |policy: Policy, safety: Safety| PlanRule { policy, safety, cover_days: None };
        assert!(rule(by_point(0.9, 0.0), Safety::FillRate).needs_errors());
        assert!(!rule(by_point(0.9, 0.0), normal).needs_errors());
        assert!(!rule(Policy::TargetDays { safety_days: 7.0, target_days: 14.0 }, Safety::Quantile).needs_errors());
    }

    #[test]
    fn a_deviation_begins_with_the_first_demand() {
        assert!((deviation(&[0, 0, 2, 4]) - 1.0).abs() < 1e-12);
        assert_eq!([deviation(&[]), deviation(&[0, 0]), deviation(&[7])], [0.0; 3]);
        let mut weeks = vec![1_000];
        weeks.extend([5; 52]);
        assert_eq!(deviation(&weeks), 0.0, "older than a year");
    }
}
