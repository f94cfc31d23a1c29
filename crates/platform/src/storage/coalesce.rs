//! Lookups of many requests in one statement.
//!
//! A lookup of rows by ID is the most frequent query, and under load many requests make it at the
//! same moment. While one statement of a kind runs, further lookups of that kind for the same
//! tenant join the next statement: no request waits for others to join, and the number of
//! statements per request falls as the load rises. A statement begins after all requests in it have
//! been made, so each sees what it would have seen alone.

mod queues;

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    sync::Arc,
};

use tokio::sync::oneshot;

pub(super) use self::queues::LoadQueues;
use self::queues::{LoadMessage, LoadResult, LoadTurn, WaitingRequest};
use super::{Fault, Reads, TenantScope};

/// Maximum keys of one statement; more keys need several statements.
const MAX: usize = 1_000;

impl TenantScope {
    /// Returns the values of the keys that exist, looked up together with those of other requests.
    /// `load` must be the same in all calls with these types.
    pub async fn coalesce<K, V, F>(&self, keys: Vec<K>, load: impl Fn(Vec<K>) -> F) -> Result<HashMap<K, V>, Fault>
    where
        K: Copy + Eq + Hash + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
        F: Future<Output = Result<HashMap<K, V>, Fault>>,
    {
        let shared_values = self.load_coalesced(&keys, load).await?;
        Ok(keys.iter().filter_map(|key| Some((*key, shared_values.get(key)?.clone()))).collect())
    }

    async fn load_coalesced<K, V, F>(&self, keys: &[K], load: impl Fn(Vec<K>) -> F) -> LoadResult<K, V>
    where
        K: Copy + Eq + Hash + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
        F: Future<Output = Result<HashMap<K, V>, Fault>>,
    {
        // These rows may be older than those that other requests need.
        if self.may_be_stale() {
            let own_keys: HashSet<K> = keys.iter().copied().collect();
            return run_load(own_keys.into_iter().collect(), &load).await.map(Arc::new);
        }
        let line = self.database().lines.of::<K, V>();
        loop {
            let receiver = {
                let mut tenants = line.lock();
                if let Some(waiting) = tenants.get_mut(&self.tenant()) {
                    let (sender, receiver) = oneshot::channel();
                    waiting.push(WaitingRequest { keys: keys.to_vec(), turn: sender });
                    Some(receiver)
                } else {
                    tenants.insert(self.tenant(), Vec::new());
                    None
                }
            };
            let (other_requests, _asking) = match receiver {
                None => (Vec::new(), LoadTurn { line: line.clone(), tenant: self.tenant() }),
                Some(receiver) => match receiver.await {
                    Ok(LoadMessage::Found(found)) => return found,
                    Ok(LoadMessage::Ask(other_requests, load_turn)) => (other_requests, load_turn),
                    // The request that was to ask for this one is gone.
                    Err(_) => continue,
                },
            };
            let mut all_keys: HashSet<K> = keys.iter().copied().collect();
            all_keys.extend(other_requests.iter().flat_map(|other| &other.keys));
            let found = run_load(all_keys.into_iter().collect(), &load).await.map(Arc::new);
            for other in other_requests {
                // The send fails if the request no longer waits, which is fine.
                let _ = other.turn.send(LoadMessage::Found(found.clone()));
            }
            return found;
        }
    }
}

async fn run_load<K, V, F>(keys: Vec<K>, load: &impl Fn(Vec<K>) -> F) -> Result<HashMap<K, V>, Fault>
where
    K: Copy + Eq + Hash,
    F: Future<Output = Result<HashMap<K, V>, Fault>>,
{
    let mut values = HashMap::with_capacity(keys.len());
    for chunk in keys.chunks(MAX) {
        values.extend(load(chunk.to_vec()).await?);
    }
    Ok(values)
}
