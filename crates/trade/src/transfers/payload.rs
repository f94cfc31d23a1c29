//! Payloads of mutations of transfers: the transfer as the receipt has it, or refusals.

use std::sync::Arc;

use async_graphql::Context;
use iam::access::kind;
use inventory::{
    ledger::Receipt,
    transfers::{StoredTransfer, core::TransferDecision, rows},
};
use platform::storage::TenantScope;

use super::{covers, transfer::Transfer};
use crate::{
    graphql::{context::ContextExt, fault::Answer},
    seen_payload,
    stock::{ReceiptPayload, missing_document},
};

seen_payload! {
    /// The transfer as the change left it.
    TransferPayload(transfer: Option<Transfer>) {
        /// The transfer as it is after the change; null when there are userErrors, or you may not see it.
        async fn transfer(&self, ctx: &Context<'_>) -> Option<Answer<Transfer>> {
            let transfer = self.transfer.clone()?;
            match ctx.permit::<kind::TransferRead>() {
                Ok(permit) => covers(&permit, transfer.row()).then_some(Ok(transfer)),
                Err(error) => Some(Err(error)),
            }
        }
    }
}

impl ReceiptPayload for TransferPayload {
    async fn load_documents(scope: &TenantScope, receipt: &mut Receipt) -> Answer<Self::Documents> {
        let transfer = match receipt.stored.as_ref().map(|stored| stored.part::<StoredTransfer>().transfer) {
            None => receipt.documents.take().map(|decision: TransferDecision| decision.transfer),
            Some(id) => rows::load_transfers(scope, id.as_slice()).await?.pop(),
        };
        let transfer = Transfer::with_loaded_lines(Arc::new(transfer.ok_or_else(|| missing_document("transfer"))?));
        Ok(Some(transfer))
    }
}
