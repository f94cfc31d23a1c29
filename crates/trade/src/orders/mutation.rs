//! Changing orders.

use async_graphql::Context;
use inventory::{
    fulfilment::events::{FULFILMENT_SHIPPED, WORK_CHANGED, WORK_CREATED},
    orders::{
        events::{
            ORDER_CANCELLED, ORDER_CLOSED, ORDER_CONFIRMED, ORDER_CREATED, ORDER_FULFILLED, ORDER_HELD, ORDER_HOLD_LIFTED,
            ORDER_REOPENED, ORDER_UPDATED,
        },
        shell,
    },
    payments::{events::PAYMENT_RECORDED, shell as paying},
    stock::events::STOCK_CHANGED,
};
use macros::resolvers;

use super::{
    edit_inputs::{CancelStepInput, OrderLineCancel, OrderUpdateInput},
    enums::CancelReason,
    inputs::{ActionInput, OrderCreateInput, OrderFulfilInput},
    payload::OrderPayload,
};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    step,
    stock::ReceiptPayload,
};

/// The root fields that change orders.
#[derive(Default)]
pub struct OrdersMutation;

/// Mutations of orders.
#[resolvers]
impl OrdersMutation {
    /// Places an order, accepted or refused whole: its lines, its prices, its holds and its payments.
    /// Payments also require payment.write in the order's store. Rules set holds on an order that is CONFIRMED (holdRuleUpsert).
    #[mutation(permit = OrderWrite, emits(ORDER_CREATED, ORDER_HELD, STOCK_CHANGED, WORK_CREATED, PAYMENT_RECORDED), dry_run)]
    async fn order_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.")] input: OrderCreateInput,
    ) -> Answer<OrderPayload> {
        step!(named packs OrderPayload, ctx, permit, input, paying::order_create, dry_run)
    }

    /// Confirms a DRAFT, which begins to hold its stock, or a PENDING order, which keeps it for good. Rules set holds on it (holdRuleUpsert).
    #[mutation(permit = OrderWrite, emits(ORDER_CONFIRMED, ORDER_HELD, STOCK_CHANGED, WORK_CREATED), dry_run)]
    async fn order_confirm(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Order and its expected version.")] input: ActionInput,
    ) -> Answer<OrderPayload> {
        step!(OrderPayload, ctx, permit, input, shell::order_confirm, dry_run)
    }

    /// Ships an order, whole or in parts, from its store or another one. Charges that are not named are delivered with the last of the goods.
    #[mutation(permit = OrderFulfil, emits(ORDER_FULFILLED, STOCK_CHANGED, WORK_CHANGED, FULFILMENT_SHIPPED), dry_run)]
    async fn order_fulfil(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Order and the goods to ship.")] input: OrderFulfilInput,
    ) -> Answer<OrderPayload> {
        step!(OrderPayload, ctx, permit, input, shell::order_fulfil, dry_run)
    }

    /// Cancels what has not left, charges that were not delivered included, or the named quantities of
    /// lines, and lets its stock go. Order.currentTotal is what remains. Refused for goods that a store
    /// has picked or packed: fulfilmentWorkUnpick comes first.
    #[mutation(permit = OrderCancel, emits(ORDER_CANCELLED, ORDER_UPDATED, STOCK_CHANGED, WORK_CHANGED, FULFILMENT_SHIPPED), dry_run)]
    async fn order_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Order and its expected version.")] input: ActionInput,
        #[graphql(desc = "Reason of the cancellation; the note has the details. Null for none.")] reason: Option<CancelReason>,
        #[graphql(
            desc = "Lines to cancel in part, each named once; at most 2,000. By default all that has not left is cancelled."
        )]
        lines: Option<Vec<OrderLineCancel>>,
        #[graphql(
            desc = "Register of the store at which the order is cancelled, kept with the step: a code of at most 32 characters. Null for none."
        )]
        register: Option<String>,
    ) -> Answer<OrderPayload> {
        let input = CancelStepInput { id: input.id.clone(), input, reason, register, lines };
        step!(lines Order OrderPayload, ctx, permit, input, shell::order_cancel, dry_run)
    }

    /// Changes the fields and the lines of an order, all of them or nothing. Lines can change until
    /// all units have left: the difference is reserved or released at once, and `hints` has remarks
    /// on the edit. A CLOSED or CANCELLED order takes notes, tags and metadata.
    #[mutation(
        permit = OrderWrite,
        emits(ORDER_UPDATED, ORDER_HELD, ORDER_HOLD_LIFTED, STOCK_CHANGED, WORK_CREATED, WORK_CHANGED, FULFILMENT_SHIPPED),
        dry_run
    )]
    async fn order_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order, and all that changes of it.")] input: OrderUpdateInput,
    ) -> Answer<OrderPayload> {
        step!(named packs lines Order OrderPayload, ctx, permit, input, shell::order_update, dry_run)
    }

    /// Reopens a CLOSED order: its status follows from its lines.
    #[mutation(permit = OrderWrite, emits(ORDER_REOPENED), dry_run)]
    async fn order_reopen(&self, ctx: &Context<'_>, #[graphql(desc = "The order.")] input: ActionInput) -> Answer<OrderPayload> {
        step!(OrderPayload, ctx, permit, input, shell::order_reopen, dry_run)
    }

    /// Files a FULFILLED order.
    #[mutation(permit = OrderWrite, emits(ORDER_CLOSED), dry_run)]
    async fn order_close(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Order and its expected version.")] input: ActionInput,
    ) -> Answer<OrderPayload> {
        step!(OrderPayload, ctx, permit, input, shell::order_close, dry_run)
    }
}
