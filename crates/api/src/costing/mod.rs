//! Costs in GraphQL: valuations, reports, a product's layers, and revaluations.

mod added_charge;
mod ageing;
mod charge;
mod loaders;
mod mutation;
mod query;
mod report;
mod revaluation;
mod revaluation_filter;
mod enums;
mod summary;

pub use added_charge::AddedCharge;
pub use ageing::{AgeingQuery, StockAge, StockAges, StockAgesConnection, StockAgesEdge};
pub use charge::PurchaseOrderChargeAddInput;
pub use enums::{CostGroup, CostingMethod, StockValueGroup, StockValueSummaryGroup};
pub use loaders::{Costs, charges_of_order, entry_cost, order_cost};
pub use mutation::{CostMutation, RevaluationPayload, RevaluationReverseInput, StockRevalueInput, StockRevalueLineInput};
pub use query::{CostQuery, checked_span};
pub use report::{CostLayer, CostReport, CostReportRow, ProductCost, StockValuation, StockValueRow};
pub use revaluation::{RevaluationLine, StockRevaluation, StockRevaluationConnection, StockRevaluationEdge, find_revaluation};
pub use summary::{
    CostReportRowConnection, CostReportRowEdge, CostSummary, CostSummaryQuery, StockValueSummary, StockValueSummaryRow,
    StockValueSummaryRowConnection, StockValueSummaryRowEdge,
};
