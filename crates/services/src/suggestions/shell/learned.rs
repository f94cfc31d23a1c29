//! What this node has learned of tenants' catalogues: for each tenant one thing, learned once at a time, kept until enough products have changed.

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

/// Tenants whose catalogues are kept; the one that was asked for longest ago gives way.
const MOST_TENANTS: usize = 32;
/// Bytes of all that is kept, about.
const MOST_BYTES: usize = 64 << 20;
/// A request's wait for learning. Learning goes on without it, so a later request finds it done.
const PATIENCE: Duration = Duration::from_secs(5);
/// Changed products that are tolerated: one of so many.
const TOLERATED: usize = 100;
/// Events that are looked through for changed products; beyond, it is learned again.
const MOST_EVENTS: i64 = 50_000;

/// Something that is learned of a catalogue.
pub trait Learned: Send + Sync + 'static {
    /// Products that it was learned from.
    fn products(&self) -> usize;
    /// Bytes that it takes, about.
    fn bytes(&self) -> usize;
}

impl Learned for CategoryModel {
    fn products(&self) -> usize {
        self.products
    }
    fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Learned for TagModel {
    fn products(&self) -> usize {
        self.products
    }
    fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Learned for Names {
    fn products(&self) -> usize {
        self.products
    }
    fn bytes(&self) -> usize {
        Names::bytes(self)
    }
}

/// A value, where the journal stood when it was last found current, and how many changes of products there were until then.
struct Held<T> {
    value: Arc<T>,
    seen: Head,
    changes: usize,
}

impl<T> Clone for Held<T> {
    fn clone(&self) -> Self {
        Self { value: self.value.clone(), seen: self.seen, changes: self.changes }
    }
}

/// A tenant's value, and the turn to learn it.
struct Entry<T> {
    turn: Arc<tokio::sync::Mutex<()>>,
    held: Mutex<Option<Held<T>>>,
}

struct Tenants<T> {
    /// Count of requests so far: the number of the last one.
    requests: u64,
    /// Each with the number of its last request.
    entries: HashMap<TenantId, (u64, Arc<Entry<T>>)>,
}

pub struct LearnedCache<T>(Mutex<Tenants<T>>);

impl<T> Default for LearnedCache<T> {
    fn default() -> Self {
        Self(Mutex::new(Tenants { requests: 0, entries: HashMap::new() }))
    }
}

impl<T> Default for Entry<T> {
    fn default() -> Self {
        Self { turn: Arc::default(), held: Mutex::new(None) }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Learned> Entry<T> {
    fn held(&self) -> Option<Held<T>> {
        lock(&self.held).clone()
    }

    fn hold(&self, held: Held<T>) {
        *lock(&self.held) = Some(held);
    }

    /// The value, unless more products have changed than are tolerated.
    async fn current(&self, scope: &TenantScope, now: Head) -> Result<Option<Arc<T>>, Fault> {
        let Some(held) = self.held() else { return Ok(None) };
        let is_followed = held.seen.epoch == now.epoch && held.seen.seq >= now.low && now.seq - held.seen.seq <= MOST_EVENTS;
        if !is_followed {
            return Ok(None);
        }
        let tolerated = held.value.products() / TOLERATED;
        let mut changes = held.changes;
        if now.seq > held.seen.seq {
            let kinds = Kinds::of(&[&PRODUCT_CREATED, &PRODUCT_UPDATED, &PRODUCT_ARCHIVED]);
            let events = journal::kinds_after(scope, &kinds, held.seen.seq, tolerated as u32 + 1).await?;
            changes += events.iter().filter(|event| event.seq <= now.seq).count();
        }
        if changes > tolerated {
            return Ok(None);
        }
        let value = held.value.clone();
        self.hold(Held { seen: now, changes, ..held });
        Ok(Some(value))
    }
}

impl<T: Learned> LearnedCache<T> {
    /// What is learned of the tenant's catalogue as it stands now, or nearly so. `learn` runs beside the request, once for all who ask meanwhile.
    /// After a while the value of before is returned, and None if there is none.
    pub async fn get<F>(self: &Arc<Self>, scope: &TenantScope, learn: F) -> Result<Option<Arc<T>>, Fault>
    where
        F: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        let entry = self.entry(scope.tenant());
        match timeout(PATIENCE, self.fresh(entry.clone(), scope, learn)).await {
            Ok(found) => found.map(Some),
            Err(_) => Ok(entry.held().map(|held| held.value)),
        }
    }

    async fn fresh<F>(self: &Arc<Self>, entry: Arc<Entry<T>>, scope: &TenantScope, learn: F) -> Result<Arc<T>, Fault>
    where
        F: Future<Output = Result<T, Fault>> + Send + 'static,
    {
        let turn = entry.turn.clone().lock_owned().await;
        let now = journal::master(scope).await?;
        if let Some(value) = entry.current(scope, now).await? {
            return Ok(value);
        }
        let cache = self.clone();
        let learning = tokio::spawn(async move {
            let learned = learn.await.map(Arc::new);
            if let Ok(value) = &learned {
                entry.hold(Held { value: value.clone(), seen: now, changes: 0 });
                cache.shrink(MOST_BYTES);
            }
            drop(turn);
            learned
        });
        learning.await.map_err(|err| Fault::Broken(format!("learning from texts of products: {err}")))?
    }

    /// The tenant's entry; a new one may push out another.
    fn entry(&self, tenant: TenantId) -> Arc<Entry<T>> {
        let mut tenants = lock(&self.0);
        tenants.requests += 1;
        let request = tenants.requests;
        if tenants.entries.len() >= MOST_TENANTS && !tenants.entries.contains_key(&tenant) {
            tenants.drop_oldest();
        }
        let (last, entry) = tenants.entries.entry(tenant).or_default();
        *last = request;
        entry.clone()
    }

    /// Gives up what was asked for longest ago until the rest takes no more than so many bytes. One tenant stays.
    fn shrink(&self, most: usize) {
        let mut tenants = lock(&self.0);
        while tenants.entries.len() > 1 && tenants.bytes() > most {
            tenants.drop_oldest();
        }
    }
}

impl<T: Learned> Tenants<T> {
    fn drop_oldest(&mut self) {
        let oldest = self.entries.iter().min_by_key(|(_, (last, _))| *last).map(|(tenant, _)| *tenant);
        oldest.and_then(|tenant| self.entries.remove(&tenant));
    }
    fn bytes(&self) -> usize {
        self.entries.values().filter_map(|(_, entry)| entry.held()).map(|held| held.value.bytes()).sum()
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    struct Text(usize);
    impl Learned for Text {
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

    fn kept(cache: &LearnedCache<Text>) -> Vec<usize> {
        let mut kept: Vec<usize> = lock(&cache.0).entries.keys().map(|tenant| tenant.uuid().as_u128() as usize).collect();
        kept.sort_unstable();
        kept
    }

    #[test]
    fn catalogues_that_were_asked_for_longest_ago_are_forgotten() {
        let cache = LearnedCache::<Text>::default();
        (1..=MOST_TENANTS).for_each(|number| drop(cache.entry(tenant(number))));
        cache.entry(tenant(1));
        cache.entry(tenant(99));
        let expected: Vec<usize> = std::iter::once(1).chain(3..=MOST_TENANTS).chain([99]).collect();
        assert_eq!(kept(&cache), expected, "of so many tenants, the second was asked for longest ago");
        let seen = Head { seq: 1, epoch: Uuid::nil(), low: 0 };
        for number in [3, 4, 5] {
            cache.entry(tenant(number)).hold(Held { value: Arc::new(Text(40)), seen, changes: 0 });
        }
        cache.shrink(100);
        assert!(!kept(&cache).contains(&3) && kept(&cache).contains(&4), "two of three fit: {:?}", kept(&cache));
        cache.shrink(10);
        assert_eq!(kept(&cache), [5], "one stays, however large");
    }
}
