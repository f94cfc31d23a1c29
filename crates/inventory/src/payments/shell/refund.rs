//! Creating a return, closing it and recording its refunds, in one call.

use iam::access::{Permit, kind};

use crate::{
    ledger::{Command, Ledger, Mode, SubmitResult},
    payments::core::RefundReturn,
    returns::{
        core::CreateReturn,
        shell::{self as returns, ReturnCreate},
    },
};

/// Creates a return, and records its refunds in the same step. Needs `return.approve` if it is
/// closed, and `payment.write` and `payment.refund` if money is refunded.
pub async fn return_create(ledger: &Ledger, permit: Permit<kind::OrderReturn>, input: ReturnCreate, mode: Mode) -> SubmitResult {
    let payments = input.settle.as_ref().map(|settle| settle.payments.as_slice()).unwrap_or_default();
    if payments.is_empty() {
        return Box::pin(returns::return_create(ledger, permit, input, mode)).await;
    }
    let refunds: Vec<_> = payments.iter().map(|payment| (ledger.clock().id(), payment.clone())).collect();
    let command = move |create: Box<CreateReturn>| Command::of(RefundReturn { create: *create, refunds: refunds.clone() });
    Box::pin(returns::submit_return(ledger, permit, input, mode, command)).await
}
