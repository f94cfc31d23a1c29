//! Setting policies, making plans, asking for them, and approving their lines.

mod approval_rule;
mod approve;
mod ask;
mod cut;
mod draft_outcome;
mod drafts;
mod facts;
mod make;
mod nightly;
mod policies;
mod purchase_budget;
mod refusal;
mod score;
mod sending;

pub use approval_rule::{RuleSet, approve_all, approve_night, find_rule, set_rule};
pub use approve::{ApprovalResult, LineProblem, MAX_APPROVED, PlanApprove, approve_plan};
pub use ask::{complete_filter, find_plan, find_policy, line_page, plan_costs, plan_page, policy_page};
pub use draft_outcome::DraftRefusal;
pub use make::{CreatedPlan, MAX_LINES, PlanCreate, create_plan};
pub use nightly::{plan_all, plan_night};
pub use policies::{PolicyRemoval, PolicySet, remove_policy, set_policy};
pub use purchase_budget::{BudgetSet, BudgetUse, budget_uses, find_budget, find_scope_budgets, set_budget};
pub use refusal::{ReplenishmentError, ReplenishmentRefusal};
pub use score::{outcome_sums, score_all, score_due};
pub use sending::{MAX_SENT, SendOutcome, Unsent};
