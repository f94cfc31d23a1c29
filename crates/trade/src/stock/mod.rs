//! GraphQL of the stock room.

pub use objects::stock::*;

mod alerts;
mod explain;
mod digest;
mod live;
mod loader_reset;
mod lot_mutation;
mod lot_query;
mod mutation;
mod payload;
mod stock_change;
mod topic;

pub use alerts::{AlertUpdate, StockAlert};
pub use digest::{DigestQuery, StockDigest, StockDigestLevel, StockDigestLevelConnection, StockDigestLevelEdge};
pub use live::{StockSubscription, StockUpdate};
pub use lot_mutation::{LotMutation, LotPayload};
pub use lot_query::LotQuery;
pub use mutation::StockMutation;
pub use payload::{ReservationPayload, StockPayload};
pub use stock_change::StockChange;
