//! GraphQL of the stock room.

pub use objects::stock::*;

mod alerts;
mod explain;
mod digest;
mod live;
mod lot_mutations;
mod lot_queries;
mod mutations;
mod payloads;
mod topic;

pub use alerts::{AlertUpdate, StockAlert};
pub use digest::{DigestQuery, StockDigest, StockDigestLevel, StockDigestLevelConnection, StockDigestLevelEdge};
pub use live::{StockChange, StockSubscription, StockUpdate};
pub use lot_mutations::{LotMutation, LotPayload};
pub use lot_queries::LotQuery;
pub use mutations::StockMutation;
pub use payloads::{ReservationPayload, StockPayload};
