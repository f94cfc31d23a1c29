//! What mutations answer: the document as the receipt has it, or refusals.

use std::sync::Arc;

use async_graphql::{Context, Object};

use super::{order::Order, returns::Return};
use crate::{
    access::{Permit, kind},
    graphql::{
        context::Asks,
        fault::{Answer, TopError},
        refusal::UserError,
        scalars::Long,
    },
    ledger::{Ledger, Receipt, shell::Done},
    orders::rows,
    stock::graph::{changed, stopped},
    storage::{Fault, TenantScope},
};

/// The answer of a mutation of orders.
#[derive(Default)]
pub struct OrderPayload {
    order: Option<Order>,
    user_errors: Vec<UserError>,
    replayed: bool,
    seq: Option<Long>,
}

/// The order as the change left it.
#[Object]
impl OrderPayload {
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
    /// Why nothing was changed; empty when it was (or, with validateOnly, would have been).
    pub async fn user_errors(&self) -> &Vec<UserError> {
        &self.user_errors
    }
    /// Whether this is the answer of an earlier call with the same key, built again from what was stored.
    pub async fn replayed(&self) -> &bool {
        &self.replayed
    }
    /// The number of the last event of this change; null when nothing was written.
    pub async fn seq(&self) -> &Option<Long> {
        &self.seq
    }
}

/// The answer of a mutation of returns.
#[derive(Default)]
pub struct ReturnPayload {
    ret: Option<Return>,
    user_errors: Vec<UserError>,
    replayed: bool,
    seq: Option<Long>,
}

/// The return as the change left it.
#[Object]
impl ReturnPayload {
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
    /// Why nothing was changed; empty when it was (or, with validateOnly, would have been).
    pub async fn user_errors(&self) -> &Vec<UserError> {
        &self.user_errors
    }
    /// Whether this is the answer of an earlier call with the same key, built again from what was stored.
    pub async fn replayed(&self) -> &bool {
        &self.replayed
    }
    /// The number of the last event of this change; null when nothing was written.
    pub async fn seq(&self) -> &Option<Long> {
        &self.seq
    }
}

impl From<Vec<UserError>> for OrderPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}
impl From<Vec<UserError>> for ReturnPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

/// What came of a call: its receipt, or its refusals as clients see them. Faults and missing permissions are top-level errors.
async fn receipt(ctx: &Context<'_>, done: Done) -> Answer<Result<Receipt, Vec<UserError>>> {
    changed(ctx);
    match done {
        Ok(receipt) => Ok(Ok(receipt)),
        Err(stop) => Ok(Err(stopped(ctx, stop).await?)),
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
        let order = match receipt.stored.as_ref().map(|stored| stored.order) {
            None => receipt.orders.pop(),
            Some(id) => rows::orders(scope, id.as_slice()).await?.pop(),
        };
        let order = order.ok_or_else(|| lost("sales_order"))?;
        Ok(Self { order: Some(Order::whole(Arc::new(order))), user_errors: Vec::new(), replayed, seq })
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
        let ret = match receipt.stored.as_ref().map(|stored| stored.ret) {
            None => receipt.returns.pop().map(Return::whole),
            Some(id) => rows::returns(scope, id.as_slice()).await?.pop().map(Arc::new).map(Return::head),
        };
        Ok(Self { ret: Some(ret.ok_or_else(|| lost("sales_return"))?), user_errors: Vec::new(), replayed, seq })
    }
}

fn lost(table: &'static str) -> TopError {
    Fault::corrupt(table, "a receipt names a document that exists").into()
}

/// The ledger and the caller's rows behind a permit.
pub(super) fn ledger<'c>(ctx: &'c Context<'_>) -> Answer<&'c Ledger> {
    ctx.given::<Ledger>()
}
