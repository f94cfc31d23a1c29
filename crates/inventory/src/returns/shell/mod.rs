//! Returns: what callers supply, and how it becomes a command.

mod act;
mod create;
mod lots_left;
mod ownership;
mod reverse;
mod settle;

use entity::prelude::*;
use serde::Serialize;

pub use act::{
    RemainderPolicy, ReturnClose, ReturnInspect, ReturnLineBack, ReturnLineSeen, ReturnOf, ReturnReceive, ReturnReject,
    return_approve, return_close, return_inspect, return_receive, return_reject,
};
pub use create::{return_create, return_place};
pub use reverse::return_reverse;
pub use settle::ReturnSettle;

pub use crate::returns::core::{Receive, ReturnMatch};
use crate::{
    ledger::{LotRef, ProductRef, StoreRef},
    orders::shell::MAX_LINES,
};

/// Creates a return: receives the goods at once, or records the customer's request.
#[derive(Debug, Clone, Serialize)]
pub struct ReturnCreate {
    #[serde(skip)]
    pub idempotency_key: String,
    pub store: StoreRef,
    pub customer: Option<CustomerId>,
    pub external_ref: Option<String>,
    /// The register at which it is created; None if none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub register: Option<String>,
    #[serde(serialize_with = "create::receive_word")]
    pub receive: Receive,
    /// None if it is closed later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settle: Option<ReturnSettle>,
    pub note: Option<String>,
    pub occurred_at: Option<Timestamp>,
    pub lines: Vec<ReturnLine>,
}

/// Line of a return. `order_line` is one match for the whole quantity; `matches` spreads it over
/// several lines.
#[derive(Debug, Clone, Serialize)]
pub struct ReturnLine {
    pub kind: LineKind,
    pub order_line: Option<OrderLineId>,
    #[serde(serialize_with = "create::pieces")]
    pub matches: Vec<ReturnMatch>,
    /// None for the product of the order line.
    pub product: Option<ProductRef>,
    pub name: Option<String>,
    pub quantity: Quantity,
    pub unit_price: Option<Money>,
    pub disposition: Disposition,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotRef>,
}
