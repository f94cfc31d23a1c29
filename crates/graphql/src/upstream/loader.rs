//! Batching the look-ups of one request.
//!
//! async-graphql's `DataLoader` hands each batch to a spawned task, which another worker thread may
//! start before the siblings of a list have added their keys, so that one statement becomes two or
//! three by chance. Here the first caller waits until everything else in the request's own task has
//! been polled once, then loads all keys: the number of statements is always the same, and nothing
//! is spawned.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
    sync::{Mutex, MutexGuard, PoisonError},
};

use platform::storage::Fault;
use tokio::sync::oneshot;

use crate::fault::TopError;

/// Maximum keys of one statement; more keys take several statements.
const MAX: usize = 1_000;

/// Look-ups of one kind inside one request, remembered until `forget`.
pub struct Batcher<K, V>(Mutex<State<K, V>>);

struct State<K, V> {
    known_values: HashMap<K, Option<V>>,
    pending_keys: HashSet<K>,
    waiters: Vec<oneshot::Sender<Result<(), TopError>>>,
    has_leader: bool,
}

impl<K, V> Default for Batcher<K, V> {
    fn default() -> Self {
        Self(Mutex::new(State {
            known_values: HashMap::new(),
            pending_keys: HashSet::new(),
            waiters: Vec::new(),
            has_leader: false,
        }))
    }
}

/// Task that loads the batch. If it is dropped before the batch is loaded, as when a sibling field
/// failed, the waiting tasks choose another leader.
struct Leader<'a, K, V>(&'a Batcher<K, V>);
impl<K, V> Drop for Leader<'_, K, V> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.has_leader = false;
        state.waiters.clear();
    }
}

enum Role<V> {
    Knows(Vec<Option<V>>),
    Leads,
    Waits(oneshot::Receiver<Result<(), TopError>>),
}

impl<K, V> Batcher<K, V> {
    fn lock(&self) -> MutexGuard<'_, State<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// Adds a value that was read together with something else.
    pub fn prime(&self, key: K, value: Option<V>)
    where
        K: Eq + Hash,
    {
        self.lock().known_values.insert(key, value);
    }
    /// Clears the values after a write.
    pub fn forget(&self) {
        self.lock().known_values.clear();
    }
}

impl<K: Copy + Eq + Hash, V: Clone> Batcher<K, V> {
    /// Returns the value of `key`, loaded together with all others that are currently requested.
    /// `load` returns the values that exist.
    pub async fn one<F>(&self, key: K, load: impl Fn(Vec<K>) -> F) -> Result<Option<V>, TopError>
    where
        F: Future<Output = Result<HashMap<K, V>, Fault>>,
    {
        Ok(self.many(&[key], load).await?.pop().flatten())
    }

    /// The values of several keys, in their order.
    pub async fn many<F>(&self, keys: &[K], load: impl Fn(Vec<K>) -> F) -> Result<Vec<Option<V>>, TopError>
    where
        F: Future<Output = Result<HashMap<K, V>, Fault>>,
    {
        let mut role = self.role(keys);
        loop {
            match role {
                Role::Knows(values) => return Ok(values),
                Role::Leads => {
                    let leader = Leader(self);
                    tokio::task::yield_now().await;
                    // Boxed, because the engine moves futures of the size of an object's largest
                    // field, for each of its fields.
                    Box::pin(self.load_batch(&leader, &load)).await?;
                }
                Role::Waits(answer) => {
                    if let Ok(answer) = answer.await {
                        answer?;
                    }
                }
            }
            role = self.role(keys);
        }
    }

    fn role(&self, keys: &[K]) -> Role<V> {
        let state = &mut *self.lock();
        let loaded: Option<Vec<_>> = keys.iter().map(|key| state.known_values.get(key).cloned()).collect();
        if let Some(values) = loaded {
            return Role::Knows(values);
        }
        state.pending_keys.extend(keys.iter().filter(|key| !state.known_values.contains_key(key)));
        if state.has_leader {
            let (sender, receiver) = oneshot::channel();
            state.waiters.push(sender);
            return Role::Waits(receiver);
        }
        state.has_leader = true;
        Role::Leads
    }

    async fn load_batch<F>(&self, _: &Leader<'_, K, V>, load: &impl Fn(Vec<K>) -> F) -> Result<(), TopError>
    where
        F: Future<Output = Result<HashMap<K, V>, Fault>>,
    {
        let requested_keys: Vec<K> = self.lock().pending_keys.drain().collect();
        let mut answer = Ok(());
        for keys in requested_keys.chunks(MAX) {
            match load(keys.to_vec()).await {
                Ok(mut loaded_values) => {
                    let mut state = self.lock();
                    for key in keys {
                        let value = loaded_values.remove(key);
                        state.known_values.insert(*key, value);
                    }
                }
                Err(fault) => answer = Err(TopError::from(fault)),
            }
        }
        for waiter in std::mem::take(&mut self.lock().waiters) {
            let _ = waiter.send(answer.clone());
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        time::Duration,
    };

    use async_graphql::{
        dataloader::{DataLoader, Loader},
        runtime::Timer,
    };
    use futures_util::{
        FutureExt,
        future::{BoxFuture, join, ready},
        task::{FutureObj, Spawn, SpawnError},
    };

    use super::*;

    /// Runs a task as soon as it is spawned, as another worker thread may.
    struct Eager;

    impl Spawn for Eager {
        fn spawn_obj(&self, task: FutureObj<'static, ()>) -> Result<(), SpawnError> {
            assert!(task.now_or_never().is_some());
            Ok(())
        }
    }

    impl Timer for Eager {
        fn delay(&self, _: Duration) -> BoxFuture<'static, ()> {
            ready(()).boxed()
        }
    }

    /// Counts its batches.
    struct Batches(Arc<AtomicUsize>);

    impl Loader<u8> for Batches {
        type Value = u8;
        type Error = Infallible;

        async fn load(&self, keys: &[u8]) -> Result<HashMap<u8, u8>, Infallible> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(keys.iter().map(|key| (*key, *key)).collect())
        }
    }

    #[tokio::test]
    async fn the_engine_still_divides_siblings_by_when_its_task_is_run() {
        let batches = Arc::new(AtomicUsize::new(0));
        let loader = DataLoader::new(Batches(batches.clone()), Eager, Eager);
        let found = join(loader.load_one(1_u8), loader.load_one(2_u8)).await;
        assert_eq!(found, (Ok(Some(1)), Ok(Some(2))));
        assert_eq!(batches.load(Ordering::Relaxed), 2, "with 1 it waits for siblings: see whether this file may go");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn siblings_are_one_batch() {
        let (batcher, batches) = (Batcher::<u32, String>::default(), AtomicUsize::new(0));
        let load = |keys: Vec<u32>| {
            batches.fetch_add(1, Ordering::Relaxed);
            async move { Ok(keys.into_iter().filter(|k| k % 7 != 0).map(|k| (k, k.to_string())).collect()) }
        };
        let all = futures_util::future::join_all((0..200).map(|key| batcher.one(key % 50, load))).await;
        assert_eq!(batches.load(Ordering::Relaxed), 1);
        assert_eq!(all[53].as_ref().unwrap().as_deref(), Some("3"));
        assert_eq!(all[7].as_ref().unwrap(), &None);
    }

    #[tokio::test]
    async fn a_dropped_leader_is_replaced() {
        let batcher = Batcher::<u32, u32>::default();
        let load = |keys: Vec<u32>| async move { Ok(keys.into_iter().map(|k| (k, k)).collect()) };
        let mut first = Box::pin(batcher.one(1, load));
        assert!(futures_util::poll!(first.as_mut()).is_pending());
        let second = batcher.one(2, load);
        drop(first);
        assert_eq!(second.await.unwrap(), Some(2));
    }
}
