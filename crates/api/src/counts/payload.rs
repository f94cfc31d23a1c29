//! What mutations answer: the count as the receipt has it, or refusals.

use std::sync::Arc;

use async_graphql::Context;
use iam::access::kind;
use inventory::{
    counts::{StoredCount, core::CountDecision, rows},
    ledger::Done,
};
use platform::storage::TenantScope;

use super::count::Count;
use crate::{
    graphql::{context::ContextExt, fault::Answer, scalars::Long},
    seen_payload,
    stock::{lost, receipt},
};

seen_payload! {
    /// The count as the change left it.
    CountPayload(count: Option<Count>) {
        /// The count as it is after the change; null when there are userErrors, or you may not see it.
        async fn count(&self, ctx: &Context<'_>) -> Option<Answer<Count>> {
            let count = self.count.clone()?;
            match ctx.permit::<kind::CountRead>() {
                Ok(permit) => permit.covers(count.0.store).then_some(Ok(count)),
                Err(denied) => Some(Err(denied)),
            }
        }
    }
}

impl CountPayload {
    /// From what the ledger gave back. A fresh receipt has the count; a stored one names it, and it is read as it is now.
    pub(super) async fn of(ctx: &Context<'_>, scope: &TenantScope, done: Done) -> Answer<Self> {
        let mut receipt = match receipt(ctx, done).await? {
            Ok(receipt) => receipt,
            Err(errors) => return Ok(errors.into()),
        };
        let (seq, replayed) = (receipt.seq.map(Long), receipt.stored.is_some());
        let count = match receipt.stored.map(|stored| stored.part::<StoredCount>().count) {
            None => receipt.documents.take().map(|of: CountDecision| of.count),
            Some(id) => rows::counts(scope, id.as_slice()).await?.pop(),
        };
        let count = Count(Arc::new(count.ok_or_else(|| lost("stock_count"))?));
        Ok(Self { count: Some(count), user_errors: Vec::new(), replayed, seq })
    }
}
