//! The service of saved views: its database, its clock, its files and its engine.

use std::sync::{Arc, PoisonError, RwLock, Weak};

use platform::{
    clock::Clock,
    storage::{Database, Fault},
};

use super::{engine::ViewEngine, link_use_cache::LinkUses};
use crate::{buckets::BucketOpener, files::Files, webhooks::Webhooks};

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct SavedViews(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Database,
    pub(super) clock: Clock,
    /// Store of the tables.
    pub(super) files: Files,
    pub(super) buckets: BucketOpener,
    /// Weak, since the engine holds the schema, which holds this service.
    engine: RwLock<Option<Weak<dyn ViewEngine>>>,
    pub(super) uses: LinkUses,
}

impl SavedViews {
    pub fn new(db: Database, clock: Clock, files: Files, webhooks: &Webhooks) -> Self {
        let buckets = BucketOpener::new(webhooks);
        Self(Arc::new(Inner { db, clock, files, buckets, engine: RwLock::default(), uses: LinkUses::default() }))
    }

    pub fn database(&self) -> &Database {
        &self.0.db
    }

    /// Sets the engine that runs documents, at the start. The caller keeps it alive.
    pub fn set_engine(&self, engine: &Arc<dyn ViewEngine>) {
        *self.0.engine.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::downgrade(engine));
    }

    pub(super) fn engine(&self) -> Result<Arc<dyn ViewEngine>, Fault> {
        let weak_engine = self.0.engine.read().unwrap_or_else(PoisonError::into_inner);
        weak_engine.as_ref().and_then(Weak::upgrade).ok_or(Fault::ShuttingDown)
    }
}
