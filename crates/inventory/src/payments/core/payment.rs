//! A fact.

use entity::prelude::*;

/// Something that happened to money of an order. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    pub id: PaymentId,
    pub order: OrderId,
    pub kind: PaymentKind,
    /// In the order's currency: above 0, and below it of one that takes another back.
    pub amount: Money,
    /// How it was paid, as in CARD, CASH or EXCHANGE.
    pub method: String,
    /// What whoever carried it out calls it; unique for its method and kind.
    pub reference: Option<String>,
    /// The authorisation of a capture or a void, the capture of a refund.
    pub parent: Option<PaymentId>,
    /// The return that a refund is for.
    pub sales_return: Option<ReturnId>,
    pub occurred_at: Timestamp,
    pub recorded_at: Timestamp,
    pub actor: Actor,
    pub note: Option<String>,
    /// The payment that it takes back.
    pub reverses: Option<PaymentId>,
}
