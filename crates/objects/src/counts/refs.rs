//! References to stocktakes.

use async_graphql::{ID, OneofObject};

/// A stocktake by one of its names.
#[derive(Debug, Clone, OneofObject)]
pub enum StocktakeRef {
    /// ID of the stocktake.
    Id(ID),
    /// Number of the stocktake. Needs count.read.
    Number(String),
}
