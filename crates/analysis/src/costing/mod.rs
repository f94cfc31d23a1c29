//! Costs in GraphQL: valuations, reports, a product's layers, and revaluations.

pub use objects::costing::*;

mod ageing;
mod charge;
mod mutation;
mod query;
mod report;
mod revaluation_filter;
mod summary;

pub use ageing::{AgeingQuery, StockAge, StockAges, StockAgesConnection, StockAgesEdge};
pub use charge::PurchaseOrderChargeAddInput;
pub use mutation::{CostMutation, RevaluationPayload, RevaluationReverseInput, StockRevalueInput, StockRevalueLineInput};
pub use query::{CostQuery, parse_row_limit, parse_span};
pub use report::*;
pub use summary::{
    CostReportRowConnection, CostReportRowEdge, CostSummary, CostSummaryQuery, StockValueSummary, StockValueSummaryRow,
    StockValueSummaryRowConnection, StockValueSummaryRowEdge,
};
