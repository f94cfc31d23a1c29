//! Setting policies, making plans, asking for them, and approving their lines.

mod approval_rule;
mod approve;
mod ask;
mod cut;
mod drafts;
mod facts;
mod make;
mod nightly;
mod policies;
mod purchase_budget;
mod score;
mod sending;

use entity::prelude::*;
use inventory::stock::core::Rejection;
use platform::{
    stages::{Stage, Staged, Stop},
    storage::idempotency::{self, KeyProblem},
};

pub use approval_rule::{RuleSet, approve_all, approve_night, find_rule, set_rule};
pub use approve::{Approved, LineProblem, MAX_APPROVED, PlanApprove, approve_plan};
pub use ask::{complete_filter, find_plan, find_policy, line_page, plan_costs, plan_page, policy_page};
pub use make::{MAX_LINES, Made, PlanCreate, create_plan};
pub use nightly::{plan_all, plan_night};
pub use policies::{PolicyRemoval, PolicySet, remove_policy, set_policy};
pub use purchase_budget::{BudgetSet, BudgetUse, budget_uses, find_budget, find_scope_budgets, set_budget};
pub use score::{outcome_sums, score_all, score_due};

use super::core::{PolicyProblem, RuleProblem};

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

/// Refusal of a draft, with the room's own reasons.
pub type DraftRefusal = Vec<Rejection>;

/// Message for a supplier that no purchases are possible from, because it was merged.
const MERGED: &str = "this supplier is merged into another one: name that one";

/// Refuses a key that is not kept.
fn check_key(key: &str) -> Result<(), ReplenishmentError> {
    idempotency::check_key(key).map_err(|why| ReplenishmentRefusal::BadKey(why).into())
}
