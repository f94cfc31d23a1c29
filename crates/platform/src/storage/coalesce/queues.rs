//! Queues of lookups, and the right to run the next statement of a queue.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use entity::prelude::TenantId;
use tokio::sync::oneshot;

use crate::storage::Fault;

/// Queues, one for each kind of lookup, by the types of its key and its value.
#[derive(Clone, Default)]
pub(in crate::storage) struct LoadQueues(Arc<Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>>);

impl LoadQueues {
    pub(super) fn of<K: Send + Sync + 'static, V: Send + Sync + 'static>(&self) -> Arc<LoadQueue<K, V>> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry(TypeId::of::<LoadQueue<K, V>>()).or_insert_with(|| Arc::new(LoadQueue::<K, V>(Mutex::default())));
        line.clone().downcast().unwrap_or_else(|_| Arc::new(LoadQueue(Mutex::default())))
    }
}

/// Values that one query found for all waiting requests.
pub(super) type LoadResult<K, V> = Result<Arc<HashMap<K, V>>, Fault>;

/// Tenants for which a statement runs, each with the requests that wait for the next one.
pub(super) struct LoadQueue<K, V>(Mutex<HashMap<TenantId, Vec<WaitingRequest<K, V>>>>);

pub(super) struct WaitingRequest<K, V> {
    pub(super) keys: Vec<K>,
    pub(super) turn: oneshot::Sender<LoadMessage<K, V>>,
}

/// Message to a waiting request.
pub(super) enum LoadMessage<K, V> {
    /// Result of a statement that another request ran for all.
    Found(LoadResult<K, V>),
    /// Run the statement, also for these waiting requests.
    Ask(Vec<WaitingRequest<K, V>>, LoadTurn<K, V>),
}

/// The right to run a statement for a tenant. When it is dropped, done or not, it passes to the
/// next request in the queue.
pub(super) struct LoadTurn<K, V> {
    pub(super) line: Arc<LoadQueue<K, V>>,
    pub(super) tenant: TenantId,
}

impl<K, V> LoadQueue<K, V> {
    pub(super) fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Vec<WaitingRequest<K, V>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Drop for LoadTurn<K, V> {
    fn drop(&mut self) {
        let mut waiting = {
            let mut tenants = self.line.lock();
            match tenants.get_mut(&self.tenant).map(std::mem::take) {
                Some(waiting) if !waiting.is_empty() => waiting,
                _ => {
                    tenants.remove(&self.tenant);
                    return;
                }
            }
        };
        let first = waiting.remove(0);
        let next_turn = Self { line: self.line.clone(), tenant: self.tenant };
        // If the first request is gone, the list and the right are dropped: the others lose their
        // channel and ask again.
        drop(first.turn.send(LoadMessage::Ask(waiting, next_turn)));
    }
}
