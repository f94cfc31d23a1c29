//! Target stock of a level: by its policy, its forecast, and its sales.

use std::borrow::Cow;

use entity::prelude::*;
use forecast::reorder::{self, DemandOutlook, Levels, economic_order, whole_units};

use super::{
    policy::{COVER_DAYS, Policy, Rule},
    product::{Basis, Demand, LeadTimes, LevelState, ProductState},
    promise::{effective_service, method_of, service_of},
    reason::{Reason, ReasonCode, format_units},
    weekdays::weekday_reasons,
};

/// A year's holding cost as a share of the cost.
pub(super) const HOLDING_COST_RATE: f64 = 0.25;
const WEEKS: f64 = 52.0;
/// Days of mean demand that replace a quantile if too few forecast errors are known.
const FALLBACK_DAYS: f64 = 7.0;

/// Target stock of a level, and the rule behind it.
pub(super) struct Target<'a> {
    pub level: &'a LevelState,
    pub rule: Rule,
    pub policy: Option<&'a Policy>,
    pub service: Option<f64>,
    /// With the supplier's calendar counted in.
    pub leads: Cow<'a, LeadTimes>,
    pub levels: Levels,
    pub reasons: Vec<Reason>,
}

/// The policy of a level, and its rule; without a policy the level's own reorder point, or else the
/// default.
pub(super) fn rule_of<'a>(basis: &'a Basis, product: &ProductState, level: &LevelState) -> (Option<&'a Policy>, Rule) {
    let classes = level.classes.map(|classes| (classes.abc, classes.xyz_word()));
    match basis.policies.of((product.product, level.store), classes, product.supplier) {
        Some(policy) => (Some(policy), policy.rule),
        None if level.reorder_point.is_some() => (None, Rule::MinMax),
        None => (None, Rule::DEFAULT),
    }
}

/// Reorder point and target of a level. None if nothing requires stock there.
pub(super) fn target<'a>(basis: &'a Basis, product: &'a ProductState, level: &'a LevelState) -> Option<Target<'a>> {
    let (policy, rule) = rule_of(basis, product, level);
    let mut reasons = Vec::new();
    if policy.is_none() {
        let text = "no policy applies to it: its own reorder point counts, else the service level of its class".to_owned();
        reasons.push(Reason::new(ReasonCode::DefaultPolicy, text, &[]));
    }
    let service = service_of(rule, level);
    let leads = product.leads.with_calendar(basis.today, rule.review_interval_days());
    let method = method_of(policy);
    let outlook = basis.outlook(level, &leads, method);
    let alive = level.demand.as_ref().is_some_and(Demand::has_demand);
    let levels = match rule {
        _ if level.is_liquidated => None,
        Rule::MinMax => min_max(&outlook, level),
        _ if alive => {
            let (target_service, correction) =
                service.map_or((0.0, None), |service| effective_service(basis, level, (method, service)));
            reasons.extend(correction);
            let levels = by_forecast(&outlook, product, level, (rule, target_service), &mut reasons);
            reasons.extend(service.into_iter().flat_map(|service| weekday_reasons(&outlook, service)));
            Some(levels)
        }
        _ => None,
    };
    let levels = match levels {
        Some(levels) => levels,
        // Owed units are ordered under any rule.
        None if level.owed > 0 => {
            reasons.push(if level.is_liquidated {
                let text = "an approved plan clears its stock; only owed units are replenished".to_owned();
                Reason::new(ReasonCode::Liquidated, text, &[])
            } else {
                let text = "no demand is forecast; only owed units are replenished".to_owned();
                Reason::new(ReasonCode::NoForecast, text, &[])
            });
            Levels::NOT_STOCKED
        }
        None => return None,
    };
    Some(Target { level, rule, policy, service, leads, levels, reasons })
}

/// The level's own reorder point and maximum; without a maximum the demand of `COVER_DAYS` above the point.
fn min_max(outlook: &DemandOutlook<'_>, level: &LevelState) -> Option<Levels> {
    let point = level.reorder_point? as f64;
    let cover = outlook.demand.mean(f64::from(COVER_DAYS) / 7.0);
    let maximum = level.maximum.map_or(point + cover, |maximum| maximum as f64);
    outlook.levels(reorder::Policy::MinMax { point, maximum })
}

/// Levels by the forecast: by the rule, or by days of mean demand if too few forecast errors are
/// known. They are capped by sales: the stock that a slow product would need for its service level
/// is bounded by its sales of a year, or by its mean demand if that is more.
fn by_forecast(
    outlook: &DemandOutlook<'_>,
    product: &ProductState,
    level: &LevelState,
    (rule, service): (Rule, f64),
    reasons: &mut Vec<Reason>,
) -> Levels {
    let economic = |order_cost: Option<Money>| economic_lot(product, outlook, order_cost);
    let (policy, cover) = match rule {
        Rule::Periodic { review_days, .. } => {
            let review_days = f64::from(review_days);
            (reorder::Policy::Periodic { service, review_days }, review_days)
        }
        Rule::TargetDays { safety_days, target_days } => {
            let (safety_days, target_days) = (f64::from(safety_days), f64::from(target_days));
            (reorder::Policy::TargetDays { safety_days, target_days }, target_days)
        }
        Rule::ReorderPoint { cover_days, order_cost, .. } | Rule::Service { cover_days, order_cost } => {
            let cover_days = f64::from(cover_days);
            let economic = economic(order_cost);
            (reorder::Policy::ReorderPoint { service, cover_days, economic }, cover_days)
        }
        Rule::MinMax => (reorder::Policy::TargetDays { safety_days: 0.0, target_days: 0.0 }, 0.0),
    };
    let mut levels = outlook.levels(policy).unwrap_or_else(|| {
        let text = "too few forecast errors are known for a service level: seven days of mean demand are kept instead".to_owned();
        reasons.push(Reason::new(ReasonCode::FewErrors, text, &[("days", FALLBACK_DAYS)]));
        let fallback = reorder::Policy::TargetDays { safety_days: FALLBACK_DAYS, target_days: FALLBACK_DAYS + cover };
        outlook.levels(fallback).unwrap_or(Levels::NOT_STOCKED)
    });
    if levels.is_extrapolated {
        let text = "the lead time is longer than any sum of forecasts that was checked".to_owned();
        reasons.push(Reason::new(ReasonCode::Extrapolated, text, &[("leadDays", outlook.lead.mean_days())]));
    }
    let mean = |days: f64| outlook.demand.mean((outlook.lead.mean_days() + days) / 7.0);
    let year_units = units_of_a_year(outlook, level);
    let year = year_units as f64;
    let caps = (mean(0.0).max(year), mean(cover).max(year));
    if levels.up_to > caps.1 && !matches!(rule, Rule::TargetDays { .. }) {
        let text = format!("it sells {} in a year, so no more is kept", format_units(year_units, product.decimals));
        reasons.push(Reason::new(ReasonCode::CappedBySales, text, &[("yearUnits", year)]));
        levels.point = levels.point.min(caps.0);
        levels.up_to = levels.up_to.min(caps.1).max(levels.point);
        levels.undershoot = None;
    }
    levels
}

/// Sales of the last year. A product that has been known for a part of it would have sold more: as in that part, or as in the forecast, whichever is less.
fn units_of_a_year(outlook: &DemandOutlook<'_>, level: &LevelState) -> i64 {
    let whole_year = (level.weekly_units().mean * WEEKS).min(outlook.demand.mean(WEEKS));
    level.year_units.max(whole_year as i64).max(0)
}

/// The economic lot in smallest units, where an order's cost is known in the currency of the product's.
fn economic_lot(product: &ProductState, outlook: &DemandOutlook<'_>, order_cost: Option<Money>) -> Option<f64> {
    let order_cost = order_cost?;
    let unit_cost = product.cost_at(Quantity::ONE).filter(|cost| cost.currency == order_cost.currency)?;
    let smallest = unit_cost.minor as f64 / 10_f64.powi(product.decimals.into());
    let yearly = outlook.demand.path.first().copied().unwrap_or_default() * WEEKS;
    economic_order(yearly, order_cost.minor as f64, smallest, HOLDING_COST_RATE).map(|order| order.units)
}

/// Returns the units that a store keeps: up to its target, and its safety stock. None if its needs
/// are unknown.
pub(super) fn retained_units(basis: &Basis, product: &ProductState, level: &LevelState) -> Option<i64> {
    retained_units_with(basis, level, || target(basis, product, level).map_or(0, |target| whole_units(target.levels.up_to)))
}

/// The units that a store keeps by a target in whole units, which is computed only if needed.
pub(super) fn retained_units_with(basis: &Basis, level: &LevelState, up_to: impl FnOnce() -> i64) -> Option<i64> {
    if level.is_liquidated {
        return Some(0);
    }
    let fixed_level = level.maximum.or(level.reorder_point);
    if !basis.has_run && fixed_level.is_none() {
        return None;
    }
    Some(up_to().max(fixed_level.unwrap_or(0)).saturating_add(level.safety_stock.max(0)))
}
