//! Hook that adds rows to every transaction that a request commits: the audit entry of the current
//! action. The rooms need not know of it.

use std::{future::Future, sync::Arc};

use entity::prelude::TenantId;
use serde_json::Value;
use uuid::Uuid;

use super::{Bulk, journal_event::Event};

/// A transaction's change of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct ObjectChange {
    /// The prefix of the object's ID.
    pub kind: String,
    pub id: Uuid,
    /// The fields that differ.
    pub fields: Vec<Value>,
}

/// Adds rows of its own to the transactions of a task.
pub trait CommitHook: Send + Sync + 'static {
    /// Returns the rows to write with a transaction of this tenant, given its events and the
    /// objects that it changed; None if there is nothing to add.
    fn rows(&self, tenant: TenantId, events: &[Arc<Event>], changes: Vec<ObjectChange>) -> Option<Bulk>;
    /// Called after a transaction of the task has committed, with the hook's rows or without.
    fn committed(&self, has_taken: bool);
}

tokio::task_local! {
    static COMMIT_HOOK: Option<Arc<dyn CommitHook>>;
}

/// Runs the future with a hook on each transaction that it commits; transactions of tasks that it
/// spawns are not included.
pub async fn with<T>(commit_hook: Arc<dyn CommitHook>, future: impl Future<Output = T>) -> T {
    COMMIT_HOOK.scope(Some(commit_hook), future).await
}

/// Runs the future without the task's hook: its commits only prepare the task's action.
pub async fn run_without_hook<T>(future: impl Future<Output = T>) -> T {
    COMMIT_HOOK.scope(None, future).await
}

/// Whether a hook is set: without one, object changes need not be noted.
pub fn is_set() -> bool {
    current().is_some()
}

pub(super) fn current() -> Option<Arc<dyn CommitHook>> {
    COMMIT_HOOK.try_with(Clone::clone).ok().flatten()
}
