//! Changing returns.

use async_graphql::Context;
use inventory::{
    orders::events::ORDER_UPDATED,
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

/// What can be done to returns.
#[resolvers]
impl ReturnsMutation {
    /// Takes goods back, or notes that somebody wants to give them back.
    #[mutation(permit = OrderReturn, emits(RETURN_CREATED, ORDER_UPDATED, STOCK_CHANGED), dry_run)]
    async fn return_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The return.")] input: ReturnCreateInput,
    ) -> Answer<ReturnPayload> {
        step!(ReturnPayload, ctx, permit, input, shell::return_create, dry_run)
    }
    /// Lets the goods of a REQUESTED return come.
    #[mutation(permit = ReturnApprove, emits(RETURN_APPROVED), dry_run)]
    async fn return_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Return and its expected version.")] input: ReturnActionInput,
    ) -> Answer<ReturnPayload> {
        step!(ReturnPayload, ctx, permit, input, shell::return_approve, dry_run)
    }

    /// Says why the goods of a return may not come, or no longer; what was asked back can be asked back again.
    #[mutation(permit = ReturnApprove, emits(RETURN_REJECTED, ORDER_UPDATED), dry_run)]
    async fn return_reject(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Return to reject, with the reason.")] input: ReturnRejectInput,
    ) -> Answer<ReturnPayload> {
        step!(ReturnPayload, ctx, permit, input, shell::return_reject, dry_run)
    }

    /// Takes goods of an approved return in, whole or in parts. They lie in quarantine until somebody has looked at them.
    #[mutation(permit = OrderReturn, emits(RETURN_RECEIVED, ORDER_UPDATED, STOCK_CHANGED), dry_run)]
    async fn return_receive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Return and the goods that were received.")] input: ReturnReceiveInput,
    ) -> Answer<ReturnPayload> {
        step!(ReturnPayload, ctx, permit, input, shell::return_receive, dry_run)
    }

    /// Says what was found: what can be sold again, what stays aside, what is written off. INSPECTED once all that came was looked at.
    #[mutation(permit = OrderReturn, emits(RETURN_INSPECTED, STOCK_CHANGED), dry_run)]
    async fn return_inspect(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Return and the findings of the inspection.")] input: ReturnInspectInput,
    ) -> Answer<ReturnPayload> {
        step!(ReturnPayload, ctx, permit, input, shell::return_inspect, dry_run)
    }

    /// Files an INSPECTED return with what is given back, which its orders come to less (Order.netTotal).
    #[mutation(permit = ReturnApprove, emits(RETURN_CLOSED, ORDER_UPDATED), dry_run)]
    async fn return_close(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Return to close, with the refund.")] input: ReturnCloseInput,
    ) -> Answer<ReturnPayload> {
        step!(ReturnPayload, ctx, permit, input, shell::return_close, dry_run)
    }
}
