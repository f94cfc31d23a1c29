//! Rejections of payments in GraphQL: code and message of each, defined once.

use entity::prelude::Money;
use inventory::payments::core::Refusal;

use crate::{
    graphql::refusal::ErrorCode,
    orders::refusal::{invalid, range, state},
    stock::CodeAndMessage,
};

/// An amount as people read it.
fn format_money(money: Money) -> String {
    format!("{} {}", money.amount(), money.currency)
}

pub fn describe_payment_refusal(refusal: &Refusal) -> CodeAndMessage {
    match refusal {
        Refusal::NoFacts => invalid("at least one payment is needed"),
        Refusal::NotPositive => range("an amount above 0 is expected"),
        Refusal::OtherCurrency(currency) => {
            invalid(&format!("the order is in {currency}: say the amount in it, and note what was paid"))
        }
        Refusal::TooLarge => range("the sum is too large to be kept exactly"),
        Refusal::Ahead => range("it lies more than five minutes ahead"),
        Refusal::TooEarly => range("it lies before 1970-01-01T00:00:00Z"),
        Refusal::Recorded(id) => (ErrorCode::Duplicate, format!("This is recorded already as {id}. Nothing is recorded twice.")),
        Refusal::ReferenceTwice => {
            (ErrorCode::Duplicate, "another payment of this call has this method, reference and kind".to_owned())
        }
        Refusal::OrderExpired => state("the order is EXPIRED: nothing is authorised for it any more"),
        Refusal::TooManyFacts { most } => (ErrorCode::LimitExceeded, format!("an order has at most {most} payments")),
        Refusal::TooMuchRead { most } => (
            ErrorCode::LimitExceeded,
            format!("the orders of one call have at most {most} payments and lines together: record these in parts"),
        ),
        Refusal::OfNewOrder { kind } => {
            invalid(&format!("a new order takes an AUTHORISATION or a CAPTURE; record a {kind} by paymentRecord"))
        }
        Refusal::OrderUnsaid => {
            let words = "name the order that is refunded: the return is of several orders, or of no known one";
            (ErrorCode::Required, words.to_owned())
        }
        Refusal::NothingLeft => range("nothing is left to refund for the return: say an amount, or leave the payment out"),
        Refusal::ParentOfAuthorisation => invalid("an AUTHORISATION names no other payment"),
        Refusal::ParentUnsaid => (ErrorCode::Required, "a VOID names the authorisation that is given up".to_owned()),
        Refusal::ParentKind { kind, of } => invalid(&format!("a {kind} names one of the kind {of}")),
        Refusal::ParentReversed => state("that payment was taken back, or takes another one back"),
        Refusal::ReturnOfOther => invalid("only a REFUND is for a return"),
        Refusal::ReturnElsewhere => invalid("the return has no goods of this order"),
        Refusal::ReturnOpen(status) => state(&format!("the return is {status}: refunds name it once it is CLOSED")),
        Refusal::CaptureUpTo(most) => range(&format!("at most {} of the authorisation is left to capture", format_money(*most))),
        Refusal::VoidUpTo(most) => range(&format!("at most {} of the authorisation is left to give up", format_money(*most))),
        Refusal::RefundUpTo(most) => range(&format!("at most {} is left of the captured amount", format_money(*most))),
        Refusal::RefundOfCaptureUpTo(most) => range(&format!("at most {} is left of the capture", format_money(*most))),
        Refusal::RefundOfReturnUpTo(most) => range(&format!("at most {} is left to refund for the return", format_money(*most))),
    }
}
