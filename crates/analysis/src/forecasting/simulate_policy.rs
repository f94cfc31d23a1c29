//! A reorder policy that is simulated, in GraphQL.

use std::ops::RangeInclusive;

use async_graphql::InputObject;
use entity::prelude;
use platform::path;
use services::forecasting::core::{MAX_DEMAND_DAYS, ReorderPolicy, SERVICE_LEVELS, SimulatedRule};

use crate::{
    graphql::{
        fault::{Answer, TopError},
        scalars::Quantity,
    },
    replenishment::{ReplenishmentPolicyKind, SafetyStockMethod},
};

/// The most units of a pack and of a minimum.
const MAX_UNITS: i64 = 1_000_000_000;
/// The most days of demand.
const MAX_COVER: i64 = 365;
/// Default days of demand that an order covers.
const COVER_DAYS: i32 = 14;
const WEEK: i64 = 7;

/// Reorder policy to simulate, by the rules that plans have, played day by day. An order waits for the days on which the product's supplier takes orders and
/// delivers, by its calendar of today. Costs of orders, shelf life and corrections by class are not simulated.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct StockSimulationPolicyInput {
    /// Kind of rule. Default PERIODIC.
    #[graphql(default_with = "ReplenishmentPolicyKind::Periodic")]
    pub kind: ReplenishmentPolicyKind,
    /// Promised share of cycles without unmet demand, or of units with FILL_RATE, 0.5 to 0.999, for PERIODIC and REORDER_POINT. Default 0.95. Not used by other
    /// kinds: SERVICE takes the level of the product's class in the newest run.
    #[graphql(default_with = "0.95")]
    pub service_level: f64,
    /// Days from an order to its receipt, 0 to 181, without those by which the supplier's calendar delays it; with `reviewDays` at most 182. Null for the lead
    /// time that plans have: each order takes as long as one of the deliveries that were measured of the product's supplier in the year before the newest run,
    /// from five on, else the catalogue's days, else the supplier's, else 7.
    pub lead_time_days: Option<i32>,
    /// Deprecated form of `leadTimeDays`: weeks, 0 to 25.
    #[graphql(deprecation = "2026-11-28: use leadTimeDays. Removed after 2027-11-28.")]
    pub lead_time_weeks: Option<i32>,
    /// Days between two reviews, 1 to 182. Null for 7 with PERIODIC or `leadTimeWeeks`, and for 1 otherwise. Kinds that order at a point keep stock for the days
    /// between two reviews as well.
    pub review_days: Option<i32>,
    /// Deprecated form of `reviewDays`: weeks, 1 to 26.
    #[graphql(deprecation = "2026-11-28: use reviewDays. Removed after 2027-11-28.")]
    pub review_weeks: Option<i32>,
    /// Least units of an order, 0 to 1,000,000,000. Null for none.
    pub minimum_quantity: Option<Quantity>,
    /// Units of a pack, 1 to 1,000,000,000; orders are whole packs. Null for single units.
    pub pack_size: Option<Quantity>,
    /// True if demand that stock does not meet waits for the next deliveries. Default false: it is lost.
    #[graphql(default = false)]
    pub is_backordered: bool,
    /// Method by which stock is found that keeps the service level, for REORDER_POINT, PERIODIC and SERVICE. Null for QUANTILE.
    pub safety_stock_method: Option<SafetyStockMethod>,
    /// Units at or below which is ordered, 0 to 1,000,000,000, in the product's smallest unit. Needed for MIN_MAX, null
    /// for other kinds.
    pub reorder_point: Option<Quantity>,
    /// Units up to which is ordered, `reorderPoint` to 1,000,000,000, for MIN_MAX, in the product's smallest unit. Null for 14
    /// days of demand above the point.
    pub maximum: Option<Quantity>,
    /// Days of demand that an order covers beyond the point, 0 to 365, for REORDER_POINT and SERVICE. Null for 14.
    pub cover_days: Option<i32>,
    /// Days of mean demand beyond the lead time at which is ordered, 0 to 365, for TARGET_DAYS. Null for 0.
    pub safety_days: Option<i32>,
    /// Days of mean demand beyond the lead time up to which stock is filled, 1 to 365, no fewer than `safetyDays`. Needed for TARGET_DAYS, null for other kinds.
    pub target_days: Option<i32>,
}

impl StockSimulationPolicyInput {
    /// The policy, each of its figures within its range.
    pub(super) fn read(&self) -> Answer<ReorderPolicy> {
        let (lowest, highest) = SERVICE_LEVELS;
        if !(lowest..=highest).contains(&self.service_level) {
            let message = format!("serviceLevel is {lowest} to {highest}");
            return Err(TopError::bad_input(message, path!["input", "policy", "serviceLevel"]));
        }
        let (lead_days, review_days) = self.days()?;
        let units = |quantity: Option<Quantity>, default: i64| quantity.map_or(default, |quantity| quantity.0.get());
        Ok(ReorderPolicy {
            rule: self.rule()?,
            service: self.service_level,
            method: self.safety_stock_method.map_or(prelude::SafetyStockMethod::Quantile, Into::into),
            lead_days: lead_days.map(|days| days as usize),
            review_days: review_days as usize,
            minimum: check_range(units(self.minimum_quantity, 0), 0..=MAX_UNITS, "minimumQuantity")?,
            pack: check_range(units(self.pack_size, 1), 1..=MAX_UNITS, "packSize")?,
            is_backordered: self.is_backordered,
        })
    }
    /// Days of the lead time, None for that of each product, and between two reviews.
    fn days(&self) -> Answer<(Option<i64>, i64)> {
        let longest = MAX_DEMAND_DAYS as i64;
        let lead = Span { days: self.lead_time_days, weeks: self.lead_time_weeks, names: Span::LEAD };
        let review = Span { days: self.review_days, weeks: self.review_weeks, names: Span::REVIEW };
        let lead_days = lead.read(0..=longest - 1)?;
        // Callers that give weeks, by the earlier field names, still get a review each week by
        // default.
        let is_weekly = self.kind == ReplenishmentPolicyKind::Periodic || self.lead_time_weeks.is_some();
        let default = if is_weekly { WEEK } else { 1 };
        let review_days = review.read(1..=longest)?.unwrap_or(default);
        if lead_days.unwrap_or_default() + review_days > longest {
            let message = format!("leadTimeDays and reviewDays together are at most {longest}");
            return Err(TopError::bad_input(message, path!["input", "policy", lead.name()]));
        }
        Ok((lead_days, review_days))
    }
    fn rule(&self) -> Answer<SimulatedRule> {
        self.check_unused_fields()?;
        let days = |day_count: Option<i32>, default: i32, least: i32, name: &str| {
            let day_count = day_count.unwrap_or(default);
            check_range(day_count.into(), least.into()..=MAX_COVER, name).map(|_| day_count)
        };
        Ok(match self.kind {
            ReplenishmentPolicyKind::MinMax => {
                let point = self.reorder_point.ok_or_else(|| missing_field_error("MIN_MAX", "reorderPoint"))?;
                let point = check_range(point.0.get(), 0..=MAX_UNITS, "reorderPoint")?;
                let checked_maximum = |maximum: Quantity| check_range(maximum.0.get(), point..=MAX_UNITS, "maximum");
                SimulatedRule::MinMax { point, maximum: self.maximum.map(checked_maximum).transpose()? }
            }
            ReplenishmentPolicyKind::ReorderPoint => {
                SimulatedRule::ReorderPoint { cover_days: days(self.cover_days, COVER_DAYS, 0, "coverDays")? }
            }
            ReplenishmentPolicyKind::Periodic => SimulatedRule::Periodic,
            ReplenishmentPolicyKind::Service => {
                SimulatedRule::Service { cover_days: days(self.cover_days, COVER_DAYS, 0, "coverDays")? }
            }
            ReplenishmentPolicyKind::TargetDays => {
                let safety_days = days(self.safety_days, 0, 0, "safetyDays")?;
                let target_days = self.target_days.ok_or_else(|| missing_field_error("TARGET_DAYS", "targetDays"))?;
                let target_days = days(Some(target_days), target_days, safety_days.max(1), "targetDays")?;
                SimulatedRule::TargetDays { safety_days, target_days }
            }
        })
    }
    fn check_unused_fields(&self) -> Answer<()> {
        use ReplenishmentPolicyKind::{MinMax, Periodic, ReorderPoint, Service, TargetDays};
        let kind = self.kind;
        let fields = [
            ("safetyStockMethod", self.safety_stock_method.is_some(), matches!(kind, ReorderPoint | Periodic | Service)),
            ("reorderPoint", self.reorder_point.is_some(), kind == MinMax),
            ("maximum", self.maximum.is_some(), kind == MinMax),
            ("coverDays", self.cover_days.is_some(), matches!(kind, ReorderPoint | Service)),
            ("safetyDays", self.safety_days.is_some(), kind == TargetDays),
            ("targetDays", self.target_days.is_some(), kind == TargetDays),
        ];
        match fields.iter().find(|(_, is_given, is_taken)| *is_given && !is_taken) {
            Some((name, ..)) => {
                let message = format!("{name} is not of this kind of policy");
                Err(TopError::bad_input(message, path!["input", "policy", *name]))
            }
            None => Ok(()),
        }
    }
}

/// A time in days, or in weeks by its earlier name.
struct Span {
    days: Option<i32>,
    weeks: Option<i32>,
    names: [&'static str; 2],
}

impl Span {
    const LEAD: [&'static str; 2] = ["leadTimeDays", "leadTimeWeeks"];
    const REVIEW: [&'static str; 2] = ["reviewDays", "reviewWeeks"];

    /// The name that was used.
    fn name(&self) -> &'static str {
        self.names[usize::from(self.weeks.is_some())]
    }
    /// Days within a range, given once.
    fn read(&self, range: RangeInclusive<i64>) -> Answer<Option<i64>> {
        let [days, weeks] = self.names;
        match (self.days, self.weeks) {
            (None, None) => Ok(None),
            (Some(count), None) => check_range(count.into(), range, days).map(Some),
            (None, Some(count)) => {
                let range = (range.start() + WEEK - 1) / WEEK..=range.end() / WEEK;
                check_range(count.into(), range, weeks).map(|weeks| Some(WEEK * weeks))
            }
            (Some(_), Some(_)) => {
                let message = format!("{days} or {weeks} is expected, not both");
                Err(TopError::bad_input(message, path!["input", "policy", weeks]))
            }
        }
    }
}

fn missing_field_error(kind: &str, name: &str) -> TopError {
    TopError::bad_input(format!("{kind} needs {name}"), path!["input", "policy", name])
}

fn check_range(value: i64, range: RangeInclusive<i64>, name: &str) -> Answer<i64> {
    if range.contains(&value) {
        return Ok(value);
    }
    let message = format!("{name} is {} to {}", range.start(), range.end());
    Err(TopError::bad_input(message, path!["input", "policy", name]))
}
