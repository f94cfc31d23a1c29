//! Enqueuing, listing and retrying jobs.

mod hold;
mod outgoing;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use entity::prelude::*;
use sea_orm::Value;

pub(super) use hold::SchedulerSnapshot;
pub use hold::{Claim, Lease};
pub use outgoing::{abandon_all, hold_outgoing, outgoing_hold, release_outgoing};

use super::{
    core::{Job, State},
    rows,
};
use crate::{
    clock::Clock,
    storage::{Database, Fault, TenantScope, Work, once},
    traces,
};

/// Reason that a queued job did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// A retry will not help, for this reason, in words for the tenant.
    Hopeless(String),
    /// A fault; the next try may succeed.
    Fault(Fault),
    /// No failure: the job yielded to others, and continues at its next turn.
    Yielded,
}
impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Hopeless(why) => f.write_str(why),
            Self::Fault(fault) => write!(f, "{fault}"),
            Self::Yielded => f.write_str("it has made room for others"),
        }
    }
}
impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Reason that a dead job is not retried.
#[derive(Debug)]
pub enum Refusal {
    NotFound,
    NotDead(State),
    Fault(Fault),
}
impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// Counts of this process's jobs since its start, for metrics.
#[derive(Debug, Default)]
pub struct JobCounters {
    runs: AtomicU64,
    failures: AtomicU64,
    died: AtomicU64,
    taken_over: AtomicU64,
    held: AtomicU64,
}

/// The figures at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobCounts {
    /// Runs that ended, well or not.
    pub runs: u64,
    pub failures: u64,
    /// Queued jobs that became dead letters.
    pub died: u64,
    /// Jobs taken over from a worker that showed no life.
    pub taken_over: u64,
    /// Jobs that this process holds now.
    pub held: u64,
}

impl JobCounters {
    pub fn now(&self) -> JobCounts {
        let read = |figure: &AtomicU64| figure.load(Ordering::Relaxed);
        let (runs, failures, died) = (read(&self.runs), read(&self.failures), read(&self.died));
        JobCounts { runs, failures, died, taken_over: read(&self.taken_over), held: read(&self.held) }
    }
    pub(super) fn ran(&self, has_failed: bool) {
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.failures.fetch_add(u64::from(has_failed), Ordering::Relaxed);
    }
    pub(super) fn died(&self) {
        self.died.fetch_add(1, Ordering::Relaxed);
    }
    pub(super) fn count_takeover(&self) {
        self.taken_over.fetch_add(1, Ordering::Relaxed);
    }
    pub(super) fn holds(&self, held: usize) {
        self.held.store(held as u64, Ordering::Relaxed);
    }
}

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct Jobs(Arc<Inner>);

struct Inner {
    db: Database,
    clock: Clock,
    counters: Arc<JobCounters>,
}

/// Seconds for which queued jobs that ended well are kept.
const COMPLETED_RETENTION_SECONDS: i64 = 7 * 24 * 3600;
/// Rows that one transaction removes.
const PAGE: i64 = 1_000;

impl Jobs {
    pub fn new(db: Database, clock: Clock) -> Self {
        Self(Arc::new(Inner { db, clock, counters: Arc::default() }))
    }
    pub fn database(&self) -> &Database {
        &self.0.db
    }
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }
    pub fn counters(&self) -> &Arc<JobCounters> {
        &self.0.counters
    }

    /// Returns a page of the tenant's own jobs. The scope comes from a permit, here and below:
    /// `permit.scope(jobs.database())`.
    pub async fn page(&self, tenant: &TenantScope, conditions: &str, order: &str, values: Vec<Value>) -> Result<Vec<Job>, Fault> {
        rows::page(tenant, conditions, order, values).await
    }

    /// Returns the deployment's standing jobs, which work for every tenant. Only operators may read
    /// their errors.
    pub async fn periodic(&self) -> Result<Vec<Job>, Fault> {
        rows::periodic(&self.0.db.global()).await
    }

    pub async fn find(&self, tenant: &TenantScope, id: JobId) -> Result<Option<Job>, Fault> {
        rows::by_id(tenant, id).await
    }

    /// Sets a dead letter back to waiting, from the beginning.
    pub async fn retry(&self, tenant: &TenantScope, id: JobId) -> Result<Job, Refusal> {
        let work = tenant.begin().await?;
        if rows::revive(&work, id, self.0.clock.now()).await? == 0 {
            let found = rows::by_id(&work, id).await?;
            work.rollback().await?;
            return Err(found.map_or(Refusal::NotFound, |job| Refusal::NotDead(job.state)));
        }
        let job = rows::by_id(&work, id).await?.ok_or_else(|| Fault::corrupt("job", "a job that was changed is there"))?;
        once::set_subject(&job.id);
        work.commit().await?;
        Ok(job)
    }

    /// Deletes queued jobs that ended well a week ago. Dead letters stay until they are handled.
    pub async fn forget_old(&self) -> Result<u64, Fault> {
        let (global, before) = (self.0.db.global(), self.0.clock.now().plus_seconds(-COMPLETED_RETENTION_SECONDS));
        let mut removed = 0;
        for tenant in rows::tenants_to_clear(&global, before).await? {
            loop {
                let work = global.maintenance_for(tenant).await?;
                let page = rows::clear(&work, before, PAGE).await?;
                work.commit().await?;
                removed += page;
                if page < PAGE as u64 {
                    break;
                }
            }
        }
        Ok(removed)
    }
}

/// Inserts a job in the caller's transaction: the job exists if and only if that commits. It
/// carries the caller's trace, recorded or not.
pub async fn enqueue(work: &Work, clock: &Clock, kind: &'static str, payload: &impl serde::Serialize) -> Result<Job, Fault> {
    use crate::storage::Reads;
    let now = clock.now();
    let payload = serde_json::to_string(payload).map_err(|err| Fault::Broken(format!("{kind}: {err}")))?;
    let payload = traces::carry_any(payload, traces::current());
    let job = fresh(work.tenant(), clock.id(), kind, None, payload, now);
    rows::add(work, &job).await?;
    Ok(job)
}

/// Does the same as `enqueue`, unless a job with the same payload waits or runs already. Calls must
/// not be concurrent.
pub async fn enqueue_once(
    work: &Work,
    clock: &Clock,
    kind: &'static str,
    payload: &(impl serde::Serialize + Sync),
) -> Result<(), Fault> {
    let said = serde_json::to_string(payload).map_err(|err| Fault::Broken(format!("{kind}: {err}")))?;
    if !rows::is_open(work, kind, &said).await? {
        enqueue(work, clock, kind, payload).await?;
    }
    Ok(())
}

pub(super) fn fresh(tenant: TenantId, id: JobId, kind: &str, period: Option<i64>, payload: String, now: Timestamp) -> Job {
    Job {
        tenant,
        id,
        kind: kind.to_owned(),
        period,
        payload,
        state: State::Waiting,
        due_at: now,
        owner: None,
        token: 0,
        beat: 0,
        failures: 0,
        deaths: 0,
        started_at: None,
        finished_at: None,
        error: None,
        fault: None,
        created_at: now,
    }
}
