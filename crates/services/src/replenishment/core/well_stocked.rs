//! Levels with more stock than they need, for which plans compute no target.

use entity::prelude::*;
use forecast::reorder::{Undershoot, whole_units};

use super::{
    policy::Rule,
    product::{Basis, LevelState, ProductState},
    promise::{method_of, service_of, target_quantile},
    target::rule_of,
};

/// Smallest lot: the smaller the lot, the fewer units may be missed.
const MIN_LOT: f64 = 1.0;

/// Whether the position exceeds the need of even the slowest delivery. The mixture of measured
/// deliveries takes a thousand times as long to compute, and most levels need nothing.
pub(super) fn exceeds_need(basis: &Basis, product: &ProductState, level: &LevelState) -> bool {
    let (policy, rule) = rule_of(basis, product, level);
    let Some(service) = service_of(rule, level) else { return false };
    let method = method_of(policy);
    let leads = product.leads.with_calendar(basis.today, rule.review_interval_days());
    let outlook = basis.outlook(level, &leads, method);
    if !matches!(rule, Rule::Periodic { .. }) {
        let target_service = if method == SafetyStockMethod::Quantile { target_quantile(basis, level, service) } else { service };
        if let Some(promise) = outlook.promise(target_service, MIN_LOT) {
            return level.position() > 0 && promise.can_wait(level.position() as f64) == Some(true);
        }
    }
    let (extra_days, rest) = if let Rule::Periodic { review_days, .. } = rule {
        (f64::from(review_days), 0.0)
    } else {
        outlook.undershoot().map_or((0.0, 0.0), |Undershoot { days, rest, .. }| (days, rest))
    };
    let slowest = leads.measured.iter().copied().fold(leads.stated, f64::max);
    let (demand, weeks, position) = (outlook.demand, (slowest + extra_days) / 7.0, level.position());
    match method {
        SafetyStockMethod::Quantile => {
            let max_units = demand.quantile(target_quantile(basis, level, service), weeks);
            max_units.is_some_and(|max_units| position > whole_units(max_units + rest))
        }
        // Units missed of a lot of one unit by the slowest delivery, with a position one lower: an
        // order is placed at the point itself.
        SafetyStockMethod::FillRate => {
            let missed = demand.expected_shortage(position.saturating_sub(1) as f64 - rest, weeks);
            missed.is_some_and(|missed| missed <= 1.0 - service)
        }
        SafetyStockMethod::Normal => false,
    }
}
