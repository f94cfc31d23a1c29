//! Taking jobs, keeping them, and letting them go.

use entity::prelude::*;

use super::{Jobs, fresh, outgoing::outgoing_hold};
use crate::{
    jobs::{
        core::{Job, MOST_DEATHS, backoff_seconds},
        rows::{self, Held, Outcome},
    },
    storage::{Database, Fault, Work},
};

/// Why a job failed whose worker shows no life, for its owners.
const DIED: &str = "the worker died while it ran this";

/// The hold on a job: whoever writes under it asks whether it still lasts, in the transaction that writes.
#[derive(Debug, Clone, Copy)]
pub struct Lease(pub(in crate::jobs) Held);

impl Lease {
    /// Ends the transaction with a fault when another worker has the job by now; nobody takes it before the transaction ends.
    pub async fn guard(&self, work: &Work) -> Result<(), Fault> {
        if rows::is_held(work, self.0).await? {
            return Ok(());
        }
        Err(Fault::Broken(format!("the job {} has been taken by another worker", self.0.id)))
    }

    /// Says in the transaction of what was done that the job has got on: it will not come to the same place again.
    pub async fn progressed(&self, work: &Work) -> Result<(), Fault> {
        rows::progressed(work, self.0).await
    }

    /// How often the job has failed since it last got on, be that in this very run; `taken` is how often it had when it was taken, which counts where the
    /// database does not answer.
    pub async fn failures(&self, db: &Database, taken: i64) -> i64 {
        let found = rows::by_id(&db.tenant(self.0.tenant), self.0.id).await;
        found.ok().flatten().map_or(taken, |job| job.failures)
    }
}

/// A job that was taken.
pub struct Claim {
    pub job: Job,
    pub lease: Lease,
}

/// What there is to take or to keep.
pub(in crate::jobs) struct Seen {
    pub workers: Vec<(WorkerId, i64)>,
    pub periodic: Vec<Job>,
    pub running: Vec<Job>,
    pub waiting: Vec<Job>,
    /// Kinds that are not run now.
    pub on_hold: &'static [&'static str],
}

/// Queued jobs that are looked at in one go: those that run, and those that wait.
const MOST_RUNNING: i64 = 1_000;
const MOST_WAITING: i64 = 200;

impl Jobs {
    /// Makes sure that each standing job is there.
    pub(in crate::jobs) async fn plant(&self, kinds: impl IntoIterator<Item = (&'static str, i64)> + Send) -> Result<(), Fault> {
        let known: Vec<String> = rows::periodic(&self.0.db.global()).await?.into_iter().map(|job| job.kind).collect();
        let new: Vec<_> = kinds.into_iter().filter(|(kind, _)| !known.iter().any(|known| known == kind)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let work = self.0.db.global().maintenance_for(TenantId::NIL).await?;
        for (kind, period) in new {
            let job = fresh(TenantId::NIL, self.0.clock.id(), kind, Some(period), "{}".to_owned(), self.0.clock.now());
            rows::add(&work, &job).await?;
        }
        work.commit().await
    }

    /// What there is. Of jobs of the kinds `outgoing` those that wait are left out while they are held.
    pub(in crate::jobs) async fn look(&self, outgoing: &'static [&'static str]) -> Result<Seen, Fault> {
        let global = self.0.db.global();
        let is_held = !outgoing.is_empty() && outgoing_hold(&global).await?.is_some();
        let on_hold: &'static [&'static str] = if is_held { outgoing } else { &[] };
        Ok(Seen {
            workers: rows::workers(&global).await?,
            periodic: rows::periodic(&global).await?,
            running: rows::running(&global, self.0.clock.now(), MOST_RUNNING).await?,
            waiting: rows::waiting(&global, self.0.clock.now(), MOST_WAITING, on_hold).await?,
            on_hold,
        })
    }

    /// Takes those of the jobs that are still as they were seen, in one transaction.
    pub(in crate::jobs) async fn take(&self, worker: WorkerId, jobs: Vec<Job>) -> Result<Vec<Claim>, Fault> {
        if jobs.is_empty() {
            return Ok(Vec::new());
        }
        let (work, now) = (self.0.db.global().begin().await?, self.0.clock.now());
        let mut taken = Vec::new();
        for job in jobs {
            if rows::take(&work, &job, worker, now).await? {
                let held = Held { tenant: job.tenant, id: job.id, worker, token: job.token + 1 };
                taken.push(Claim { job, lease: Lease(held) });
            }
        }
        work.commit().await?;
        Ok(taken)
    }

    /// Lets jobs wait again whose worker has died, and counts it. Those that only a clerk's work is left of are due at once.
    pub(in crate::jobs) async fn fell(&self, jobs: &[Job]) -> Result<u64, Fault> {
        if jobs.is_empty() {
            return Ok(0);
        }
        let (work, now, mut fallen) = (self.0.db.global().begin().await?, self.0.clock.now(), 0);
        for job in jobs {
            let mut random = [0];
            self.0.clock.fill(&mut random);
            // A whole lease has passed since the first one died: that was a pause.
            let waits = job.failures > 0 && job.deaths + 1 < MOST_DEATHS;
            let pause = if waits { backoff_seconds(job.failures + 1, random[0]) } else { 0 };
            fallen += u64::from(rows::fell(&work, job, now.plus_seconds(pause), DIED).await?);
        }
        work.commit().await?;
        Ok(fallen)
    }

    /// Shows that the worker lives, notes how its standing jobs fare, and strikes off who shows no life. What it still holds, by job and token.
    pub(in crate::jobs) async fn beat(
        &self,
        worker: WorkerId,
        notes: Vec<(Lease, Outcome)>,
        gone: Vec<(WorkerId, i64)>,
    ) -> Result<Vec<(JobId, i64)>, Fault> {
        let work = self.0.db.global().begin().await?;
        let held = rows::beat(&work, worker, self.0.clock.now()).await?;
        for (lease, outcome) in notes {
            rows::write(&work, lease.0, &outcome).await?;
        }
        for (other, beat) in gone {
            rows::strike(&work, other, beat).await?;
        }
        work.commit().await?;
        Ok(held)
    }

    /// Writes what became of a job, unless somebody else has it by now.
    pub(in crate::jobs) async fn settle(&self, lease: Lease, outcome: Outcome) -> Result<bool, Fault> {
        let work = self.0.db.global().begin().await?;
        let was_held = rows::write(&work, lease.0, &outcome).await?;
        work.commit().await?;
        Ok(was_held)
    }

    pub(in crate::jobs) async fn leave(&self, worker: WorkerId) -> Result<(), Fault> {
        let work = self.0.db.global().begin().await?;
        rows::leave(&work, worker).await?;
        work.commit().await
    }
}
