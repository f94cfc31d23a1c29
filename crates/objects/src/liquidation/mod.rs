//! Liquidation in GraphQL: criteria, dead stock, plans, and their approval.

pub mod enums;
pub mod line;
pub mod option;
pub mod plan;

pub use enums::{
    LiquidationAction, LiquidationIssue, LiquidationLineStatus, LiquidationOutcome, LiquidationPlanStatus, LiquidationReasonCode,
    LiquidationRefusalCode, PriceResponseSource,
};
pub use line::{LiquidationPlanLine, LiquidationPlanLineConnection, LiquidationPlanLineEdge};
pub use option::{LiquidationOption, LiquidationReason, LiquidationRecovery, LiquidationStep, PriceResponse};
pub use plan::{
    LiquidationPlan, LiquidationPlanConnection, LiquidationPlanEdge, LiquidationPlanLineFilter, LiquidationResult, find_plan,
};
