//! The closed sets of words that returns have, with what each means.

use async_graphql::Enum;
use entity::prelude;

/// Disposition of returned goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::Disposition", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum Disposition {
    /// It can be sold again.
    Restock,
    /// It is on hand, but not available until somebody has looked at it.
    Quarantine,
    /// It comes in and goes out again as a loss.
    WriteOff,
}

/// Status of a return.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::ReturnStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReturnStatus {
    /// Somebody wants to give it back; no stock has moved.
    Requested,
    /// It may come.
    Approved,
    /// It may not come.
    Rejected,
    /// Some of it has come.
    PartiallyReceived,
    /// All of it has come.
    Received,
    /// It has been looked at.
    Inspected,
    /// Filed.
    Closed,
}
