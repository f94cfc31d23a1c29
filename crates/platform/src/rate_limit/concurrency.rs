//! Limit of the operations that one tenant runs at once on this node, so that its hundred clients
//! do not delay another tenant's one.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Maximum callers that wait at a gate, for each that may be inside.
const MAX_WAITING_PER_PERMIT: usize = 16;

/// Gates that are kept before idle ones are dropped.
const MAX_TENANT_QUEUES: usize = 10_000;

/// Too many wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueFull;

/// Guard that lets its holder run; dropping it admits the next one.
#[derive(Debug)]
pub struct ConcurrencyPermit {
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct TenantQueue {
    inside: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// A gate for each tenant.
#[derive(Debug)]
pub struct ConcurrencyLimits {
    /// Inside at once.
    limit: usize,
    queues: RwLock<HashMap<u128, Arc<TenantQueue>>>,
}

impl ConcurrencyLimits {
    pub fn new(limit: usize) -> Self {
        Self { limit: limit.clamp(1, Semaphore::MAX_PERMITS), queues: RwLock::default() }
    }

    /// Waits for a turn, first come, first served.
    ///
    /// # Errors
    /// The queue is full.
    pub async fn enter(&self, tenant: u128) -> Result<ConcurrencyPermit, QueueFull> {
        let tenant_queue = self.tenant_queue(tenant);
        if let Ok(permit) = tenant_queue.inside.clone().try_acquire_owned() {
            return Ok(ConcurrencyPermit { _permit: permit });
        }
        let slot =
            QueueSlot::join_queue(&tenant_queue.waiting, self.limit.saturating_mul(MAX_WAITING_PER_PERMIT)).ok_or(QueueFull)?;
        let permit = tenant_queue.inside.clone().acquire_owned().await;
        drop(slot);
        // The semaphore is never closed.
        permit.map(|permit| ConcurrencyPermit { _permit: permit }).map_err(|_| QueueFull)
    }

    fn tenant_queue(&self, tenant: u128) -> Arc<TenantQueue> {
        if let Some(tenant_queue) = self.queues.read().unwrap_or_else(PoisonError::into_inner).get(&tenant) {
            return tenant_queue.clone();
        }
        let mut queues = self.queues.write().unwrap_or_else(PoisonError::into_inner);
        if queues.len() >= MAX_TENANT_QUEUES {
            let limit = self.limit;
            queues
                .retain(|_, tenant_queue| Arc::strong_count(tenant_queue) > 1 || tenant_queue.inside.available_permits() < limit);
        }
        let tenant_queue =
            || Arc::new(TenantQueue { inside: Arc::new(Semaphore::new(self.limit)), waiting: AtomicUsize::new(0) });
        queues.entry(tenant).or_insert_with(tenant_queue).clone()
    }
}

/// A place in the queue; released on drop, so that a disconnected client does not keep it.
struct QueueSlot<'a>(&'a AtomicUsize);

impl<'a> QueueSlot<'a> {
    fn join_queue(waiting: &'a AtomicUsize, limit: usize) -> Option<Self> {
        let join = |count: usize| (count < limit).then_some(count + 1);
        waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, join).ok().map(|_| Self(waiting))
    }
}

impl Drop for QueueSlot<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tenant_waits_for_itself_and_for_nobody_else() {
        let limits = Arc::new(ConcurrencyLimits::new(2));
        let inside = [limits.enter(1).await.unwrap(), limits.enter(1).await.unwrap()];
        let waiting = limits.clone();
        let third = tokio::spawn(async move { waiting.enter(1).await.is_ok() });
        tokio::task::yield_now().await;
        assert!(!third.is_finished());
        limits.enter(2).await.unwrap();
        drop(inside);
        assert!(third.await.unwrap());
    }

    #[tokio::test]
    async fn a_queue_has_an_end_and_those_who_leave_make_room() {
        let limits = Arc::new(ConcurrencyLimits::new(1));
        let _inside = limits.enter(1).await.unwrap();
        let join = || {
            let limits = limits.clone();
            tokio::spawn(async move { limits.enter(1).await.map(drop) })
        };
        let queue: Vec<_> = (0..MAX_WAITING_PER_PERMIT).map(|_| join()).collect();
        tokio::task::yield_now().await;
        assert_eq!(limits.enter(1).await.unwrap_err(), QueueFull);
        queue[0].abort();
        tokio::task::yield_now().await;
        let next = join();
        tokio::task::yield_now().await;
        assert!(!next.is_finished(), "it waits where the one who left stood");
    }
}
