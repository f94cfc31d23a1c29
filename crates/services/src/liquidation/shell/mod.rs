//! Setting criteria, listing dead stock, making plans, approving their lines and following them.

mod advance;
mod approve;
mod ask;
mod execute;
mod make;
mod nightly;
mod partners;
mod refusal;
mod responses;
mod score;
mod settings;
mod plan_alerts;
mod compute;

pub use advance::{AdvanceResult, PlanAdvance, advance_plan};
pub use approve::{ApprovalResult, LineProblem, MAX_APPROVED, PlanApprove, approve_plan};
pub use ask::{
    DeadStock, DeadStockRequest, DeadSums, complete_filter, dead_stock, find_plan, find_settings, line_order, line_page,
    line_results, plan_page, plan_result, plan_sums,
};
pub use execute::Rooms;
pub use make::{CreatedPlan, MAX_LINES, PlanCreate, create_plan};
pub use nightly::{advance_all, advance_night};
pub use plan_alerts::{reconcile_alerts, watch_all};
pub use refusal::{LiquidationError, LiquidationRefusal, Refusal};
pub use score::{action_sums, score_all, score_due};
pub use settings::{SettingsSet, set_settings};
