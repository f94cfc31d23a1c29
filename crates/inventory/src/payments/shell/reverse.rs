//! Reversing a payment.

use entity::prelude::*;
use iam::access::{Denied, Permission, Permit, kind};
use serde::Serialize;

use crate::{
    ledger::{Checks, Command, Ledger, MAX_NOTE, Mode, Stop, SubmitResult, check_key, key_of, submit_resolved},
    orders::{
        core::hold::PAYMENT,
        rows::{manual_holds, places_of},
    },
    payments::{core::ReversePayment, rows},
    stock::core::{At, Field},
};

/// Input of a reversal. Its JSON is hashed for the idempotency key.
#[derive(Debug, Clone, Serialize)]
pub struct PaymentReverse {
    #[serde(skip)]
    pub idempotency_key: String,
    pub payment: PaymentId,
    /// Expected version of the order.
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub note: String,
    pub occurred_at: Option<Timestamp>,
}

/// Reverses a payment by one that mirrors it. Also needs `payment.refund` if it is a refund.
pub async fn payment_reverse(
    ledger: &Ledger,
    permit: Permit<kind::PaymentWrite>,
    input: PaymentReverse,
    mode: Mode,
) -> SubmitResult {
    let mut checks = Checks::default();
    check_key(&mut checks, &input.idempotency_key);
    checks.check_required(&input.note, MAX_NOTE, || At::input(Field::Note));
    checks.done()?;
    let key = key_of(&permit, "paymentReverse", &input.idempotency_key, &input);
    let command = build_reverse_command(ledger, &permit, input).await;
    submit_resolved(ledger, &permit, command, key, mode).await
}

/// Returns the command of a reversal. If the payment does not exist, or the caller may not reverse
/// it, its order is replaced by an unused ID, so that the ledger rejects both in the same words.
async fn build_reverse_command(
    ledger: &Ledger,
    permit: &Permit<kind::PaymentWrite>,
    input: PaymentReverse,
) -> Result<Command, Stop> {
    let scope = permit.scope(ledger.database());
    let stored_payment = rows::payments(&scope, &[input.payment]).await?.pop();
    let place = match &stored_payment {
        Some(payment) => places_of(&scope, &[payment.order]).await?.pop(),
        None => None,
    };
    let visible_place = place.filter(|(_, store, channel)| permit.covers_document(*store, *channel));
    if let Some((_, store, channel)) = visible_place
        && stored_payment.as_ref().is_some_and(|payment| payment.kind == PaymentKind::Refund)
        && !permit.also::<kind::PaymentRefund>()?.covers_document(store, channel)
    {
        return Err(Denied(kind::PaymentRefund::info().code).into());
    }
    // A hold that a payment lifted stays lifted, so it may be read before the order is locked.
    let by_hand = match visible_place {
        Some((order, ..)) => manual_holds(&scope, order, PAYMENT).await?,
        None => Vec::new(),
    };
    Ok(Command::of(ReversePayment {
        id: ledger.clock().id(),
        payment: input.payment,
        order: visible_place.map_or_else(|| ledger.clock().document_id(), |(order, ..)| order),
        expected_version: input.expected_version,
        note: input.note,
        occurred_at: input.occurred_at,
        actor: permit.actor(),
        by_hand: by_hand.into_iter().map(|hold| (ledger.clock().id(), hold)).collect(),
    }))
}
