//! Replenishment in GraphQL: policies, plans, and their approval.

pub use objects::replenishment::*;

mod inputs;
mod mutation;
mod payload;
mod policy_filter;
mod purchase_budget;
mod query;
mod rule;
mod score;
mod unsent;

pub use inputs::{
    PlanLineChoice, ReplenishmentBudgetSetInput, ReplenishmentPlanApproveInput, ReplenishmentPlanCreateInput,
    ReplenishmentPolicyRemoveInput, ReplenishmentPolicySetInput, ReplenishmentRuleSetInput,
};
pub use mutation::ReplenishmentMutation;
pub use payload::{
    ReplenishmentApprovalPayload, ReplenishmentBudgetPayload, ReplenishmentLineRefusal, ReplenishmentPlanPayload,
    ReplenishmentPolicyPayload, ReplenishmentRulePayload,
};
pub use purchase_budget::{ReplenishmentBudget, ReplenishmentBudgetPeriod, ReplenishmentBudgetUse, ReplenishmentExceededBudget};
pub use query::{ReplenishmentPlanFilter, ReplenishmentPlanSort, ReplenishmentPlanSortField, ReplenishmentQuery};
pub use rule::ReplenishmentRule;
pub use score::ReplenishmentOutcomeScore;
pub use unsent::{ReplenishmentUnsentCode, ReplenishmentUnsentOrder};
