//! Storing export schedules, and executing them.

mod change;
mod place;
mod refusal;
mod runs;
mod sections;

use std::sync::Arc;

use iam::access::{Permit, kind};
use platform::{
    clock::Clock,
    paging::{Listed, PageRequest},
    secrets::KeyRing,
    storage::{Database, Fault, Nested},
};

pub use change::{ScheduleDelete, ScheduleResult, ScheduleRun, ScheduleSet};
pub use refusal::{ExportScheduleError, ExportScheduleRefusal};
pub use runs::{ExportRun, JOB, MAX_TRIES, restart_schedules, skip_due};

use super::{
    core::Schedule,
    rows::{self, ScheduleFilter, SchedulesSorted},
};
use crate::{
    exchange::Exchange,
    webhooks::{Sender, Webhooks},
};

type May = Permit<kind::ExchangeRun>;

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct ExportSchedules(Arc<Inner>);

struct Inner {
    db: Database,
    clock: Clock,
    ring: KeyRing,
    sender: Sender,
    exchange: Exchange,
}

impl ExportSchedules {
    /// Rows are read by the exports of `exchange`, and tenants' addresses are reached by the sender
    /// of `webhooks`.
    pub fn new(exchange: &Exchange, webhooks: &Webhooks) -> Self {
        Self(Arc::new(Inner {
            db: exchange.database().clone(),
            clock: exchange.files().clock().clone(),
            ring: webhooks.ring().clone(),
            sender: webhooks.sender().clone(),
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
        permit: &May,
        asked: (&Nested<ScheduleFilter>, SchedulesSorted),
        request: &PageRequest,
    ) -> Result<Listed<Schedule>, Fault> {
        let owner = permit.is_limited().then(|| permit.actor());
        rows::page(&permit.scope(&self.0.db), owner, asked, request).await
    }
}

/// True if the caller may see a schedule: its owner, and callers who may export for all stores.
fn sees(permit: &May, schedule: &Schedule) -> bool {
    schedule.maker == permit.actor() || !permit.is_limited()
}
