//! Models of tenants' catalogues on this node: one for each tenant, trained by one task at a time,
//! and cached until enough products have changed.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use entity::prelude::TenantId;
use inventory::catalog::events::{PRODUCT_ARCHIVED, PRODUCT_CREATED, PRODUCT_UPDATED};
use platform::storage::{
    Fault, Reads, TenantScope,
    journal::{self, Head, Kinds},
};
use tokio::time::timeout;

use crate::suggestions::core::{CategoryModel, Names, TagModel};

/// Maximum cached tenants; the least recently used is evicted.
const MAX_TENANTS: usize = 32;
/// Approximate maximum bytes of the cache.
const MAX_BYTES: usize = 64 << 20;
/// Maximum wait of a request for a model. Training continues without it, so a later request finds
/// the model.
const TRAINING_TIMEOUT: Duration = Duration::from_secs(5);
/// Tolerated share of changed products: one of this many.
const TOLERATED_SHARE: usize = 100;
/// Maximum events that are read for changed products; with more, the model is trained again.
const MAX_EVENTS: i64 = 50_000;

/// A model that is trained on a catalogue.
pub trait TrainedModel: Send + Sync + 'static {
    /// Returns the number of products that it was trained on.
    fn products(&self) -> usize;
    /// Returns its approximate size in bytes.
    fn bytes(&self) -> usize;
}

impl TrainedModel for CategoryModel {
    fn products(&self) -> usize {
        self.products
    }
    fn bytes(&self) -> usize {
        self.bytes
    }
}

impl TrainedModel for TagModel {
    fn products(&self) -> usize {
        self.products
    }
    fn bytes(&self) -> usize {
        self.bytes
    }
}

impl TrainedModel for Names {
    fn products(&self) -> usize {
        self.products
    }
    fn bytes(&self) -> usize {
        Names::bytes(self)
    }
}

/// A model, the head of the journal when it was last found current, and the changes of products up
/// to then.
struct CachedModel<T> {
    value: Arc<T>,
    head: Head,
    changes: usize,
}

impl<T> Clone for CachedModel<T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), head: self.head, changes: self.changes }
    }
}

/// A tenant's model, and the lock for training it.
struct Entry<T> {
    training_lock: Arc<tokio::sync::Mutex<()>>,
    cached: Mutex<Option<CachedModel<T>>>,
}

struct Tenants<T> {
    /// Count of requests so far: the number of the last one.
    requests: u64,
    /// Entries, each with the number of its last request.
    entries: HashMap<TenantId, (u64, Arc<Entry<T>>)>,
}

pub struct ModelCache<T>(Mutex<Tenants<T>>);

impl<T> Default for ModelCache<T> {
    fn default() -> Self {
        Self(Mutex::new(Tenants { requests: 0, entries: HashMap::new() }))
    }
}

impl<T> Default for Entry<T> {
    fn default() -> Self {
        Self { training_lock: Arc::default(), cached: Mutex::new(None) }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: TrainedModel> Entry<T> {
    fn cached_model(&self) -> Option<CachedModel<T>> {
        lock(&self.cached).clone()
    }

    fn store_model(&self, model: CachedModel<T>) {
        *lock(&self.cached) = Some(model);
    }

    /// Returns the model, unless more products have changed than are tolerated.
    async fn current_model(&self, scope: &TenantScope, now: Head) -> Result<Option<Arc<T>>, Fault> {
        let Some(model) = self.cached_model() else { return Ok(None) };
        let is_followed = model.head.epoch == now.epoch && model.head.seq >= now.low && now.seq - model.head.seq <= MAX_EVENTS;
        if !is_followed {
            return Ok(None);
        }
        let tolerated = model.value.products() / TOLERATED_SHARE;
        let mut changes = model.changes;
        if now.seq > model.head.seq {
            let kinds = Kinds::of(&[&PRODUCT_CREATED, &PRODUCT_UPDATED, &PRODUCT_ARCHIVED]);
            let events = journal::kinds_after(scope, &kinds, model.head.seq, tolerated as u32 + 1).await?;
            changes += events.iter().filter(|event| event.seq <= now.seq).count();
        }
        if changes > tolerated {
            return Ok(None);
        }
        let value = model.value.clone();
        self.store_model(CachedModel { head: now, changes, ..model });
        Ok(Some(value))
    }
}

impl<T: TrainedModel> ModelCache<T> {
    /// Returns the model of the tenant's catalogue in its current state, or nearly so. `learn` runs
    /// outside the request, once for all concurrent callers. After a timeout the previous value is
    /// returned, and `None` if there is none.
    pub async fn get<F>(self: &Arc<Self>, scope: &TenantScope, learn: F) -> Result<Option<Arc<T>>, Fault>
    where
        F: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        let entry = self.entry(scope.tenant());
        match timeout(TRAINING_TIMEOUT, self.get_or_train(entry.clone(), scope, learn)).await {
            Ok(trained) => trained.map(Some),
            Err(_) => Ok(entry.cached_model().map(|model| model.value)),
        }
    }

    async fn get_or_train<F>(self: &Arc<Self>, entry: Arc<Entry<T>>, scope: &TenantScope, learn: F) -> Result<Arc<T>, Fault>
    where
        F: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        let turn_guard = entry.training_lock.clone().lock_owned().await;
        let now = journal::master(scope).await?;
        if let Some(value) = entry.current_model(scope, now).await? {
            return Ok(value);
        }
        let cache = self.clone();
        let training_task = tokio::spawn(async move {
            let learned = learn.await.map(Arc::new);
            if let Ok(value) = &learned {
                entry.store_model(CachedModel { value: value.clone(), head: now, changes: 0 });
                cache.evict_to(MAX_BYTES);
            }
            drop(turn_guard);
            learned
        });
        training_task.await.map_err(|err| Fault::Broken(format!("learning from texts of products: {err}")))?
    }

    /// Returns the tenant's entry; a new one may evict another.
    fn entry(&self, tenant: TenantId) -> Arc<Entry<T>> {
        let mut tenants = lock(&self.0);
        tenants.requests += 1;
        let request = tenants.requests;
        if tenants.entries.len() >= MAX_TENANTS && !tenants.entries.contains_key(&tenant) {
            tenants.drop_oldest();
        }
        let (last, entry) = tenants.entries.entry(tenant).or_default();
        *last = request;
        entry.clone()
    }

    /// Evicts the least recently used entries until the rest takes at most `max_bytes`. One tenant
    /// stays.
    fn evict_to(&self, max_bytes: usize) {
        let mut tenants = lock(&self.0);
        while tenants.entries.len() > 1 && tenants.bytes() > max_bytes {
            tenants.drop_oldest();
        }
    }
}

impl<T: TrainedModel> Tenants<T> {
    fn drop_oldest(&mut self) {
        let oldest = self.entries.iter().min_by_key(|(_, (last, _))| *last).map(|(tenant, _)| *tenant);
        oldest.and_then(|tenant| self.entries.remove(&tenant));
    }
    fn bytes(&self) -> usize {
        self.entries.values().filter_map(|(_, entry)| entry.cached_model()).map(|model| model.value.bytes()).sum()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    struct Text(usize);
    impl TrainedModel for Text {
        fn products(&self) -> usize {
            1
        }
        fn bytes(&self) -> usize {
            self.0
        }
    }

    fn tenant(number: usize) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(number as u128))
    }

    fn cached_tenants(cache: &ModelCache<Text>) -> Vec<usize> {
        let mut kept: Vec<usize> = lock(&cache.0).entries.keys().map(|tenant| tenant.uuid().as_u128() as usize).collect();
        kept.sort_unstable();
        kept
    }

    #[test]
    fn catalogues_that_were_asked_for_longest_ago_are_forgotten() {
        let cache = ModelCache::<Text>::default();
        (1..=MAX_TENANTS).for_each(|number| drop(cache.entry(tenant(number))));
        cache.entry(tenant(1));
        cache.entry(tenant(99));
        let expected: Vec<usize> = std::iter::once(1).chain(3..=MAX_TENANTS).chain([99]).collect();
        assert_eq!(cached_tenants(&cache), expected, "of so many tenants, the second was asked for longest ago");
        let seen = Head { seq: 1, epoch: Uuid::nil(), low: 0 };
        for number in [3, 4, 5] {
            cache.entry(tenant(number)).store_model(CachedModel { value: Arc::new(Text(40)), head: seen, changes: 0 });
        }
        cache.evict_to(100);
        assert!(
            !cached_tenants(&cache).contains(&3) && cached_tenants(&cache).contains(&4),
            "two of three fit: {:?}",
            cached_tenants(&cache)
        );
        cache.evict_to(10);
        assert_eq!(cached_tenants(&cache), [5], "one stays, however large");
    }
}
