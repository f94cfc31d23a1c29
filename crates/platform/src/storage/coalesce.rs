//! Look-ups of many requests in one statement.
//!
//! A row by its id is the most frequent question there is, and under load many requests ask it at the same moment. While one statement of a
//! kind is on its way, whoever asks the same kind of question of the same tenant joins the next one: nobody waits for company, and the
//! number of statements falls as the load rises. A statement begins after everyone in it has asked, so each sees what it would have seen alone.

use std::{
    any::{Any, TypeId},
    collections::{HashMap, HashSet},
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use entity::prelude::TenantId;
use tokio::sync::oneshot;

use super::{Fault, Reads, TenantScope};

/// The most keys of one statement; what is more is asked for in several.
const MOST: usize = 1_000;

/// A line a kind of question, by the types of its key and its answer.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>>);

impl Lines {
    fn of<K: Send + Sync + 'static, V: Send + Sync + 'static>(&self) -> Arc<Line<K, V>> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let line = lines.entry(TypeId::of::<Line<K, V>>()).or_insert_with(|| Arc::new(Line::<K, V>(Mutex::default())));
        line.clone().downcast().unwrap_or_else(|_| Arc::new(Line(Mutex::default())))
    }
}

/// What was found for everyone who asked.
type Found<K, V> = Result<Arc<HashMap<K, V>>, Fault>;

/// The tenants that are being asked about; whoever asks meanwhile waits in the list.
struct Line<K, V>(Mutex<HashMap<TenantId, Vec<Waiting<K, V>>>>);

struct Waiting<K, V> {
    keys: Vec<K>,
    turn: oneshot::Sender<Turn<K, V>>,
}

/// What one who waits is told.
enum Turn<K, V> {
    /// Somebody asked for everyone.
    Found(Found<K, V>),
    /// To ask for these who wait too.
    Ask(Vec<Waiting<K, V>>, Asking<K, V>),
}

/// The right to ask about a tenant. When it is dropped, done or not, the next in line has it.
struct Asking<K, V> {
    line: Arc<Line<K, V>>,
    tenant: TenantId,
}

impl<K, V> Line<K, V> {
    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Vec<Waiting<K, V>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, V> Drop for Asking<K, V> {
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
        let asking = Self { line: self.line.clone(), tenant: self.tenant };
        // Whoever has gone meanwhile gives both back: the others are told by the loss of their channel and ask again.
        drop(first.turn.send(Turn::Ask(waiting, asking)));
    }
}

impl TenantScope {
    /// The values of the keys, those that there are, asked for together with what other requests ask. `load` is the same for everyone who
    /// asks with these types.
    pub async fn coalesce<K, V, F>(&self, keys: Vec<K>, load: impl Fn(Vec<K>) -> F) -> Result<HashMap<K, V>, Fault>
    where
        K: Copy + Eq + Hash + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
        F: Future<Output = Result<HashMap<K, V>, Fault>>,
    {
        let found = self.coalesced(&keys, load).await?;
        Ok(keys.iter().filter_map(|key| Some((*key, found.get(key)?.clone()))).collect())
    }

    async fn coalesced<K, V, F>(&self, keys: &[K], load: impl Fn(Vec<K>) -> F) -> Found<K, V>
    where
        K: Copy + Eq + Hash + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
        F: Future<Output = Result<HashMap<K, V>, Fault>>,
    {
        // These rows may be older than those that others ask for.
        if self.reads_apart() {
            let own: HashSet<K> = keys.iter().copied().collect();
            return ask(own.into_iter().collect(), &load).await.map(Arc::new);
        }
        let line = self.database().lines.of::<K, V>();
        loop {
            let turn = {
                let mut tenants = line.lock();
                if let Some(waiting) = tenants.get_mut(&self.tenant()) {
                    let (sender, turn) = oneshot::channel();
                    waiting.push(Waiting { keys: keys.to_vec(), turn: sender });
                    Some(turn)
                } else {
                    tenants.insert(self.tenant(), Vec::new());
                    None
                }
            };
            let (others, _asking) = match turn {
                None => (Vec::new(), Asking { line: line.clone(), tenant: self.tenant() }),
                Some(turn) => match turn.await {
                    Ok(Turn::Found(found)) => return found,
                    Ok(Turn::Ask(others, asking)) => (others, asking),
                    // Whoever was to ask for us went away.
                    Err(_) => continue,
                },
            };
            let mut all: HashSet<K> = keys.iter().copied().collect();
            all.extend(others.iter().flat_map(|other| &other.keys));
            let found = ask(all.into_iter().collect(), &load).await.map(Arc::new);
            for other in others {
                // Somebody who no longer waits needs no answer.
                let _ = other.turn.send(Turn::Found(found.clone()));
            }
            return found;
        }
    }
}

async fn ask<K, V, F>(keys: Vec<K>, load: &impl Fn(Vec<K>) -> F) -> Result<HashMap<K, V>, Fault>
where
    K: Copy + Eq + Hash,
    F: Future<Output = Result<HashMap<K, V>, Fault>>,
{
    let mut found = HashMap::with_capacity(keys.len());
    for some in keys.chunks(MOST) {
        found.extend(load(some.to_vec()).await?);
    }
    Ok(found)
}
