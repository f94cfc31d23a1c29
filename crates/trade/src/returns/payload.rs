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
    stock::{ReceiptPayload, missing_document},
};

seen_payload! {
    /// The return as the change left it.
    ReturnPayload(ret: Option<Return>) {
        /// The return as it is after the change; null exactly when there are userErrors.
        #[graphql(name = "return")]
        async fn ret(&self, ctx: &Context<'_>) -> Option<Answer<Return>> {
            let sales_return = self.ret.clone()?;
            let covered = ctx.permit::<kind::OrderRead>().map(|permit| permit.covers(sales_return.row().store));
            match covered {
                Ok(true) => Some(Ok(sales_return)),
                Ok(false) => None,
                Err(error) => Some(Err(error)),
            }
        }
    }
}

impl ReceiptPayload for ReturnPayload {
    async fn load_documents(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Documents> {
        let ret = match receipt.stored.as_ref().map(|stored| stored.part::<StoredReturn>().ret) {
            None => {
                let dry_run = load_dry_run(scope, receipt).await?;
                let decision: Option<ReturnDecision> = receipt.documents.take();
                decision.map(|decision| Return::with_loaded_lines(decision.sales_return).with_dry_run(dry_run))
            }
            Some(id) => rows::load_returns(scope, id.as_slice()).await?.pop().map(Arc::new).map(Return::head),
        };
        Ok(Some(ret.ok_or_else(|| missing_document("sales_return"))?))
    }
}

/// Returns the changes of a dry run beside the return; None if the command was written.
async fn load_dry_run(scope: &TenantScope, receipt: &Receipt) -> Answer<Option<ReturnDryRun>> {
    if receipt.seq.is_some() {
        return Ok(None);
    }
    let ids: Vec<OrderId> =
        receipt.documents.read(|decision: &OrderDecision| decision.orders.iter().map(|order| order.id).collect());
    let mut orders = Vec::with_capacity(ids.len());
    for id in ids {
        orders.extend(order_after_dry_run(scope, receipt, id).await?);
    }
    let payments = receipt
        .documents
        .read(|decision: &PaymentDecision| decision.facts.iter().map(|fact| Arc::new(fact.payment.clone())).collect());
    Ok(Some(ReturnDryRun { orders, payments }))
}
