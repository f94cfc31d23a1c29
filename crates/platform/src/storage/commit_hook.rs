//! What rides along with every transaction that a request commits: the audit entry of what is being done. The rooms need not know.

use std::{future::Future, sync::Arc};

use entity::prelude::TenantId;
use serde_json::Value;
use uuid::Uuid;

use super::{Bulk, journal::Event};

/// A change of an object that a transaction makes.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectChange {
    /// The prefix of the object's ID.
    pub kind: String,
    pub id: Uuid,
    /// The fields that differ.
    pub fields: Vec<Value>,
}

/// Writes something of its own into the transactions of a task.
pub trait CommitHook: Send + Sync + 'static {
    /// The rows to write with a transaction of this tenant that made these events and changed these objects; none when there is nothing to add.
    fn rows(&self, tenant: TenantId, events: &[Arc<Event>], changes: Vec<ObjectChange>) -> Option<Bulk>;
    /// A transaction of the task has committed, with the hook's rows or without.
    fn committed(&self, has_taken: bool);
}

tokio::task_local! {
    static COMMIT_HOOK: Option<Arc<dyn CommitHook>>;
}

/// Runs the future with a hook on each transaction that it commits itself; transactions of other tasks are theirs.
pub async fn with<T>(commit_hook: Arc<dyn CommitHook>, future: impl Future<Output = T>) -> T {
    COMMIT_HOOK.scope(Some(commit_hook), future).await
}

/// Runs the future without the task's hook: what it commits only prepares what the task is about.
pub async fn without<T>(future: impl Future<Output = T>) -> T {
    COMMIT_HOOK.scope(None, future).await
}

/// Whether a hook stands: without one nobody reads what objects a transaction changes.
pub fn is_set() -> bool {
    current().is_some()
}

pub(super) fn current() -> Option<Arc<dyn CommitHook>> {
    COMMIT_HOOK.try_with(Clone::clone).ok().flatten()
}
