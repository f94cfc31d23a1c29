//! Rejections of blanket orders and call-offs in GraphQL: code and message of each, defined once.

use entity::prelude::Quantity;
use inventory::purchasing::core::{BlanketRefusal, CallOffTerms, blanket_actions};
use platform::clock::day_text;

use crate::{
    graphql::refusal::ErrorCode,
    orders::refusal::{invalid, range, state},
    stock::CodeAndMessage,
};

pub fn describe_blanket_refusal(refusal: &BlanketRefusal) -> CodeAndMessage {
    match refusal {
        BlanketRefusal::Status(status) => {
            let open_actions: Vec<&str> = blanket_actions(*status).collect();
            let open_actions = if open_actions.is_empty() { "nothing".to_owned() } else { open_actions.join(", ") };
            state(&format!("the blanket order is {status}; open: {open_actions}"))
        }
        BlanketRefusal::PersonActivates => state("a person activates a blanket order, never a key"),
        BlanketRefusal::AboveLimit(limit) => {
            let (amount, currency) = (limit.amount(), limit.currency);
            state(&format!("it is above {amount} {currency}: somebody who neither wrote nor changed it has to activate it"))
        }
        BlanketRefusal::VersionUnsaid => {
            let message =
                "it is above the approval limit and was changed since it was written: the version as it was read is needed";
            (ErrorCode::Required, message.to_owned())
        }
        BlanketRefusal::Backwards => range("validTo is expected on or after validFrom"),
        BlanketRefusal::IsOver { to } => {
            state(&format!("its last day, {}, has gone by: write a new blanket order", day_text(*to)))
        }
        BlanketRefusal::TermsOutside { agreed } => range(&format!("a quantity from 1 to the agreed {agreed} is expected")),
        BlanketRefusal::ProductTwice { sku } => (ErrorCode::Duplicate, format!("{sku} stands in an earlier line")),
        BlanketRefusal::TakesNone(status) => {
            state(&format!("the blanket order is {status}: more is called off only while it is ACTIVE"))
        }
        BlanketRefusal::OutsideValidity { from, to } => {
            state(&format!("more is called off from {} to {} only", day_text(*from), day_text(*to)))
        }
        BlanketRefusal::OtherSupplier => invalid("the blanket order is with another supplier"),
        BlanketRefusal::OtherCurrency { agreed } => {
            invalid(&format!("the blanket order is in {agreed}: leave currencyCode out, or give {agreed}"))
        }
        BlanketRefusal::NotAgreed { sku } => {
            invalid(&format!("the blanket order has no line of {sku}: order it by a purchase order of its own"))
        }
        BlanketRefusal::OtherPrice { sku, agreed } => {
            let (amount, currency) = (agreed.amount(), agreed.currency);
            invalid(&format!("{amount} {currency} are agreed for {sku}: leave unitCost out, or give that"))
        }
        BlanketRefusal::AgainstTerms { sku, terms, left } => range(&call_off_message(sku, *terms, *left)),
        BlanketRefusal::LeftOnly { sku, left } if left.is_zero() => {
            range(&format!("nothing of {sku} is left of the blanket order"))
        }
        BlanketRefusal::LeftOnly { sku, left } => range(&format!("the blanket order has {left} of {sku} left")),
    }
}

/// Returns the text for a call-off that breaks its terms: the agreed minimum and multiples, and the
/// remainder, which can always be called off.
fn call_off_message(sku: &str, terms: CallOffTerms, open_quantity: Quantity) -> String {
    let minimum_text = terms.minimum.map(|minimum| format!("at least {minimum}"));
    let steps = terms.multiple.map(|multiple| format!("multiples of {multiple}"));
    let conditions: Vec<String> = minimum_text.into_iter().chain(steps).collect();
    format!(
        "{} of {sku} are agreed for one call-off; all {open_quantity} that are left may be called off",
        conditions.join(" and ")
    )
}
