//! What mutations answer: the count as the receipt has it, or refusals.

use std::sync::Arc;

use async_graphql::{Context, Object};

use super::count::Count;
use crate::{
    access::kind,
    counts::rows,
    graphql::{
        context::Asks,
        fault::{Answer, TopError},
        refusal::UserError,
        scalars::Long,
    },
    ledger::shell::Done,
    stock::graph::{changed, stopped},
    storage::{Fault, TenantScope},
};

/// The answer of a mutation of counts.
#[derive(Default)]
pub struct CountPayload {
    count: Option<Count>,
    user_errors: Vec<UserError>,
    replayed: bool,
    seq: Option<Long>,
}

/// The count as the change left it.
#[Object]
impl CountPayload {
    /// The count as it is after the change; null when there are userErrors, or you may not see it.
    async fn count(&self, ctx: &Context<'_>) -> Option<Answer<Count>> {
        let count = self.count.clone()?;
        match ctx.permit::<kind::CountRead>() {
            Ok(permit) => permit.covers(count.0.store).then_some(Ok(count)),
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

impl From<Vec<UserError>> for CountPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

impl CountPayload {
    /// From what the ledger gave back. A fresh receipt has the count; a stored one names it, and it is read as it is now.
    pub(super) async fn of(ctx: &Context<'_>, scope: &TenantScope, done: Done) -> Answer<Self> {
        changed(ctx);
        let receipt = match done {
            Ok(receipt) => receipt,
            Err(stop) => return Ok(stopped(ctx, stop).await?.into()),
        };
        let (seq, replayed) = (receipt.seq.map(Long), receipt.stored.is_some());
        let count = match receipt.stored.map(|stored| stored.count) {
            None => receipt.count,
            Some(id) => rows::counts(scope, id.as_slice()).await?.pop(),
        };
        let lost = || TopError::from(Fault::corrupt("stock_count", "a receipt names a document that exists"));
        let count = Count(Arc::new(count.ok_or_else(lost)?));
        Ok(Self { count: Some(count), user_errors: Vec::new(), replayed, seq })
    }
}
