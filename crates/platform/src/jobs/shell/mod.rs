//! Enqueuing, listing and retrying jobs.

mod hold;
mod outgoing;
mod service;

use entity::prelude::*;
use sea_orm::Value;

pub(super) use hold::SchedulerSnapshot;
pub use hold::{Claim, Lease};
pub use outgoing::{abandon_all, hold_outgoing, outgoing_hold, release_outgoing};
pub use service::{JobCounters, Jobs};

use super::{
    core::{Job, State, new_waiting_job},
    rows,
};
use crate::{
    clock::Clock,
    storage::{Fault, TenantScope, Work, once},
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
            Self::Hopeless(reason) => f.write_str(reason),
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

/// Seconds for which queued jobs that ended well are kept.
const COMPLETED_RETENTION_SECONDS: i64 = 7 * 24 * 3600;
/// Rows that one transaction removes.
const PAGE: i64 = 1_000;

impl Jobs {
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
            let found_job = rows::by_id(&work, id).await?;
            work.rollback().await?;
            return Err(found_job.map_or(Refusal::NotFound, |job| Refusal::NotDead(job.state)));
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
    let payload = traces::append_any_trace(payload, traces::current());
    let job = new_waiting_job(work.tenant(), clock.id(), kind, None, payload, now);
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
    let payload_json = serde_json::to_string(payload).map_err(|err| Fault::Broken(format!("{kind}: {err}")))?;
    if !rows::is_open(work, kind, &payload_json).await? {
        enqueue(work, clock, kind, payload).await?;
    }
    Ok(())
}
