//! Strange days of stock in GraphQL.

mod anomaly;
mod enums;
mod mutation;
mod query;

pub use anomaly::{StockAnomaly, StockAnomalyConnection, StockAnomalyEdge, find_anomaly};
pub use enums::{StockAnomalyKind, StockAnomalyRule, StockAnomalySort, StockAnomalyStatus};
pub use mutation::{AnomalyMutation, StockAnomalyAcceptInput, StockAnomalyPayload};
pub use query::{AnomalyQuery, StockAnomalyFilter};
