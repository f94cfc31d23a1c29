//! The rows that this process remembers, bounded by what they weigh.

use std::{
    any::{Any, TypeId},
    sync::Arc,
};

use entity::prelude::TenantId;
use quick_cache::{Weighter, sync};
use uuid::Uuid;

/// A row, and in which epoch and where its tenant's master data stood when it was read.
#[derive(Clone)]
pub struct Held {
    pub epoch: Uuid,
    pub as_of: i64,
    /// Bytes.
    pub weight: usize,
    pub row: Arc<dyn Any + Send + Sync>,
}

/// The key, the entry and the row's allocation beside the row itself.
const AROUND: usize = 128;
/// What a row is taken to weigh before there are any.
const USUAL: u64 = 512;

/// A row may be held whole, and in a shorter form.
type RowKey = (TenantId, Uuid, TypeId);

#[derive(Clone)]
struct Weight;
impl Weighter<RowKey, Held> for Weight {
    fn weight(&self, _: &RowKey, held: &Held) -> u64 {
        (held.weight + AROUND) as u64
    }
}

pub struct Local(sync::Cache<RowKey, Held, Weight>);

impl Local {
    pub fn new(bytes: u64) -> Self {
        // It reserves for what it expects: a small part, so that a node without work stays small.
        let expected = (bytes / USUAL / 16).max(64) as usize;
        Self(sync::Cache::with_weighter(expected, bytes, Weight))
    }
    pub fn get<T: 'static>(&self, tenant: TenantId, id: Uuid) -> Option<Held> {
        self.0.get(&(tenant, id, TypeId::of::<T>()))
    }
    /// Holds a row of this type.
    pub fn put<T: 'static>(&self, tenant: TenantId, id: Uuid, held: Held) {
        self.0.insert((tenant, id, TypeId::of::<T>()), held);
    }
}
