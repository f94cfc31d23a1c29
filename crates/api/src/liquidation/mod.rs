//! Liquidation in GraphQL: criteria, dead stock, plans, and their approval.

mod dead_stock;
mod enums;
mod inputs;
mod line;
mod mutation;
mod option;
mod payloads;
mod plan;
mod query;
mod score;
mod settings;

pub use dead_stock::{DeadStockConnection, DeadStockEdge, DeadStockFilter, DeadStockItem, DeadStockTotals};
pub use enums::{
    LiquidationAction, LiquidationIssue, LiquidationLineStatus, LiquidationOutcome, LiquidationPlanStatus, LiquidationReasonCode,
    LiquidationRefusalCode, PriceResponseSource,
};
pub use inputs::{
    LiquidationLineChoice, LiquidationPlanAdvanceInput, LiquidationPlanApproveInput, LiquidationPlanCreateInput,
    LiquidationSettingsSetInput, LiquidationTermsInput, LiquidationTransferCostInput,
};
pub use line::{LiquidationPlanLine, LiquidationPlanLineConnection, LiquidationPlanLineEdge};
pub use mutation::LiquidationMutation;
pub use option::{LiquidationOption, LiquidationReason, LiquidationRecovery, LiquidationStep, PriceResponse};
pub use payloads::{
    LiquidationAdvancePayload, LiquidationApprovalPayload, LiquidationLineRefusal, LiquidationPlanPayload,
    LiquidationSettingsPayload,
};
pub use plan::{
    LiquidationPlan, LiquidationPlanConnection, LiquidationPlanEdge, LiquidationPlanLineFilter, LiquidationResult, find_plan,
};
pub use query::{LiquidationPlanFilter, LiquidationPlanSort, LiquidationPlanSortField, LiquidationQuery};
pub use score::LiquidationActionScore;
pub use settings::{LiquidationSettings, LiquidationTerms, LiquidationTransferCost};
