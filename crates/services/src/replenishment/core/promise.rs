//! What a policy promises, and the level that stock is kept by so that it holds.

use entity::prelude::*;
use forecast::reorder::service_level;

use super::{
    policy::{Policy, Rule, SERVICE_PARTS},
    product::{Basis, LevelState},
    reason::{Reason, ReasonCode},
};

/// A smaller correction of a service level is not mentioned.
const LEAST_CORRECTION: f64 = 0.000_5;

/// The chance that stock lasts over a lead time.
pub(super) fn service_of(rule: Rule, level: &LevelState) -> Option<f64> {
    match rule {
        Rule::ReorderPoint { service, .. } | Rule::Periodic { service, .. } => Some(f64::from(service) / SERVICE_PARTS),
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

/// By quantiles where no policy says otherwise.
pub(super) fn method_of(policy: Option<&Policy>) -> SafetyStockMethod {
    policy.map_or(SafetyStockMethod::Quantile, |policy| policy.method)
}

/// The level that quantiles are asked for, so that the class of the product is given what it was promised.
pub(super) fn asked_of(basis: &Basis, level: &LevelState, service: f64) -> f64 {
    level.classes.map_or(service, |classes| basis.calibration.level(classes.abc, service))
}

/// The level that is asked for, and why it is not the promise.
pub(super) fn service_wanted(
    basis: &Basis,
    level: &LevelState,
    (method, service): (SafetyStockMethod, f64),
) -> (f64, Option<Reason>) {
    if method != SafetyStockMethod::Quantile {
        return (service, None);
    }
    let asked = asked_of(basis, level, service);
    let is_same = (asked - service).abs() < LEAST_CORRECTION;
    let text =
        format!("{:.1} % is promised; in simulation a level of {:.1} % gives its class that", service * 100.0, asked * 100.0);
    let numbers = [("serviceLevel", service), ("level", asked)];
    (asked, (!is_same).then(|| Reason::new(ReasonCode::CorrectedService, text, &numbers)))
}
