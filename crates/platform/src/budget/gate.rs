//! How much one tenant may have running at once on this node, so that its hundred clients do not keep another's one waiting.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Those who may wait at a gate, for each that may be inside.
const WAITING: usize = 16;

/// Gates that are remembered before idle ones are let go.
const REMEMBERED: usize = 10_000;

/// Too many wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crowded;

/// Lets its holder run; dropping it lets the next one in.
#[derive(Debug)]
pub struct Pass {
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug)]
struct Gate {
    inside: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// A gate for each tenant.
#[derive(Debug)]
pub struct Gates {
    /// Inside at once.
    most: usize,
    gates: RwLock<HashMap<u128, Arc<Gate>>>,
}

impl Gates {
    pub fn new(most: usize) -> Self {
        Self { most: most.clamp(1, Semaphore::MAX_PERMITS), gates: RwLock::default() }
    }

    /// Waits for its turn, first come, first served.
    ///
    /// # Errors
    /// There is a queue already that is as long as it may be.
    pub async fn enter(&self, tenant: u128) -> Result<Pass, Crowded> {
        let gate = self.gate(tenant);
        if let Ok(permit) = gate.inside.clone().try_acquire_owned() {
            return Ok(Pass { _permit: permit });
        }
        let place = Place::in_line(&gate.waiting, self.most.saturating_mul(WAITING)).ok_or(Crowded)?;
        let permit = gate.inside.clone().acquire_owned().await;
        drop(place);
        // The semaphore is never closed.
        permit.map(|permit| Pass { _permit: permit }).map_err(|_| Crowded)
    }

    fn gate(&self, tenant: u128) -> Arc<Gate> {
        if let Some(gate) = self.gates.read().unwrap_or_else(PoisonError::into_inner).get(&tenant) {
            return gate.clone();
        }
        let mut gates = self.gates.write().unwrap_or_else(PoisonError::into_inner);
        if gates.len() >= REMEMBERED {
            let most = self.most;
            gates.retain(|_, gate| Arc::strong_count(gate) > 1 || gate.inside.available_permits() < most);
        }
        let gate = || Arc::new(Gate { inside: Arc::new(Semaphore::new(self.most)), waiting: AtomicUsize::new(0) });
        gates.entry(tenant).or_insert_with(gate).clone()
    }
}

/// A place in the queue; given up on drop, so that a client that goes away does not keep it.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn in_line(waiting: &'a AtomicUsize, most: usize) -> Option<Self> {
        let join = |count: usize| (count < most).then_some(count + 1);
        waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, join).ok().map(|_| Self(waiting))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_tenant_waits_for_itself_and_for_nobody_else() {
        let gates = Arc::new(Gates::new(2));
        let inside = [gates.enter(1).await.unwrap(), gates.enter(1).await.unwrap()];
        let waiting = gates.clone();
        let third = tokio::spawn(async move { waiting.enter(1).await.is_ok() });
        tokio::task::yield_now().await;
        assert!(!third.is_finished());
        gates.enter(2).await.unwrap();
        drop(inside);
        assert!(third.await.unwrap());
    }

    #[tokio::test]
    async fn a_queue_has_an_end_and_those_who_leave_make_room() {
        let gates = Arc::new(Gates::new(1));
        let _inside = gates.enter(1).await.unwrap();
        let join = || {
            let gates = gates.clone();
            tokio::spawn(async move { gates.enter(1).await.map(drop) })
        };
        let queue: Vec<_> = (0..WAITING).map(|_| join()).collect();
        tokio::task::yield_now().await;
        assert_eq!(gates.enter(1).await.unwrap_err(), Crowded);
        queue[0].abort();
        tokio::task::yield_now().await;
        let next = join();
        tokio::task::yield_now().await;
        assert!(!next.is_finished(), "it waits where the one who left stood");
    }
}
