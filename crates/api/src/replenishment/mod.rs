//! Replenishment in GraphQL: policies, plans, and their approval.

mod enums;
mod inputs;
mod line;
mod mutation;
mod payloads;
mod plan;
mod policy;
mod policy_filter;
mod query;
mod rule;
mod score;

pub use enums::{
    ReplenishmentIssue, ReplenishmentLineKind, ReplenishmentLineStatus, ReplenishmentOutcome, ReplenishmentPlanStatus,
    ReplenishmentPolicyKind, ReplenishmentReasonCode, ReplenishmentRefusalCode, SafetyStockMethod,
};
pub use inputs::{
    PlanLineChoice, ReplenishmentPlanApproveInput, ReplenishmentPlanCreateInput, ReplenishmentPolicyRemoveInput,
    ReplenishmentPolicySetInput, ReplenishmentRuleSetInput,
};
pub use line::{
    ReplenishmentFigures, ReplenishmentLineScore, ReplenishmentNumber, ReplenishmentPlanLine, ReplenishmentPlanLineConnection,
    ReplenishmentPlanLineEdge, ReplenishmentReason,
};
pub use mutation::ReplenishmentMutation;
pub use payloads::{
    ReplenishmentApprovalPayload, ReplenishmentLineRefusal, ReplenishmentPlanPayload, ReplenishmentPolicyPayload,
    ReplenishmentRulePayload,
};
pub use plan::{ReplenishmentPlan, ReplenishmentPlanConnection, ReplenishmentPlanEdge, ReplenishmentPlanLineFilter, find_plan};
pub use policy::{ReplenishmentPolicy, ReplenishmentPolicyConnection, ReplenishmentPolicyEdge, find_policy};
pub use query::{ReplenishmentPlanFilter, ReplenishmentPlanSort, ReplenishmentPlanSortField, ReplenishmentQuery};
pub use rule::ReplenishmentRule;
pub use score::ReplenishmentOutcomeScore;
