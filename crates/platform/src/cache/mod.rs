//! Cache of rows that are read often and change seldom (master data), in two places beside the
//! database: in this process, and sealed in a Redis that nodes share.
//!
//! No row is trusted for a period of time. The first read of a request fetches the version of the
//! tenant's master data, one number that every change of it increments in its own transaction. If
//! it has moved, the journal lists the changes since this node's last look, and their rows are
//! dropped. So a cached row is never older than that read, on whichever node it was changed and
//! whether or not Redis answers. `docs/decisions/0073-cache.md`.

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
    local::{CachedRow, LocalCache},
    log::Log,
};
use crate::{
    metrics::{self, Lookup},
    secrets::KeyRing,
    storage::{Fault, Reads, TenantScope, events::AnyEventType, journal},
};

pub use entity::cached::CachedEntity;
pub use positions::SessionPositions;
pub use remote::RemoteCache;

/// Maximum changes read back from the journal to learn which rows of other nodes are still valid.
const MAX_HISTORY_CHANGES: u32 = 500;
/// Maximum changes caught up with at once; with more, all of the tenant's rows are dropped instead.
/// These events have no lines, so one read returns them all.
const MAX_CATCH_UP_CHANGES: u32 = 2_000;
/// Maximum tenants whose changes are remembered; beyond it the log is started again.
const TENANTS: usize = 1_000;

/// Cache of this node. Clones share it.
#[derive(Clone)]
pub struct Cache(Arc<Inner>);

struct Inner {
    /// Kinds of events that change rows which may be cached.
    changes: journal::Kinds,
    bytes: u64,
    local: LocalCache,
    remote: Option<RemoteCache>,
    ring: KeyRing,
    logs: Mutex<HashMap<TenantId, Arc<Mutex<Log>>>>,
}

/// Position of a tenant's master data at the time of a request.
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
    /// Creates a cache of about `bytes` in this process; all rows are also stored sealed in
    /// `remote` for an hour. `parse_changes` are the events that announce a change of a row.
    pub fn new(changes: &[&dyn AnyEventType], bytes: u64, ring: KeyRing, remote: Option<RemoteCache>) -> Self {
        let changes = journal::Kinds::of(changes);
        Self(Arc::new(Inner { changes, bytes, local: LocalCache::new(bytes), remote, ring, logs: Mutex::default() }))
    }

    /// Whether it may hold anything.
    pub fn is_on(&self) -> bool {
        self.0.bytes > 0
    }

    /// Reads the version of the tenant's master data and drops the rows that have changed: one
    /// small statement, shared by concurrent callers.
    pub async fn cache_view(&self, scope: &TenantScope) -> Result<CacheView, Fault> {
        let load = |_: Vec<()>| async {
            let head = journal::master(scope).await?;
            Ok(HashMap::from([((), self.catch_up(scope, head).await?)]))
        };
        let view = scope.coalesce(vec![()], load).await?.remove(&());
        view.ok_or_else(|| Fault::corrupt("tenant_counter", "every tenant has a counter"))
    }

    async fn catch_up(&self, scope: &TenantScope, head: journal::Head) -> Result<CacheView, Fault> {
        let tenant = scope.tenant();
        let log = self.log(tenant);
        let cache_view = CacheView { log: log.clone(), at: head.seq, epoch: head.epoch };
        let known_seq = log.lock().unwrap_or_else(PoisonError::into_inner).known_up_to(head.epoch);
        match known_seq {
            Some(known_seq) if known_seq >= head.seq => {}
            // Below `low` the journal is no longer kept, so it cannot tell the changes.
            Some(known_seq) if known_seq >= head.low => {
                let changes =
                    parse_changes(&journal::kinds_after(scope, &self.0.changes, known_seq, MAX_CATCH_UP_CHANGES + 1).await?);
                let mut log = cache_view.log();
                if changes.len() > MAX_CATCH_UP_CHANGES as usize {
                    log.begin(head.epoch, head.seq, head.seq);
                } else {
                    log.record_changes(changes, head.seq);
                }
            }
            _ => {
                let changes = match self.0.remote {
                    Some(_) => parse_changes(&journal::last_of_kinds(scope, &self.0.changes, MAX_HISTORY_CHANGES).await?),
                    None => Vec::new(),
                };
                let since = match (&self.0.remote, changes.last()) {
                    // Changes before the oldest event that was read are unknown.
                    (Some(_), Some((oldest, _))) if changes.len() >= MAX_HISTORY_CHANGES as usize => *oldest,
                    (Some(_), _) => head.low,
                    (None, _) => head.seq,
                };
                let mut log = cache_view.log();
                log.begin(head.epoch, since, head.seq);
                log.record_changes(changes, head.seq);
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

    /// Returns the cached rows; leaves the IDs of the others in `ids`, to be read and given to
    /// `store_rows`.
    pub async fn get_rows<K, T: CachedEntity>(
        &self,
        scope: &TenantScope,
        cache_view: &CacheView,
        ids: &mut Vec<Id<K>>,
    ) -> HashMap<Id<K>, Arc<T>> {
        let tenant = scope.tenant();
        let mut rows = HashMap::with_capacity(ids.len());
        ids.retain(|id| match self.cached_row(tenant, cache_view, id.uuid()) {
            Some(row) => rows.insert(*id, row).is_some(),
            None => true,
        });
        if !ids.is_empty() {
            self.fetch(tenant, cache_view, ids, &mut rows).await;
        }
        rows
    }

    fn cached_row<T: CachedEntity>(&self, tenant: TenantId, cache_view: &CacheView, id: Uuid) -> Option<Arc<T>> {
        let cached =
            self.0.local.get::<T>(tenant, id).filter(|cached| cache_view.log().is_current(id, cached.epoch, cached.as_of));
        let row = cached.and_then(|cached| (cached.row as Arc<dyn Any + Send + Sync>).downcast().ok());
        metrics::count_lookup("rows", Lookup::of(row.as_ref()));
        row
    }

    /// Reads rows that this process lacks from the shared Redis.
    async fn fetch<K, T: CachedEntity>(
        &self,
        tenant: TenantId,
        cache_view: &CacheView,
        missing: &mut Vec<Id<K>>,
        rows: &mut HashMap<Id<K>, Arc<T>>,
    ) {
        let Some(remote) = self.0.remote.as_ref().filter(|_| T::IS_SHARED) else { return };
        let ids: Vec<Uuid> = missing.iter().map(|id| id.uuid()).collect();
        let Some(sealed) = remote.get(tenant, &ids).await else { return };
        let mut shared = HashMap::new();
        for (id, sealed) in missing.iter().zip(sealed) {
            let decoded = sealed.and_then(|sealed| remote::open::<T>(&self.0.ring, tenant, id.uuid(), &sealed));
            let current = decoded.filter(|(epoch, as_of, _)| cache_view.log().is_current(id.uuid(), *epoch, *as_of));
            metrics::count_lookup("rows.shared", Lookup::of(current.as_ref()));
            if let Some((epoch, as_of, row)) = current {
                let row = Arc::new(row);
                self.0.local.put::<T>(tenant, id.uuid(), CachedRow { epoch, as_of, weight: row.weight(), row: row.clone() });
                shared.insert(*id, row);
            }
        }
        missing.retain(|id| !shared.contains_key(id));
        rows.extend(shared);
    }

    /// Caches rows that were read after `cache_view` was created.
    pub fn store_rows<K, T: CachedEntity>(&self, scope: &TenantScope, cache_view: &CacheView, rows: &HashMap<Id<K>, Arc<T>>) {
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
            self.0.local.put::<T>(tenant, id, CachedRow { epoch, as_of, weight: row.weight(), row: row.clone() });
        }
        if let (Some(remote), false) = (remote, sealed.is_empty()) {
            remote.put(tenant, sealed);
        }
    }
}

/// Returns the changed objects, each with the number of its event.
fn parse_changes(events: &[journal::Event]) -> Vec<(i64, Uuid)> {
    #[derive(serde::Deserialize)]
    struct Changed {
        id: String,
    }
    let id = |payload: &str| entity::id::uuid_of(&serde_json::from_str::<Changed>(payload).ok()?.id);
    events.iter().filter_map(|event| Some((event.seq, id(&event.payload)?))).collect()
}
