//! Strange days of stock in GraphQL.

pub mod anomaly;
pub mod enums;

pub use anomaly::{StockAnomaly, StockAnomalyConnection, StockAnomalyEdge, find_anomaly};
pub use enums::{StockAnomalyKind, StockAnomalyRule, StockAnomalySort, StockAnomalyStatus};
