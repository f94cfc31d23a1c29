//! Payloads of mutations of returns: the return as the receipt has it, or refusals.

use std::sync::Arc;

use async_graphql::Context;
use entity::prelude::OrderId;
use iam::access::kind;
use inventory::{
    ledger::Receipt,
    orders::core::OrderDecision,
    payments::core::PaymentDecision,
    returns::{StoredReturn, core::ReturnDecision, rows},
};
use platform::storage::TenantScope;

use super::{ReturnDryRun, sales_return::Return};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    orders::order_after_dry_run,
    seen_payload,
    stock::{ReceiptPayload, lost},
};

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

impl ReceiptPayload for ReturnPayload {
    async fn shown(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Shown> {
        let ret = match receipt.stored.as_ref().map(|stored| stored.part::<StoredReturn>().ret) {
            None => {
                let tried = tried(scope, receipt).await?;
                let decision: Option<ReturnDecision> = receipt.documents.take();
                decision.map(|decision| Return::whole(decision.sales_return).with_dry_run(tried))
            }
            Some(id) => rows::returns(scope, id.as_slice()).await?.pop().map(Arc::new).map(Return::head),
        };
        Ok(Some(ret.ok_or_else(|| lost("sales_return"))?))
    }
}

/// Returns the changes of a dry run beside the return; None if the command was written.
async fn tried(scope: &TenantScope, receipt: &Receipt) -> Answer<Option<ReturnDryRun>> {
    if receipt.seq.is_some() {
        return Ok(None);
    }
    let ids: Vec<OrderId> = receipt.documents.read(|own: &OrderDecision| own.orders.iter().map(|order| order.id).collect());
    let mut orders = Vec::with_capacity(ids.len());
    for id in ids {
        orders.extend(order_after_dry_run(scope, receipt, id).await?);
    }
    let payments =
        receipt.documents.read(|own: &PaymentDecision| own.facts.iter().map(|fact| Arc::new(fact.payment.clone())).collect());
    Ok(Some(ReturnDryRun { orders, payments }))
}
