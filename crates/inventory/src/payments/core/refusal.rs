//! Refusals of commands on payments. `objects/src/payments/refusal.rs` gives each its code and
//! text.

use entity::prelude::*;

use crate::stock::core::RoomRefusal;

/// Reasons to refuse a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    NoFacts,
    NotPositive,
    /// The amount's currency is not that of the order, which is given.
    OtherCurrency(Currency),
    TooLarge,
    Ahead,
    TooEarly,
    /// This payment has the same method, reference and kind.
    Recorded(PaymentId),
    /// Another payment of the call has the same method, reference and kind.
    ReferenceTwice,
    /// An expired order takes no authorisations.
    OrderExpired,
    TooManyFacts {
        most: usize,
    },

    /// The orders of the call have too many payments and lines together.
    TooMuchRead {
        most: usize,
    },

    /// A new order has nothing to void or refund.
    OfNewOrder {
        kind: PaymentKind,
    },

    /// The return is for several orders, or for none, so the refund must name its order.
    OrderUnsaid,
    /// The refunds of the call exceed the return's refund, or it has none.
    NothingLeft,

    // Refusals about the parent payment and the return that it names.
    /// An authorisation cannot have a parent payment.
    ParentOfAuthorisation,
    /// A void must name its authorisation.
    ParentUnsaid,
    /// The parent of a payment of this kind must be of the other kind.
    ParentKind {
        kind: PaymentKind,
        of: PaymentKind,
    },
    /// The parent payment was reversed, or is a reversal.
    ParentReversed,
    /// Only a refund can name a return.
    ReturnOfOther,
    /// The return has no units of the order.
    ReturnElsewhere,
    ReturnOpen(ReturnStatus),

    // Refusals about amounts.
    CaptureUpTo(Money),
    VoidUpTo(Money),
    RefundUpTo(Money),
    /// Maximum refund of the capture that it names.
    RefundOfCaptureUpTo(Money),
    /// Maximum refund for the return that it names.
    RefundOfReturnUpTo(Money),
}
impl RoomRefusal for Refusal {}
