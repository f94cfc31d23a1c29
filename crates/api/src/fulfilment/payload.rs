//! What mutations answer: the works as the receipt has them, or refusals.

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
    seen_payload,
    stock::{ReceiptPayload, lost},
};

seen_payload! {
    /// Works as the change left them.
    FulfilmentWorkPayload(works: Vec<FulfilmentWork>) {
        /// Work as it is after the change; null when there are userErrors, when no work was concerned, or when you may not see it.
        async fn work(&self, ctx: &Context<'_>) -> Answer<Option<FulfilmentWork>> {
            Ok(seen(ctx, &self.works)?.into_iter().next())
        }
        /// Works as they are after the change, of those that you may see; empty when there are userErrors.
        async fn works(&self, ctx: &Context<'_>) -> Answer<Vec<FulfilmentWork>> {
            seen(ctx, &self.works)
        }
    }
}

seen_payload! {
    /// Work that waits for the customer.
    FulfilmentWorkReadyPayload(work: Option<FulfilmentWork>) {
        /// Work as it is after the change; null when there are userErrors, or when you may not see it.
        async fn work(&self, ctx: &Context<'_>) -> Answer<Option<FulfilmentWork>> {
            Ok(seen(ctx, self.work.as_slice())?.into_iter().next())
        }
        /// Code that the customer has to say to collect the goods: six digits, to be sent to the customer. Null when there are userErrors.
        async fn collect_code(&self) -> Option<&str> {
            self.work.as_ref()?.row().ready.as_ref().map(|ready| ready.code.as_str())
        }
    }
}

fn seen(ctx: &Context<'_>, works: &[FulfilmentWork]) -> Answer<Vec<FulfilmentWork>> {
    if works.is_empty() {
        return Ok(Vec::new());
    }
    let permit = ctx.permit::<kind::FulfilmentRead>()?;
    Ok(works.iter().filter(|work| covers(&permit, work.row())).cloned().collect())
}

/// The works that a command was about.
async fn named(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Vec<FulfilmentWork>> {
    let works: Vec<Work> = if let Some(stored) = &receipt.stored {
        let ids = stored.part::<StoredWorks>().works;
        in_order(&ids, rows::works(scope, &ids).await?)
    } else {
        let own: WorkDecision = receipt.documents.take().ok_or_else(|| lost("fulfilment_work"))?;
        in_order(&own.named, own.works.into_iter().map(|touched| touched.work).collect())
    };
    Ok(works.into_iter().map(|work| FulfilmentWork::whole(Arc::new(work))).collect())
}

fn in_order(ids: &[FulfilmentWorkId], works: Vec<Work>) -> Vec<Work> {
    let mut works: Vec<Work> = works.into_iter().filter(|work| ids.contains(&work.head.id)).collect();
    works.sort_by_key(|work| ids.iter().position(|id| *id == work.head.id));
    works
}

impl ReceiptPayload for FulfilmentWorkPayload {
    async fn shown(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Shown> {
        named(scope, receipt).await
    }
}

impl ReceiptPayload for FulfilmentWorkReadyPayload {
    async fn shown(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Shown> {
        Ok(named(scope, receipt).await?.into_iter().next())
    }
}
