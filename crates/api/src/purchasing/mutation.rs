//! The steps of a purchase order.

use async_graphql::{Context, Object};
use iam::access::kind;
use inventory::{ledger::Mode, purchasing::shell};

use super::{
    inputs::{PurchaseOrderActionInput, PurchaseOrderCreateInput, PurchaseOrderReceiveInput, PurchaseOrderUpdateInput},
    payloads::PurchaseOrderPayload,
};
use crate::{
    graphql::{
        context::ContextExt,
        directives::{emits, requires},
        fault::Answer,
    },
    step,
};

/// The root fields that change purchase orders.
#[derive(Default)]
pub struct PurchaseMutation;

/// What can be done to purchase orders.
#[Object]
impl PurchaseMutation {
    /// Writes a purchase order, as a DRAFT.
    #[graphql(
        directive = requires::apply("purchase.write".to_owned()),
        directive = emits::apply(vec![inventory::purchasing::events::PURCHASE_ORDER_CREATED.text()])
    )]
    async fn purchase_order_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The order.")] input: PurchaseOrderCreateInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<PurchaseOrderPayload> {
        step!(PurchaseOrderPayload, ctx, kind::PurchaseWrite, input, shell::purchase_order_create, Mode::of(validate_only))
    }

    /// Changes a DRAFT, or a REJECTED order, which is a DRAFT then.
    #[graphql(
        directive = requires::apply("purchase.write".to_owned()),
        directive = emits::apply(vec![inventory::purchasing::events::PURCHASE_ORDER_UPDATED.text()])
    )]
    async fn purchase_order_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What changes.")] input: PurchaseOrderUpdateInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(PurchaseOrderPayload, ctx, kind::PurchaseWrite, input, shell::purchase_order_update)
    }

    /// Counts a delivery in, whole or in part: stock comes at what it cost with its share of the charges, and what is otherwise than ordered is noted.
    #[graphql(
        directive = requires::apply("purchase.receive".to_owned()),
        directive = emits::apply(vec![
            inventory::purchasing::events::PURCHASE_ORDER_RECEIVED.text(),
            inventory::stock::events::STOCK_CHANGED.text(),
        ])
    )]
    async fn purchase_order_receive(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "What came.")] input: PurchaseOrderReceiveInput,
        #[graphql(desc = "Only say what would happen; nothing is written.", default = false)] validate_only: bool,
    ) -> Answer<PurchaseOrderPayload> {
        step!(PurchaseOrderPayload, ctx, kind::PurchaseReceive, input, shell::purchase_order_receive, Mode::of(validate_only))
    }

    /// Asks for the approval of a DRAFT.
    #[graphql(
        directive = requires::apply("purchase.write".to_owned()),
        directive = emits::apply(vec![inventory::purchasing::events::PURCHASE_ORDER_SUBMITTED.text()])
    )]
    async fn purchase_order_submit(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(PurchaseOrderPayload, ctx, kind::PurchaseWrite, input, shell::purchase_order_submit)
    }

    /// Approves an order. Above the tenant's approval limit somebody else than who wrote it or asked for it does; a key never does.
    #[graphql(
        directive = requires::apply("purchase.approve".to_owned()),
        directive = emits::apply(vec![inventory::purchasing::events::PURCHASE_ORDER_APPROVED.text()])
    )]
    async fn purchase_order_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(PurchaseOrderPayload, ctx, kind::PurchaseApprove, input, shell::purchase_order_approve)
    }

    /// Rejects an order; it can be changed, and asked for again.
    #[graphql(
        directive = requires::apply("purchase.approve".to_owned()),
        directive = emits::apply(vec![inventory::purchasing::events::PURCHASE_ORDER_REJECTED.text()])
    )]
    async fn purchase_order_reject(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(PurchaseOrderPayload, ctx, kind::PurchaseApprove, input, shell::purchase_order_reject)
    }

    /// Notes that an APPROVED order has gone to the supplier: what is open is incoming from now on.
    #[graphql(
        directive = requires::apply("purchase.write".to_owned()),
        directive = emits::apply(vec![
            inventory::purchasing::events::PURCHASE_ORDER_ORDERED.text(),
            inventory::stock::events::STOCK_CHANGED.text(),
        ])
    )]
    async fn purchase_order_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(PurchaseOrderPayload, ctx, kind::PurchaseWrite, input, shell::purchase_order_order)
    }

    /// Files an order, also one of which nothing came. What has not come is short, and is not incoming any more.
    #[graphql(
        directive = requires::apply("purchase.write".to_owned()),
        directive = emits::apply(vec![
            inventory::purchasing::events::PURCHASE_ORDER_CLOSED.text(),
            inventory::stock::events::STOCK_CHANGED.text(),
        ])
    )]
    async fn purchase_order_close(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(PurchaseOrderPayload, ctx, kind::PurchaseWrite, input, shell::purchase_order_close)
    }

    /// Gives an order up before anything has come; what was incoming is so no longer.
    #[graphql(
        directive = requires::apply("purchase.write".to_owned()),
        directive = emits::apply(vec![
            inventory::purchasing::events::PURCHASE_ORDER_CANCELLED.text(),
            inventory::stock::events::STOCK_CHANGED.text(),
        ])
    )]
    async fn purchase_order_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Which order.")] input: PurchaseOrderActionInput,
    ) -> Answer<PurchaseOrderPayload> {
        step!(PurchaseOrderPayload, ctx, kind::PurchaseWrite, input, shell::purchase_order_cancel)
    }
}
