//! Runs of schedules: those that are due get a job, and the job writes what has come since the run before.

use entity::prelude::*;
use platform::{
    jobs::{self, Failure, Lease, core::Job},
    metrics,
    storage::{Fault, SETS_LOST, Work, journal},
};
use serde::{Deserialize, Serialize};

use super::{ExportSchedules, place::Destination};
use crate::{
    exchange::{FeedError, Requester, feed_head},
    export_schedules::{
        core::{RowsHead, RunPlan, Schedule, noun_of},
        events::{EXPORT_SCHEDULE_COMPLETED, EXPORT_SCHEDULE_FAILED, ExportScheduleEvent},
        rows,
    },
    saved_views::shell::next_run,
};

/// The kind of job that carries a run out.
pub const JOB: &str = "export.run";
/// Tries of a run: with their pauses, most of an hour of a bucket that is away.
pub const MOST_TRIES: i64 = 12;

const GONE: &str = "the member or integration that set the schedule has no access any more: set it again";

/// What such a job is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportRun {
    pub schedule: ExportScheduleId,
}

/// Why a run ends before its end.
#[derive(Debug)]
pub(super) enum Stop {
    /// The schedule was changed, paused or removed, or begun anew.
    Overtaken,
    /// It cannot go on until somebody has set the schedule again.
    Paused(String),
    /// Where its files go cannot be written to: it may go well the next time.
    Away(String),
    Fault(Fault),
}
impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}
impl From<FeedError> for Stop {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Gone => Self::Paused(GONE.to_owned()),
            FeedError::Denied(why) => Self::Paused(why),
            FeedError::Fault(fault) => Self::Fault(fault),
        }
    }
}

/// A run under way.
pub(super) struct Running<'a> {
    pub lease: Lease,
    pub requester: Requester,
    pub schedule: &'a Schedule,
    pub place: Destination,
}

/// Passes over the moments of schedules that are due: each runs again at its next one, with all that has come until then. How many were due.
pub async fn skip_due(work: &Work, now: Timestamp) -> Result<u64, Fault> {
    let mut skipped = 0;
    for schedule in rows::due(work, now).await? {
        let next_run_at = Some(next_run(&schedule.fields.rule(), now));
        rows::update(work, &Schedule { next_run_at, ..schedule }).await?;
        skipped += 1;
    }
    Ok(skipped)
}

/// Lets each schedule begin with all rows again, in a set that is far behind the one it had: the database was restored to an earlier moment, and runs since then may
/// have written files, and begun sets, that it does not know of. How many schedules there are.
pub async fn begin_anew(work: &Work) -> Result<u64, Fault> {
    rows::begin_anew(work, SETS_LOST).await
}

fn is_active(schedule: &Schedule) -> bool {
    schedule.status == ExportScheduleStatus::Active
}

impl ExportSchedules {
    /// Puts down a job for each schedule that is due and has none; says how many are due. However many moments have passed, it has one run.
    pub async fn post_due(&self) -> Result<usize, Fault> {
        let now = self.0.clock.now();
        let mut due = 0;
        for tenant in rows::tenants_due(&self.0.db.global(), now).await? {
            let work = self.0.db.global().maintenance_for(tenant).await?;
            for schedule in rows::due(&work, now).await? {
                let next_run_at = Some(next_run(&schedule.fields.rule(), now));
                let order = ExportRun { schedule: schedule.id };
                rows::update(&work, &Schedule { next_run_at, ..schedule }).await?;
                jobs::enqueue_once(&work, &self.0.clock, JOB, &order).await?;
                due += 1;
            }
            work.commit().await?;
        }
        Ok(due)
    }

    /// Writes what has come since the run before, and notes it.
    pub async fn carry_out(&self, lease: Lease, job: &Job) -> Result<(), Failure> {
        let order: ExportRun = serde_json::from_str(&job.payload)
            .map_err(|err| Failure::Hopeless(format!("the job's payload cannot be read: {err}")))?;
        let at = (job.tenant, order.schedule);
        let ended = Box::pin(self.run(lease, at)).await;
        let failures = if ended.is_err() { lease.failures(&self.0.db, job.failures).await } else { job.failures };
        match ended {
            Ok(()) => Ok(()),
            // What is asked for now is done at the next turn, if there is anything.
            Err(Stop::Overtaken) => Err(Failure::Yielded),
            Err(Stop::Fault(fault)) => Err(Failure::Fault(fault)),
            Err(Stop::Paused(why)) => Ok(self.fail(lease, at, (why, ExportScheduleStatus::Paused)).await?),
            Err(Stop::Away(why)) if failures + 1 >= MOST_TRIES => {
                Ok(self.fail(lease, at, (why, ExportScheduleStatus::Active)).await?)
            }
            Err(Stop::Away(why)) => {
                self.note_error(lease, at, &why).await?;
                Err(Failure::Fault(Fault::Broken(why)))
            }
        }
    }

    async fn run(&self, lease: Lease, at: (TenantId, ExportScheduleId)) -> Result<(), Stop> {
        let Some((schedule, plan)) = self.begin(lease, at).await? else { return Ok(()) };
        let requester = Requester { tenant: at.0, actor: schedule.maker, key: schedule.key };
        let place = self.place(at.0, &schedule)?;
        let run = Running { lease, requester, schedule: &schedule, place };
        run.place.claim(&schedule).await?;
        let name = plan.manifest_name(schedule.fields.entity);
        // Somebody has died between the manifest and the note of it: what is told to readers holds.
        if let Some(manifest) = run.place.manifest(&name, &schedule).await? {
            let plan = RunPlan { files: manifest.files, ..plan };
            return self.finish(&run, plan, Some(name)).await;
        }
        let plan = Box::pin(self.write(&run, plan)).await?;
        if plan.files.is_empty() && !plan.is_whole {
            return self.finish(&run, plan, None).await;
        }
        run.place.put_manifest(&name, &schedule.manifest(&plan)).await?;
        self.finish(&run, plan, Some(name)).await
    }

    /// The schedule with the run that begins or goes on; None when there is nothing to do.
    async fn begin(
        &self,
        lease: Lease,
        (tenant, id): (TenantId, ExportScheduleId),
    ) -> Result<Option<(Schedule, RunPlan)>, Fault> {
        let work = self.0.db.global().maintenance_for(tenant).await?;
        lease.guard(&work).await?;
        let Some(before) = rows::lock(&work, id).await?.filter(is_active) else {
            work.rollback().await?;
            return Ok(None);
        };
        let head = feed_head(&work, noun_of(before.fields.entity)).await?;
        let plan = head.and_then(|head| {
            let head = RowsHead { generation: head.generation, seq: head.seq, low: head.low };
            before.planned(head)
        });
        let after = match &plan {
            Some(plan) => before.running(plan.clone()),
            None => Schedule { run: None, ..before }.ended(self.0.clock.now()),
        };
        rows::update(&work, &after).await?;
        work.commit().await?;
        Ok(plan.map(|plan| (after, plan)))
    }

    /// Writes the sections that are not written yet, and notes each.
    async fn write(&self, run: &Running<'_>, mut plan: RunPlan) -> Result<RunPlan, Stop> {
        for section in self.sections(run, &plan).await? {
            if plan.sections.contains(&section.name) {
                continue;
            }
            let files = Box::pin(self.write_section(run, &plan, &section)).await?;
            plan.files.extend(files);
            plan.sections.push(section.name);
            let (work, schedule) = self.held(run, &plan).await?;
            run.lease.progressed(&work).await?;
            rows::update(&work, &Schedule { run: Some(plan.clone()), ..schedule }).await?;
            work.commit().await?;
        }
        Ok(plan)
    }

    /// Ends a run that has gone well; without a manifest it found no row.
    async fn finish(&self, run: &Running<'_>, plan: RunPlan, manifest: Option<String>) -> Result<(), Stop> {
        let now = self.0.clock.now();
        let (mut work, schedule) = self.held(run, &plan).await?;
        let rows_written = plan.files.iter().fold(0_i64, |sum, file| sum.saturating_add(file.rows));
        let after = Schedule { run: Some(plan), ..schedule }.ended(now);
        rows::update(&work, &after).await?;
        if manifest.is_some() {
            let told = ExportScheduleEvent { manifest, rows: Some(rows_written), ..ExportScheduleEvent::of(&after) };
            journal::append_other(&mut work, vec![EXPORT_SCHEDULE_COMPLETED.event(&told)], now).await?;
        }
        work.commit().await?;
        metrics::export_run(true);
        Ok(())
    }

    /// A transaction that has the schedule for itself, while its run is this one.
    async fn held(&self, run: &Running<'_>, plan: &RunPlan) -> Result<(Work, Schedule), Stop> {
        let work = self.0.db.global().maintenance_for(run.requester.tenant).await?;
        run.lease.guard(&work).await?;
        // Before the schedule, as whoever changes it.
        journal::hold(&work).await?;
        let is_same = |schedule: &Schedule| {
            let is_run = schedule.run.as_ref().is_some_and(|now| now.is_same(plan));
            is_run && is_active(schedule)
        };
        if let Some(schedule) = rows::lock(&work, run.schedule.id).await?.filter(is_same) {
            return Ok((work, schedule));
        }
        work.rollback().await?;
        Err(Stop::Overtaken)
    }

    /// Notes why a run is tried again later, unless the schedule was paused meanwhile.
    async fn note_error(&self, lease: Lease, (tenant, id): (TenantId, ExportScheduleId), why: &str) -> Result<(), Fault> {
        let work = self.0.db.global().maintenance_for(tenant).await?;
        lease.guard(&work).await?;
        if let Some(schedule) = rows::lock(&work, id).await?.filter(is_active) {
            rows::update(&work, &Schedule { last_error: Some(why.to_owned()), ..schedule }).await?;
        }
        work.commit().await
    }

    /// Ends the tries of a run: it goes on with the next moment, or once the schedule is set again. Of several that fail in a row the first is told. A
    /// schedule that was paused meanwhile has no run, and no error of one.
    async fn fail(
        &self,
        lease: Lease,
        (tenant, id): (TenantId, ExportScheduleId),
        (why, status): (String, ExportScheduleStatus),
    ) -> Result<(), Fault> {
        let now = self.0.clock.now();
        let mut work = self.0.db.global().maintenance_for(tenant).await?;
        lease.guard(&work).await?;
        // Before the schedule, as whoever changes it.
        journal::hold(&work).await?;
        let Some(before) = rows::lock(&work, id).await?.filter(is_active) else { return work.rollback().await };
        let is_paused = status == ExportScheduleStatus::Paused;
        let after = Schedule {
            status: if is_paused { status } else { before.status },
            next_run_at: before.next_run_at.filter(|_| !is_paused),
            failures: before.failures + 1,
            last_run_at: Some(now),
            last_error: Some(why.clone()),
            ..before
        };
        rows::update(&work, &after).await?;
        if is_paused || after.failures == 1 {
            let told = ExportScheduleEvent { error: Some(why), ..ExportScheduleEvent::of(&after) };
            journal::append_other(&mut work, vec![EXPORT_SCHEDULE_FAILED.event(&told)], now).await?;
        }
        work.commit().await?;
        metrics::export_run(false);
        Ok(())
    }
}
