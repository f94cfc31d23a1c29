//! GraphQL enums of purchasing, with descriptions of their values.

use async_graphql::Enum;
use entity::prelude;
use inventory::purchasing::core::RevisionStatus;

/// Status of a purchase order. New values may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::PurchaseOrderStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum PurchaseOrderStatus {
    /// The order is being drafted.
    Draft,
    /// The order waits for approval.
    PendingApproval,
    /// The order is approved and may be placed with the supplier.
    Approved,
    /// The order was rejected. An edit makes it a draft again.
    Rejected,
    /// The order was placed with the supplier. Open quantities count as incoming.
    Ordered,
    /// Part of the order was received; open quantities are incoming.
    PartiallyReceived,
    /// Goods have come in full, within the tolerance.
    Received,
    /// The order is closed; quantities that were not received are no longer expected.
    Closed,
    /// The order was cancelled before anything was received.
    Cancelled,
}

/// Delivery of a purchase order's revision to its supplier. New values may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "RevisionStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum PurchaseRevisionStatus {
    /// The revision was not mailed to the supplier, or the job that mails it waits.
    NotSent,
    /// The revision was mailed to the supplier (purchaseOrderSend), who has not confirmed it yet.
    Sent,
    /// The supplier confirmed the revision (purchaseOrderConfirm).
    Confirmed,
}

/// Kind of a charge on a purchase order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::ChargeKind", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ChargeKind {
    /// Carriage.
    Freight,
    /// Customs.
    Duty,
    /// Insurance on the way.
    Insurance,
    /// Another charge, which its name describes.
    Other,
    /// Crates, or a sum that is paid ahead: part of the order's total, and no part of what the goods cost.
    Deposit,
}

/// Basis on which a charge is spread over the lines of a purchase order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::ChargeBasis", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ChargeBasis {
    /// The charge is spread by the cost of each line.
    Value,
    /// The charge is spread by the number of smallest units on each line.
    Quantity,
    /// The charge is spread by the weight of each line.
    Weight,
}

/// Kind of a discrepancy between the goods ordered and the goods received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::DiscrepancyKind", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum DiscrepancyKind {
    /// The quantity received is less than the quantity ordered, and the rest will not come.
    Short,
    /// The quantity received is greater than the quantity ordered.
    Over,
    /// Goods arrived damaged; they are on hand and not available.
    Damaged,
    /// A product that was not ordered was delivered; it was not received.
    WrongItem,
}

/// The source of the day that a line of a purchase order is expected on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "inventory::purchasing::core::ExpectedFrom", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum PurchaseExpectedFrom {
    /// The supplier confirmed it.
    Confirmed,
    /// The line states it.
    Line,
    /// The order states it.
    Order,
    /// The date is the day of ordering plus the lead time of the supplier's product.
    SupplierProduct,
    /// The date is the day of ordering plus the supplier's lead time.
    Supplier,
}

/// Kind of a reorder suggestion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReorderKind {
    /// Another store has more than its maximum and can send stock.
    Transfer,
    /// Buy it.
    Purchase,
}

/// Origin of a reorder point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "inventory::purchasing::core::Reason", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReorderReason {
    /// The level has one.
    ReorderPoint,
    /// The level has none: demand, lead time and safety stock make one.
    Demand,
}
