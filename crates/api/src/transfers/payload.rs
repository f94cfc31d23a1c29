//! What mutations answer: the transfer as the receipt has it, or refusals.

use std::sync::Arc;

use async_graphql::Context;
use iam::access::kind;
use inventory::{
    ledger::Done,
    transfers::{StoredTransfer, core::TransferDecision, rows},
};
use platform::storage::TenantScope;

use super::{query::covers, transfer::Transfer};
use crate::{
    graphql::{context::ContextExt, fault::Answer, scalars::Long},
    seen_payload,
    stock::{lost, receipt},
};

seen_payload! {
    /// The transfer as the change left it.
    TransferPayload(transfer: Option<Transfer>) {
        /// The transfer as it is after the change; null when there are userErrors, or you may not see it.
        async fn transfer(&self, ctx: &Context<'_>) -> Option<Answer<Transfer>> {
            let transfer = self.transfer.clone()?;
            match ctx.permit::<kind::TransferRead>() {
                Ok(permit) => covers(&permit, transfer.row()).then_some(Ok(transfer)),
                Err(denied) => Some(Err(denied)),
            }
        }
    }
}

impl TransferPayload {
    /// From what the ledger gave back. A fresh receipt has the transfer; a stored one names it, and it is read as it is now.
    pub(super) async fn of(ctx: &Context<'_>, scope: &TenantScope, done: Done) -> Answer<Self> {
        let mut receipt = match receipt(ctx, done).await? {
            Ok(receipt) => receipt,
            Err(errors) => return Ok(errors.into()),
        };
        let (seq, replayed) = (receipt.seq.map(Long), receipt.stored.is_some());
        let transfer = match receipt.stored.map(|stored| stored.part::<StoredTransfer>().transfer) {
            None => receipt.documents.take().map(|of: TransferDecision| of.transfer),
            Some(id) => rows::transfers(scope, id.as_slice()).await?.pop(),
        };
        let transfer = Transfer::whole(Arc::new(transfer.ok_or_else(|| lost("transfer"))?));
        Ok(Self { transfer: Some(transfer), user_errors: Vec::new(), replayed, seq })
    }
}
