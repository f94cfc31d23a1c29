//! What mutations answer: the document as the receipt has it, or refusals.

use std::sync::Arc;

use async_graphql::Context;
use iam::access::{Permit, kind};
use inventory::{
    ledger::{Ledger, Receipt},
    orders::{StoredOrder, core::OrderDecision, rows},
};
use platform::storage::TenantScope;

use super::{hold::OrderHold, order::Order};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    seen_payload,
    stock::{ReceiptPayload, lost},
};

seen_payload! {
    /// The order as the change left it.
    OrderPayload(order: Option<Order>) {
        /// The order as it is after the change; null exactly when there are userErrors.
        async fn order(&self, ctx: &Context<'_>) -> Option<Answer<Order>> {
            let order = self.order.clone()?;
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
        let order = match receipt.stored.as_ref().map(|stored| stored.part::<StoredOrder>().order) {
            None => receipt.documents.take().and_then(|mut of: OrderDecision| of.orders.pop()),
            Some(id) => rows::orders(scope, id.as_slice()).await?.pop(),
        };
        let order = order.ok_or_else(|| lost("sales_order"))?;
        // Nothing was written: what it would hold is in the receipt alone.
        let foreseen = receipt.seq.is_none().then(|| Arc::new(rows::held_in(&receipt.reservations, order.id)));
        Ok(Some(Order::foreseen(Arc::new(order), foreseen)))
    }
}

seen_payload! {
    /// The order and its hold as the change left them.
    OrderHoldPayload(held: Option<(Order, Option<OrderHold>)>) {
        /// Order as it is after the change; null when there are userErrors.
        async fn order(&self, ctx: &Context<'_>) -> Option<Answer<Order>> {
            let (order, _) = self.held.clone()?;
            is_seen(ctx, &order).map(|seen| seen.then_some(order)).transpose()
        }
        /// Hold that was set or lifted; null when there are userErrors.
        async fn hold(&self, ctx: &Context<'_>) -> Option<Answer<OrderHold>> {
            let (order, hold) = self.held.clone()?;
            is_seen(ctx, &order).map(|seen| hold.filter(|_| seen)).transpose()
        }
    }
}

/// Whether the caller, who may change the order, also sees it.
fn is_seen(ctx: &Context<'_>, order: &Order) -> Answer<bool> {
    let permit: Permit<kind::OrderRead> = ctx.permit()?;
    Ok(permit.covers_document(order.row().store, order.row().channel))
}

impl ReceiptPayload for OrderHoldPayload {
    async fn shown(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Shown> {
        let (order, hold) = match receipt.stored.as_ref().map(|stored| stored.part::<StoredOrder>()) {
            None => {
                let of: Option<OrderDecision> = receipt.documents.take();
                of.map_or((None, None), |mut of| (of.orders.pop(), of.holds.pop()))
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
        Ok(Some((Order::whole(Arc::new(order)), hold)))
    }
}

/// The ledger and the caller's rows behind a permit.
pub(super) fn ledger<'c>(ctx: &'c Context<'_>) -> Answer<&'c Ledger> {
    ctx.given::<Ledger>()
}
