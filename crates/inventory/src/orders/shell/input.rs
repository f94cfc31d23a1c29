//! Callers' input of orders: new ones, their steps, and their shipments.

use entity::prelude::*;
use serde::{Serialize, Serializer, ser::SerializeSeq};

use super::detail::OrderDetailFields;
use crate::{
    ledger::{LotRef, ProductRef, StoreRef},
    orders::core::{CancelLine, MAX_ORDER_LINES, NewLine, SourcingOptions},
    stock::core::Shortage,
};

/// Maximum lines of an order or a return, and of any list that names some of them.
pub const MAX_LINES: usize = MAX_ORDER_LINES;
/// Maximum lines of an order that is sourced from several stores.
pub const MAX_SOURCED_LINES: usize = 500;
/// Maximum characters of a payment's method.
pub const MAX_METHOD_LENGTH: usize = 64;

/// Initial status of an order, as input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum NewOrderStatus {
    /// Reserves nothing.
    Draft,
    /// Reserves stock for the tenant's time limit.
    Pending,
    /// Reserves stock without expiry.
    Confirmed,
    /// Sold over the counter, at once.
    Fulfilled,
}

/// Input of a new order. Its JSON is hashed for the idempotency key.
#[derive(Debug, Clone, Serialize)]
pub struct OrderCreate {
    #[serde(skip)]
    pub idempotency_key: String,
    pub store: StoreRef,
    /// None for the tenant's channel DIRECT.
    pub channel: Option<ChannelId>,
    pub external_ref: Option<String>,
    pub customer: Option<CustomerId>,
    pub placed_at: Option<Timestamp>,
    pub status: NewOrderStatus,
    pub reservations: Vec<ReservationId>,
    #[serde(serialize_with = "crate::ledger::serialize_shortage")]
    pub on_shortage: Shortage,
    pub lines: Vec<NewOrderLine>,
    /// None for the customer's country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Register of the order; None if none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register: Option<String>,
    /// None to reserve the stock at the order's store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sourcing: Option<SourcingOptions>,
    /// None for an order without details.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Box<OrderDetailFields>>,
    /// Payments that are made as the order is placed. `payments::shell` records them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<ImmediatePayment>,
}

/// Payment that is made as an order is placed.
#[derive(Debug, Clone, Serialize)]
pub struct ImmediatePayment {
    pub kind: PaymentKind,
    pub amount: Money,
    pub method: String,
    pub reference: Option<String>,
    pub occurred_at: Option<Timestamp>,
    pub note: Option<String>,
}

/// A line, as input.
pub type NewOrderLine = NewLine<ProductRef>;

/// Input of a step that needs only the order.
#[derive(Debug, Clone, Serialize)]
pub struct OrderAct {
    #[serde(skip)]
    pub idempotency_key: String,
    pub order: OrderId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub note: Option<String>,
    /// Reason of a cancellation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<CancelReason>,
    /// Register of the cancellation; None if none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register: Option<String>,
    /// Lines to cancel; None for everything that has not left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<Vec<CancelLine>>,
}

/// Quantity of an order's line, and its lot.
#[derive(Debug, Clone)]
pub struct LineQuantity {
    pub line: OrderLineId,
    pub quantity: Quantity,
    pub lot: Option<LotRef>,
}

/// A shipment of named units, or of all outstanding ones.
#[derive(Debug, Clone, Serialize)]
pub struct OrderFulfil {
    #[serde(skip)]
    pub idempotency_key: String,
    pub order: OrderId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    /// Store that the goods leave; None for the order's store.
    pub store: Option<StoreRef>,
    #[serde(serialize_with = "quantities")]
    pub lines: Option<Vec<LineQuantity>>,
    pub occurred_at: Option<Timestamp>,
    #[serde(serialize_with = "crate::ledger::serialize_shortage")]
    pub on_shortage: Shortage,
}

/// Serializes quantities of lines for the hash of an input.
#[expect(clippy::ref_option, reason = "serde asks for a reference to the field")]
fn quantities<S: Serializer>(lines: &Option<Vec<LineQuantity>>, serializer: S) -> Result<S::Ok, S::Error> {
    let Some(lines) = lines else { return ().serialize(serializer) };
    let mut list = serializer.serialize_seq(Some(lines.len()))?;
    for line_quantity in lines {
        match &line_quantity.lot {
            None => list.serialize_element(&(line_quantity.line, line_quantity.quantity))?,
            Some(lot) => list.serialize_element(&(line_quantity.line, line_quantity.quantity, lot))?,
        }
    }
    list.end()
}
