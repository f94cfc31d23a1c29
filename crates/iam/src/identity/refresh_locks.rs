//! Serializes calls with the same refresh token: each waits in this process for the one before it,
//! and none holds a connection of the database while it waits. A call that is cancelled, at any
//! moment, leaves no state behind.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

/// Hash of a token.
type Key = [u8; 32];

/// Clones share the queues.
#[derive(Clone, Default)]
pub struct KeyedQueues(Arc<Mutex<HashMap<Key, Arc<Queue<()>>>>>);

/// The right to proceed. Dropping it lets the next call proceed.
pub struct QueueGuard {
    // Dropped before the position, which counts the remaining calls.
    _held: OwnedMutexGuard<()>,
    _position: QueuePosition,
}

/// A position in a queue, waiting or active. The last one removes the queue.
struct QueuePosition {
    key: Key,
    queue: Arc<Queue<()>>,
    turns: KeyedQueues,
}

impl KeyedQueues {
    pub async fn of(&self, key: Key) -> QueueGuard {
        let queue = self.lock().entry(key).or_default().clone();
        let position = QueuePosition { key, queue, turns: self.clone() };
        let guard = position.queue.clone().lock_owned().await;
        QueueGuard { _held: guard, _position: position }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Arc<Queue<()>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for QueuePosition {
    fn drop(&mut self) {
        let mut queues = self.turns.lock();
        // The map has one, and this place; every other place has one too.
        if Arc::strong_count(&self.queue) == 2 {
            queues.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn one_after_the_other_and_others_beside_them() {
        let turns = KeyedQueues::default();
        let first = turns.of([1; 32]).await;
        let soon = Duration::from_millis(20);
        assert!(tokio::time::timeout(soon, turns.of([1; 32])).await.is_err(), "it waits");
        drop(turns.of([2; 32]).await);
        drop(first);
        assert!(tokio::time::timeout(soon, turns.of([1; 32])).await.is_ok());
        assert!(turns.lock().is_empty());
    }

    #[tokio::test]
    async fn whoever_leaves_leaves_nothing_behind() {
        let turns = KeyedQueues::default();
        let first = turns.of([1; 32]).await;
        let waiting: Vec<_> = (0..8)
            .map(|_| {
                let turns = turns.clone();
                tokio::spawn(async move { drop(turns.of([1; 32]).await) })
            })
            .collect();
        tokio::task::yield_now().await;
        waiting.iter().step_by(2).for_each(tokio::task::JoinHandle::abort);
        drop(first);
        for one in waiting {
            let _ = one.await;
        }
        let leaves = turns.of([1; 32]).await;
        let queued = turns.clone();
        let gone = tokio::spawn(async move { drop(queued.of([1; 32]).await) });
        tokio::task::yield_now().await;
        drop(leaves);
        gone.abort();
        let _ = gone.await;
        assert!(turns.lock().is_empty(), "{} queues of nobody", turns.lock().len());
    }
}
