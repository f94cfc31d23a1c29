//! Liquidation of dead and slow stock: its detection, the actions and their results. No database,
//! no clock.

mod action;
mod approve;
mod criteria;
mod explain;
mod level;
mod line;
mod plan;
mod pooled;
mod propose;
mod reason;
mod recovered;
mod response;
mod score;

pub use action::{Bundle, Candidate, LineAction, Recovery, Step};
pub use approve::{Approval, Claims, approve, state_of};
pub use criteria::{Criteria, CriteriaProblem, PriceFloor, SupplierTerms};
pub use explain::{ExplainError, explain};
pub use level::{Level, Partner, PartnerLevel, Product, SALES_DAYS};
pub use line::{Document, LineFigures, LineState, PlanLine};
pub use plan::{Plan, sum, total_cost};
pub use pooled::pooled_response;
pub use propose::{Proposal, propose};
pub use reason::{Reason, ReasonCode};
pub use recovered::{SoldDay, is_behind, recovered_minor, sells_out};
pub use response::{
    Estimate, MIN_POOLED_LEVELS, PricedWeek, Response, ResponseSource, estimate_slope, has_levels, price_response, priced_weeks,
};
pub use score::{LineScore, PlanScore, SETTLED_DAYS};

#[cfg(test)]
mod tests;
