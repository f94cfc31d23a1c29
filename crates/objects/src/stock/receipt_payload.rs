//! Payloads of calls of the ledger.

use async_graphql::Context;
use inventory::ledger::{Receipt, SubmitResult};
use platform::storage::TenantScope;

use super::receipt;
use crate::graphql::{fault::Answer, payload::DocumentPayload};

/// A payload of an idempotent call of the ledger.
pub trait ReceiptPayload: DocumentPayload {
    /// The documents of a receipt: a fresh receipt contains them, a stored one names them, and they
    /// are read in their current state.
    fn load_documents(scope: &TenantScope, receipt: &mut Receipt) -> impl Future<Output = Answer<Self::Documents>> + Send;

    /// The answer to a call: its documents, those of the earlier call with its key, or why it was refused.
    fn of(ctx: &Context<'_>, scope: &TenantScope, outcome: SubmitResult) -> impl Future<Output = Answer<Self>> + Send {
        async move {
            let mut receipt = match receipt(ctx, outcome).await? {
                Ok(receipt) => receipt,
                Err(errors) => return Ok(errors.into()),
            };
            let (seq, replayed) = (receipt.seq, receipt.stored.is_some());
            Ok(Self::with(Self::load_documents(scope, &mut receipt).await?, replayed, seq))
        }
    }
}
