//! Strange days of stock in GraphQL.

pub use objects::anomalies::*;

mod mutation;
mod query;

pub use mutation::{AnomalyMutation, StockAnomalyAcceptInput, StockAnomalyPayload};
pub use query::{AnomalyQuery, StockAnomalyFilter};
