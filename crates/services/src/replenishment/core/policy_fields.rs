//! Fields of a policy to set: their problems, and the rule that they make.

use entity::prelude::*;
use platform::stages::{Stage, Staged, keep_earliest};
use serde::Serialize;

use super::policy::{COVER_DAYS, PolicyScope, Rule, SERVICE_SCALE};

const MIN_SERVICE: i32 = 5_000;
const MAX_SERVICE: i32 = 9_990;
const MAX_DAYS: i32 = 365;
const MAX_REVIEW_DAYS: i32 = 182;
/// A Monday: default review days are whole periods after it.
const MONDAY: i32 = 4;

/// Fields of a policy to set. Fields that its kind does not take must be None.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PolicyFields {
    pub scope: PolicyScope,
    pub kind: ReplenishmentPolicyKind,
    /// A share from 0.5 to 0.999.
    pub service: Option<f64>,
    pub cover_days: Option<i32>,
    pub review_days: Option<i32>,
    pub review_from: Option<i32>,
    pub safety_days: Option<i32>,
    pub target_days: Option<i32>,
    pub order_cost: Option<Money>,
    /// Method of a kind with a service level; None for quantiles.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<SafetyStockMethod>,
}

/// Problem of a policy. Fields are named as rooms name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyProblem {
    SeveralScopes,
    StoreNotTaken,
    NotTaken(&'static str),
    Needed(&'static str),
    /// Whole numbers from the first to the second.
    Range(&'static str, i32, i32),
    ServiceRange,
    OrderCost,
    /// The target is below the safety stock.
    TargetBelowSafety,
}

impl Staged for PolicyProblem {
    fn stage(&self) -> Stage {
        match self {
            Self::Needed(_) => Stage::Shape,
            _ => Stage::Value,
        }
    }
}

impl PolicyScope {
    /// Returns the problem of the scope, if there is one: it names at most one of product, classes
    /// and supplier, and no store beside an XYZ class alone.
    fn problem(&self) -> Option<PolicyProblem> {
        let is_class = self.class.is_some() || self.xyz.is_some();
        let scope_count = usize::from(self.product.is_some()) + usize::from(is_class) + usize::from(self.supplier.is_some());
        if scope_count > 1 {
            return Some(PolicyProblem::SeveralScopes);
        }
        let is_even = self.store.is_some() && self.product.is_none() && self.class.is_none() && !self.is_of_whole_store();
        is_even.then_some(PolicyProblem::StoreNotTaken)
    }
}

/// A service level in ten-thousandths; None if it is out of range.
fn to_ten_thousandths(share: f64) -> Option<i32> {
    let parts = (share * SERVICE_SCALE).round();
    (f64::from(MIN_SERVICE)..=f64::from(MAX_SERVICE)).contains(&parts).then_some(parts as i32)
}

impl PolicyFields {
    /// Returns all problems of the fields.
    pub fn problems(&self) -> Vec<PolicyProblem> {
        let mut policy_problems: Vec<PolicyProblem> = self.scope.problem().into_iter().collect();
        let field_flags = [
            ("serviceLevel", self.service.is_some()),
            ("coverDays", self.cover_days.is_some()),
            ("orderCost", self.order_cost.is_some()),
            ("reviewDays", self.review_days.is_some()),
            ("reviewFrom", self.review_from.is_some()),
            ("safetyDays", self.safety_days.is_some()),
            ("targetDays", self.target_days.is_some()),
            ("safetyStockMethod", self.method.is_some()),
        ];
        for (name, is_given) in field_flags {
            let is_needed = ["serviceLevel", "reviewDays", "targetDays"].contains(&name);
            match (is_given, self.has_field(name)) {
                (true, false) => policy_problems.push(PolicyProblem::NotTaken(name)),
                (false, true) if is_needed => policy_problems.push(PolicyProblem::Needed(name)),
                _ => {}
            }
        }
        let days = [
            ("coverDays", self.cover_days, 0, MAX_DAYS),
            ("reviewDays", self.review_days, 1, MAX_REVIEW_DAYS),
            ("safetyDays", self.safety_days, 0, MAX_DAYS),
            ("targetDays", self.target_days, 1, MAX_DAYS),
        ];
        for (name, value, min, max) in days {
            if self.has_field(name) && value.is_some_and(|days| !(min..=max).contains(&days)) {
                policy_problems.push(PolicyProblem::Range(name, min, max));
            }
        }
        if self.has_field("serviceLevel") && self.service.is_some_and(|share| to_ten_thousandths(share).is_none()) {
            policy_problems.push(PolicyProblem::ServiceRange);
        }
        if self.has_field("orderCost") && self.order_cost.is_some_and(|cost| cost.minor <= 0) {
            policy_problems.push(PolicyProblem::OrderCost);
        }
        let is_below = self.target_days.is_some_and(|days| days < self.safety_days.unwrap_or(0));
        if self.has_field("targetDays") && is_below {
            policy_problems.push(PolicyProblem::TargetBelowSafety);
        }
        policy_problems
    }

    /// Whether its kind takes a field.
    fn has_field(&self, name: &str) -> bool {
        use ReplenishmentPolicyKind::{Periodic, ReorderPoint, Service, TargetDays};
        match name {
            "serviceLevel" => matches!(self.kind, ReorderPoint | Periodic),
            "coverDays" | "orderCost" => matches!(self.kind, ReorderPoint | Service),
            "reviewDays" | "reviewFrom" => self.kind == Periodic,
            "safetyDays" | "targetDays" => self.kind == TargetDays,
            "safetyStockMethod" => matches!(self.kind, ReorderPoint | Periodic | Service),
            _ => false,
        }
    }

    /// Returns the rule of the fields.
    ///
    /// # Errors
    /// All problems of the first stage that has any.
    pub fn rule(&self) -> Result<Rule, Vec<PolicyProblem>> {
        let problems = self.problems();
        if !problems.is_empty() {
            return Err(keep_earliest(problems));
        }
        let missing = |name: &'static str| move || vec![PolicyProblem::Needed(name)];
        let service = self.service.and_then(to_ten_thousandths).ok_or_else(missing("serviceLevel"));
        let (cover_days, order_cost) = (self.cover_days.unwrap_or(COVER_DAYS), self.order_cost);
        Ok(match self.kind {
            ReplenishmentPolicyKind::MinMax => Rule::MinMax,
            ReplenishmentPolicyKind::ReorderPoint => Rule::ReorderPoint { service: service?, cover_days, order_cost },
            ReplenishmentPolicyKind::Service => Rule::Service { cover_days, order_cost },
            ReplenishmentPolicyKind::Periodic => Rule::Periodic {
                service: service?,
                review_days: self.review_days.ok_or_else(missing("reviewDays"))?,
                review_from: self.review_from.unwrap_or(MONDAY),
            },
            ReplenishmentPolicyKind::TargetDays => Rule::TargetDays {
                safety_days: self.safety_days.unwrap_or(0),
                target_days: self.target_days.ok_or_else(missing("targetDays"))?,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id<K>(n: u128) -> Id<K> {
        Id::from_uuid(uuid::Uuid::from_u128(n))
    }
    fn fields(kind: ReplenishmentPolicyKind) -> PolicyFields {
        PolicyFields {
            scope: PolicyScope::default(),
            kind,
            service: None,
            cover_days: None,
            review_days: None,
            review_from: None,
            safety_days: None,
            target_days: None,
            order_cost: None,
            method: None,
        }
    }

    #[test]
    fn a_kind_takes_its_own_fields() {
        use ReplenishmentPolicyKind::{MinMax, Periodic, ReorderPoint, Service, TargetDays};
        assert_eq!(fields(MinMax).rule(), Ok(Rule::MinMax));
        let point = PolicyFields { service: Some(0.95), ..fields(ReorderPoint) };
        assert_eq!(point.rule(), Ok(Rule::ReorderPoint { service: 9_500, cover_days: 14, order_cost: None }));
        let periodic = PolicyFields { service: Some(0.9), review_days: Some(7), ..fields(Periodic) };
        assert_eq!(periodic.rule(), Ok(Rule::Periodic { service: 9_000, review_days: 7, review_from: 4 }));
        let days = PolicyFields { safety_days: Some(7), target_days: Some(21), ..fields(TargetDays) };
        assert_eq!(days.rule(), Ok(Rule::TargetDays { safety_days: 7, target_days: 21 }));
        for (wrong, problem) in [
            (PolicyFields { service: Some(0.95), ..fields(Service) }, PolicyProblem::NotTaken("serviceLevel")),
            (fields(ReorderPoint), PolicyProblem::Needed("serviceLevel")),
            (PolicyFields { service: Some(0.999_9), ..point }, PolicyProblem::ServiceRange),
            (PolicyFields { service: Some(f64::NAN), ..point }, PolicyProblem::ServiceRange),
            (PolicyFields { cover_days: Some(366), ..point }, PolicyProblem::Range("coverDays", 0, 365)),
            (PolicyFields { review_days: None, ..periodic }, PolicyProblem::Needed("reviewDays")),
            (PolicyFields { target_days: Some(6), ..days }, PolicyProblem::TargetBelowSafety),
            (PolicyFields { order_cost: Some(Money::zero(Currency::GBP)), ..point }, PolicyProblem::OrderCost),
            (PolicyFields { method: Some(SafetyStockMethod::Normal), ..days }, PolicyProblem::NotTaken("safetyStockMethod")),
        ] {
            assert_eq!(wrong.rule(), Err(vec![problem]), "{wrong:?}");
        }
        let both = PolicyScope { product: Some(id(1)), class: Some(AbcClass::A), ..PolicyScope::default() };
        assert_eq!(PolicyFields { scope: both, ..fields(MinMax) }.rule(), Err(vec![PolicyProblem::SeveralScopes]));
        let store = PolicyScope { store: Some(id(1)), ..PolicyScope::default() };
        assert_eq!(PolicyFields { scope: store, ..fields(MinMax) }.rule(), Ok(Rule::MinMax));
        let of_supplier = PolicyScope { supplier: Some(id(2)), ..store };
        assert_eq!(PolicyFields { scope: of_supplier, ..fields(MinMax) }.rule(), Ok(Rule::MinMax));
        let even = PolicyScope { xyz: Some(XyzClass::X), ..store };
        assert_eq!(PolicyFields { scope: even, ..fields(MinMax) }.rule(), Err(vec![PolicyProblem::StoreNotTaken]));
        let cell = PolicyScope { class: Some(AbcClass::A), ..even };
        assert_eq!(PolicyFields { scope: cell, ..fields(MinMax) }.rule(), Ok(Rule::MinMax));
        let supplied = PolicyScope { xyz: Some(XyzClass::X), supplier: Some(id(1)), ..PolicyScope::default() };
        assert_eq!(PolicyFields { scope: supplied, ..fields(MinMax) }.rule(), Err(vec![PolicyProblem::SeveralScopes]));
    }

    #[test]
    fn all_that_is_wrong_with_a_policy_is_told_what_is_missing_first() {
        let scope = PolicyScope { product: Some(id(1)), class: Some(AbcClass::A), ..PolicyScope::default() };
        let periodic = PolicyFields { scope, cover_days: Some(-1), ..fields(ReplenishmentPolicyKind::Periodic) };
        let needed = ["serviceLevel", "reviewDays"].map(PolicyProblem::Needed);
        assert_eq!(periodic.rule(), Err(needed.to_vec()));
        let days = PolicyFields { service: Some(2.0), review_days: Some(0), ..periodic };
        let values = [
            PolicyProblem::SeveralScopes,
            PolicyProblem::NotTaken("coverDays"),
            PolicyProblem::Range("reviewDays", 1, 182),
            PolicyProblem::ServiceRange,
        ];
        assert_eq!(days.rule(), Err(values.to_vec()));
    }
}
