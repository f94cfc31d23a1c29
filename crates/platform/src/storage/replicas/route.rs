//! The way of a request's reads. The task carries it, so that no room need know of replicas: a handle on a tenant's rows takes it along when it is
//! opened, and so do look-ups that run in tasks of their own.

use std::{
    future::Future,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{Freshness, Replicas, pool::Replica};
use crate::metrics;

/// One replica for all reads of a request, or the primary. It goes from the one to the other at most once and never back, so that what a request
/// reads later is not older than what it has read before: a stream that begins at the head which a query told misses nothing.
pub struct ReadRoute {
    replicas: Replicas,
    freshness: Freshness,
    session: u128,
    chosen: OnceLock<Option<Arc<Replica>>>,
    has_left: AtomicBool,
}

impl ReadRoute {
    pub(super) fn new(replicas: Replicas, freshness: Freshness, session: u128) -> Self {
        Self { replicas, freshness, session, chosen: OnceLock::new(), has_left: AtomicBool::new(false) }
    }

    /// The replica, while there is one.
    pub(in crate::storage) fn replica(&self) -> Option<&Replica> {
        if self.has_left.load(Ordering::Acquire) {
            return None;
        }
        self.chosen.get_or_init(|| self.replicas.choose(self.freshness, self.session)).as_deref()
    }

    /// Whether a replica would be read that fits now: for who may wait for one.
    pub(in crate::storage) fn would_fit(&self) -> bool {
        self.replicas.fits(self.freshness)
    }

    /// The replica did not answer: the primary does, this and everything after it.
    pub(in crate::storage) fn failed(&self) {
        if !self.has_left.swap(true, Ordering::AcqRel) {
            metrics::replica_reads("primary", "failed");
        }
    }

    /// The request begins to write: what it reads from now on may be its own.
    pub(in crate::storage) fn leave(&self) {
        self.has_left.store(true, Ordering::Release);
    }
}

tokio::task_local! {
    static ROUTE: Arc<ReadRoute>;
}

/// Runs the future with a way for the reads of tenants' rows that it opens handles for; handles of other tasks are theirs.
pub async fn reading<T>(route: Arc<ReadRoute>, future: impl Future<Output = T>) -> T {
    ROUTE.scope(route, future).await
}

/// The way of this task's reads, if it has one.
pub(in crate::storage) fn current() -> Option<Arc<ReadRoute>> {
    ROUTE.try_with(Arc::clone).ok()
}

/// This task begins to write.
pub(in crate::storage) fn leave() {
    // Without a way there is nothing to leave.
    let _ = ROUTE.try_with(|route| route.leave());
}
