//! Payloads of mutations of works: the works as the receipt has them, or refusals.

use std::sync::Arc;

use async_graphql::Context;
use entity::prelude::FulfilmentWorkId;
use iam::access::kind;
use inventory::{
    fulfilment::{
        StoredWorks,
        core::{Work, WorkDecision},
        rows,
    },
    ledger::Receipt,
};
use platform::storage::TenantScope;

use super::{visibility::covers, work::FulfilmentWork};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    orders::order_after_dry_run,
    seen_payload,
    stock::{ReceiptPayload, missing_document},
};

seen_payload! {
    /// Works as the change left them.
    FulfilmentWorkPayload(works: Vec<FulfilmentWork>) {
        /// Work as it is after the change; null when there are userErrors, when no work was concerned, or when you may not see it.
        async fn work(&self, ctx: &Context<'_>) -> Answer<Option<FulfilmentWork>> {
            Ok(visible_works(ctx, &self.works)?.into_iter().next())
        }
        /// Works as they are after the change, of those that you may see; empty when there are userErrors.
        async fn works(&self, ctx: &Context<'_>) -> Answer<Vec<FulfilmentWork>> {
            visible_works(ctx, &self.works)
        }
    }
}

seen_payload! {
    /// Work that waits for the customer.
    FulfilmentWorkReadyPayload(waits: ReadyWork) {
        /// Work as it is after the change; null when there are userErrors, or when you may not see it.
        async fn work(&self, ctx: &Context<'_>) -> Answer<Option<FulfilmentWork>> {
            Ok(visible_works(ctx, self.waits.work.as_slice())?.into_iter().next())
        }
        /// Code that the customer has to say to collect the goods: six digits, to be sent to the customer. Null when there are userErrors, with
        /// validateOnly, once the goods were put back, and without fulfilment.work in the work's store.
        async fn collect_code(&self, ctx: &Context<'_>) -> Answer<Option<&str>> {
            let Some(work) = &self.waits.work else { return Ok(None) };
            // By the time of a repeated call the caller may have lost the right.
            let permit = ctx.permit::<kind::FulfilmentWork>()?;
            let is_own = permit.channel().is_none() && permit.covers(work.row().store);
            Ok(self.waits.code.as_deref().filter(|_| is_own))
        }
    }
}

/// A work that waits for the customer.
#[derive(Default)]
pub struct ReadyWork {
    work: Option<FulfilmentWork>,
    /// None if nothing was written: each call draws a code of its own.
    code: Option<String>,
}

fn visible_works(ctx: &Context<'_>, works: &[FulfilmentWork]) -> Answer<Vec<FulfilmentWork>> {
    if works.is_empty() {
        return Ok(Vec::new());
    }
    let permit = ctx.permit::<kind::FulfilmentRead>()?;
    Ok(works.iter().filter(|work| covers(&permit, work.row())).cloned().collect())
}

/// The works that a command was about.
pub(super) async fn load_works(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Vec<FulfilmentWork>> {
    let works: Vec<Work> = if let Some(stored) = &receipt.stored {
        let ids = stored.part::<StoredWorks>().works;
        in_requested_order(&ids, rows::load_works(scope, &ids).await?)
    } else {
        let decision: WorkDecision = receipt.documents.take().ok_or_else(|| missing_document("fulfilment_work"))?;
        in_requested_order(&decision.named, decision.works.into_iter().map(|changed_work| changed_work.work).collect())
    };
    let mut nodes = Vec::with_capacity(works.len());
    for work in works {
        let order = order_after_dry_run(scope, receipt, work.head.order).await?;
        nodes.push(FulfilmentWork::with_loaded_lines(Arc::new(work)).of_order(order));
    }
    Ok(nodes)
}

fn in_requested_order(ids: &[FulfilmentWorkId], works: Vec<Work>) -> Vec<Work> {
    let mut works: Vec<Work> = works.into_iter().filter(|work| ids.contains(&work.head.id)).collect();
    works.sort_by_key(|work| ids.iter().position(|id| *id == work.head.id));
    works
}

impl ReceiptPayload for FulfilmentWorkPayload {
    async fn load_documents(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Documents> {
        load_works(scope, receipt).await
    }
}

impl ReceiptPayload for FulfilmentWorkReadyPayload {
    async fn load_documents(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Documents> {
        let is_written = receipt.seq.is_some();
        let work = load_works(scope, receipt).await?.into_iter().next();
        let readiness = work.as_ref().and_then(|work| work.row().ready.as_ref());
        let code = readiness.filter(|_| is_written).map(|readiness| readiness.code.clone());
        Ok(ReadyWork { work, code })
    }
}
