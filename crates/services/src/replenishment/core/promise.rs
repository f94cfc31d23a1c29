//! Service level that a policy promises, and the corrected level for which stock is kept so that it
//! is met.

use entity::prelude::*;
use forecast::reorder::service_level;

use super::{
    policy::{Policy, Rule, SERVICE_SCALE},
    product::{Basis, LevelState},
    reason::{Reason, ReasonCode},
};

/// A smaller correction of a service level is not mentioned.
const MIN_CORRECTION: f64 = 0.000_5;

/// The chance that stock lasts over a lead time.
pub(super) fn service_of(rule: Rule, level: &LevelState) -> Option<f64> {
    match rule {
        Rule::ReorderPoint { service, .. } | Rule::Periodic { service, .. } => Some(f64::from(service) / SERVICE_SCALE),
        Rule::Service { .. } => {
            let classes = level.classes.map_or((AbcClass::C, forecast::xyz::XyzClass::Z), |classes| (classes.abc, classes.xyz));
            let abc = match classes.0 {
                AbcClass::A => forecast::abc::AbcClass::A,
                AbcClass::B => forecast::abc::AbcClass::B,
                AbcClass::C => forecast::abc::AbcClass::C,
            };
            Some(service_level(abc, classes.1))
        }
        Rule::MinMax | Rule::TargetDays { .. } => None,
    }
}

/// The policy's method; quantiles without a policy.
pub(super) fn method_of(policy: Option<&Policy>) -> SafetyStockMethod {
    policy.map_or(SafetyStockMethod::Quantile, |policy| policy.method)
}

/// The level of the quantile with which the class of the product reaches its promised service
/// level.
pub(super) fn target_quantile(basis: &Basis, level: &LevelState, service: f64) -> f64 {
    level.classes.map_or(service, |classes| basis.calibration.level(classes.abc, service))
}

/// The level to compute with, and the reason if it differs from the promised one.
pub(super) fn effective_service(
    basis: &Basis,
    level: &LevelState,
    (method, service): (SafetyStockMethod, f64),
) -> (f64, Option<Reason>) {
    if method != SafetyStockMethod::Quantile {
        return (service, None);
    }
    let quantile = target_quantile(basis, level, service);
    let is_same = (quantile - service).abs() < MIN_CORRECTION;
    let text =
        format!("{:.1} % is promised; in simulation a level of {:.1} % gives its class that", service * 100.0, quantile * 100.0);
    let numbers = [("serviceLevel", service), ("level", quantile)];
    (quantile, (!is_same).then(|| Reason::new(ReasonCode::CorrectedService, text, &numbers)))
}
