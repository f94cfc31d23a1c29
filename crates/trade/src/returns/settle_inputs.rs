//! Refunds for a return that is closed as it is created.

use async_graphql::{ID, InputObject};
use inventory::returns::{core, shell};
use platform::path;

use crate::{
    graphql::{reading::InputErrors, scalars::DateTime},
    orders::{OrderRef, links::MoneyInput},
    references::Names,
};

/// A refund for a new return, recorded in the same step.
#[derive(Debug, Clone, InputObject)]
pub struct ReturnPaymentInput {
    /// Deprecated form of `order`: its ID.
    #[graphql(deprecation = "2026-11-27: use order. Removed after 2027-11-27.")]
    pub order_id: Option<ID>,
    /// Order that is refunded. Null for the one order that the return goes back on; needed where it goes back on several.
    pub order: Option<OrderRef>,
    /// Amount above 0, in the order's currency. Null for what is left of the return's refund after the payments before it.
    pub amount: Option<MoneyInput>,
    /// Method, as a word of your own: CARD, CASH, EXCHANGE; 1 to 64 characters.
    pub method: String,
    /// Reference at the gateway or till; at most 128 characters. With one, method and reference are unique among refunds: a second report is a DUPLICATE.
    /// Null for none.
    pub reference: Option<String>,
    /// ID of the capture that is refunded. Null for none in particular.
    pub parent_id: Option<ID>,
    /// Time of the payment, at most five minutes ahead. Null for now.
    pub occurred_at: Option<DateTime>,
    /// Note on the payment; at most 1,000 characters. Null for none.
    pub note: Option<String>,
}

/// The fields that close a new return.
pub(super) struct ClosingFields {
    pub is_closed: bool,
    pub is_received: bool,
    pub refund: Option<MoneyInput>,
    pub payments: Vec<ReturnPaymentInput>,
}

impl ClosingFields {
    /// Converts the input to the command of the ledger's shell.
    pub(super) fn read(self, reader: &mut InputErrors) -> Option<shell::ReturnSettle> {
        if !self.is_closed {
            if self.refund.is_some() {
                reader.invalid("a refund closes the return: set close, or use returnClose", || path!["input", "refund"]);
            }
            if !self.payments.is_empty() {
                reader.invalid("payments are for a return that is closed: set close", || path!["input", "payments"]);
            }
            return None;
        }
        if !self.is_received {
            reader.invalid("only a return that is received at once can be closed at once", || path!["input", "close"]);
        }
        let payments = self.payments.into_iter().enumerate();
        Some(shell::ReturnSettle {
            refund: reader.money(self.refund.as_ref(), || path!["input", "refund"]),
            payments: payments.map(|(index, payment)| payment.read(index, reader)).collect(),
        })
    }
}

impl ReturnPaymentInput {
    pub(super) fn names(&mut self, index: usize) -> Names<'_> {
        let names = Names::of(path!["input", "payments", index]);
        names.optional(("order", self.order.take()), ("orderId", &mut self.order_id))
    }
    fn read(self, index: usize, reader: &mut InputErrors) -> core::ImmediateRefund {
        let at = |name: &str| path!["input", "payments", index, name];
        core::ImmediateRefund {
            order: reader.id_opt(self.order_id.as_ref(), || at("orderId")),
            amount: reader.money(self.amount.as_ref(), || at("amount")),
            method: self.method,
            reference: self.reference,
            parent: reader.id_opt(self.parent_id.as_ref(), || at("parentId")),
            occurred_at: self.occurred_at.map(|moment| moment.0),
            note: self.note,
        }
    }
}
