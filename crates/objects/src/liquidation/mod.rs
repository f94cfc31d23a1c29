//! Liquidation in GraphQL: criteria, dead stock, plans, and their approval.

pub mod enums;
pub mod line;
pub mod line_filter;
pub mod option;
pub mod plan;

pub use enums::{
    LiquidationAction, LiquidationIssue, LiquidationLineStatus, LiquidationOutcome, LiquidationPlanStatus, LiquidationReasonCode,
    LiquidationRefusalCode, PriceResponseSource,
};
pub use line::{LiquidationPlanLine, LiquidationPlanLineConnection, LiquidationPlanLineEdge};
pub use line_filter::{LiquidationPlanLineFilter, LiquidationPlanLineSort, LiquidationPlanLineSortField};
pub use option::{LiquidationOption, LiquidationReason, LiquidationRecovery, LiquidationStep, PriceResponse};
pub use plan::{LiquidationPlan, LiquidationPlanConnection, LiquidationPlanEdge, LiquidationResult, find_plan};
