//! Callers' input of a new return.

use entity::prelude::*;
use serde::{Serialize, Serializer, ser::SerializeSeq};

use super::settle::ReturnSettle;
use crate::{
    ledger::{LotRef, ProductRef, StoreRef},
    returns::core::{Receive, ReturnMatch},
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
    #[serde(serialize_with = "serialize_receive")]
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
    #[serde(serialize_with = "pieces")]
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

/// Whether a return is taken in at once, for the hash of an input.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn serialize_receive<S: Serializer>(receive: &Receive, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bool(*receive == Receive::Now)
}

/// Pieces of a return line, for the hash of an input.
fn pieces<S: Serializer>(matches: &[ReturnMatch], serializer: S) -> Result<S::Ok, S::Error> {
    let mut list = serializer.serialize_seq(Some(matches.len()))?;
    for piece in matches {
        list.serialize_element(&(piece.line, piece.quantity))?;
    }
    list.end()
}
