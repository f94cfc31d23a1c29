//! The steps of a purchase order.

use async_graphql::Context;
use inventory::{
    purchasing::{
        events::{
            BLANKET_ORDER_UPDATED, PURCHASE_ORDER_AMENDED, PURCHASE_ORDER_APPROVED, PURCHASE_ORDER_CANCELLED,
            PURCHASE_ORDER_CLOSED, PURCHASE_ORDER_CONFIRMED, PURCHASE_ORDER_CREATED, PURCHASE_ORDER_ORDERED,
            PURCHASE_ORDER_RECEIVED, PURCHASE_ORDER_REJECTED, PURCHASE_ORDER_SUBMITTED, PURCHASE_ORDER_UPDATED,
        },
        shell,
    },
    stock::events::STOCK_CHANGED,
};
use macros::resolvers;

use super::{
    amend_inputs::{PurchaseOrderAmendInput, PurchaseOrderConfirmInput},
    inputs::{PurchaseOrderActionInput, PurchaseOrderCreateInput, PurchaseOrderUpdateInput},
    payload::PurchaseOrderPayload,
    receive_inputs::PurchaseOrderReceiveInput,
};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    step,
    stock::ReceiptPayload,
};

/// The root fields that change purchase orders.
#[derive(Default)]
pub struct PurchaseMutation;

/// Mutations of purchase orders.
#[resolvers]
impl PurchaseMutation {
    /// Writes a purchase order: a DRAFT, or with `status` one that is placed with its supplier at once, where no other member has to approve it. All of
    /// it is done, or nothing.
    #[mutation(
        permit = PurchaseWrite,
        emits(PURCHASE_ORDER_CREATED, PURCHASE_ORDER_SUBMITTED, PURCHASE_ORDER_APPROVED, PURCHASE_ORDER_ORDERED, BLANKET_ORDER_UPDATED, STOCK_CHANGED),
        dry_run
    )]
    async fn purchase_order_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.")] input: PurchaseOrderCreateInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(packs PurchaseOrderPayload, ctx, permit, input, shell::purchase_order_create, dry_run)
    }

    /// Changes a DRAFT, or a REJECTED order, which is a DRAFT then.
    #[mutation(permit = PurchaseWrite, emits(PURCHASE_ORDER_UPDATED, BLANKET_ORDER_UPDATED), dry_run)]
    async fn purchase_order_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Changes of the order.")] input: PurchaseOrderUpdateInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(named packs PurchaseOrderPayload, ctx, permit, input, shell::purchase_order_update, dry_run)
    }

    /// Counts a delivery in, whole or in part: stock comes at what it cost with its share of the charges, and what is otherwise than ordered is noted.
    #[mutation(permit = PurchaseReceive, emits(PURCHASE_ORDER_RECEIVED, BLANKET_ORDER_UPDATED, STOCK_CHANGED), dry_run)]
    async fn purchase_order_receive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Goods received.")] input: PurchaseOrderReceiveInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(named packs lines PurchaseOrder PurchaseOrderPayload, ctx, permit, input, shell::purchase_order_receive, dry_run)
    }

    /// Asks for the approval of a DRAFT.
    #[mutation(permit = PurchaseWrite, emits(PURCHASE_ORDER_SUBMITTED), dry_run)]
    async fn purchase_order_submit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Purchase order to submit for approval.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(named PurchaseOrderPayload, ctx, permit, input, shell::purchase_order_submit, dry_run)
    }

    /// Approves an order. Above the tenant's approval limit the approver must be another member
    /// than the one who wrote or submitted it, and an API key cannot approve it.
    #[mutation(permit = PurchaseApprove, emits(PURCHASE_ORDER_APPROVED), dry_run)]
    async fn purchase_order_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Purchase order to approve.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(named PurchaseOrderPayload, ctx, permit, input, shell::purchase_order_approve, dry_run)
    }

    /// Rejects an order; it can be changed, and asked for again.
    #[mutation(permit = PurchaseApprove, emits(PURCHASE_ORDER_REJECTED), dry_run)]
    async fn purchase_order_reject(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Purchase order to reject.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(named PurchaseOrderPayload, ctx, permit, input, shell::purchase_order_reject, dry_run)
    }

    /// Records that an APPROVED order was placed with the supplier: its open quantities are
    /// incoming from now on.
    #[mutation(permit = PurchaseWrite, emits(PURCHASE_ORDER_ORDERED, STOCK_CHANGED), was("purchaseOrderOrder", "2026-11-25"), dry_run)]
    async fn purchase_order_place(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Purchase order that was placed with the supplier.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(named PurchaseOrderPayload, ctx, permit, input, shell::purchase_order_order, dry_run)
    }

    /// Closes an order, also one of which nothing was received. The open quantity becomes short, and is not incoming any more.
    #[mutation(permit = PurchaseWrite, emits(PURCHASE_ORDER_CLOSED, BLANKET_ORDER_UPDATED, STOCK_CHANGED), dry_run)]
    async fn purchase_order_close(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Purchase order to close.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(named PurchaseOrderPayload, ctx, permit, input, shell::purchase_order_close, dry_run)
    }

    /// Cancels an order before anything was received; its quantities are no longer incoming.
    #[mutation(permit = PurchaseWrite, emits(PURCHASE_ORDER_CANCELLED, BLANKET_ORDER_UPDATED, STOCK_CHANGED), dry_run)]
    async fn purchase_order_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Purchase order to cancel.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(named PurchaseOrderPayload, ctx, permit, input, shell::purchase_order_cancel, dry_run)
    }

    /// Notes what the supplier confirmed of an order that is with them: days, quantities and their reference. No quantity of the order changes;
    /// availability and late alerts go by the confirmed day.
    #[mutation(permit = PurchaseWrite, emits(PURCHASE_ORDER_CONFIRMED), dry_run)]
    async fn purchase_order_confirm(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order, and what was confirmed of it.")] input: PurchaseOrderConfirmInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(named lines PurchaseOrder PurchaseOrderPayload, ctx, permit, input, shell::purchase_order_confirm, dry_run)
    }

    /// Adds, changes and cancels lines of an order that is with its supplier, all of it or nothing: its revision rises by 1, and what is incoming changes by
    /// the difference. An order becomes dearer only by a person with `purchase.approve`, and not beyond the tenant's approval limit.
    #[mutation(permit = PurchaseWrite, emits(PURCHASE_ORDER_AMENDED, BLANKET_ORDER_UPDATED, STOCK_CHANGED), dry_run)]
    async fn purchase_order_amend(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order, and all that changes of it.")] input: PurchaseOrderAmendInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(named packs lines PurchaseOrder PurchaseOrderPayload, ctx, permit, input, shell::purchase_order_amend, dry_run)
    }
}
