//! Rows cached in this process, limited by their total size.

use std::{
    any::{Any, TypeId},
    sync::Arc,
};

use entity::prelude::TenantId;
use quick_cache::{Weighter, sync};
use uuid::Uuid;

/// A cached row, with the epoch and the version of its tenant's master data at the read.
#[derive(Clone)]
pub struct CachedRow {
    pub epoch: Uuid,
    pub as_of: i64,
    /// Bytes.
    pub weight: usize,
    pub row: Arc<dyn Any + Send + Sync>,
}

/// Estimated bytes besides the row itself: key, entry and allocation.
const ENTRY_OVERHEAD_BYTES: usize = 128;
/// Assumed weight of a row while the cache is empty.
const DEFAULT_ROW_WEIGHT: u64 = 512;

/// Key of a cached row. The type is part of it: a row may be cached in full and in a shorter form.
type RowKey = (TenantId, Uuid, TypeId);

#[derive(Clone)]
struct Weight;
impl Weighter<RowKey, CachedRow> for Weight {
    fn weight(&self, _: &RowKey, cached: &CachedRow) -> u64 {
        (cached.weight + ENTRY_OVERHEAD_BYTES) as u64
    }
}

pub struct LocalCache(sync::Cache<RowKey, CachedRow, Weight>);

impl LocalCache {
    pub fn new(bytes: u64) -> Self {
        // The cache allocates for the expected number of rows: a small one, so that an idle node
        // uses little memory.
        let expected = (bytes / DEFAULT_ROW_WEIGHT / 16).max(64) as usize;
        Self(sync::Cache::with_weighter(expected, bytes, Weight))
    }
    pub fn get<T: 'static>(&self, tenant: TenantId, id: Uuid) -> Option<CachedRow> {
        self.0.get(&(tenant, id, TypeId::of::<T>()))
    }
    /// Holds a row of this type.
    pub fn put<T: 'static>(&self, tenant: TenantId, id: Uuid, cached: CachedRow) {
        self.0.insert((tenant, id, TypeId::of::<T>()), cached);
    }
}
