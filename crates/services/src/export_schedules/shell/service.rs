//! The service of export schedules: its parts, and the schedules that a caller may see.

use std::sync::Arc;

use iam::access::{Permit, kind};
use platform::{
    clock::Clock,
    paging::{ListPage, PageRequest},
    storage::{Database, Fault, Nested},
};

use crate::{
    buckets::BucketOpener,
    exchange::Exchange,
    export_schedules::{
        core::Schedule,
        rows::{self, ScheduleFilter, SchedulesSorted},
    },
    webhooks::Webhooks,
};

pub(super) type ExchangePermit = Permit<kind::ExchangeRun>;

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct ExportSchedules(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Database,
    pub(super) clock: Clock,
    pub(super) buckets: BucketOpener,
    pub(super) exchange: Exchange,
}

impl ExportSchedules {
    /// Rows are read by the exports of `exchange`, and tenants' addresses are reached by the sender
    /// of `webhooks`.
    pub fn new(exchange: &Exchange, webhooks: &Webhooks) -> Self {
        Self(Arc::new(Inner {
            db: exchange.database().clone(),
            clock: exchange.files().clock().clone(),
            buckets: BucketOpener::new(webhooks),
            exchange: exchange.clone(),
        }))
    }

    pub fn database(&self) -> &Database {
        &self.0.db
    }

    /// Reads a page of schedules: all of the tenant's, or the caller's own if their right is for
    /// some stores.
    pub async fn page(
        &self,
        permit: &ExchangePermit,
        selection: (&Nested<ScheduleFilter>, SchedulesSorted),
        request: &PageRequest,
    ) -> Result<ListPage<Schedule>, Fault> {
        let owner = permit.is_limited().then(|| permit.actor());
        rows::page(&permit.scope(&self.0.db), owner, selection, request).await
    }
}

/// True if the caller may see a schedule: its owner, and callers who may export for all stores.
pub(super) fn can_see_schedule(permit: &ExchangePermit, schedule: &Schedule) -> bool {
    schedule.maker == permit.actor() || !permit.is_limited()
}
