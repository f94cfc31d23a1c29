//! The service of papers: its database, its clock and its files.

use std::sync::Arc;

use iam::access::Caller;
use platform::{
    clock::Clock,
    storage::{Database, TenantScope},
};

use crate::files::Files;

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct Papers(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Database,
    pub(super) clock: Clock,
    pub(super) files: Files,
}

impl Papers {
    pub fn new(db: Database, clock: Clock, files: Files) -> Self {
        Self(Arc::new(Inner { db, clock, files }))
    }
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }
    pub fn files(&self) -> &Files {
        &self.0.files
    }
    /// Returns the scope of the caller's tenant.
    pub fn scope(&self, caller: &Caller) -> TenantScope {
        self.0.db.tenant(caller.tenant)
    }
}
