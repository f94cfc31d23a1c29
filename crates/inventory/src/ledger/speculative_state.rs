//! Speculative state of a lane's tenants: as it will be when the batch under way has been written.
//!
//! It needs no lock, because every transaction that could affect a decision also moves the tenant's
//! head, and a batch is written only at the head and in the epoch it was decided on
//! (`storage::HeadBoundRows`). So stale state costs a second run, never a wrong decision.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use entity::prelude::*;
use platform::{
    audit::{self, Chain},
    storage::{
        Fault, TenantScope,
        idempotency::Key,
        journal::{self, Counter},
    },
};

use super::{command::QueuedCommand, needs::Needs, parts::Parts};
use crate::{
    catalog::core::handling::HandlingTime,
    stock::{
        core::{Facts, Level, LevelKey},
        rows::load_closed_through,
    },
};

/// Maximum tenants that a lane caches; the least recently used are evicted.
const TENANTS: usize = 1_024;
/// Maximum levels that a lane caches, of one tenant or of all of them: a quarter of a kilobyte
/// each, so some 30 MB if all are in use, as many as fit into a map of 131,072 slots. The least
/// recently used tenants are evicted first; within a single tenant, the levels that changed longest ago.
const LEVELS: usize = 114_688;
/// Maximum products of a tenant whose facts are cached: about half a kilobyte each.
const PRODUCTS: usize = 20_000;

/// Batches whose keys are looked up after a used key was found.
const KEY_LOOKUP_BATCHES: u32 = 64;

/// Decides if used keys are to be expected. Most keys are new, and a repeated one is refused by the
/// unique index of keys; so keys are looked up first only for a while after a used one was found.
#[derive(Debug, Default)]
pub struct KeyLookupPolicy(AtomicU32);

impl KeyLookupPolicy {
    /// True if the keys of the next batch are looked up first.
    pub fn are_expected(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |lookups_left| lookups_left.checked_sub(1)).is_ok()
    }
    /// Notes that a used key was found.
    pub fn note_key_found(&self) {
        self.0.store(KEY_LOOKUP_BATCHES, Ordering::Relaxed);
    }
}

/// The speculative states of a lane's tenants.
#[derive(Default)]
pub struct SpeculativeStates {
    states: HashMap<TenantId, SpeculativeState>,
    /// Counts the states that were put here, which orders tenants by last use.
    clock: u64,
    levels: usize,
}

impl SpeculativeStates {
    /// Takes a tenant's state out. It is put back when the next batch is decided on it.
    pub fn take(&mut self, tenant: TenantId) -> Option<SpeculativeState> {
        let state = self.states.remove(&tenant)?;
        self.levels -= state.levels.len();
        Some(state)
    }
    pub fn put(&mut self, tenant: TenantId, mut speculative: SpeculativeState) {
        self.clock += 1;
        speculative.last_use = self.clock;
        self.levels += speculative.levels.len();
        self.states.insert(tenant, speculative);
        if self.states.len() > TENANTS || self.levels > LEVELS {
            self.evict_half();
        }
    }
    fn evict_half(&mut self) {
        let mut last_uses: Vec<u64> = self.states.values().map(|state| state.last_use).collect();
        let median = last_uses.len() / 2;
        let (_, median, _) = last_uses.select_nth_unstable(median);
        let median = *median;
        self.states.retain(|_, state| state.last_use >= median);
        self.levels = self.states.values().map(|state| state.levels.len()).sum();
    }
    pub fn forget(&mut self, tenant: TenantId) {
        self.take(tenant);
    }
    /// True if one of these commands' keys is in the batch that may still be under way.
    pub fn has_key_of(&self, tenant: TenantId, queue: &[QueuedCommand]) -> bool {
        let Some(speculative) = self.states.get(&tenant) else { return false };
        queue.iter().filter_map(|queued| queued.key.as_ref()).any(|key| speculative.keys.contains(key.key.as_str()))
    }
}

/// Properties of a store that the rules need.
struct KnownStore {
    time_zone: String,
    is_archived: bool,
    handling: Option<Arc<HandlingTime>>,
}

impl From<&Facts> for KnownStore {
    fn from(facts: &Facts) -> Self {
        Self { time_zone: facts.time_zone.clone(), is_archived: facts.store_archived, handling: facts.handling.clone() }
    }
}

/// A tenant's state after the last decided batch.
pub struct SpeculativeState {
    pub counter: Counter,
    /// The end of the audit log; None if it has no entries, or none is kept.
    pub chain: Option<Chain>,
    /// Time at which the last batch was recorded.
    pub now: Timestamp,
    /// The last closed day of the books.
    pub closed_through: Option<i32>,
    pub levels: HashMap<LevelKey, Level>,
    products: HashMap<ProductId, Arc<Facts>>,
    /// Products with lots, and kits: few, in most tenants none.
    lots_and_kits: HashSet<ProductId>,
    stores: HashMap<StoreId, KnownStore>,
    /// Memory of documents, by kind.
    pub memory: Parts,
    /// The idempotency keys of the last batch.
    keys: HashSet<String>,
    last_use: u64,
}

impl SpeculativeState {
    /// Reads a tenant's counter and, if `is_audited`, the end of its audit log.
    pub async fn read(scope: &TenantScope, is_audited: bool) -> Result<Self, Fault> {
        // The counter is read first: rows read later are never older.
        let counter = journal::counter(scope).await?;
        let chain = async { if is_audited { audit::rows::head(scope).await } else { Ok(None) } };
        let (closed_through, head) = tokio::try_join!(load_closed_through(scope), chain)?;
        Ok(Self { chain: head.map(|head| head.chain), ..Self::at(counter, closed_through) })
    }

    fn at(counter: Counter, closed_through: Option<i32>) -> Self {
        Self {
            last_use: 0,
            counter,
            chain: None,
            now: counter.recorded_at,
            closed_through,
            levels: HashMap::new(),
            products: HashMap::new(),
            lots_and_kits: HashSet::new(),
            stores: HashMap::new(),
            memory: Parts::default(),
            keys: HashSet::new(),
        }
    }

    /// True if the facts of a level are not cached.
    pub fn lacks_facts(&self, key: LevelKey) -> bool {
        !self.products.contains_key(&key.product) || !self.stores.contains_key(&key.store)
    }
    pub fn cache_facts(&mut self, key: LevelKey, facts: impl Into<Arc<Facts>>) {
        let facts = facts.into();
        if facts.tracking != Tracking::None || facts.is_kit {
            self.lots_and_kits.insert(key.product);
        }
        self.stores.insert(key.store, KnownStore::from(facts.as_ref()));
        self.products.insert(key.product, facts);
    }
    /// True if the product of any level has lots, or is a kit.
    pub fn has_lots_or_kits(&self, needs: &Needs) -> bool {
        !self.lots_and_kits.is_empty() && needs.levels.iter().any(|key| self.lots_and_kits.contains(&key.product))
    }
    /// Returns the facts of a level's product and store that the rules need; None if they are not
    /// in memory.
    pub fn facts(&self, key: LevelKey) -> Option<Arc<Facts>> {
        let (product, store) = (self.products.get(&key.product)?, self.stores.get(&key.store)?);
        // The cached facts come from another store of the product; most stores are alike.
        let is_like_it = product.time_zone == store.time_zone
            && product.store_archived == store.is_archived
            && product.handling == store.handling;
        if is_like_it {
            return Some(product.clone());
        }
        let (time_zone, handling) = (store.time_zone.clone(), store.handling.clone());
        Some(Arc::new(Facts { time_zone, store_archived: store.is_archived, handling, ..product.as_ref().clone() }))
    }

    /// Caches the results of a batch; evicts from caches that have grown too large.
    pub fn cache_results<'a>(&mut self, needs: &Needs, keys: impl Iterator<Item = &'a Key>) {
        self.keys.clear();
        self.keys.extend(keys.map(|key| key.key.clone()));
        if self.levels.len() > LEVELS {
            let median_seq = median(self.levels.values().map(|level| level.seq).collect());
            self.levels.retain(|key, level| level.seq > median_seq || needs.levels.contains(key));
        }
        if self.products.len() > PRODUCTS {
            self.products.clear();
        }
    }
}

/// Returns the median of some numbers: half of them are greater, or fewer if many are equal.
fn median(mut numbers: Vec<i64>) -> i64 {
    let middle_index = numbers.len() / 2;
    if numbers.is_empty() { 0 } else { *numbers.select_nth_unstable(middle_index).1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_most_half_is_beyond_the_middle_however_many_are_alike() {
        for (numbers, beyond) in
            [(vec![], 0), (vec![7], 0), (vec![4, 1, 3, 2], 1), (vec![5, 1, 4, 2, 3], 2), (vec![9; 8], 0), (vec![1, 2, 2, 2], 0)]
        {
            let middle = median(numbers.clone());
            assert_eq!(numbers.iter().filter(|number| **number > middle).count(), beyond, "{numbers:?}");
        }
    }
}
