//! The states of a transfer, with their descriptions.

use async_graphql::Enum;
use entity::prelude;

/// Status of a transfer. New values may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::TransferStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum TransferStatus {
    /// The transfer is being drafted and holds no stock.
    Draft,
    /// The stock is reserved in the sending store.
    Ready,
    /// Goods are under way in full; nothing has arrived.
    InTransit,
    /// Part of the goods has arrived.
    PartiallyReceived,
    /// All units that left have arrived or were written off.
    Received,
    /// The transfer was cancelled before it left.
    Cancelled,
}
