//! Changing orders.

use async_graphql::Context;
use inventory::{
    fulfilment::events::{FULFILMENT_SHIPPED, WORK_CHANGED, WORK_CREATED},
    orders::{
        events::{ORDER_CANCELLED, ORDER_CLOSED, ORDER_CONFIRMED, ORDER_CREATED, ORDER_FULFILLED},
        shell,
    },
    stock::events::STOCK_CHANGED,
};
use macros::resolvers;

use super::{
    inputs::{ActionInput, OrderCreateInput, OrderFulfilInput},
    payloads::OrderPayload,
};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    step,
    stock::ReceiptPayload,
};

/// The root fields that change orders.
#[derive(Default)]
pub struct OrdersMutation;

/// What can be done to orders.
#[resolvers]
impl OrdersMutation {
    /// Places an order, accepted or refused whole: its lines, its prices and its holds.
    #[mutation(permit = OrderWrite, emits(ORDER_CREATED, STOCK_CHANGED, WORK_CREATED), dry_run)]
    async fn order_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.")] input: OrderCreateInput,
    ) -> Answer<OrderPayload> {
        step!(OrderPayload, ctx, permit, input, shell::order_create, dry_run)
    }

    /// Confirms a DRAFT, which begins to hold its stock, or a PENDING order, which keeps it for good.
    #[mutation(permit = OrderWrite, emits(ORDER_CONFIRMED, STOCK_CHANGED, WORK_CREATED))]
    async fn order_confirm(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] input: ActionInput,
    ) -> Answer<OrderPayload> {
        step!(OrderPayload, ctx, permit, input, shell::order_confirm)
    }

    /// Ships an order, whole or in parts, from its store or another one. Charges that are not named are delivered with the last of the goods.
    #[mutation(permit = OrderFulfil, emits(ORDER_FULFILLED, STOCK_CHANGED, WORK_CHANGED, FULFILMENT_SHIPPED))]
    async fn order_fulfil(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What leaves.")] input: OrderFulfilInput,
    ) -> Answer<OrderPayload> {
        step!(OrderPayload, ctx, permit, input, shell::order_fulfil)
    }

    /// Cancels what has not left, charges that were not delivered included, and lets its stock go. Order.currentTotal is what remains.
    #[mutation(permit = OrderCancel, emits(ORDER_CANCELLED, STOCK_CHANGED, WORK_CHANGED))]
    async fn order_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] input: ActionInput,
    ) -> Answer<OrderPayload> {
        step!(OrderPayload, ctx, permit, input, shell::order_cancel)
    }

    /// Files a FULFILLED order.
    #[mutation(permit = OrderWrite, emits(ORDER_CLOSED))]
    async fn order_close(&self, ctx: &Context<'_>, #[graphql(desc = "Which order.")] input: ActionInput) -> Answer<OrderPayload> {
        step!(OrderPayload, ctx, permit, input, shell::order_close)
    }
}
