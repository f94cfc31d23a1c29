//! The closed sets of words that purchasing has, with what each means.

use async_graphql::Enum;
use entity::prelude;

/// Status of a purchase order. New values may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::PurchaseOrderStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum PurchaseOrderStatus {
    /// Being put together.
    Draft,
    /// Somebody has asked for its approval.
    PendingApproval,
    /// It may be ordered.
    Approved,
    /// It may not be ordered as it is; it can be changed, and is a draft then.
    Rejected,
    /// It has gone to the supplier: what is open is incoming.
    Ordered,
    /// Some of it has come; what is open is incoming.
    PartiallyReceived,
    /// All of it has come, within the tolerance.
    Received,
    /// Filed; what had not come is not expected any more.
    Closed,
    /// Given up before anything came.
    Cancelled,
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
    /// Something else, as its name says.
    Other,
}

/// Basis on which a charge is spread over the lines of a purchase order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::ChargeBasis", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ChargeBasis {
    /// By what the lines cost.
    Value,
    /// By how many smallest units they have.
    Quantity,
    /// By what they weigh.
    Weight,
}

/// Kind of a discrepancy between the goods ordered and the goods received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::DiscrepancyKind", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum DiscrepancyKind {
    /// Less than was ordered, and the rest will not come.
    Short,
    /// More than was ordered.
    Over,
    /// Broken or spoiled: on hand, and not available.
    Damaged,
    /// Something that nobody ordered; it was not taken in.
    WrongItem,
}

/// Stock from which goods are returned to a supplier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::ReturnSource", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum SupplierReturnSource {
    /// Sound goods.
    Available,
    /// Stock that is on hand and not available: damaged goods.
    Quarantine,
}

/// Kind of a reorder suggestion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReorderKind {
    /// Another store has more than its maximum: bring it from there.
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
