//! What rides along with every transaction that a request commits: the audit entry of what is being done. The rooms need not know.

use std::{future::Future, sync::Arc};

use entity::prelude::TenantId;

use super::{Bulk, journal::Event};

/// Writes something of its own into the transactions of a task.
pub trait Rider: Send + Sync + 'static {
    /// The rows to write with a transaction of this tenant that made these events; none when there is nothing to add.
    fn rows(&self, tenant: TenantId, events: &[Arc<Event>]) -> Option<Bulk>;
    /// A transaction of the task has committed, with the rider's rows or without.
    fn arrived(&self, has_taken: bool);
}

tokio::task_local! {
    static RIDER: Arc<dyn Rider>;
}

/// Runs the future with a rider on each transaction that it commits itself; transactions of other tasks are theirs.
pub async fn with<T>(rider: Arc<dyn Rider>, future: impl Future<Output = T>) -> T {
    RIDER.scope(rider, future).await
}

pub(super) fn current() -> Option<Arc<dyn Rider>> {
    RIDER.try_with(Arc::clone).ok()
}
