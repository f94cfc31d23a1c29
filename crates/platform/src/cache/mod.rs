//! Rows that are read often and change seldom (master data), remembered in two places beside the
//! database: in this process, and sealed in a Redis that nodes share.
//!
//! Nothing is believed for a time. Whoever reads first asks where the tenant's master data stands, one number, which every change of it
//! moves in its own transaction; if it has moved, the journal says what changed since this node last looked, and that is dropped. So a row
//! from here is never older than the moment of asking, on whichever node it was changed and whether or not Redis answers.
//! `docs/decisions/0073-cache.md`.

mod local;
mod log;
mod positions;
mod remote;

use std::{
    any::Any,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use entity::prelude::{Id, TenantId};
use uuid::Uuid;

use self::{
    local::{Held, Local},
    log::Log,
};
use crate::{
    metrics::{self, Lookup},
    secrets::KeyRing,
    storage::{Fault, Reads, TenantScope, events::Declared, journal},
};

pub use entity::cached::Cached;
pub use positions::SessionPositions;
pub use remote::Remote;

/// Changes that are read back to learn what another node's rows are still good for.
const HISTORY: u32 = 500;
/// More changes than this at once, and all of the tenant's rows are dropped instead. Their events have no lines, so they are read at once.
const CATCH_UP: u32 = 2_000;
/// Tenants whose changes are remembered; one more begins anew.
const TENANTS: usize = 1_000;

/// What this node remembers. Clones share it.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    /// The events that change rows which may be held.
    changes: journal::Kinds,
    bytes: u64,
    local: Local,
    remote: Option<Remote>,
    ring: KeyRing,
    logs: Mutex<HashMap<TenantId, Arc<Mutex<Log>>>>,
}

/// Where a tenant's master data stood when a request asked.
#[derive(Clone)]
pub struct CacheView {
    log: Arc<Mutex<Log>>,
    at: i64,
    epoch: Uuid,
}

impl CacheView {
    fn log(&self) -> std::sync::MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache {
    /// Holds rows of about `bytes` in this process, and all of them sealed in `remote` for an hour. `changes` are the events that say of a row
    /// that it changed.
    pub fn new(changes: &[&dyn Declared], bytes: u64, ring: KeyRing, remote: Option<Remote>) -> Self {
        let changes = journal::Kinds::of(changes);
        Self(Arc::new(Inner { changes, bytes, local: Local::new(bytes), remote, ring, logs: Mutex::default() }))
    }

    /// Whether it may hold anything.
    pub fn is_on(&self) -> bool {
        self.0.bytes > 0
    }

    /// Asks where the tenant's master data stands and drops what has changed: one small statement, shared by those who ask at the same moment.
    pub async fn cache_view(&self, scope: &TenantScope) -> Result<CacheView, Fault> {
        let load = |_: Vec<()>| async {
            let now = journal::master(scope).await?;
            Ok(HashMap::from([((), self.catch_up(scope, now).await?)]))
        };
        let found = scope.coalesce(vec![()], load).await?.remove(&());
        found.ok_or_else(|| Fault::corrupt("tenant_counter", "every tenant has a counter"))
    }

    async fn catch_up(&self, scope: &TenantScope, now: journal::Head) -> Result<CacheView, Fault> {
        let tenant = scope.tenant();
        let log = self.log(tenant);
        let cache_view = CacheView { log: log.clone(), at: now.seq, epoch: now.epoch };
        let known = log.lock().unwrap_or_else(PoisonError::into_inner).known_of(now.epoch);
        match known {
            Some(known) if known >= now.seq => {}
            // What was let go of the journal can no longer say what changed.
            Some(known) if known >= now.low => {
                let changes = changes(&journal::kinds_after(scope, &self.0.changes, known, CATCH_UP + 1).await?);
                let mut log = cache_view.log();
                if changes.len() > CATCH_UP as usize {
                    log.begin(now.epoch, now.seq, now.seq);
                } else {
                    log.learn(changes, now.seq);
                }
            }
            _ => {
                let changes = match self.0.remote {
                    Some(_) => changes(&journal::last_of_kinds(scope, &self.0.changes, HISTORY).await?),
                    None => Vec::new(),
                };
                let since = match (&self.0.remote, changes.last()) {
                    // What changed before the oldest that was read is not known.
                    (Some(_), Some((oldest, _))) if changes.len() >= HISTORY as usize => *oldest,
                    (Some(_), _) => now.low,
                    (None, _) => now.seq,
                };
                let mut log = cache_view.log();
                log.begin(now.epoch, since, now.seq);
                log.learn(changes, now.seq);
            }
        }
        Ok(cache_view)
    }

    fn log(&self, tenant: TenantId) -> Arc<Mutex<Log>> {
        let mut logs = self.0.logs.lock().unwrap_or_else(PoisonError::into_inner);
        if logs.len() >= TENANTS && !logs.contains_key(&tenant) {
            logs.clear();
        }
        logs.entry(tenant).or_default().clone()
    }

    /// Those of the rows that are remembered; the ids of the others are left in `ids`, to be read and given to `keep`.
    pub async fn look<K, T: Cached>(
        &self,
        scope: &TenantScope,
        cache_view: &CacheView,
        ids: &mut Vec<Id<K>>,
    ) -> HashMap<Id<K>, Arc<T>> {
        let tenant = scope.tenant();
        let mut found = HashMap::with_capacity(ids.len());
        ids.retain(|id| match self.remembered(tenant, cache_view, id.uuid()) {
            Some(row) => found.insert(*id, row).is_some(),
            None => true,
        });
        if !ids.is_empty() {
            self.fetch(tenant, cache_view, ids, &mut found).await;
        }
        found
    }

    fn remembered<T: Cached>(&self, tenant: TenantId, cache_view: &CacheView, id: Uuid) -> Option<Arc<T>> {
        let held = self.0.local.get::<T>(tenant, id).filter(|held| cache_view.log().is_current(id, held.epoch, held.as_of));
        let row = held.and_then(|held| (held.row as Arc<dyn Any + Send + Sync>).downcast().ok());
        metrics::looked_up("rows", Lookup::of(row.as_ref()));
        row
    }

    /// Looks for what is missing here in what nodes share.
    async fn fetch<K, T: Cached>(
        &self,
        tenant: TenantId,
        cache_view: &CacheView,
        missing: &mut Vec<Id<K>>,
        found: &mut HashMap<Id<K>, Arc<T>>,
    ) {
        let Some(remote) = self.0.remote.as_ref().filter(|_| T::IS_SHARED) else { return };
        let ids: Vec<Uuid> = missing.iter().map(|id| id.uuid()).collect();
        let Some(sealed) = remote.get(tenant, &ids).await else { return };
        let mut shared = HashMap::new();
        for (id, sealed) in missing.iter().zip(sealed) {
            let opened = sealed.and_then(|sealed| remote::open::<T>(&self.0.ring, tenant, id.uuid(), &sealed));
            let current = opened.filter(|(epoch, as_of, _)| cache_view.log().is_current(id.uuid(), *epoch, *as_of));
            metrics::looked_up("rows.shared", Lookup::of(current.as_ref()));
            if let Some((epoch, as_of, row)) = current {
                let row = Arc::new(row);
                self.0.local.put::<T>(tenant, id.uuid(), Held { epoch, as_of, weight: row.weight(), row: row.clone() });
                shared.insert(*id, row);
            }
        }
        missing.retain(|id| !shared.contains_key(id));
        found.extend(shared);
    }

    /// Remembers rows that were read after `cache_view` was asked for.
    pub fn keep<K, T: Cached>(&self, scope: &TenantScope, cache_view: &CacheView, rows: &HashMap<Id<K>, Arc<T>>) {
        let tenant = scope.tenant();
        let remote = self.0.remote.as_ref().filter(|_| T::IS_SHARED);
        let mut sealed = Vec::new();
        for (id, row) in rows.iter().map(|(id, row)| (id.uuid(), row)) {
            if remote.is_some() {
                sealed.extend(
                    remote::seal(&self.0.ring, tenant, id, (cache_view.epoch, cache_view.at), row.as_ref()).map(|it| (id, it)),
                );
            }
            let (epoch, as_of) = (cache_view.epoch, cache_view.at);
            self.0.local.put::<T>(tenant, id, Held { epoch, as_of, weight: row.weight(), row: row.clone() });
        }
        if let (Some(remote), false) = (remote, sealed.is_empty()) {
            remote.put(tenant, sealed);
        }
    }
}

/// What changed, and when.
fn changes(events: &[journal::Event]) -> Vec<(i64, Uuid)> {
    #[derive(serde::Deserialize)]
    struct Changed {
        id: String,
    }
    let id = |payload: &str| entity::id::uuid_of(&serde_json::from_str::<Changed>(payload).ok()?.id);
    events.iter().filter_map(|event| Some((event.seq, id(&event.payload)?))).collect()
}
