//! Refusals of writes of policies, approval rules, budgets, plans and lines.

use entity::prelude::*;
use platform::{
    stages::{Stage, Staged, Stop},
    storage::idempotency::{self, KeyProblem},
};

use crate::replenishment::core::{PolicyProblem, RuleProblem};

/// Reasons to refuse a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplenishmentRefusal {
    BadKey(KeyProblem),
    /// More than a call accepts.
    TooMany {
        what: &'static str,
        most: usize,
        field: Vec<String>,
    },
    NotFound {
        what: &'static str,
        field: Vec<String>,
    },
    Invalid {
        message: &'static str,
        field: Vec<String>,
    },
    /// The setting is for all stores, and the caller's permission for some of them.
    NotEverywhere {
        message: &'static str,
        field: Vec<String>,
    },
    OutOfRange {
        message: &'static str,
        field: Vec<String>,
    },
    /// Problem of a policy.
    Policy(PolicyProblem),
    /// Problem of an approval rule.
    Rule(RuleProblem),
    /// Another policy has this scope already.
    ScopeTaken,
    /// The tenant has as many policies as may be.
    TooManyPolicies(i64),
    /// The plan's state has no open lines.
    State(ReplenishmentPlanState),
    /// The object was changed since it was read: its kind, and its current version.
    Stale {
        what: &'static str,
        actual: i64,
    },
    KeyReused,
}

impl Staged for ReplenishmentRefusal {
    fn stage(&self) -> Stage {
        match self {
            Self::BadKey(_) | Self::TooMany { .. } => Stage::Shape,
            Self::NotEverywhere { .. } => Stage::Permission,
            Self::NotFound { .. } => Stage::Reference,
            Self::Invalid { .. } | Self::OutOfRange { .. } => Stage::Value,
            Self::Policy(problem) => problem.stage(),
            Self::Rule(problem) => problem.stage(),
            Self::ScopeTaken | Self::TooManyPolicies(_) | Self::State(_) | Self::Stale { .. } | Self::KeyReused => Stage::State,
        }
    }
}

/// A refusal or a fault: nothing was written.
pub type ReplenishmentError = Stop<ReplenishmentRefusal>;

/// Message for a supplier that no purchases are possible from, because it was merged.
pub(super) const MERGED: &str = "this supplier is merged into another one: name that one";

/// Refuses an invalid idempotency key.
pub(super) fn check_key(key: &str) -> Result<(), ReplenishmentError> {
    idempotency::check_key(key).map_err(|reason| ReplenishmentRefusal::BadKey(reason).into())
}
