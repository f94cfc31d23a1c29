//! Payloads of calls of the ledger.

use async_graphql::Context;
use inventory::ledger::{Done, Receipt};
use platform::storage::TenantScope;

use super::receipt;
use crate::graphql::{fault::Answer, payload::SeenPayload};

/// A payload of an idempotent call of the ledger.
pub trait ReceiptPayload: SeenPayload {
    /// The documents of a receipt: a fresh receipt contains them, a stored one names them, and they
    /// are read in their current state.
    fn shown(scope: &TenantScope, receipt: &mut Receipt) -> impl Future<Output = Answer<Self::Shown>> + Send;

    /// The answer to a call: its documents, those of the earlier call with its key, or why it was refused.
    fn of(ctx: &Context<'_>, scope: &TenantScope, done: Done) -> impl Future<Output = Answer<Self>> + Send {
        async move {
            let mut receipt = match receipt(ctx, done).await? {
                Ok(receipt) => receipt,
                Err(errors) => return Ok(errors.into()),
            };
            let (seq, replayed) = (receipt.seq, receipt.stored.is_some());
            Ok(Self::with(Self::shown(scope, &mut receipt).await?, replayed, seq))
        }
    }
}
