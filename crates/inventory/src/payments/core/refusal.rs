//! What payments refuse. `objects/src/payments/refusal.rs` gives each its code and words.

use entity::prelude::*;

use crate::stock::core::RoomRefusal;

/// What is refused of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    NoFacts,
    NotPositive,
    /// The order is in this currency.
    OtherCurrency(Currency),
    TooLarge,
    Ahead,
    TooEarly,
    /// This fact has the method, the reference and the kind.
    Recorded(PaymentId),
    /// Another fact of the call has them.
    ReferenceTwice,
    /// Nothing is authorised for an order whose time is over.
    OrderExpired,
    TooManyFacts {
        most: usize,
    },

    /// The orders of the call have so many facts and lines together.
    TooMuchRead {
        most: usize,
    },

    /// Nothing was given up or given back of an order that is just placed.
    OfNewOrder {
        kind: PaymentKind,
    },

    /// The return goes back on several orders, or on none.
    OrderUnsaid,
    /// More payments give back than the return does, or it gives nothing back.
    NothingLeft,

    // Of what it names.
    /// An authorisation names no other fact.
    ParentOfAuthorisation,
    /// A void says of which authorisation it is.
    ParentUnsaid,
    /// Facts of this kind name one of the other.
    ParentKind {
        kind: PaymentKind,
        of: PaymentKind,
    },
    /// What it names was taken back, or takes another one back.
    ParentReversed,
    /// Only a refund names a return.
    ReturnOfOther,
    /// The return brings nothing of the order back.
    ReturnElsewhere,
    ReturnOpen(ReturnStatus),

    // Of how much.
    CaptureUpTo(Money),
    VoidUpTo(Money),
    RefundUpTo(Money),
    /// Of the capture that it names.
    RefundOfCaptureUpTo(Money),
    /// Of the return that it names.
    RefundOfReturnUpTo(Money),
}
impl RoomRefusal for Refusal {}
