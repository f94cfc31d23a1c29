//! What mutations answer: the count as the receipt has it, or refusals.

use std::sync::Arc;

use async_graphql::Context;
use iam::access::kind;
use inventory::{
    counts::{StoredCount, core::CountDecision, rows},
    ledger::Receipt,
};
use platform::storage::TenantScope;

use super::count::Stocktake;
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    seen_payload,
    stock::{ReceiptPayload, lost},
};

seen_payload! {
    /// The stocktake as the change left it.
    StocktakePayload(stocktake: Option<Stocktake>) {
        /// The stocktake as it is after the change; null when there are userErrors, or you may not see it.
        async fn stocktake(&self, ctx: &Context<'_>) -> Option<Answer<Stocktake>> {
            self.seen(ctx)
        }
        /// Deprecated name of `stocktake`.
        #[graphql(deprecation = "2026-11-25: use stocktake. Removed after 2027-11-25.")]
        async fn count(&self, ctx: &Context<'_>) -> Option<Answer<Stocktake>> {
            self.seen(ctx)
        }
    }
}

impl StocktakePayload {
    /// The stocktake, if the caller may see it.
    fn seen(&self, ctx: &Context<'_>) -> Option<Answer<Stocktake>> {
        let stocktake = self.stocktake.clone()?;
        match ctx.permit::<kind::CountRead>() {
            Ok(permit) => permit.covers(stocktake.0.store).then_some(Ok(stocktake)),
            Err(denied) => Some(Err(denied)),
        }
    }
}

impl ReceiptPayload for StocktakePayload {
    async fn shown(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Shown> {
        let count = match receipt.stored.as_ref().map(|stored| stored.part::<StoredCount>().count) {
            None => receipt.documents.take().map(|of: CountDecision| of.count),
            Some(id) => rows::counts(scope, id.as_slice()).await?.pop(),
        };
        let count = Stocktake(Arc::new(count.ok_or_else(|| lost("stock_count"))?));
        Ok(Some(count))
    }
}
