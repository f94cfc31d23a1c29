//! GraphQL enums of returns, with descriptions of their values.

use async_graphql::Enum;
use entity::prelude;

/// Disposition of returned goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::Disposition", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum Disposition {
    /// The goods can be sold again.
    Restock,
    /// The goods are on hand, but not available until they have been inspected.
    Quarantine,
    /// The goods are received and written off as a loss.
    WriteOff,
}

/// Status of a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::ReturnStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReturnStatus {
    /// The return was requested; no stock has moved.
    Requested,
    /// The return is approved, and the goods may be sent.
    Approved,
    /// The return was rejected.
    Rejected,
    /// Part of the goods was received.
    PartiallyReceived,
    /// Goods have come in full.
    Received,
    /// The goods were inspected.
    Inspected,
    /// The return is closed.
    Closed,
}
