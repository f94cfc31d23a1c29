//! What a lane knows of its tenants: their state as it will be when the batch that is under way has been written.
//!
//! It needs no lock, because every transaction that could change what a decision rests on also moves the tenant's head, and a batch is
//! written only at the head it was decided on (`storage::AtHead`). So whatever is here may be stale, and then costs a second run, never a
//! wrong decision.

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

use super::{command::Queued, needs::Needs, parts::Parts};
use crate::stock::{
    core::{Facts, Level, LevelKey},
    rows::closed_through,
};

/// Tenants that a lane remembers; one more begins anew.
const TENANTS: usize = 64;
/// Levels remembered a tenant beyond those of the last batch: about a kilobyte each.
const LEVELS: usize = 4_096;
/// Products whose facts are remembered a tenant: about half a kilobyte each.
const PRODUCTS: usize = 20_000;

/// Batches whose keys are looked up after one that had been used before.
const LOOKUP_BATCHES: u32 = 64;

/// Whether to expect keys that have been used before. Most have not, and who writes one a second time is refused by the key itself; so keys
/// are looked up first only for a while after that has happened.
#[derive(Debug, Default)]
pub struct KeyLookupPolicy(AtomicU32);

impl KeyLookupPolicy {
    /// Whether to look up the keys of the next batch.
    pub fn are_expected(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
    /// One was met.
    pub fn met(&self) {
        self.0.store(LOOKUP_BATCHES, Ordering::Relaxed);
    }
}

/// A lane's tenants.
#[derive(Default)]
pub struct SpeculativeStates(HashMap<TenantId, SpeculativeState>);

impl SpeculativeStates {
    /// Takes a tenant's state out, or reads where its counter and, if it is wanted, its audit log stand. It is put back when the next batch
    /// is decided on it.
    pub async fn take(&mut self, scope: &TenantScope, tenant: TenantId, is_audited: bool) -> Result<SpeculativeState, Fault> {
        if let Some(speculative) = self.0.remove(&tenant) {
            return Ok(speculative);
        }
        // Read before everything else: what is read later is never older.
        let mut speculative = SpeculativeState::at(journal::counter(scope).await?, closed_through(scope).await?);
        if is_audited {
            speculative.chain = audit::rows::head(scope).await?.map(|head| head.chain);
        }
        Ok(speculative)
    }
    pub fn put(&mut self, tenant: TenantId, speculative: SpeculativeState) {
        if self.0.len() >= TENANTS {
            self.0.clear();
        }
        self.0.insert(tenant, speculative);
    }
    pub fn forget(&mut self, tenant: TenantId) {
        self.0.remove(&tenant);
    }
    /// Whether a key of these commands is in the batch that may still be under way.
    pub fn has_key_of(&self, tenant: TenantId, queue: &[Queued]) -> bool {
        let Some(speculative) = self.0.get(&tenant) else { return false };
        queue.iter().filter_map(|queued| queued.key.as_ref()).any(|key| speculative.keys.contains(key.key.as_str()))
    }
}

/// A tenant's state after the last batch that was decided.
pub struct SpeculativeState {
    pub counter: Counter,
    /// The end of the audit log; none when it has not begun, or nobody keeps one.
    pub chain: Option<Chain>,
    /// When the last batch was recorded.
    pub now: Timestamp,
    /// The last closed day of the books.
    pub closed_through: Option<i32>,
    pub levels: HashMap<LevelKey, Level>,
    products: HashMap<ProductId, Arc<Facts>>,
    /// Products that are kept by lots, and kits: few, in most tenants none.
    apart: HashSet<ProductId>,
    /// Time zone, and whether it is archived.
    stores: HashMap<StoreId, (String, bool)>,
    /// What documents remember, each kind for itself.
    pub memory: Parts,
    /// The idempotency keys of the last batch.
    keys: HashSet<String>,
}

impl SpeculativeState {
    fn at(counter: Counter, closed_through: Option<i32>) -> Self {
        Self {
            counter,
            chain: None,
            now: Timestamp(0),
            closed_through,
            levels: HashMap::new(),
            products: HashMap::new(),
            apart: HashSet::new(),
            stores: HashMap::new(),
            memory: Parts::default(),
            keys: HashSet::new(),
        }
    }

    /// Whether the facts of a level are not known.
    pub fn lacks_facts(&self, key: LevelKey) -> bool {
        !self.products.contains_key(&key.product) || !self.stores.contains_key(&key.store)
    }
    pub fn learn(&mut self, key: LevelKey, facts: Facts) {
        if facts.tracking != Tracking::None || facts.is_kit {
            self.apart.insert(key.product);
        }
        self.stores.insert(key.store, (facts.time_zone.clone(), facts.store_archived));
        self.products.insert(key.product, Arc::new(facts));
    }
    /// Whether any level is kept by lots, or is a kit's.
    pub fn has_any_apart(&self, needs: &Needs) -> bool {
        !self.apart.is_empty() && needs.levels.iter().any(|key| self.apart.contains(&key.product))
    }
    /// What the rules need to know of a level's product and store, as far as it is known.
    pub fn facts(&self, key: LevelKey) -> Option<Arc<Facts>> {
        let (product, (time_zone, store_archived)) = (self.products.get(&key.product)?, self.stores.get(&key.store)?);
        // Learnt with another store of the product; most are like it.
        if product.time_zone == *time_zone && product.store_archived == *store_archived {
            return Some(product.clone());
        }
        let (time_zone, store_archived) = (time_zone.clone(), *store_archived);
        Some(Arc::new(Facts { time_zone, store_archived, ..product.as_ref().clone() }))
    }

    /// Remembers what a batch decided; lets go of what grows too large.
    pub fn decided<'a>(&mut self, needs: &Needs, keys: impl Iterator<Item = &'a Key>) {
        self.keys.clear();
        self.keys.extend(keys.map(|key| key.key.clone()));
        if self.levels.len() > LEVELS {
            self.levels.retain(|key, _| needs.levels.contains(key));
        }
        if self.products.len() > PRODUCTS {
            self.products.clear();
        }
    }
}
