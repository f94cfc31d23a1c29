//! Idempotent calls outside the ledger: executed once for each key, and answered again from the ID
//! that the first call stored.
//!
//! The task carries the call, like a commit hook: the first transaction that the task commits for
//! the call's tenant includes the receipt, so the change and the key are stored together or not at
//! all. A refusal commits nothing and leaves the key free. If two calls with one key run
//! concurrently, the second fails at its commit or is refused because of the first one's change; in
//! both cases it finds the first one's receipt.

use std::{
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use entity::prelude::{TenantId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Bulk, Fault, Reads, TenantScope, commit_hook,
    idempotency::keys::{self, EarlierUse, Key},
    journal_event::Event,
};

/// Receipt from which a repeated call is answered: only the ID, so that the answer is authorised
/// and masked again and contains no secret. If nothing else stores the answer, the text itself
/// takes the ID's place: it must contain no secret, and nothing that the mutation's permission
/// alone does not show.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Receipt {
    /// ID of the created or changed object, as clients see it.
    pub id: Option<String>,
    /// The number of the last event.
    pub seq: Option<i64>,
}

/// A call that is done once.
#[derive(Debug)]
pub struct IdempotentCall {
    tenant: TenantId,
    key: Key,
    at: Timestamp,
    id: Mutex<Option<String>>,
    is_recorded: AtomicBool,
}

tokio::task_local! {
    static ONCE: Option<Arc<IdempotentCall>>;
}

impl IdempotentCall {
    pub fn new(tenant: TenantId, key: Key, at: Timestamp) -> Arc<Self> {
        Arc::new(Self { tenant, key, at, id: Mutex::default(), is_recorded: AtomicBool::new(false) })
    }

    /// Returns the earlier use of this key.
    ///
    /// # Errors
    /// The database, or a receipt that cannot be read.
    pub async fn before(&self, reads: &impl Reads) -> Result<EarlierUse<Receipt>, Fault> {
        let receipts = keys::look_up(reads, [&self.key]).await?;
        keys::read(keys::key_use(&self.key, &receipts))
    }

    /// Runs the call: its first commit includes the receipt.
    pub async fn run_within<T>(self: &Arc<Self>, future: impl Future<Output = T>) -> T {
        ONCE.scope(Some(self.clone()), future).await
    }

    /// Whether a committed transaction holds the receipt.
    pub fn is_recorded(&self) -> bool {
        self.is_recorded.load(Ordering::Acquire)
    }

    pub(super) fn mark_recorded(&self) {
        self.is_recorded.store(true, Ordering::Release);
    }

    /// Returns the receipt's row, if this tenant's transaction is the one to include it.
    pub(super) fn row(&self, tenant: TenantId, events: &[Arc<Event>]) -> Result<Option<Bulk>, Fault> {
        if self.is_recorded() || tenant != self.tenant {
            return Ok(None);
        }
        let explicit_id = self.id.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let id = explicit_id.or_else(|| events.first().and_then(|event| id_of(event)));
        let receipt = Receipt { id, seq: events.last().map(|event| event.seq) };
        let receipt = serde_json::to_string(&receipt).map_err(|err| Fault::Broken(format!("a receipt has no JSON: {err}")))?;
        Ok(Some(keys::rows(tenant, [(&self.key, receipt)], self.at)))
    }
}

/// Sets the ID of the call's subject before the commit, for a call that makes no event or whose
/// event's payload has no `id`.
pub fn set_subject(id: &impl std::fmt::Display) {
    if let Some(once) = current() {
        *once.id.lock().unwrap_or_else(PoisonError::into_inner) = Some(id.to_string());
    }
}

/// Runs a preparatory part of a call: its commits include no receipt, as the call can still be
/// refused.
pub async fn without_receipt<T>(future: impl Future<Output = T>) -> T {
    ONCE.scope(None, future).await
}

/// Stores the receipt of a call with a key in a transaction of its own: before a change of another
/// tenant, or after an answer that is stored nowhere else. The audit entry is not part of it.
///
/// # Errors
/// The database, including a concurrent call that has used the key.
pub async fn store_receipt_alone(scope: &TenantScope, id: &impl std::fmt::Display) -> Result<(), Fault> {
    if current().is_none() {
        return Ok(());
    }
    set_subject(id);
    let work = scope.begin().await?;
    commit_hook::run_without_hook(work.commit()).await
}

pub(super) fn current() -> Option<Arc<IdempotentCall>> {
    ONCE.try_with(Clone::clone).ok().flatten()
}

/// Returns the target of an event: the ID that its payload calls `id`.
fn id_of(event: &Event) -> Option<String> {
    #[derive(Deserialize)]
    struct PayloadId {
        id: String,
    }
    Some(serde_json::from_str::<PayloadId>(&event.payload).ok()?.id)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::storage::idempotency::InputDigest;

    fn once(tenant: TenantId) -> Arc<IdempotentCall> {
        let key = Key { owner: Uuid::nil(), mutation: "roleCreate", key: "k".to_owned(), hash: InputDigest::default() };
        IdempotentCall::new(tenant, key, Timestamp(7))
    }

    #[test]
    fn an_events_payload_names_what_a_call_was_about() {
        let event = |payload: &str| Event {
            seq: 1,
            kind: "role.created".to_owned(),
            payload: payload.to_owned(),
            recorded_at: Timestamp(7),
        };
        assert_eq!(id_of(&event(r#"{"id":"rol_1","version":1}"#)), Some("rol_1".to_owned()));
        assert_eq!(id_of(&event(r#"{"version":1}"#)), None);
    }

    #[test]
    fn one_transaction_of_the_calls_own_tenant_takes_the_receipt_along() {
        let own = TenantId::from_uuid(Uuid::from_u128(1));
        let call = once(own);
        assert!(call.row(TenantId::from_uuid(Uuid::from_u128(2)), &[]).unwrap().is_none(), "another tenant's");
        assert!(call.row(own, &[]).unwrap().is_some());
        call.mark_recorded();
        assert!(call.row(own, &[]).unwrap().is_none(), "it is there already");
    }
}
