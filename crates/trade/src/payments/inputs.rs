//! The inputs of payments' mutations.

use async_graphql::{ID, InputObject};
use entity::prelude::{ChannelId, Currency, Money};
use inventory::payments::shell;
use platform::path;

use super::enums::PaymentKind;
use crate::{
    graphql::{
        reading::InputErrors,
        refusal::Path,
        scalars::{DateTime, Long},
    },
    orders::{OrderRef, links::MoneyInput},
    references::{Names, record_audited_id},
    returns::ReturnRef,
};

/// A payment to record with others.
#[derive(Debug, Clone, InputObject)]
pub struct PaymentInput {
    /// Order that it is of.
    pub order: OrderRef,
    /// Kind of the fact. REFUND needs payment.refund.
    pub kind: PaymentKind,
    /// Amount above 0, in the order's currency.
    pub amount: MoneyInput,
    /// Method, as a word of your own: CARD, CASH, EXCHANGE; 1 to 64 characters.
    pub method: String,
    /// Reference at the gateway or till; at most 128 characters. With one, method, reference and kind are unique: a second report is a DUPLICATE.
    /// Null for none.
    pub reference: Option<String>,
    /// Authorisation that a CAPTURE or VOID is of, capture that a REFUND is of. VOID needs it. Null for none.
    pub parent_id: Option<ID>,
    /// Deprecated form of `return`: its ID.
    #[graphql(deprecation = "2026-11-28: use return. Removed after 2027-11-28.")]
    pub return_id: Option<ID>,
    /// CLOSED return that a REFUND is for: at most its `refunded` is given back with it. Null for none.
    #[graphql(name = "return")]
    pub sales_return: Option<ReturnRef>,
    /// Time of the payment, at most five minutes ahead. Null for now.
    pub occurred_at: Option<DateTime>,
    /// Note on the payment; at most 1,000 characters. Null for none.
    pub note: Option<String>,
}

/// A payment to record.
#[derive(Debug, Clone, InputObject)]
pub struct PaymentRecordInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// The payment, as `paymentsRecord` takes several.
    #[graphql(flatten)]
    pub payment: PaymentInput,
}

/// Payments to record together, of one order or several.
#[derive(Debug, Clone, InputObject)]
pub struct PaymentsRecordInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// Payments in the order in which they happened; 1 to 500, of orders that have at most 20,000
    /// payments and lines together.
    pub payments: Vec<PaymentInput>,
}

/// A payment to take back.
#[derive(Debug, Clone, InputObject)]
pub struct PaymentReverseInput {
    /// Idempotency key. A repeated call with the same key and input returns the first result.
    pub idempotency_key: String,
    /// ID of the payment.
    pub id: ID,
    /// Version of the order that you saw; another one is a VERSION_CONFLICT. Null for any.
    pub expected_version: Option<Long>,
    /// Reason for taking the payment back, 1 to 1,000 characters.
    pub note: String,
    /// Time at which it is taken back: not before the payment, at most five minutes ahead. Null for now.
    pub occurred_at: Option<DateTime>,
}

impl PaymentReverseInput {
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::PaymentReverse {
        shell::PaymentReverse {
            idempotency_key: self.idempotency_key,
            payment: reader.id(&self.id, || path!["input", "id"]),
            expected_version: self.expected_version.map(|version| version.0),
            note: self.note,
            occurred_at: self.occurred_at.map(|moment| moment.0),
        }
    }
}

impl PaymentRecordInput {
    /// Sets the caller's channel if an order is named by a reference without one.
    #[must_use]
    pub fn in_channel(mut self, bound_channel: Option<ChannelId>) -> Self {
        self.payment.in_channel(bound_channel);
        self
    }
    pub fn names(&mut self) -> Names<'_> {
        self.payment.names(path!["input"])
    }
    /// Converts the input to the command of the ledger's shell. The audit log names the return,
    /// too.
    pub fn read(self, reader: &mut InputErrors) -> shell::PaymentsRecord {
        if let Some(id) = &self.payment.return_id {
            record_audited_id(id);
        }
        let facts = vec![self.payment.read(reader, path!["input"])];
        shell::PaymentsRecord { idempotency_key: self.idempotency_key, facts }
    }
}

impl PaymentsRecordInput {
    /// Sets the caller's channel if an order is named by a reference without one.
    #[must_use]
    pub fn in_channel(mut self, bound_channel: Option<ChannelId>) -> Self {
        self.payments.iter_mut().for_each(|payment| payment.in_channel(bound_channel));
        self
    }
    pub fn names(&mut self) -> Names<'_> {
        let payments = self.payments.iter_mut().enumerate();
        let names = payments.map(|(index, payment)| payment.names(path!["input", "payments", index]));
        names.fold(Names::of(path!["input"]), Names::and)
    }
    /// Converts the input to the command of the ledger's shell.
    pub fn read(self, reader: &mut InputErrors) -> shell::PaymentsRecord {
        let facts = self.payments.into_iter().enumerate();
        let facts = facts.map(|(index, fact)| fact.read(reader, path!["input", "payments", index])).collect();
        shell::PaymentsRecord { idempotency_key: self.idempotency_key, facts }
    }
}

impl PaymentInput {
    fn in_channel(&mut self, bound_channel: Option<ChannelId>) {
        if let OrderRef::External(external) = &mut self.order {
            external.in_channel(bound_channel);
        }
    }
    fn names(&mut self, mut at: Path) -> Names<'_> {
        let return_names =
            Names::of(at.clone()).optional(("return", self.sales_return.take()), ("returnId", &mut self.return_id));
        match &mut self.order {
            OrderRef::External(external) => {
                at.extend(["order", "external"].map(str::to_owned));
                return_names.and(external.names(at))
            }
            OrderRef::Id(_) | OrderRef::Number(_) => return_names,
        }
    }
    fn read(self, reader: &mut InputErrors, base_path: Path) -> shell::NewFact {
        let at = |names: &[&str]| -> Path {
            base_path.iter().map(String::as_str).chain(names.iter().copied()).map(str::to_owned).collect()
        };
        let order = match self.order {
            OrderRef::Id(id) => shell::OrderRef::Id(reader.id(&id, || at(&["order", "id"]))),
            OrderRef::Number(number) => shell::OrderRef::Number(number.trim().to_owned()),
            OrderRef::External(external) => shell::OrderRef::External {
                channel: if let Some(id) = &external.channel_id {
                    reader.id(id, || at(&["order", "external", "channelId"]))
                } else {
                    reader.required("a channel is needed: you are bound to none", || at(&["order", "external", "channel"]));
                    ChannelId::NIL
                },
                reference: external.reference,
            },
        };
        shell::NewFact {
            order,
            kind: self.kind.into(),
            // An invalid amount is refused when the whole input has been read.
            amount: reader.money(Some(&self.amount), || at(&["amount"])).unwrap_or(Money::zero(Currency::GBP)),
            method: self.method,
            reference: self.reference,
            parent: reader.id_opt(self.parent_id.as_ref(), || at(&["parentId"])),
            sales_return: reader.id_opt(self.return_id.as_ref(), || at(&["returnId"])),
            occurred_at: self.occurred_at.map(|moment| moment.0),
            note: self.note,
        }
    }
}
