//! Replenishment in GraphQL: policies, plans, and their approval.

pub use objects::replenishment::*;

mod inputs;
mod mutation;
mod payloads;
mod policy_filter;
mod query;
mod rule;
mod score;

pub use inputs::{
    PlanLineChoice, ReplenishmentPlanApproveInput, ReplenishmentPlanCreateInput, ReplenishmentPolicyRemoveInput,
    ReplenishmentPolicySetInput, ReplenishmentRuleSetInput,
};
pub use mutation::ReplenishmentMutation;
pub use payloads::{
    ReplenishmentApprovalPayload, ReplenishmentLineRefusal, ReplenishmentPlanPayload, ReplenishmentPolicyPayload,
    ReplenishmentRulePayload,
};
pub use query::{ReplenishmentPlanFilter, ReplenishmentPlanSort, ReplenishmentPlanSortField, ReplenishmentQuery};
pub use rule::ReplenishmentRule;
pub use score::ReplenishmentOutcomeScore;
