//! Taking a fact back.

use entity::prelude::*;
use iam::access::{Denied, Permission, Permit, kind};
use serde::Serialize;

use crate::{
    ledger::{Checks, Command, Done, Ledger, MAX_NOTE, Mode, Stop, check_key, key_of, submit_found},
    orders::{
        core::holds::PAYMENT,
        rows::{holds_by_hand, places_of},
    },
    payments::{core::ReversePayment, rows},
    stock::core::{At, Field},
};

/// Take a payment back. Its JSON is what the idempotency key's hash is over.
#[derive(Debug, Clone, Serialize)]
pub struct PaymentReverse {
    #[serde(skip)]
    pub idempotency_key: String,
    pub payment: PaymentId,
    /// Of its order.
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub note: String,
    pub occurred_at: Option<Timestamp>,
}

/// Takes a payment back by one that mirrors it. Needs `payment.refund` besides where it is a refund.
pub async fn payment_reverse(ledger: &Ledger, permit: Permit<kind::PaymentWrite>, input: PaymentReverse, mode: Mode) -> Done {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.needed(&input.note, MAX_NOTE, || At::input(Field::Note));
    checks.done()?;
    let key = key_of(&permit, "paymentReverse", &input.idempotency_key, &input);
    let command = reversing(ledger, &permit, input).await;
    submit_found(ledger, &permit, command, key, mode).await
}

/// A payment that nobody has, and one of an order that the caller may not record this of, is given the name of nobody's order: the ledger refuses both
/// in the same words.
async fn reversing(ledger: &Ledger, permit: &Permit<kind::PaymentWrite>, input: PaymentReverse) -> Result<Command, Stop> {
    let scope = permit.scope(ledger.database());
    let found = rows::payments(&scope, &[input.payment]).await?.pop();
    let place = match &found {
        Some(payment) => places_of(&scope, &[payment.order]).await?.pop(),
        None => None,
    };
    let own = place.filter(|(_, store, channel)| permit.covers_document(*store, *channel));
    if let Some((_, store, channel)) = own
        && found.as_ref().is_some_and(|payment| payment.kind == PaymentKind::Refund)
        && !permit.also::<kind::PaymentRefund>()?.covers_document(store, channel)
    {
        return Err(Denied(kind::PaymentRefund::info().code).into());
    }
    // What a payment lifted stays lifted, so that it may be read before the order is locked.
    let by_hand = match own {
        Some((order, ..)) => holds_by_hand(&scope, order, PAYMENT).await?,
        None => Vec::new(),
    };
    Ok(Command::of(ReversePayment {
        id: ledger.clock().id(),
        payment: input.payment,
        order: own.map_or_else(|| ledger.clock().document_id(), |(order, ..)| order),
        expected_version: input.expected_version,
        note: input.note,
        occurred_at: input.occurred_at,
        actor: permit.actor(),
        by_hand: by_hand.into_iter().map(|hold| (ledger.clock().id(), hold)).collect(),
    }))
}
