//! Replenishment in GraphQL: policies, plans, and their approval.

mod enums;
mod inputs;
mod line;
mod mutation;
mod payloads;
mod plan;
mod policy;
mod query;

pub use enums::{
    ReplenishmentIssue, ReplenishmentLineKind, ReplenishmentLineState, ReplenishmentPlanState, ReplenishmentPolicyKind,
    ReplenishmentReasonCode, ReplenishmentRefusalCode,
};
pub use inputs::{
    PlanLineChoice, ReplenishmentPlanApproveInput, ReplenishmentPlanCreateInput, ReplenishmentPolicyRemoveInput,
    ReplenishmentPolicySetInput,
};
pub use line::{
    ReplenishmentFigures, ReplenishmentNumber, ReplenishmentPlanLine, ReplenishmentPlanLineConnection, ReplenishmentPlanLineEdge,
    ReplenishmentReason,
};
pub use mutation::ReplenishmentMutation;
pub use payloads::{
    ReplenishmentApprovalPayload, ReplenishmentLineRefusal, ReplenishmentPlanPayload, ReplenishmentPolicyPayload,
};
pub use plan::{ReplenishmentPlan, ReplenishmentPlanConnection, ReplenishmentPlanEdge, ReplenishmentPlanLineFilter, find_plan};
pub use policy::{ReplenishmentPolicy, ReplenishmentPolicyConnection, ReplenishmentPolicyEdge, find_policy};
pub use query::{ReplenishmentPlanFilter, ReplenishmentQuery};
