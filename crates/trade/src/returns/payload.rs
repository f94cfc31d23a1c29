//! What mutations answer: the return as the receipt has it, or refusals.

use std::sync::Arc;

use async_graphql::Context;
use iam::access::kind;
use inventory::{
    ledger::Receipt,
    returns::{StoredReturn, core::ReturnDecision, rows},
};
use platform::storage::TenantScope;

use super::sales_return::Return;
use crate::{
    graphql::{context::ContextExt, fault::Answer},
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
            None => receipt.documents.take().map(|decision: ReturnDecision| Return::whole(decision.sales_return)),
            Some(id) => rows::returns(scope, id.as_slice()).await?.pop().map(Arc::new).map(Return::head),
        };
        Ok(Some(ret.ok_or_else(|| lost("sales_return"))?))
    }
}
