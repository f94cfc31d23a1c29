//! GraphQL enums of orders, with descriptions of their values.

use async_graphql::Enum;
use entity::prelude;

/// Status of an order. New statuses may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::OrderStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum OrderStatus {
    /// The order is being drafted and holds no stock.
    Draft,
    /// Holds stock until its time limit.
    Pending,
    /// Holds stock for good; may be shipped.
    Confirmed,
    /// Some units have left.
    PartiallyFulfilled,
    /// All units that were not cancelled have left.
    Fulfilled,
    /// The order is closed.
    Closed,
    /// Cancelled before anything left.
    Cancelled,
    /// The time limit passed before the order was confirmed.
    Expired,
}

/// Status in which a new order is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "inventory::orders::shell::NewOrderStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum NewOrderStatus {
    /// Holds nothing yet.
    Draft,
    /// Holds stock for the tenant's time limit.
    Pending,
    /// Holds stock for good.
    Confirmed,
    /// Sold over the counter, at once.
    Fulfilled,
}

/// Kind of an order line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::LineKind", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum OrderLineKind {
    /// A product.
    Product,
    /// Charge without stock, such as postage or a fee.
    Charge,
}

/// The way that an order comes to its buyer. New ways may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::DeliveryMethod", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum DeliveryMethod {
    /// The order is shipped to an address.
    Ship,
    /// The customer collects the order from a store.
    Collect,
}

/// Reason for which an order was cancelled. New reasons may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::CancelReason", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum CancelReason {
    /// The customer changed their mind.
    Customer,
    /// The stock does not suffice.
    OutOfStock,
    /// The order was not paid.
    Payment,
    /// The order is suspected of fraud.
    Fraud,
    /// The order was placed twice.
    Duplicate,
    /// The order was placed or priced wrongly.
    Error,
    /// Another reason, which the note describes.
    Other,
}

/// Status of a fulfilment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::FulfilmentStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum FulfilmentStatus {
    /// The goods are to be picked.
    Pending,
    /// The goods are picked.
    Picked,
    /// The goods are packed.
    Packed,
    /// The goods have left and are on their way.
    Shipped,
    /// Arrived.
    Delivered,
    /// Goods could not be delivered.
    Failed,
    /// The fulfilment was cancelled before it left.
    Cancelled,
}
