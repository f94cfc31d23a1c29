//! The steps of a purchase order.

use async_graphql::Context;
use inventory::{
    purchasing::{
        events::{
            PURCHASE_ORDER_APPROVED, PURCHASE_ORDER_CANCELLED, PURCHASE_ORDER_CLOSED, PURCHASE_ORDER_CREATED,
            PURCHASE_ORDER_ORDERED, PURCHASE_ORDER_RECEIVED, PURCHASE_ORDER_REJECTED, PURCHASE_ORDER_SUBMITTED,
            PURCHASE_ORDER_UPDATED,
        },
        shell,
    },
    stock::events::STOCK_CHANGED,
};
use macros::resolvers;

use super::{
    inputs::{PurchaseOrderActionInput, PurchaseOrderCreateInput, PurchaseOrderReceiveInput, PurchaseOrderUpdateInput},
    payloads::PurchaseOrderPayload,
};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    step,
    stock::ReceiptPayload,
};

/// The root fields that change purchase orders.
#[derive(Default)]
pub struct PurchaseMutation;

/// What can be done to purchase orders.
#[resolvers]
impl PurchaseMutation {
    /// Writes a purchase order, as a DRAFT.
    #[mutation(permit = PurchaseWrite, emits(PURCHASE_ORDER_CREATED), dry_run)]
    async fn purchase_order_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.")] input: PurchaseOrderCreateInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(PurchaseOrderPayload, ctx, permit, input, shell::purchase_order_create, dry_run)
    }

    /// Changes a DRAFT, or a REJECTED order, which is a DRAFT then.
    #[mutation(permit = PurchaseWrite, emits(PURCHASE_ORDER_UPDATED), dry_run)]
    async fn purchase_order_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Changes of the order.")] input: PurchaseOrderUpdateInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(PurchaseOrderPayload, ctx, permit, input, shell::purchase_order_update, dry_run)
    }

    /// Counts a delivery in, whole or in part: stock comes at what it cost with its share of the charges, and what is otherwise than ordered is noted.
    #[mutation(permit = PurchaseReceive, emits(PURCHASE_ORDER_RECEIVED, STOCK_CHANGED), dry_run)]
    async fn purchase_order_receive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Goods received.")] input: PurchaseOrderReceiveInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(PurchaseOrderPayload, ctx, permit, input, shell::purchase_order_receive, dry_run)
    }

    /// Asks for the approval of a DRAFT.
    #[mutation(permit = PurchaseWrite, emits(PURCHASE_ORDER_SUBMITTED), dry_run)]
    async fn purchase_order_submit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Purchase order to submit for approval.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(PurchaseOrderPayload, ctx, permit, input, shell::purchase_order_submit, dry_run)
    }

    /// Approves an order. Above the tenant's approval limit somebody else than who wrote it or asked for it does; a key never does.
    #[mutation(permit = PurchaseApprove, emits(PURCHASE_ORDER_APPROVED), dry_run)]
    async fn purchase_order_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Purchase order to approve.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(PurchaseOrderPayload, ctx, permit, input, shell::purchase_order_approve, dry_run)
    }

    /// Rejects an order; it can be changed, and asked for again.
    #[mutation(permit = PurchaseApprove, emits(PURCHASE_ORDER_REJECTED), dry_run)]
    async fn purchase_order_reject(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Purchase order to reject.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(PurchaseOrderPayload, ctx, permit, input, shell::purchase_order_reject, dry_run)
    }

    /// Notes that an APPROVED order has gone to the supplier: what is open is incoming from now on.
    #[mutation(permit = PurchaseWrite, emits(PURCHASE_ORDER_ORDERED, STOCK_CHANGED), dry_run)]
    async fn purchase_order_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Purchase order that was placed with the supplier.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(PurchaseOrderPayload, ctx, permit, input, shell::purchase_order_order, dry_run)
    }

    /// Files an order, also one of which nothing came. What has not come is short, and is not incoming any more.
    #[mutation(permit = PurchaseWrite, emits(PURCHASE_ORDER_CLOSED, STOCK_CHANGED), dry_run)]
    async fn purchase_order_close(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Purchase order to close.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(PurchaseOrderPayload, ctx, permit, input, shell::purchase_order_close, dry_run)
    }

    /// Gives an order up before anything has come; what was incoming is so no longer.
    #[mutation(permit = PurchaseWrite, emits(PURCHASE_ORDER_CANCELLED, STOCK_CHANGED), dry_run)]
    async fn purchase_order_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Purchase order to cancel.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(PurchaseOrderPayload, ctx, permit, input, shell::purchase_order_cancel, dry_run)
    }
}
