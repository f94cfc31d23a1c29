//! Policies: from a forecast, its quantiles and a lead time to the point at which is ordered and the level up to which.

use crate::{
    abc::AbcClass,
    intervals::LeadTimeDemand,
    reorder::{NormalDemand, Undershoot, WeeklyUnits, normal_reorder_point, safety_stock},
    xyz::XyzClass,
};

const DAYS_A_WEEK: f64 = 7.0;

/// Lead time of a delivery.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LeadTime<'a> {
    /// The supplier's stated lead time, in days.
    Stated(f64),
    /// Measured deliveries of the last 365 days, in days. With fewer than five, the stated days are
    /// used.
    Measured { days: &'a [f64], stated: f64 },
}

/// Deliveries that make a measured lead time.
const MIN_DELIVERIES: usize = 5;

impl LeadTime<'_> {
    /// Stated days, or the mean of the measured ones if there are enough.
    pub fn mean_days(&self) -> f64 {
        match self {
            Self::Measured { days, .. } if days.len() >= MIN_DELIVERIES => days.iter().sum::<f64>() / days.len() as f64,
            Self::Measured { stated, .. } | Self::Stated(stated) => *stated,
        }
    }
    /// Days that each have the same chance: those of all measured deliveries, or the stated ones alone.
    pub fn likely_days(&self) -> Vec<f64> {
        match self {
            Self::Measured { days, .. } if days.len() >= MIN_DELIVERIES => days.to_vec(),
            Self::Measured { stated, .. } | Self::Stated(stated) => vec![*stated],
        }
    }
    /// The population deviation of the measured days; 0 of stated ones.
    pub fn deviation_days(&self) -> f64 {
        match self {
            Self::Measured { days, .. } if days.len() >= MIN_DELIVERIES => {
                let mean = self.mean_days();
                (days.iter().map(|days| (days - mean).powi(2)).sum::<f64>() / days.len() as f64).sqrt()
            }
            Self::Measured { .. } | Self::Stated(_) => 0.0,
        }
    }
}

/// Method by which safety stock is set.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum SafetyMethod {
    /// Cycle service by the measured quantiles of demand over the lead time. Source: INSIGHT, section 5.2.
    #[default]
    Quantile,
    /// Cycle service by normal theory: mean + z × √(L σ² + mean² σ_L²), L with the review period, `deviation` that of weekly demand. Silver, Pyke & Thomas,
    /// Inventory and Production Management in Supply Chains, 4th ed. (2017); vectors pub-14 to pub-17.
    Normal { deviation: f64 },
    /// The promise is a share β of units: the least stock whose expected shortage over the lead time (and review) is no more than (1 − β) × the units of one
    /// order, as σ G(k) = Q (1 − β) of Silver, Pyke & Thomas (2017), with the measured errors of sums instead of the unit normal loss function G.
    FillRate,
}

impl SafetyMethod {
    /// Whether it rests on the errors of forecasts.
    pub const fn uses_forecast_errors(self) -> bool {
        !matches!(self, Self::Normal { .. })
    }
}

/// Reorder policy of a product.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Policy {
    /// The level's own point and maximum, in units.
    MinMax { point: f64, maximum: f64 },
    /// Cycle service `service` (0 to 1) over the lead time and the undershoot of a point that is
    /// checked each day; filled up by `cover_days` of demand, or by an economic order if that is
    /// more.
    ReorderPoint { service: f64, cover_days: f64, economic: Option<f64> },
    /// Ordered on review days only, every `review_days`.
    Periodic { service: f64, review_days: f64 },
    /// Like `ReorderPoint`, with the service level of the product's ABC and XYZ class.
    Service { abc: AbcClass, xyz: XyzClass, cover_days: f64, economic: Option<f64> },
    /// Days of mean demand: safety, and target.
    TargetDays { safety_days: f64, target_days: f64 },
}

impl Policy {
    /// Whether stock is found by the errors of forecasts, and by the days of a product where they are known.
    pub const fn uses_forecast_errors(&self, safety: SafetyMethod) -> bool {
        let promises = matches!(self, Self::ReorderPoint { .. } | Self::Periodic { .. } | Self::Service { .. });
        promises && safety.uses_forecast_errors()
    }
}

/// Time at which a policy orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Review {
    /// As soon as the position is at the point.
    Continuous,
    /// On review days, at any position.
    OnReviewDays,
}

/// A point and a target in units, not rounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    pub point: f64,
    pub up_to: f64,
    pub review: Review,
    /// Whether the quantile is computed from shorter sums than required.
    pub is_extrapolated: bool,
    /// The mean undershoot that both have. None where it does not count.
    pub undershoot: Option<f64>,
}

impl Levels {
    /// Levels of a product that is not stocked.
    pub const NOT_STOCKED: Self =
        Self { point: 0.0, up_to: 0.0, review: Review::Continuous, is_extrapolated: false, undershoot: None };
}

/// The service level of a cell. A: .98, .97, .95; B: .95, .95, .90; C: .90, .90, .85. Source: INSIGHT, section 6.1.
pub fn service_level(abc: AbcClass, xyz: XyzClass) -> f64 {
    let by_xyz = match abc {
        AbcClass::A => [0.98, 0.97, 0.95],
        AbcClass::B => [0.95, 0.95, 0.90],
        AbcClass::C => [0.90, 0.90, 0.85],
    };
    by_xyz[xyz as usize]
}

/// A product's coming demand and its lead time.
#[derive(Debug, Clone, Copy)]
pub struct DemandOutlook<'a> {
    pub demand: LeadTimeDemand<'a>,
    pub lead: LeadTime<'a>,
    pub safety: SafetyMethod,
    /// The product's own weeks.
    pub known: WeeklyUnits,
}

impl DemandOutlook<'_> {
    /// Mean units over days.
    fn mean(&self, days: f64) -> f64 {
        self.demand.mean(days / DAYS_A_WEEK)
    }
    /// Q_p over the lead time and `more_days`: of stated days, or of the mixture of measured ones.
    pub fn quantile(&self, service: f64, more_days: f64) -> Option<f64> {
        match self.lead {
            LeadTime::Measured { days, .. } if days.len() >= MIN_DELIVERIES => {
                let weeks: Vec<f64> = days.iter().map(|days| (days + more_days) / DAYS_A_WEEK).collect();
                self.demand.mixture_quantile(service, &weeks)
            }
            LeadTime::Measured { stated, .. } | LeadTime::Stated(stated) => {
                self.demand.quantile(service, (stated + more_days) / DAYS_A_WEEK)
            }
        }
    }
    /// By normal theory, over the lead time and `more_days`.
    fn normal_point(&self, service: f64, more_days: f64, deviation: f64) -> Option<f64> {
        let lead_time = (self.lead.mean_days() + more_days) / DAYS_A_WEEK;
        let total = self.demand.mean(lead_time);
        let mean = if lead_time > 0.0 { total / lead_time } else { self.demand.mean(1.0) };
        let lead_time_deviation = self.lead.deviation_days() / DAYS_A_WEEK;
        let demand = NormalDemand { mean, deviation, lead_time, lead_time_deviation };
        safety_stock(service, demand).map(|safety| normal_reorder_point(demand, safety))
    }
    /// The least stock that misses no more than a share 1 − `fill` of a lot, over the lead time and `more_days`. A lot is one unit at least.
    pub fn stock_for_fill_rate(&self, fill: f64, more_days: f64, lot: f64) -> Option<f64> {
        let max_shortage = (1.0 - fill) * lot.max(1.0);
        match self.lead {
            LeadTime::Measured { days, .. } if days.len() >= MIN_DELIVERIES => {
                let weeks: Vec<f64> = days.iter().map(|days| (days + more_days) / DAYS_A_WEEK).collect();
                self.demand.stock_for_shortage(max_shortage, &weeks)
            }
            LeadTime::Measured { stated, .. } | LeadTime::Stated(stated) => {
                self.demand.stock_for_shortage(max_shortage, &[(stated + more_days) / DAYS_A_WEEK])
            }
        }
    }
    /// Stock that keeps the promise over the lead time and `more_days`, ordered `lot` units at a time.
    fn stock_for_promise(&self, service: f64, more_days: f64, lot: f64) -> Option<f64> {
        match self.safety {
            SafetyMethod::Quantile => self.quantile(service, more_days),
            SafetyMethod::Normal { deviation } => self.normal_point(service, more_days, deviation),
            SafetyMethod::FillRate => self.stock_for_fill_rate(service, more_days, lot),
        }
    }
    /// Whether the stock over `days` is computed from shorter sums.
    fn is_extrapolated(&self, days: f64) -> bool {
        self.safety.uses_forecast_errors() && self.demand.is_extrapolated(days / DAYS_A_WEEK)
    }
    /// Units of an order of `cover_days` of demand, or of an economic order if that is more.
    fn cover_units(&self, cover_days: f64, economic: Option<f64>) -> f64 {
        (self.demand.path.first().copied().unwrap_or_default() * cover_days / DAYS_A_WEEK).max(economic.unwrap_or(0.0))
    }
    /// The undershoot that a point lasts for beside the lead time. None by normal theory, which does not count it.
    pub fn undershoot(&self) -> Option<Undershoot> {
        self.safety.uses_forecast_errors().then(|| Undershoot::of(self.known, &self.demand))
    }
    /// Mean units of a day of the coming week.
    pub(super) fn mean_daily_units(&self) -> f64 {
        self.demand.path.first().copied().unwrap_or_default() / DAYS_A_WEEK
    }
    /// The point that lasts over lead time and undershoot, computed from weekly errors, and the
    /// undershoot. Source: decision 0370.
    fn point_with_undershoot(&self, service: f64, lot: f64) -> Option<(f64, Option<f64>)> {
        let undershoot = self.undershoot();
        let Undershoot { days, rest, .. } = undershoot.unwrap_or_default();
        Some((self.stock_for_promise(service, days, lot)? + rest, undershoot.map(|undershoot| undershoot.units)))
    }
    fn point_levels(&self, service: f64, cover_days: f64, economic: Option<f64>) -> Option<Levels> {
        let cover = self.cover_units(cover_days, economic);
        // A position below the point is ordered every day, so a lot is at least one day's demand.
        let lot = cover.max(self.mean_daily_units());
        let (point, undershoot) = match self.promise(service, lot) {
            Some(promise) => (promise.point()?, Some(promise.undershoot())),
            None => self.point_with_undershoot(service, lot)?,
        };
        let is_extrapolated = self.is_extrapolated(self.lead.mean_days());
        Some(Levels { point, up_to: point + cover, review: Review::Continuous, is_extrapolated, undershoot })
    }
    /// Point and target of a policy. Days are even for one that is not by errors. None where the policy needs errors of forecasts and too little was scored.
    pub fn levels(&self, policy: Policy) -> Option<Levels> {
        if self.demand.days.is_some() && !policy.uses_forecast_errors(self.safety) {
            let demand = LeadTimeDemand { days: None, ..self.demand };
            return Self { demand, ..*self }.levels(policy);
        }
        let days = self.lead.mean_days();
        let simple_levels = |point: f64, up_to: f64| Levels { point, up_to, ..Levels::NOT_STOCKED };
        match policy {
            Policy::MinMax { point, maximum } => Some(simple_levels(point, maximum.max(point))),
            Policy::ReorderPoint { service, cover_days, economic } => self.point_levels(service, cover_days, economic),
            Policy::Service { abc, xyz, cover_days, economic } => {
                self.point_levels(service_level(abc, xyz), cover_days, economic)
            }
            Policy::Periodic { service, review_days } => {
                let up_to = self.stock_for_promise(service, review_days, self.mean(review_days))?;
                let is_extrapolated = self.is_extrapolated(days + review_days);
                Some(Levels { point: up_to, up_to, review: Review::OnReviewDays, is_extrapolated, undershoot: None })
            }
            Policy::TargetDays { safety_days, target_days } => {
                let point = self.mean(days + safety_days);
                Some(simple_levels(point, self.mean(days + target_days).max(point)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intervals::{Pool, SumPools};

    /// Errors of one week reach 10, of two weeks 20, of three weeks 30.
    fn pools() -> SumPools {
        let scores = |factor: f32| Pool::new((1..1_000).map(|score| score as f32 / 100.0 * factor).collect());
        SumPools::new(vec![scores(1.0), scores(2.0), scores(3.0)], &[9, 9, 9])
    }
    /// Returns the levels of a product that sells one unit each day, which passes no point.
    fn levels(policy: Policy, lead: LeadTime<'_>) -> Levels {
        let pools = pools();
        let demand = LeadTimeDemand { path: &[7.0; 26], scale: 1.0, pools: &pools, days: None };
        DemandOutlook { demand, lead, safety: SafetyMethod::Quantile, known: WeeklyUnits::default() }.levels(policy).unwrap()
    }
    fn near(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-4
    }

    #[test]
    fn each_policy_has_its_levels() {
        let two_weeks = LeadTime::Stated(14.0);
        let found = levels(Policy::ReorderPoint { service: 0.9, cover_days: 7.0, economic: None }, two_weeks);
        assert!(near(found.point, 14.0 + 18.0) && near(found.up_to, 32.0 + 7.0), "{found:?}");
        let found = levels(Policy::ReorderPoint { service: 0.9, cover_days: 7.0, economic: Some(50.0) }, two_weeks);
        assert!(near(found.up_to, 82.0));
        let found = levels(Policy::Periodic { service: 0.9, review_days: 7.0 }, two_weeks);
        assert!(near(found.up_to, 21.0 + 27.0) && found.review == Review::OnReviewDays);
        let found = levels(Policy::TargetDays { safety_days: 7.0, target_days: 14.0 }, two_weeks);
        assert!(near(found.point, 21.0) && near(found.up_to, 28.0));
        let found = levels(Policy::Service { abc: AbcClass::B, xyz: XyzClass::Z, cover_days: 0.0, economic: None }, two_weeks);
        assert!(near(found.point, 32.0));
        assert!(near(levels(Policy::MinMax { point: 9.0, maximum: 4.0 }, two_weeks).up_to, 9.0));
        let far = levels(Policy::Periodic { service: 0.9, review_days: 14.0 }, two_weeks);
        assert!(far.is_extrapolated, "four weeks were never scored");
    }

    #[test]
    fn a_fill_rate_is_not_a_cycle_service() {
        // The worked example of INSIGHT 6.1: mean 100, deviation 30, z = 1.645, G = 0.02089. Lots of 400 have a fill rate of 99.84 %, those of 30 of 97.91 %.
        let scores = (1_i32..20_000).filter_map(|rank| crate::reorder::z(f64::from(rank) / 20_000.0)).map(|z| z as f32);
        let pools = SumPools::new(vec![Pool::new(scores.collect())], &[9]);
        let demand = LeadTimeDemand { path: &[100.0], scale: 30.0, pools: &pools, days: None };
        let known = WeeklyUnits { mean: 100.0, deviation: 0.0 };
        let outlook = DemandOutlook { demand, lead: LeadTime::Stated(7.0), safety: SafetyMethod::FillRate, known };
        let point = 100.0 + 1.644_854 * 30.0;
        for (fill, lot) in [(0.998_43, 400.0), (0.979_11, 30.0)] {
            let found = outlook.stock_for_fill_rate(fill, 0.0, lot).unwrap();
            assert!((found - point).abs() < 0.5, "{fill} {lot}: {found} instead of {point}");
        }
        let policy = |service: f64| Policy::ReorderPoint { service, cover_days: 28.0, economic: None };
        let found = outlook.levels(policy(0.998_43)).unwrap();
        // The point is passed by 6.64 on average, with which half a day more of errors counts.
        assert!((6.64..9.0).contains(&(found.point - point)) && near(found.up_to, found.point + 400.0), "{found:?}");
        let cycles = DemandOutlook { safety: SafetyMethod::Quantile, ..outlook };
        assert!(cycles.levels(policy(0.95)).unwrap().point > outlook.levels(policy(0.95)).unwrap().point);
        // Half a week's demand each week is a smaller lot, so that more is kept for the same share.
        let weekly = |review_days: f64| Policy::Periodic { service: 0.95, review_days };
        let kept = |review_days: f64| outlook.levels(weekly(review_days)).unwrap().up_to - 100.0 * (1.0 + review_days / 7.0);
        assert!(kept(3.5) > kept(7.0), "{} {}", kept(3.5), kept(7.0));
    }

    #[test]
    fn normal_theory_counts_the_lead_times_variance() {
        let none = SumPools::default();
        let demand = LeadTimeDemand { path: &[14.0], scale: 1.0, pools: &none, days: None };
        let point = |lead: LeadTime<'_>| {
            let known = WeeklyUnits { mean: 14.0, deviation: 3.0 };
            let outlook = DemandOutlook { demand, lead, safety: SafetyMethod::Normal { deviation: 3.0 }, known };
            outlook.levels(Policy::ReorderPoint { service: 0.95, cover_days: 0.0, economic: None }).unwrap().point
        };
        assert!(near(point(LeadTime::Stated(14.0)), 28.0 + 1.644_853_6 * 3.0 * 2.0_f64.sqrt()));
        let uneven = LeadTime::Measured { days: &[7.0, 21.0, 7.0, 21.0, 14.0, 14.0], stated: 3.0 };
        // A deviation of 7 × √(4 ÷ 6) days is one of √(2 ÷ 3) weeks.
        assert!(near(point(uneven), 28.0 + 1.644_853_6 * (18.0 + 196.0 * 2.0 / 3.0_f64).sqrt()));
        let few = LeadTime::Measured { days: &[7.0, 21.0], stated: 14.0 };
        assert!(near(point(few), point(LeadTime::Stated(14.0))), "too few deliveries");
        assert!(near(point(LeadTime::Stated(0.0)), 0.0));
    }

    #[test]
    fn measured_deliveries_count_from_five_on() {
        let policy = Policy::ReorderPoint { service: 0.9, cover_days: 0.0, economic: None };
        let few = levels(policy, LeadTime::Measured { days: &[7.0; 4], stated: 14.0 });
        let enough = levels(policy, LeadTime::Measured { days: &[7.0; 5], stated: 14.0 });
        let mixed = levels(policy, LeadTime::Measured { days: &[7.0, 7.0, 7.0, 14.0, 21.0], stated: 14.0 });
        assert!(near(few.point, 32.0) && near(enough.point, 16.0));
        assert!(mixed.point > enough.point && mixed.point < 21.0 + 27.0, "{mixed:?}");
    }

    #[test]
    fn a_point_lasts_for_what_it_is_passed_by() {
        let pools = pools();
        let demand = LeadTimeDemand { path: &[14.0; 26], scale: 10.0, pools: &pools, days: None };
        let of = |safety: SafetyMethod, policy: Policy| {
            let known = WeeklyUnits { mean: 14.0, deviation: 14.0 };
            DemandOutlook { demand, lead: LeadTime::Stated(7.0), safety, known }.levels(policy).unwrap()
        };
        let point = Policy::ReorderPoint { service: 0.9, cover_days: 7.0, economic: None };
        // σ² of a day is 28: 7.5 units. They vary as 0.67 days of demand do, which ask for 1.34 of them.
        let found = of(SafetyMethod::Quantile, point);
        let days = 7.5 * 7.5 / (3.0 * 28.0);
        let kept = demand.quantile(0.9, (7.0 + days) / 7.0).unwrap();
        assert!(near(found.undershoot.unwrap(), 7.5) && near(found.point, kept + 7.5 - 2.0 * days), "{found:?}");
        assert!(near(found.up_to, found.point + 14.0) && found.point > demand.quantile(0.9, 1.0).unwrap() + 7.5, "{found:?}");
        assert!(near(of(SafetyMethod::FillRate, point).undershoot.unwrap(), 7.5));
        // Normal theory, whose formula is a tenant's choice, and policies that fill up on review
        // days add no undershoot.
        let none = [
            of(SafetyMethod::Normal { deviation: 14.0 }, point),
            of(SafetyMethod::Quantile, Policy::Periodic { service: 0.9, review_days: 7.0 }),
            of(SafetyMethod::Quantile, Policy::TargetDays { safety_days: 7.0, target_days: 14.0 }),
            of(SafetyMethod::Quantile, Policy::MinMax { point: 9.0, maximum: 40.0 }),
        ];
        assert!(none.iter().all(|levels| levels.undershoot.is_none()), "{none:?}");
    }
}
