//! Payloads of mutations of counts: the count as the receipt has it, or refusals.

use std::sync::Arc;

use async_graphql::Context;
use iam::access::kind;
use inventory::{
    counts::{StoredCount, core::CountDecision, rows},
    ledger::Receipt,
};
use platform::storage::TenantScope;

use super::count::{Stocktake, StocktakeDryRun};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    seen_payload,
    stock::{ReceiptPayload, missing_document},
};

seen_payload! {
    /// The stocktake as the change left it.
    StocktakePayload(stocktake: Option<Stocktake>) {
        /// The stocktake as it is after the change; null when there are userErrors, or you may not see it.
        async fn stocktake(&self, ctx: &Context<'_>) -> Option<Answer<Stocktake>> {
            self.visible_stocktake(ctx)
        }
        /// Deprecated name of `stocktake`.
        #[graphql(deprecation = "2026-11-25: use stocktake. Removed after 2027-11-25.")]
        async fn count(&self, ctx: &Context<'_>) -> Option<Answer<Stocktake>> {
            self.visible_stocktake(ctx)
        }
    }
}

impl StocktakePayload {
    /// The stocktake, if the caller may see it.
    fn visible_stocktake(&self, ctx: &Context<'_>) -> Option<Answer<Stocktake>> {
        let stocktake = self.stocktake.clone()?;
        match ctx.permit::<kind::CountRead>() {
            Ok(permit) => permit.covers(stocktake.row().store).then_some(Ok(stocktake)),
            Err(error) => Some(Err(error)),
        }
    }
}

impl ReceiptPayload for StocktakePayload {
    async fn load_documents(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Documents> {
        if let Some(id) = receipt.stored.as_ref().map(|stored| stored.part::<StoredCount>().count) {
            let count = rows::load_counts(scope, id.as_slice()).await?.pop();
            return Ok(Some(Stocktake::new(Arc::new(count.ok_or_else(|| missing_document("stock_count"))?))));
        }
        let decision: CountDecision = receipt.documents.take().ok_or_else(|| missing_document("stock_count"))?;
        let dry_run = match receipt.seq {
            Some(_) => None,
            None => Some(StocktakeDryRun {
                progress: rows::progress_after(scope, &decision).await?,
                lines: decision.made.into_iter().chain(decision.changed).collect(),
            }),
        };
        Ok(Some(Stocktake::new(Arc::new(decision.count)).with_dry_run(dry_run)))
    }
}
