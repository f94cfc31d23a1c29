//! Recording and reversing payments: the callers' input, and its conversion into commands.

mod place;
mod record;
mod refund;
mod reverse;

use entity::prelude::*;
use serde::Serialize;

pub use crate::orders::shell::MAX_METHOD_LENGTH;

pub use place::order_create;
pub use record::{payment_record, payments_record};
pub use refund::return_create;
pub use reverse::{PaymentReverse, payment_reverse};

/// Maximum payments of a call.
pub const MAX_PAYMENTS_PER_CALL: usize = 500;

/// Reference to an order, in one of three ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum OrderRef {
    Id(OrderId),
    Number(String),
    External { channel: ChannelId, reference: String },
}

/// Input of a payment.
#[derive(Debug, Clone, Serialize)]
pub struct NewFact {
    pub order: OrderRef,
    pub kind: PaymentKind,
    pub amount: Money,
    pub method: String,
    pub reference: Option<String>,
    pub parent: Option<PaymentId>,
    pub sales_return: Option<ReturnId>,
    pub occurred_at: Option<Timestamp>,
    pub note: Option<String>,
}

/// Record one fact, or several. Its JSON is what the idempotency key's hash is over.
#[derive(Debug, Clone, Serialize)]
pub struct PaymentsRecord {
    #[serde(skip)]
    pub idempotency_key: String,
    pub facts: Vec<NewFact>,
}
