//! Replenishment in GraphQL: policies, plans, and their approval.

pub mod enums;
pub mod line;
pub mod line_filter;
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
pub use line_filter::{ReplenishmentPlanLineFilter, ReplenishmentPlanLineSort, ReplenishmentPlanLineSortField};
pub use plan::{ReplenishmentPlan, ReplenishmentPlanConnection, ReplenishmentPlanEdge, find_plan};
pub use policy::{ReplenishmentPolicy, ReplenishmentPolicyConnection, ReplenishmentPolicyEdge, find_policy};
