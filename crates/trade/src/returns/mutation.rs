//! Changing returns.

use async_graphql::Context;
use inventory::{
    fulfilment::events::WORK_CHANGED,
    orders::events::{ORDER_HELD, ORDER_HOLD_LIFTED, ORDER_UPDATED},
    payments::{events::PAYMENT_RECORDED, shell as paying},
    returns::{
        events::{RETURN_APPROVED, RETURN_CLOSED, RETURN_CREATED, RETURN_INSPECTED, RETURN_RECEIVED, RETURN_REJECTED},
        shell,
    },
    stock::events::STOCK_CHANGED,
};
use macros::resolvers;

use super::{
    inputs::ReturnCreateInput,
    payload::ReturnPayload,
    step_inputs::{ReturnActionInput, ReturnCloseInput, ReturnInspectInput, ReturnReceiveInput, ReturnRejectInput},
};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    step,
    stock::ReceiptPayload,
};

/// The root fields that change returns.
#[derive(Default)]
pub struct ReturnsMutation;

/// Mutations of returns.
#[resolvers]
impl ReturnsMutation {
    /// Creates a return: a request, or goods that a customer has brought back. With `close` it is received, settled and refunded in this
    /// one step, all of it or nothing, which also requires return.approve, and payment.write and payment.refund where `payments` are given.
    #[mutation(
        permit = OrderReturn,
        emits(
            RETURN_CREATED,
            RETURN_CLOSED,
            ORDER_UPDATED,
            STOCK_CHANGED,
            PAYMENT_RECORDED,
            ORDER_HELD,
            ORDER_HOLD_LIFTED,
            WORK_CHANGED
        ),
        dry_run
    )]
    async fn return_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The return.")] input: ReturnCreateInput,
    ) -> Answer<ReturnPayload> {
        step!(named packs ReturnPayload, ctx, permit, input, paying::return_create, dry_run)
    }
    /// Approves a REQUESTED return, so that its goods may be sent.
    #[mutation(permit = ReturnApprove, emits(RETURN_APPROVED), dry_run)]
    async fn return_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Return and its expected version.")] input: ReturnActionInput,
    ) -> Answer<ReturnPayload> {
        step!(named ReturnPayload, ctx, permit, input, shell::return_approve, dry_run)
    }

    /// Rejects a return, or what is still to come of it, with a reason; the units can be requested
    /// again.
    #[mutation(permit = ReturnApprove, emits(RETURN_REJECTED, ORDER_UPDATED), dry_run)]
    async fn return_reject(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Return to reject, with the reason.")] input: ReturnRejectInput,
    ) -> Answer<ReturnPayload> {
        step!(named ReturnPayload, ctx, permit, input, shell::return_reject, dry_run)
    }

    /// Receives goods of an approved return, whole or in parts. They are in quarantine until they
    /// are inspected.
    #[mutation(permit = OrderReturn, emits(RETURN_RECEIVED, ORDER_UPDATED, STOCK_CHANGED), dry_run)]
    async fn return_receive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Return and the goods that were received.")] input: ReturnReceiveInput,
    ) -> Answer<ReturnPayload> {
        step!(named lines Return ReturnPayload, ctx, permit, input, shell::return_receive, dry_run)
    }

    /// Records the inspection of returned goods: which can be sold again, which stay aside and
    /// which are written off. The return is INSPECTED once all received units have a result.
    #[mutation(permit = OrderReturn, emits(RETURN_INSPECTED, STOCK_CHANGED), dry_run)]
    async fn return_inspect(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Return and the findings of the inspection.")] input: ReturnInspectInput,
    ) -> Answer<ReturnPayload> {
        step!(named lines Return ReturnPayload, ctx, permit, input, shell::return_inspect, dry_run)
    }

    /// Files an INSPECTED return with what is given back, which its orders come to less (Order.netTotal).
    #[mutation(permit = ReturnApprove, emits(RETURN_CLOSED, ORDER_UPDATED), dry_run)]
    async fn return_close(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Return to close, with the refund.")] input: ReturnCloseInput,
    ) -> Answer<ReturnPayload> {
        step!(named ReturnPayload, ctx, permit, input, shell::return_close, dry_run)
    }
}
