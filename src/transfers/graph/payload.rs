//! What mutations answer: the transfer as the receipt has it, or refusals.

use std::sync::Arc;

use async_graphql::{Context, Object};

use super::{query::covers, transfer::Transfer};
use crate::{
    access::kind,
    graphql::{
        context::Asks,
        fault::{Answer, TopError},
        refusal::UserError,
        scalars::Long,
    },
    ledger::shell::Done,
    stock::graph::{changed, stopped},
    storage::{Fault, TenantScope},
    transfers::rows,
};

/// The answer of a mutation of transfers.
#[derive(Default)]
pub struct TransferPayload {
    transfer: Option<Transfer>,
    user_errors: Vec<UserError>,
    replayed: bool,
    seq: Option<Long>,
}

/// The transfer as the change left it.
#[Object]
impl TransferPayload {
    /// The transfer as it is after the change; null when there are userErrors, or you may not see it.
    async fn transfer(&self, ctx: &Context<'_>) -> Option<Answer<Transfer>> {
        let transfer = self.transfer.clone()?;
        match ctx.permit::<kind::TransferRead>() {
            Ok(permit) => covers(&permit, transfer.row()).then_some(Ok(transfer)),
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

impl From<Vec<UserError>> for TransferPayload {
    fn from(user_errors: Vec<UserError>) -> Self {
        Self { user_errors, ..Self::default() }
    }
}

impl TransferPayload {
    /// From what the ledger gave back. A fresh receipt has the transfer; a stored one names it, and it is read as it is now.
    pub(super) async fn of(ctx: &Context<'_>, scope: &TenantScope, done: Done) -> Answer<Self> {
        changed(ctx);
        let receipt = match done {
            Ok(receipt) => receipt,
            Err(stop) => return Ok(stopped(ctx, stop).await?.into()),
        };
        let (seq, replayed) = (receipt.seq.map(Long), receipt.stored.is_some());
        let transfer = match receipt.stored.map(|stored| stored.transfer) {
            None => receipt.transfer,
            Some(id) => rows::transfers(scope, id.as_slice()).await?.pop(),
        };
        let lost = || TopError::from(Fault::corrupt("transfer", "a receipt names a document that exists"));
        let transfer = Transfer::whole(Arc::new(transfer.ok_or_else(lost)?));
        Ok(Self { transfer: Some(transfer), user_errors: Vec::new(), replayed, seq })
    }
}
