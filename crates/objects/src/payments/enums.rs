//! GraphQL enums of payments, with descriptions of their values.

use async_graphql::Enum;
use entity::prelude;

/// Kind of a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::PaymentKind", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum PaymentKind {
    /// An amount is set aside for the order and may be captured.
    Authorisation,
    /// An amount is received.
    Capture,
    /// An authorisation is given up, whole or in part.
    Void,
    /// An amount is given back.
    Refund,
}

/// Payment status of an order: the first of these that holds. `got` is the sum captured less the sum refunded, to be compared with netTotal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::PaymentStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum PaymentStatus {
    /// The order comes to 0, and nothing was captured.
    NothingDue,
    /// `got` is 0, and no amount is authorised.
    Unpaid,
    /// An amount below netTotal is authorised, and `got` is 0.
    PartiallyAuthorised,
    /// At least netTotal is authorised, and `got` is 0.
    Authorised,
    /// `got` is above 0 and below netTotal.
    PartiallyPaid,
    /// `got` is netTotal.
    Paid,
    /// `got` is above netTotal.
    Overpaid,
}

/// Share of an amount that was refunded: of the sum captured for an order, or of the amount that a closed return gives back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::RefundStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum RefundStatus {
    /// No amount was refunded.
    None,
    /// Part of the amount was refunded.
    Partial,
    /// The whole amount was refunded.
    Full,
}
