//! Payments, each a fact.

use entity::prelude::*;

/// An authorisation, capture, void or refund of an order. It never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    pub id: PaymentId,
    pub order: OrderId,
    pub kind: PaymentKind,
    /// In the order's currency: above 0, and below 0 for a reversal.
    pub amount: Money,
    /// Method of payment, as in CARD, CASH or EXCHANGE.
    pub method: String,
    /// Reference at the payment provider; unique for its method and kind.
    pub reference: Option<String>,
    /// Parent payment: the authorisation of a capture or a void, the capture of a refund.
    pub parent: Option<PaymentId>,
    /// The return that a refund is for.
    pub sales_return: Option<ReturnId>,
    pub occurred_at: Timestamp,
    pub recorded_at: Timestamp,
    pub actor: Actor,
    pub note: Option<String>,
    /// The reversed payment.
    pub reverses: Option<PaymentId>,
}
