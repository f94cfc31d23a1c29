//! Keeping export schedules, and carrying them out.

mod change;
mod place;
mod runs;
mod sections;

use std::sync::Arc;

use iam::access::{Denied, Permit, kind};
use platform::{
    clock::Clock,
    paging::{Listed, PageRequest},
    secrets::KeyRing,
    storage::{Database, Fault},
};

pub use change::{Acting, ScheduleDelete, ScheduleRun, ScheduleSet};
pub use runs::{ExportRun, JOB, MOST_TRIES, begin_anew, skip_due};

use super::{
    core::{Problem, Schedule},
    rows::{self, ScheduleFilter, SchedulesSorted},
};
use crate::{
    exchange::Exchange,
    webhooks::{Sender, Webhooks},
};

/// Why a call came to nothing: nothing was written.
#[derive(Debug)]
pub enum ExportScheduleError {
    /// Whoever asks may not see rows of this kind.
    Denied(Denied),
    NotFound,
    /// The tenant has as many schedules as may be.
    TooMany,
    Field(Problem),
    /// Of the bucket.
    Bucket(Problem),
    /// Its endpoint may not be sent to, in words.
    Endpoint(String),
    /// A schedule that is there is changed without the version that was read.
    NoVersion,
    /// Somebody has changed it since it was read: its version now.
    Stale(i64),
    /// A schedule that is paused is not run.
    Paused,
    KeyReused,
    Fault(Fault),
}

impl From<Fault> for ExportScheduleError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
impl From<Denied> for ExportScheduleError {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

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
    /// Rows are read as exports read them, and strangers' addresses are reached as webhooks reach them.
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

    /// A page of schedules: all of the tenant's, or the caller's own where their right is for some stores.
    pub async fn page(
        &self,
        permit: &May,
        asked: (&ScheduleFilter, SchedulesSorted),
        request: &PageRequest,
    ) -> Result<Listed<Schedule>, Fault> {
        let owner = permit.is_limited().then(|| permit.actor());
        rows::page(&permit.scope(&self.0.db), owner, asked, request).await
    }
}

/// Who may see a schedule: its owner, and whoever may export for all stores.
fn sees(permit: &May, schedule: &Schedule) -> bool {
    schedule.maker == permit.actor() || !permit.is_limited()
}
