//! Changing orders and returns.

use async_graphql::{Context, Object};
use iam::access::kind;
use inventory::{ledger::Mode, orders::shell};

use super::{
    inputs::{ActionInput, OrderCreateInput, OrderFulfilInput},
    payloads::{OrderPayload, ReturnPayload},
    return_inputs::ReturnCreateInput,
};
use crate::{
    graphql::{
        context::ContextExt,
        directives::{emits, requires},
        fault::Answer,
    },
    step,
};

/// The root fields that change orders and returns.
#[derive(Default)]
pub struct OrdersMutation;

/// What can be done to orders and returns.
#[Object]
impl OrdersMutation {
    /// Places an order, accepted or refused whole: its lines, its prices and its holds.
    #[graphql(
        directive = requires::apply("order.write".to_owned()),
        directive = emits::apply(vec![inventory::orders::events::ORDER_CREATED.text(), inventory::stock::events::STOCK_CHANGED.text()])
    )]
    async fn order_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.")] input: OrderCreateInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<OrderPayload> {
        step!(OrderPayload, ctx, kind::OrderWrite, input, shell::order_create, Mode::of(validate_only))
    }

    /// Confirms a DRAFT, which begins to hold its stock, or a PENDING order, which keeps it for good.
    #[graphql(
        directive = requires::apply("order.write".to_owned()),
        directive = emits::apply(vec![inventory::orders::events::ORDER_CONFIRMED.text(), inventory::stock::events::STOCK_CHANGED.text()])
    )]
    async fn order_confirm(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] input: ActionInput,
    ) -> Answer<OrderPayload> {
        step!(OrderPayload, ctx, kind::OrderWrite, input, shell::order_confirm)
    }

    /// Ships an order, whole or in parts, from its store or another one. Charges that are not named are delivered with the last of the goods.
    #[graphql(
        directive = requires::apply("order.fulfil".to_owned()),
        directive = emits::apply(vec![inventory::orders::events::ORDER_FULFILLED.text(), inventory::stock::events::STOCK_CHANGED.text()])
    )]
    async fn order_fulfil(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What leaves.")] input: OrderFulfilInput,
    ) -> Answer<OrderPayload> {
        step!(OrderPayload, ctx, kind::OrderFulfil, input, shell::order_fulfil)
    }

    /// Cancels what has not left, charges that were not delivered included, and lets its stock go. Order.currentTotal is what remains.
    #[graphql(
        directive = requires::apply("order.cancel".to_owned()),
        directive = emits::apply(vec![inventory::orders::events::ORDER_CANCELLED.text(), inventory::stock::events::STOCK_CHANGED.text()])
    )]
    async fn order_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] input: ActionInput,
    ) -> Answer<OrderPayload> {
        step!(OrderPayload, ctx, kind::OrderCancel, input, shell::order_cancel)
    }

    /// Files a FULFILLED order.
    #[graphql(
        directive = requires::apply("order.write".to_owned()),
        directive = emits::apply(vec![inventory::orders::events::ORDER_CLOSED.text()])
    )]
    async fn order_close(&self, ctx: &Context<'_>, #[graphql(desc = "Which order.")] input: ActionInput) -> Answer<OrderPayload> {
        step!(OrderPayload, ctx, kind::OrderWrite, input, shell::order_close)
    }

    /// Takes goods back, or notes that somebody wants to give them back.
    #[graphql(
        directive = requires::apply("order.return".to_owned()),
        directive = emits::apply(vec![
            inventory::orders::events::RETURN_CREATED.text(),
            inventory::orders::events::ORDER_UPDATED.text(),
            inventory::stock::events::STOCK_CHANGED.text(),
        ])
    )]
    async fn return_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The return.")] input: ReturnCreateInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<ReturnPayload> {
        step!(ReturnPayload, ctx, kind::OrderReturn, input, shell::return_create, Mode::of(validate_only))
    }
}
