//! Liquidation in GraphQL: criteria, dead stock, plans, and their approval.

pub use objects::liquidation::*;

mod dead_stock;
mod inputs;
mod mutation;
mod payload;
mod query;
mod score;
mod settings;

pub use dead_stock::{DeadStockConnection, DeadStockEdge, DeadStockFilter, DeadStockItem, DeadStockTotals};
pub use inputs::{
    LiquidationLineChoice, LiquidationPlanAdvanceInput, LiquidationPlanApproveInput, LiquidationPlanCreateInput,
    LiquidationSettingsSetInput, LiquidationTermsInput, LiquidationTransferCostInput,
};
pub use mutation::LiquidationMutation;
pub use payload::{
    LiquidationAdvancePayload, LiquidationApprovalPayload, LiquidationLineRefusal, LiquidationPlanPayload,
    LiquidationSettingsPayload,
};
pub use query::{LiquidationPlanFilter, LiquidationPlanSort, LiquidationPlanSortField, LiquidationQuery};
pub use score::LiquidationActionScore;
pub use settings::{LiquidationSettings, LiquidationTerms, LiquidationTransferCost};
