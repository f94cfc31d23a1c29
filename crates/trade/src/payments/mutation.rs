//! Recording payments.

use async_graphql::Context;
use inventory::{
    fulfilment::events::WORK_CHANGED,
    orders::events::{ORDER_HELD, ORDER_HOLD_LIFTED, ORDER_UPDATED},
    payments::{events::PAYMENT_RECORDED, shell},
};
use macros::resolvers;

use super::{
    inputs::{PaymentRecordInput, PaymentReverseInput, PaymentsRecordInput},
    payload::{PaymentPayload, PaymentsPayload},
};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    step,
    stock::ReceiptPayload,
};

/// The root fields that record payments.
#[derive(Default)]
pub struct PaymentMutation;

/// Facts about the money of orders.
#[resolvers]
impl PaymentMutation {
    /// Records what happened to money of an order: it moves no stock and changes no state, but the order's sums and statuses. A capture that covers netTotal
    /// lifts holds of the kind PAYMENT. A refund needs payment.refund besides.
    #[mutation(permit = PaymentWrite, emits(PAYMENT_RECORDED, ORDER_UPDATED, ORDER_HELD, ORDER_HOLD_LIFTED, WORK_CHANGED), dry_run)]
    async fn payment_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Payment to record.")] input: PaymentRecordInput,
    ) -> Answer<PaymentPayload> {
        let input = input.in_channel(permit.channel());
        step!(named PaymentPayload, ctx, permit, input, shell::payment_record, dry_run)
    }

    /// Records several payments, of one order or many: all of them or none. Each is checked against those before it.
    #[mutation(permit = PaymentWrite, emits(PAYMENT_RECORDED, ORDER_UPDATED, ORDER_HELD, ORDER_HOLD_LIFTED, WORK_CHANGED), dry_run)]
    async fn payments_record(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Payments to record.")] input: PaymentsRecordInput,
    ) -> Answer<PaymentsPayload> {
        let input = input.in_channel(permit.channel());
        step!(named PaymentsPayload, ctx, permit, input, shell::payments_record, dry_run)
    }

    /// Takes back a payment that was recorded by mistake, by a payment of its own with the amount negated; sums and statuses of the order follow. It is taken
    /// back whole and once. A capture or an authorisation that later payments rest on is refused with IN_USE, which names them.
    ///
    /// Requires payment.write, and payment.refund for a refund.
    #[mutation(permit = PaymentWrite, emits(PAYMENT_RECORDED, ORDER_UPDATED, ORDER_HELD, ORDER_HOLD_LIFTED, WORK_CHANGED), dry_run)]
    async fn payment_reverse(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Payment to take back.")] input: PaymentReverseInput,
    ) -> Answer<PaymentPayload> {
        step!(PaymentPayload, ctx, permit, input, shell::payment_reverse, dry_run)
    }
}
