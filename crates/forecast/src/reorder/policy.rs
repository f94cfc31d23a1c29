//! Policies: from a forecast, its quantiles and a lead time to the point at which is ordered and the level up to which.

use crate::{abc::AbcClass, intervals::LeadTimeDemand, xyz::XyzClass};

const WEEK: f64 = 7.0;

/// How long a delivery takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Lead<'a> {
    /// As the supplier says, in days.
    Stated(f64),
    /// Measured deliveries of the last 365 days, in days. Fewer than five say nothing; the stated days are used then.
    Measured { days: &'a [f64], stated: f64 },
}

/// Deliveries that make a measured lead time.
const DELIVERIES: usize = 5;

impl Lead<'_> {
    /// Stated days, or the mean of the measured ones: what a mean is taken over.
    pub fn mean_days(&self) -> f64 {
        match self {
            Self::Measured { days, .. } if days.len() >= DELIVERIES => days.iter().sum::<f64>() / days.len() as f64,
            Self::Measured { stated, .. } | Self::Stated(stated) => *stated,
        }
    }
}

/// How a product is reordered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Policy {
    /// The level's own point and maximum, in units.
    MinMax { point: f64, maximum: f64 },
    /// Cycle service `service` (0 to 1) over the lead time; filled up by so many days of demand, or by an economic order if that is more.
    ReorderPoint { service: f64, cover_days: f64, economic: Option<f64> },
    /// Ordered on review days only, every `review_days`.
    Periodic { service: f64, review_days: f64 },
    /// As `ReorderPoint`, with the service level of the product's ABC and XYZ class.
    Service { abc: AbcClass, xyz: XyzClass, cover_days: f64, economic: Option<f64> },
    /// Days of mean demand: safety, and target.
    TargetDays { safety_days: f64, target_days: f64 },
}

/// When a policy orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Review {
    /// As soon as the position is at the point.
    Continuous,
    /// On review days, whatever the position is.
    OnReviewDays,
}

/// A point and a target in units, not rounded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    pub point: f64,
    pub up_to: f64,
    pub review: Review,
    /// Whether the quantile rests on shorter sums than asked for.
    pub is_extrapolated: bool,
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
pub struct Outlook<'a> {
    pub demand: LeadTimeDemand<'a>,
    pub lead: Lead<'a>,
}

impl Outlook<'_> {
    /// Mean units over days.
    fn mean(&self, days: f64) -> f64 {
        self.demand.mean(days / WEEK)
    }
    /// Q_p over the lead time and `more_days`: of stated days, or of the mixture of measured ones.
    pub fn quantile(&self, service: f64, more_days: f64) -> Option<f64> {
        match self.lead {
            Lead::Measured { days, .. } if days.len() >= DELIVERIES => {
                let weeks: Vec<f64> = days.iter().map(|days| (days + more_days) / WEEK).collect();
                self.demand.mixture(service, &weeks)
            }
            Lead::Measured { stated, .. } | Lead::Stated(stated) => self.demand.quantile(service, (stated + more_days) / WEEK),
        }
    }
    fn by_quantile(&self, service: f64, cover_days: f64, economic: Option<f64>) -> Option<Levels> {
        let point = self.quantile(service, 0.0)?;
        let cover = (self.demand.path.first().copied().unwrap_or_default() * cover_days / WEEK).max(economic.unwrap_or(0.0));
        let is_extrapolated = self.demand.is_extrapolated(self.lead.mean_days() / WEEK);
        Some(Levels { point, up_to: point + cover, review: Review::Continuous, is_extrapolated })
    }
    /// Point and target of a policy. None where the policy needs quantiles and too little was scored.
    pub fn levels(&self, policy: Policy) -> Option<Levels> {
        let days = self.lead.mean_days();
        let plain = |point: f64, up_to: f64| Levels { point, up_to, review: Review::Continuous, is_extrapolated: false };
        match policy {
            Policy::MinMax { point, maximum } => Some(plain(point, maximum.max(point))),
            Policy::ReorderPoint { service, cover_days, economic } => self.by_quantile(service, cover_days, economic),
            Policy::Service { abc, xyz, cover_days, economic } => self.by_quantile(service_level(abc, xyz), cover_days, economic),
            Policy::Periodic { service, review_days } => {
                let up_to = self.quantile(service, review_days)?;
                let is_extrapolated = self.demand.is_extrapolated((days + review_days) / WEEK);
                Some(Levels { point: up_to, up_to, review: Review::OnReviewDays, is_extrapolated })
            }
            Policy::TargetDays { safety_days, target_days } => {
                let point = self.mean(days + safety_days);
                Some(plain(point, self.mean(days + target_days).max(point)))
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
    fn levels(policy: Policy, lead: Lead<'_>) -> Levels {
        let pools = pools();
        let demand = LeadTimeDemand { path: &[14.0; 26], scale: 1.0, pools: &pools };
        Outlook { demand, lead }.levels(policy).unwrap()
    }
    fn near(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-4
    }

    #[test]
    fn each_policy_has_its_levels() {
        let two_weeks = Lead::Stated(14.0);
        let found = levels(Policy::ReorderPoint { service: 0.9, cover_days: 7.0, economic: None }, two_weeks);
        assert!(near(found.point, 28.0 + 18.0) && near(found.up_to, 46.0 + 14.0), "{found:?}");
        let found = levels(Policy::ReorderPoint { service: 0.9, cover_days: 7.0, economic: Some(50.0) }, two_weeks);
        assert!(near(found.up_to, 96.0));
        let found = levels(Policy::Periodic { service: 0.9, review_days: 7.0 }, two_weeks);
        assert!(near(found.up_to, 42.0 + 27.0) && found.review == Review::OnReviewDays);
        let found = levels(Policy::TargetDays { safety_days: 7.0, target_days: 14.0 }, two_weeks);
        assert!(near(found.point, 42.0) && near(found.up_to, 56.0));
        let found = levels(Policy::Service { abc: AbcClass::B, xyz: XyzClass::Z, cover_days: 0.0, economic: None }, two_weeks);
        assert!(near(found.point, 46.0));
        assert!(near(levels(Policy::MinMax { point: 9.0, maximum: 4.0 }, two_weeks).up_to, 9.0));
        let far = levels(Policy::Periodic { service: 0.9, review_days: 14.0 }, two_weeks);
        assert!(far.is_extrapolated, "four weeks were never scored");
    }

    #[test]
    fn measured_deliveries_count_from_five_on() {
        let policy = Policy::ReorderPoint { service: 0.9, cover_days: 0.0, economic: None };
        let few = levels(policy, Lead::Measured { days: &[7.0; 4], stated: 14.0 });
        let enough = levels(policy, Lead::Measured { days: &[7.0; 5], stated: 14.0 });
        let mixed = levels(policy, Lead::Measured { days: &[7.0, 7.0, 7.0, 14.0, 21.0], stated: 14.0 });
        assert!(near(few.point, 46.0) && near(enough.point, 23.0));
        assert!(mixed.point > enough.point && mixed.point < 42.0 + 27.0, "{mixed:?}");
    }
}
