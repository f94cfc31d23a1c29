//! Taking, keeping and releasing jobs.

use entity::prelude::*;

use super::{outgoing::outgoing_hold, service::Jobs};
use crate::{
    jobs::{
        core::{Job, MAX_DEATHS, backoff_seconds, new_waiting_job},
        rows::{self, HeldJob, Outcome},
    },
    storage::{Database, Fault, Work},
};

/// Error of a job whose worker sends no heartbeats, for its owners.
const WORKER_DIED_ERROR: &str = "the worker died while it ran this";

/// Lease of a job. Code that writes under it checks the lease in the transaction that writes.
#[derive(Debug, Clone, Copy)]
pub struct Lease(pub(in crate::jobs) HeldJob);

impl Lease {
    /// Fails if another worker has taken the job; otherwise no worker takes it before the
    /// transaction ends.
    pub async fn guard(&self, work: &Work) -> Result<(), Fault> {
        if rows::is_held(work, self.0).await? {
            return Ok(());
        }
        Err(Fault::Broken(format!("the job {} has been taken by another worker", self.0.id)))
    }

    /// Records progress in the transaction of the work done: the job will not return to the same
    /// place.
    pub async fn record_progress(&self, work: &Work) -> Result<(), Fault> {
        rows::record_progress(work, self.0).await
    }

    /// Returns the number of failures since the job last progressed, even if that was in this run;
    /// `claimed_failures` is the number when the job was taken, which is returned if the database does not
    /// respond.
    pub async fn failures(&self, db: &Database, claimed_failures: i64) -> i64 {
        let found_job = rows::by_id(&db.tenant(self.0.tenant), self.0.id).await;
        found_job.ok().flatten().map_or(claimed_failures, |job| job.failures)
    }
}

/// A job that was taken.
pub struct Claim {
    pub job: Job,
    pub lease: Lease,
}

/// Workers, and jobs to take or to keep.
pub(in crate::jobs) struct SchedulerSnapshot {
    pub workers: Vec<(WorkerId, i64)>,
    pub periodic: Vec<Job>,
    pub running: Vec<Job>,
    pub waiting: Vec<Job>,
    /// Kinds that are not run now.
    pub on_hold: &'static [&'static str],
}

/// Queued jobs read at once: running ones, and waiting ones.
const MAX_RUNNING: i64 = 1_000;
const MAX_WAITING: i64 = 200;

impl Jobs {
    /// Inserts the standing jobs that are missing.
    pub(in crate::jobs) async fn ensure_periodic_jobs(
        &self,
        kinds: impl IntoIterator<Item = (&'static str, i64)> + Send,
    ) -> Result<(), Fault> {
        let existing: Vec<String> = rows::periodic(&self.0.db.global()).await?.into_iter().map(|job| job.kind).collect();
        let missing: Vec<_> = kinds.into_iter().filter(|(kind, _)| !existing.iter().any(|existing| existing == kind)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let work = self.0.db.global().maintenance_for(TenantId::NIL).await?;
        for (kind, period) in missing {
            let job = new_waiting_job(TenantId::NIL, self.0.clock.id(), kind, Some(period), "{}".to_owned(), self.0.clock.now());
            rows::add(&work, &job).await?;
        }
        work.commit().await
    }

    /// Reads the workers and the jobs. Waiting jobs of the kinds `outgoing` are left out while they
    /// are on hold.
    pub(in crate::jobs) async fn look(&self, outgoing: &'static [&'static str]) -> Result<SchedulerSnapshot, Fault> {
        let global = self.0.db.global();
        let is_held = !outgoing.is_empty() && outgoing_hold(&global).await?.is_some();
        let on_hold: &'static [&'static str] = if is_held { outgoing } else { &[] };
        Ok(SchedulerSnapshot {
            workers: rows::workers(&global).await?,
            periodic: rows::periodic(&global).await?,
            running: rows::load_running(&global, self.0.clock.now(), MAX_RUNNING).await?,
            waiting: rows::load_waiting(&global, self.0.clock.now(), MAX_WAITING, on_hold).await?,
            on_hold,
        })
    }

    /// Takes the jobs whose rows are still as they were read, in one transaction.
    pub(in crate::jobs) async fn take(&self, worker: WorkerId, jobs: Vec<Job>) -> Result<Vec<Claim>, Fault> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let (work, now) = (self.0.db.global().begin().await?, self.0.clock.now());
        let mut claims = Vec::new();
        for job in jobs {
            if rows::take(&work, &job, worker, now).await? {
                let held = HeldJob { tenant: job.tenant, id: job.id, worker, token: job.token + 1 };
                claims.push(Claim { job, lease: Lease(held) });
            }
        }
        work.commit().await?;
        Ok(claims)
    }

    /// Sets jobs whose worker has died back to waiting, and counts the deaths. Jobs with only final
    /// work left are due at once.
    pub(in crate::jobs) async fn requeue_orphaned(&self, jobs: &[Job]) -> Result<u64, Fault> {
        if jobs.is_empty() {
            return Ok(0);
        }
        let (work, now, mut requeued_count) = (self.0.db.global().begin().await?, self.0.clock.now(), 0);
        for job in jobs {
            let mut random = [0];
            self.0.clock.fill(&mut random);
            // A whole lease has passed since the first one died: that was a pause.
            let is_delayed = job.failures > 0 && job.deaths + 1 < MAX_DEATHS;
            let pause = if is_delayed { backoff_seconds(job.failures + 1, random[0]) } else { 0 };
            requeued_count += u64::from(rows::requeue_orphaned(&work, job, now.plus_seconds(pause), WORKER_DIED_ERROR).await?);
        }
        work.commit().await?;
        Ok(requeued_count)
    }

    /// Writes the worker's heartbeat and the states of its standing jobs, and removes workers that
    /// show no life. Returns the jobs that it still holds, with their tokens.
    pub(in crate::jobs) async fn beat(
        &self,
        worker: WorkerId,
        notes: Vec<(Lease, Outcome)>,
        stale_workers: Vec<(WorkerId, i64)>,
    ) -> Result<Vec<(JobId, i64)>, Fault> {
        let work = self.0.db.global().begin().await?;
        let held_jobs = rows::beat(&work, worker, self.0.clock.now()).await?;
        for (lease, outcome) in notes {
            rows::write(&work, lease.0, &outcome).await?;
        }
        for (other, beat) in stale_workers {
            rows::remove_stale_worker(&work, other, beat).await?;
        }
        work.commit().await?;
        Ok(held_jobs)
    }

    /// Writes the outcome of a job, unless another worker holds it by now.
    pub(in crate::jobs) async fn settle(&self, lease: Lease, outcome: Outcome) -> Result<bool, Fault> {
        let work = self.0.db.global().begin().await?;
        let was_held = rows::write(&work, lease.0, &outcome).await?;
        work.commit().await?;
        Ok(was_held)
    }

    pub(in crate::jobs) async fn deregister_worker(&self, worker: WorkerId) -> Result<(), Fault> {
        let work = self.0.db.global().begin().await?;
        rows::deregister_worker(&work, worker).await?;
        work.commit().await
    }
}
