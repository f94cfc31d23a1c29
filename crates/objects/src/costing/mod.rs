//! Costs in GraphQL: valuations, reports, a product's layers, and revaluations.

pub mod added_charge;
pub mod loaders;
pub mod revaluation;
pub mod enums;

pub use added_charge::AddedCharge;
pub use enums::{CostGroup, CostingMethod, StockValueGroup, StockValueSummaryGroup};
pub use loaders::{Costs, charges::charges_of_order, entry_cost, order_cost};
pub use revaluation::{RevaluationLine, StockRevaluation, StockRevaluationConnection, StockRevaluationEdge, find_revaluation};
