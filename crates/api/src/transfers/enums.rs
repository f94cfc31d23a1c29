//! The states of a transfer, with what each means.

use async_graphql::Enum;
use entity::prelude;

/// Status of a transfer. New values may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::TransferStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum TransferStatus {
    /// Being put together; holds no stock.
    Draft,
    /// Its stock is held at the sender.
    Ready,
    /// It has left, and none of it has arrived.
    InTransit,
    /// Some of it has arrived.
    PartiallyReceived,
    /// All that left has arrived, or was written off.
    Received,
    /// Called off before it left.
    Cancelled,
}
