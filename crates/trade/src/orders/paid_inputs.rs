//! Payments that a new order records.

use async_graphql::InputObject;
use entity::prelude::{Currency, Money};
use inventory::orders::shell;
use platform::path;

use super::links::MoneyInput;
use crate::{
    graphql::{reading::InputErrors, scalars::DateTime},
    payments::PaymentKind,
};

/// A payment of a new order, recorded in the same step.
#[derive(Debug, Clone, InputObject)]
pub struct OrderPaymentInput {
    /// Kind of the payment: AUTHORISATION or CAPTURE.
    pub kind: PaymentKind,
    /// Amount above 0, in the order's currency. More than the order comes to is taken, too: the order is OVERPAID then.
    pub amount: MoneyInput,
    /// Method, as a word of your own: CARD, CASH, EXCHANGE; 1 to 64 characters.
    pub method: String,
    /// Reference at the gateway or till; at most 128 characters. With one, method, reference and kind are unique: a second report is a DUPLICATE.
    /// Null for none.
    pub reference: Option<String>,
    /// Time of the payment, at most five minutes ahead. Null for now.
    pub occurred_at: Option<DateTime>,
    /// Note on the payment; at most 1,000 characters. Null for none.
    pub note: Option<String>,
}

impl OrderPaymentInput {
    /// Converts the input to the command of the ledger's shell.
    pub(super) fn read(self, index: usize, reader: &mut InputErrors) -> shell::ImmediatePayment {
        let amount = reader.money(Some(&self.amount), || path!["input", "payments", index, "amount"]);
        shell::ImmediatePayment {
            kind: self.kind.into(),
            // An invalid amount is refused when the whole input has been read.
            amount: amount.unwrap_or(Money::zero(Currency::GBP)),
            method: self.method,
            reference: self.reference,
            occurred_at: self.occurred_at.map(|moment| moment.0),
            note: self.note,
        }
    }
}
