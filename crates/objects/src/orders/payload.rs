//! Payloads of mutations of orders: the order as the receipt has it, or refusals.

use std::sync::Arc;

use async_graphql::Context;
use iam::access::{Permit, kind};
use inventory::{
    ledger::{Receipt, StoredReceipt},
    orders::{
        StoredOrder,
        core::{self, OrderDecision},
        rows,
    },
};
use platform::storage::TenantScope;

pub use super::loaders::ledger;
use super::{
    detail::Hint,
    dry_run::{OrderDryRun, held_stock_after_dry_run},
    hold::OrderHold,
    order::Order,
    visibility::may_see_order,
};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    seen_payload,
    stock::{ReceiptPayload, missing_document},
};

/// Order and hints that a payload shows of a change.
#[derive(Default)]
pub struct OrderDocuments {
    order: Option<Order>,
    hints: Vec<core::Hint>,
}

seen_payload! {
    /// The order as the change left it.
    OrderPayload(shown: OrderDocuments) {
        /// Things that are true of the change, were not refused, and are worth a look; seldom more than one.
        async fn hints(&self) -> Vec<Hint> {
            self.shown.hints.iter().copied().map(Hint).collect()
        }
        /// The order as it is after the change; null exactly when there are userErrors.
        async fn order(&self, ctx: &Context<'_>) -> Option<Answer<Order>> {
            let order = self.shown.order.clone()?;
            let is_visible = |permit: Permit<kind::OrderRead>| permit.covers_document(order.row().store, order.row().channel);
            match ctx.permit().map(is_visible) {
                Ok(true) => Some(Ok(order)),
                Ok(false) => None,
                Err(error) => Some(Err(error)),
            }
        }
    }
}

impl ReceiptPayload for OrderPayload {
    async fn load_documents(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Documents> {
        let (mut detail, mut dry_run) = (None, None);
        let (order, hints) = match receipt.stored.as_ref().map(StoredReceipt::part::<StoredOrder>) {
            None => {
                let mut decision: OrderDecision = receipt.documents.take().unwrap_or_default();
                detail = decision.details.pop().map(|change| change.after);
                if receipt.seq.is_none() {
                    dry_run = decision.orders.last().map(|order| OrderDryRun::of(order, &decision, receipt.documents.get()));
                }
                (decision.orders.pop(), decision.hints)
            }
            Some(StoredOrder { order, hints, .. }) => (rows::orders(scope, order.as_slice()).await?.pop(), hints),
        };
        let order = order.ok_or_else(|| missing_document("sales_order"))?;
        let foreseen = match receipt.seq {
            Some(_) => None,
            None => Some(Arc::new(held_stock_after_dry_run(scope, &receipt.reservations, order.id).await?)),
        };
        Ok(OrderDocuments {
            order: Some(Order::from_dry_run(Arc::new(order), foreseen).with_detail(detail).with_dry_run(dry_run)),
            hints,
        })
    }
}

seen_payload! {
    /// The order and its hold as the change left them.
    OrderHoldPayload(held: Option<(Order, Option<OrderHold>)>) {
        /// Order as it is after the change; null when there are userErrors.
        async fn order(&self, ctx: &Context<'_>) -> Option<Answer<Order>> {
            let (order, _) = self.held.clone()?;
            may_see_order(ctx, &order).map(|is_visible| is_visible.then_some(order)).transpose()
        }
        /// Hold that was set or lifted; null when there are userErrors.
        async fn hold(&self, ctx: &Context<'_>) -> Option<Answer<OrderHold>> {
            let (order, hold) = self.held.clone()?;
            may_see_order(ctx, &order).map(|is_visible| hold.filter(|_| is_visible)).transpose()
        }
    }
}

impl ReceiptPayload for OrderHoldPayload {
    async fn load_documents(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Documents> {
        let mut dry_run = None;
        let (order, hold) = match receipt.stored.as_ref().map(StoredReceipt::part::<StoredOrder>) {
            None => {
                let mut decision: OrderDecision = receipt.documents.take().unwrap_or_default();
                if receipt.seq.is_none() {
                    dry_run = decision.orders.last().map(|order| OrderDryRun::of(order, &decision, None));
                }
                (decision.orders.pop(), decision.holds.pop())
            }
            Some(stored) => {
                let order = rows::orders(scope, stored.order.as_slice()).await?.pop();
                let hold = match stored.hold {
                    Some(id) => rows::hold(scope, id).await?,
                    None => None,
                };
                (order, hold)
            }
        };
        let order = order.ok_or_else(|| missing_document("sales_order"))?;
        let hold = hold.map(|hold| OrderHold::from_hold(hold, order.store));
        Ok(Some((Order::with_loaded_lines(Arc::new(order)).with_dry_run(dry_run), hold)))
    }
}
