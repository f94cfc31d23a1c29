//! Outage of a server: one task tries to reach it (`reconnect`), and callers that need a connection
//! wait for that task, at most until the server has been away for their patience.

use std::{
    pin::pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

/// Minimum wait of a request that comes late in an outage.
const MIN_WAIT: Duration = Duration::from_millis(250);

/// Whether the server can be reached. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Outage(Arc<Inner>);

#[derive(Default)]
struct Inner {
    since: Mutex<Option<Instant>>,
    over: Notify,
}

impl Outage {
    pub(super) fn since(&self) -> MutexGuard<'_, Option<Instant>> {
        self.0.since.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while the server is away; false when it has been away for longer than `patience`.
    pub(super) async fn is_over(&self, patience: Duration) -> bool {
        let mut over = pin!(self.0.over.notified());
        over.as_mut().enable();
        let Some(since) = *self.since() else { return true };
        let deadline = (since + patience).max(Instant::now() + MIN_WAIT);
        timeout_at(deadline, over).await.is_ok()
    }
}

/// Guard that ends an outage: when the server was reached, and when the retrying task is dropped
/// with the runtime.
pub(super) struct OutageGuard(pub(super) Outage);

impl Drop for OutageGuard {
    fn drop(&mut self) {
        *self.0.since() = None;
        self.0.0.over.notify_waiters();
    }
}
