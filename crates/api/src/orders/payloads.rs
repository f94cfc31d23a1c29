//! What mutations answer: the document as the receipt has it, or refusals.

use std::sync::Arc;

use async_graphql::Context;
use iam::access::{Permit, kind};
use inventory::{
    ledger::{Ledger, Receipt},
    orders::{StoredOrder, core::OrderDecision, rows},
};
use platform::storage::TenantScope;

use super::order::Order;
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

/// The ledger and the caller's rows behind a permit.
pub(super) fn ledger<'c>(ctx: &'c Context<'_>) -> Answer<&'c Ledger> {
    ctx.given::<Ledger>()
}
