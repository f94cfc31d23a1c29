//! Refusals of writes, and of the execution of lines.

use entity::prelude::*;
use inventory::{catalog::core::Problem, stock::core::Rejection};
use platform::{
    stages::{Stage, Staged, Stop},
    storage::idempotency::{self, KeyProblem},
};

use crate::liquidation::core::CriteriaProblem;

/// Reasons to refuse a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LiquidationRefusal {
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
    /// Problem of the criteria.
    Criteria(CriteriaProblem),
    /// Criteria are for all stores, and the caller's permission is for some of them.
    NotEverywhere,
    /// The plan's state does not have it.
    State(LiquidationPlanState),
    /// The object was changed since it was read: its kind, and its current version.
    Stale {
        what: &'static str,
        actual: i64,
    },
    KeyReused,
}

impl Staged for LiquidationRefusal {
    fn stage(&self) -> Stage {
        match self {
            Self::BadKey(_) | Self::TooMany { .. } => Stage::Shape,
            // Checked first, so that the caller does not learn which stores of others exist.
            Self::NotEverywhere => Stage::Permission,
            Self::NotFound { .. } => Stage::Reference,
            Self::Invalid { .. } => Stage::Value,
            Self::Criteria(problem) => problem.stage(),
            Self::State(_) | Self::Stale { .. } | Self::KeyReused => Stage::State,
        }
    }
}

/// A refusal or a fault: nothing was written.
pub type LiquidationError = Stop<LiquidationRefusal>;

/// Refusal of a line's execution, with the room's own reasons.
#[derive(Debug, Clone)]
pub enum Refusal {
    Ledger(Vec<Rejection>),
    Catalog(Vec<Problem>),
}

/// Refuses an invalid idempotency key.
pub(super) fn check_key(key: &str) -> Result<(), LiquidationError> {
    idempotency::check_key(key).map_err(|reason| LiquidationRefusal::BadKey(reason).into())
}
