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
    dry_run::{OrderDryRun, foreseen},
    hold::OrderHold,
    order::Order,
    visibility::may_see_order,
};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    seen_payload,
    stock::{ReceiptPayload, lost},
};

/// Order and hints that a payload shows of a change.
#[derive(Default)]
pub struct OrderShown {
    order: Option<Order>,
    hints: Vec<core::Hint>,
}

seen_payload! {
    /// The order as the change left it.
    OrderPayload(shown: OrderShown) {
        /// Things that are true of the change, were not refused, and are worth a look; seldom more than one.
        async fn hints(&self) -> Vec<Hint> {
            self.shown.hints.iter().copied().map(Hint).collect()
        }
        /// The order as it is after the change; null exactly when there are userErrors.
        async fn order(&self, ctx: &Context<'_>) -> Option<Answer<Order>> {
            let order = self.shown.order.clone()?;
            let seen = |permit: Permit<kind::OrderRead>| permit.covers_document(order.row().store, order.row().channel);
            match ctx.permit().map(seen) {
                Ok(true) => Some(Ok(order)),
                Ok(false) => None,
                Err(denied) => Some(Err(denied)),
            }
        }
    }
}

impl ReceiptPayload for OrderPayload {
    async fn shown(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Shown> {
        let (mut detail, mut tried) = (None, None);
        let (order, hints) = match receipt.stored.as_ref().map(StoredReceipt::part::<StoredOrder>) {
            None => {
                let mut of: OrderDecision = receipt.documents.take().unwrap_or_default();
                detail = of.details.pop().map(|change| change.after);
                if receipt.seq.is_none() {
                    tried = of.orders.last().map(|order| OrderDryRun::of(order, &of, receipt.documents.get()));
                }
                (of.orders.pop(), of.hints)
            }
            Some(StoredOrder { order, hints, .. }) => (rows::orders(scope, order.as_slice()).await?.pop(), hints),
        };
        let order = order.ok_or_else(|| lost("sales_order"))?;
        let foreseen = match receipt.seq {
            Some(_) => None,
            None => Some(Arc::new(foreseen(scope, &receipt.reservations, order.id).await?)),
        };
        Ok(OrderShown { order: Some(Order::foreseen(Arc::new(order), foreseen).with_detail(detail).with_dry_run(tried)), hints })
    }
}

seen_payload! {
    /// The order and its hold as the change left them.
    OrderHoldPayload(held: Option<(Order, Option<OrderHold>)>) {
        /// Order as it is after the change; null when there are userErrors.
        async fn order(&self, ctx: &Context<'_>) -> Option<Answer<Order>> {
            let (order, _) = self.held.clone()?;
            may_see_order(ctx, &order).map(|seen| seen.then_some(order)).transpose()
        }
        /// Hold that was set or lifted; null when there are userErrors.
        async fn hold(&self, ctx: &Context<'_>) -> Option<Answer<OrderHold>> {
            let (order, hold) = self.held.clone()?;
            may_see_order(ctx, &order).map(|seen| hold.filter(|_| seen)).transpose()
        }
    }
}

impl ReceiptPayload for OrderHoldPayload {
    async fn shown(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Shown> {
        let mut tried = None;
        let (order, hold) = match receipt.stored.as_ref().map(StoredReceipt::part::<StoredOrder>) {
            None => {
                let mut of: OrderDecision = receipt.documents.take().unwrap_or_default();
                if receipt.seq.is_none() {
                    tried = of.orders.last().map(|order| OrderDryRun::of(order, &of, None));
                }
                (of.orders.pop(), of.holds.pop())
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
        let order = order.ok_or_else(|| lost("sales_order"))?;
        let hold = hold.map(|hold| OrderHold::set(hold, order.store));
        Ok(Some((Order::whole(Arc::new(order)).with_dry_run(tried), hold)))
    }
}
