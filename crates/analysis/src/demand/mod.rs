//! Demand facts in GraphQL.

mod enums;
mod fact;
mod inputs;
mod query;
mod stock;
mod turnover;

pub use enums::DemandDimension;
pub use fact::{DemandFact, DemandFactConnection, DemandFactEdge};
pub use inputs::DemandFilter;
pub use query::DemandQuery;
pub use stock::{LostSales, StockPerformance, StockPerformanceConnection, StockPerformanceEdge, StockPerformanceQuery};
pub use turnover::{CategoryTurnover, TurnoverTrend};
