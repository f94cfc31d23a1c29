//! Placing an order with its first payments.

use entity::prelude::*;
use iam::access::{Permit, kind};

use crate::{
    ledger::{Command, Ledger, Mode, SubmitResult},
    orders::{
        core::{Create, OrderCommand},
        shell::{self as orders, ImmediatePayment, OrderCreate},
    },
    payments::core::{NewPayment, PlaceOrderWithPayments, Record},
    stock::core::LevelKey,
};

/// Places an order, and records its first payments in the same step. Needs `payment.write` if there
/// are any.
pub async fn order_create(ledger: &Ledger, permit: Permit<kind::OrderWrite>, input: OrderCreate, mode: Mode) -> SubmitResult {
    if input.payments.is_empty() {
        return Box::pin(orders::order_create(ledger, permit, input, mode)).await;
    }
    let actor = permit.actor();
    let facts: Vec<(PaymentId, ImmediatePayment)> =
        input.payments.iter().map(|payment| (ledger.clock().id(), payment.clone())).collect();
    let command = move |create: Box<Create>, levels: Vec<LevelKey>| {
        let order = create.id;
        let facts = facts.iter().map(|(id, payment)| new_payment_of(*id, order, payment)).collect();
        let record = Record { facts, is_list: true, actor };
        Command::of(PlaceOrderWithPayments { order, create: OrderCommand::Create(create, levels), record })
    };
    Box::pin(orders::order_place(ledger, permit, input, mode, command)).await
}

fn new_payment_of(id: PaymentId, order: OrderId, payment: &ImmediatePayment) -> NewPayment {
    NewPayment {
        id,
        order,
        kind: payment.kind,
        amount: payment.amount,
        method: payment.method.clone(),
        reference: payment.reference.clone(),
        parent: None,
        sales_return: None,
        occurred_at: payment.occurred_at,
        note: payment.note.clone(),
    }
}
