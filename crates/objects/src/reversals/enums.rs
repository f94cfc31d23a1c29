//! GraphQL enums of reversals, with descriptions of their values.

use async_graphql::Enum;
use entity::prelude;

/// A document, or a step of one, that was reversed. New kinds may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::ReversedKind", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReversedKind {
    /// A delivery of a purchase order.
    GoodsReceipt,
    /// The step by which a transfer left the sender.
    TransferShipment,
    /// A step by which goods of a transfer arrived.
    TransferReceipt,
    /// The step by which the rest of a transfer was written off.
    TransferClose,
    /// Goods that went back to a supplier.
    SupplierReturn,
    /// An approved stock count.
    Count,
    /// An order that was sold over the counter.
    Sale,
    /// Goods that left with an order.
    Shipment,
    /// Refund of a closed return.
    ReturnRefund,
    /// Goods that came in with a return and were not looked at.
    ReturnReceipt,
    /// Inspection of the goods of a return.
    ReturnInspection,
}

/// A value that a reversal changed. New kinds may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::ReversalEffect", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReversalEffectKind {
    /// The document's status.
    Status,
    /// Units that a line received.
    Received,
    /// Damaged units among those that a line received.
    Damaged,
    /// Units that a line still expects.
    Open,
    /// Units that a line of a transfer sent.
    Shipped,
    /// Units that a line of a transfer lost on the way.
    Lost,
    /// Units of a line that went back to the supplier.
    Returned,
    /// Money that a supplier is expected to credit.
    Credit,
    /// Units of an order's line that were delivered.
    Fulfilled,
    /// Units of an order's line that were cancelled.
    Cancelled,
    /// Money that a return gave back.
    Refunded,
    /// Units of a return's line that were looked at.
    Inspected,
    /// Units on hand of a level.
    OnHand,
    /// Units of a level that are held.
    Reserved,
    /// Units of a level that cannot be sold.
    Unavailable,
    /// Units of a level that are on order.
    Incoming,
    /// Units on their way to a level.
    InTransit,
    /// Worth of the units that a level gained or lost, at the costs of the entries that were reversed.
    Value,
}
