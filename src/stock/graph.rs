//! GraphQL of the stock room.
use async_graphql::{ID, SimpleObject};

/// One product in one store.
#[derive(Clone, SimpleObject)]
pub struct StockLevel {
    /// Its id.
    pub id: ID,
}
