//! What mutations answer: the document as the receipt has it, or refusals.

use std::sync::Arc;

use async_graphql::Context;
use iam::access::{Permit, kind};
use inventory::{
    ledger::{Done, Ledger},
    orders::{StoredOrder, core::OrderDecision, rows},
};
use platform::storage::TenantScope;

use super::{order::Order, returns::Return};
use crate::{
    graphql::{context::ContextExt, fault::Answer, scalars::Long},
    seen_payload,
    stock::{lost, receipt},
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

seen_payload! {
    /// The return as the change left it.
    ReturnPayload(ret: Option<Return>) {
        /// The return as it is after the change; null exactly when there are userErrors.
        #[graphql(name = "return")]
        async fn ret(&self, ctx: &Context<'_>) -> Option<Answer<Return>> {
            let ret = self.ret.clone()?;
            let covered = ctx.permit::<kind::OrderRead>().map(|permit| permit.covers(ret.row().store));
            match covered {
                Ok(true) => Some(Ok(ret)),
                Ok(false) => None,
                Err(denied) => Some(Err(denied)),
            }
        }
    }
}

impl OrderPayload {
    /// From what the ledger gave back. A fresh receipt has the order; a stored one names it, and it is read as it is now.
    pub(super) async fn of(ctx: &Context<'_>, scope: &TenantScope, done: Done) -> Answer<Self> {
        let mut receipt = match receipt(ctx, done).await? {
            Ok(receipt) => receipt,
            Err(errors) => return Ok(errors.into()),
        };
        let (seq, replayed) = (receipt.seq.map(Long), receipt.stored.is_some());
        let order = match receipt.stored.as_ref().map(|stored| stored.part::<StoredOrder>().order) {
            None => receipt.documents.take().and_then(|mut of: OrderDecision| of.orders.pop()),
            Some(id) => rows::orders(scope, id.as_slice()).await?.pop(),
        };
        let order = order.ok_or_else(|| lost("sales_order"))?;
        // Nothing was written: what it would hold is in the receipt alone.
        let foreseen = seq.is_none().then(|| Arc::new(rows::held_in(&receipt.reservations, order.id)));
        Ok(Self { order: Some(Order::foreseen(Arc::new(order), foreseen)), user_errors: Vec::new(), replayed, seq })
    }
}

impl ReturnPayload {
    /// From what the ledger gave back, like an order's.
    pub(super) async fn of(ctx: &Context<'_>, scope: &TenantScope, done: Done) -> Answer<Self> {
        let mut receipt = match receipt(ctx, done).await? {
            Ok(receipt) => receipt,
            Err(errors) => return Ok(errors.into()),
        };
        let (seq, replayed) = (receipt.seq.map(Long), receipt.stored.is_some());
        let ret = match receipt.stored.as_ref().map(|stored| stored.part::<StoredOrder>().ret) {
            None => receipt.documents.take().and_then(|mut of: OrderDecision| of.returns.pop()).map(Return::whole),
            Some(id) => rows::returns(scope, id.as_slice()).await?.pop().map(Arc::new).map(Return::head),
        };
        Ok(Self { ret: Some(ret.ok_or_else(|| lost("sales_return"))?), user_errors: Vec::new(), replayed, seq })
    }
}

/// The ledger and the caller's rows behind a permit.
pub(super) fn ledger<'c>(ctx: &'c Context<'_>) -> Answer<&'c Ledger> {
    ctx.given::<Ledger>()
}
