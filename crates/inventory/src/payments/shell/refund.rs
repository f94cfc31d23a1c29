//! Taking a return in, closing it and recording what is given back, in one call.

use entity::prelude::*;
use iam::access::{Permit, kind};

use crate::{
    ledger::{Command, Done, Ledger, Mode},
    payments::core::{NewRefund, RefundReturn},
    returns::{
        core::CreateReturn,
        shell::{self as returns, RefundAtOnce, ReturnCreate},
    },
};

/// Creates a return, and records what is given back for it in the same step. Needs `return.approve` where it is closed, and `payment.write` and
/// `payment.refund` where money is given back.
pub async fn return_create(ledger: &Ledger, permit: Permit<kind::OrderReturn>, input: ReturnCreate, mode: Mode) -> Done {
    let payments = input.settle.as_ref().map(|settle| settle.payments.as_slice()).unwrap_or_default();
    if payments.is_empty() {
        return Box::pin(returns::return_create(ledger, permit, input, mode)).await;
    }
    let refunds: Vec<NewRefund> = payments.iter().map(|paid| given_back(ledger.clock().id(), paid)).collect();
    let command = move |create: Box<CreateReturn>| Command::of(RefundReturn { create: *create, refunds: refunds.clone() });
    Box::pin(returns::return_place(ledger, permit, input, mode, command)).await
}

fn given_back(id: PaymentId, paid: &RefundAtOnce) -> NewRefund {
    NewRefund {
        id,
        order: paid.order,
        amount: paid.amount,
        method: paid.method.clone(),
        reference: paid.reference.clone(),
        parent: paid.parent,
        occurred_at: paid.occurred_at,
        note: paid.note.clone(),
    }
}
