//! Parsed documents by their text: bounded by number and weight, read by many threads at once.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use async_graphql::Name;

use super::operation::Operation;

/// Number of shards: enough that two threads seldom wait for one another, few enough that a shard's
/// share of the limits is useful.
const SHARDS: usize = 16;

/// A document that passed the guard.
pub struct Document {
    pub(super) operations: Vec<(Option<Name>, Arc<Operation>)>,
    /// Approximate size in memory, in bytes.
    pub(super) weight: usize,
}

struct Entry {
    document: Arc<Document>,
    /// Used since the last sweep. Set on reading, so that reading needs no exclusive lock.
    recent: AtomicBool,
}

#[derive(Default)]
struct Shard {
    entries: HashMap<Arc<str>, Entry>,
    weight: usize,
}

pub struct Cache {
    shards: [RwLock<Shard>; SHARDS],
    entries_a_shard: usize,
    weight_a_shard: usize,
}

impl Cache {
    pub fn new(entries: usize, weight: usize) -> Self {
        let shards = std::array::from_fn(|_| RwLock::default());
        Self { shards, entries_a_shard: entries.div_ceil(SHARDS), weight_a_shard: weight.div_ceil(SHARDS) }
    }

    pub fn get(&self, text: &str) -> Option<Arc<Document>> {
        let shard = self.shard(text).read().unwrap_or_else(PoisonError::into_inner);
        let entry = shard.entries.get(text)?;
        // A plain load first: storing each time would have all threads fight for the cache line.
        if !entry.recent.load(Ordering::Relaxed) {
            entry.recent.store(true, Ordering::Relaxed);
        }
        Some(entry.document.clone())
    }

    /// Keeps the document unless it alone is heavier than a shard may be.
    pub fn put(&self, text: &str, document: Arc<Document>) {
        let weight = document.weight;
        if weight > self.weight_a_shard || self.entries_a_shard == 0 {
            return;
        }
        let mut shard = self.shard(text).write().unwrap_or_else(PoisonError::into_inner);
        while shard.entries.len() >= self.entries_a_shard || shard.weight + weight > self.weight_a_shard {
            shard.sweep();
        }
        if shard.entries.insert(text.into(), Entry { document, recent: AtomicBool::new(false) }).is_none() {
            shard.weight += weight;
        }
    }

    /// Returns the number of cached documents.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.read().unwrap_or_else(PoisonError::into_inner).entries.len()).sum()
    }

    fn shard(&self, text: &str) -> &RwLock<Shard> {
        // The map hashes the text with its own key; any cheap distribution will do here, so a
        // sample of the bytes suffices.
        let step = text.len() / 16 + 1;
        let spread = |hash: usize, byte: &u8| (hash ^ usize::from(*byte)).wrapping_mul(0x0100_0193);
        let hash = text.as_bytes().iter().rev().step_by(step).fold(text.len(), spread);
        &self.shards[(hash >> 8) % SHARDS]
    }
}

impl Shard {
    /// Second chance: removes entries that were not used since the last sweep; if all were used,
    /// removes an arbitrary half.
    fn sweep(&mut self) {
        let previous_count = self.entries.len();
        self.entries.retain(|_, entry| entry.recent.swap(false, Ordering::Relaxed));
        if self.entries.len() == previous_count {
            let mut keep = false;
            self.entries.retain(|_, _| {
                keep = !keep;
                keep && previous_count > 1
            });
        }
        self.weight = self.entries.values().map(|entry| entry.document.weight).sum();
    }
}
