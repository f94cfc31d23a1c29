//! Replenishment in GraphQL: policies, plans, and their approval.

pub mod enums;
pub mod line;
pub mod plan;
pub mod policy;

pub use enums::{
    ReplenishmentIssue, ReplenishmentLineKind, ReplenishmentLineStatus, ReplenishmentOutcome, ReplenishmentPlanStatus,
    ReplenishmentPolicyKind, ReplenishmentReasonCode, ReplenishmentRefusalCode, SafetyStockMethod,
};
pub use line::{
    ReplenishmentFigures, ReplenishmentLineScore, ReplenishmentNumber, ReplenishmentPlanLine, ReplenishmentPlanLineConnection,
    ReplenishmentPlanLineEdge, ReplenishmentReason,
};
pub use plan::{ReplenishmentPlan, ReplenishmentPlanConnection, ReplenishmentPlanEdge, ReplenishmentPlanLineFilter, find_plan};
pub use policy::{ReplenishmentPolicy, ReplenishmentPolicyConnection, ReplenishmentPolicyEdge, find_policy};
