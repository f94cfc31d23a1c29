//! Runs of schedules: each due schedule gets a job, which writes the rows since the run before.

use entity::prelude::*;
use platform::{
    jobs::{self, Failure, Lease, core::Job},
    metrics,
    storage::{Fault, MAX_LOST_SETS, Work, journal},
};
use serde::{Deserialize, Serialize};

use super::{destination::Destination, service::ExportSchedules, stop_reason::StopReason};
use crate::{
    exchange::{Requester, feed_head},
    export_schedules::{
        core::{EntityVersion, RunPlan, Schedule, noun_of},
        events::{EXPORT_SCHEDULE_COMPLETED, EXPORT_SCHEDULE_FAILED, ExportScheduleEvent},
        rows,
    },
    saved_views::shell::next_run,
};

/// Kind of the job that executes a run.
pub const JOB: &str = "export.run";
/// Tries of a run: with their pauses, most of an hour of an unavailable bucket.
pub const MAX_TRIES: i64 = 12;

/// Payload of an export job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportRun {
    pub schedule: ExportScheduleId,
}

/// A run in progress.
pub(super) struct RunInProgress<'a> {
    pub lease: Lease,
    pub requester: Requester,
    pub schedule: &'a Schedule,
    pub destination: Destination,
}

/// Skips the due times of schedules: each runs at its next time, with all rows up to then. Returns
/// the number of due schedules.
pub async fn skip_due(work: &Work, now: Timestamp) -> Result<u64, Fault> {
    let mut skipped_count = 0;
    for schedule in rows::lock_due_schedules(work, now).await? {
        let next_run_at = Some(next_run(&schedule.fields.rule(), now));
        rows::update(work, &Schedule { next_run_at, ..schedule }).await?;
        skipped_count += 1;
    }
    Ok(skipped_count)
}

/// Makes each schedule begin with all rows again, in a set with a far higher number: the database
/// was restored to an earlier time, and later runs may have written files and begun sets that it
/// does not have. Returns the number of schedules.
pub async fn restart_schedules(work: &Work) -> Result<u64, Fault> {
    rows::restart_schedules(work, MAX_LOST_SETS).await
}

fn is_active(schedule: &Schedule) -> bool {
    schedule.status == ExportScheduleStatus::Active
}

impl ExportSchedules {
    /// Enqueues a job for each due schedule that has none; returns the number of due schedules. A
    /// schedule that missed several times has one run.
    pub async fn enqueue_due(&self) -> Result<usize, Fault> {
        let now = self.0.clock.now();
        let mut due_count = 0;
        for tenant in rows::tenants_due(&self.0.db.global(), now).await? {
            let work = self.0.db.global().maintenance_for(tenant).await?;
            for schedule in rows::lock_due_schedules(&work, now).await? {
                let next_run_at = Some(next_run(&schedule.fields.rule(), now));
                let order = ExportRun { schedule: schedule.id };
                rows::update(&work, &Schedule { next_run_at, ..schedule }).await?;
                jobs::enqueue_once(&work, &self.0.clock, JOB, &order).await?;
                due_count += 1;
            }
            work.commit().await?;
        }
        Ok(due_count)
    }

    /// Writes the rows since the run before, and records the run.
    pub async fn execute_run(&self, lease: Lease, job: &Job) -> Result<(), Failure> {
        let order: ExportRun = serde_json::from_str(&job.payload)
            .map_err(|err| Failure::Hopeless(format!("the job's payload cannot be read: {err}")))?;
        let schedule_key = (job.tenant, order.schedule);
        let outcome = Box::pin(self.run(lease, schedule_key)).await;
        let failures = if outcome.is_err() { lease.failures(&self.0.db, job.failures).await } else { job.failures };
        match outcome {
            Ok(()) => Ok(()),
            // Rows that were requested meanwhile are written by the next try, if there are any.
            Err(StopReason::Overtaken) => Err(Failure::Yielded),
            Err(StopReason::Fault(fault)) => Err(Failure::Fault(fault)),
            Err(StopReason::Paused(reason)) => {
                Ok(self.fail_run(lease, schedule_key, (reason, ExportScheduleStatus::Paused)).await?)
            }
            Err(StopReason::Away(reason)) if failures + 1 >= MAX_TRIES => {
                Ok(self.fail_run(lease, schedule_key, (reason, ExportScheduleStatus::Active)).await?)
            }
            Err(StopReason::Away(reason)) => {
                self.note_error(lease, schedule_key, &reason).await?;
                Err(Failure::Fault(Fault::Broken(reason)))
            }
        }
    }

    async fn run(&self, lease: Lease, schedule_key: (TenantId, ExportScheduleId)) -> Result<(), StopReason> {
        let Some((schedule, plan)) = self.begin(lease, schedule_key).await? else { return Ok(()) };
        let requester = Requester { tenant: schedule_key.0, actor: schedule.maker, key: schedule.key };
        let target = self.open_destination(schedule_key.0, &schedule)?;
        let run = RunInProgress { lease, requester, schedule: &schedule, destination: target };
        run.destination.claim(&schedule).await?;
        let name = plan.manifest_name(schedule.fields.entity);
        // A worker died after it wrote the manifest and before it recorded the run: the published
        // manifest is valid.
        if let Some(manifest) = run.destination.manifest(&name, &schedule).await? {
            let plan = RunPlan { files: manifest.files, ..plan };
            return self.finish(&run, plan, Some(name)).await;
        }
        let plan = Box::pin(self.write(&run, plan)).await?;
        if plan.files.is_empty() && !plan.is_whole {
            return self.finish(&run, plan, None).await;
        }
        run.destination.put_manifest(&name, &schedule.manifest(&plan)).await?;
        self.finish(&run, plan, Some(name)).await
    }

    /// Returns the schedule with the run that begins or continues; `None` if there is nothing to
    /// do.
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
            let head = EntityVersion { generation: head.generation, seq: head.seq, low: head.low };
            before.plan_run(head)
        });
        let after = match &plan {
            Some(plan) => before.with_run(plan.clone()),
            None => Schedule { run: None, ..before }.after_run(self.0.clock.now()),
        };
        rows::update(&work, &after).await?;
        work.commit().await?;
        Ok(plan.map(|plan| (after, plan)))
    }

    /// Writes the sections that are not written yet, and notes each.
    async fn write(&self, run: &RunInProgress<'_>, mut plan: RunPlan) -> Result<RunPlan, StopReason> {
        for section in self.sections(run, &plan).await? {
            if plan.sections.contains(&section.name) {
                continue;
            }
            let files = Box::pin(self.write_section(run, &plan, &section)).await?;
            plan.files.extend(files);
            plan.sections.push(section.name);
            let (work, schedule) = self.lock_run(run, &plan).await?;
            run.lease.record_progress(&work).await?;
            rows::update(&work, &Schedule { run: Some(plan.clone()), ..schedule }).await?;
            work.commit().await?;
        }
        Ok(plan)
    }

    /// Ends a successful run; without a manifest it found no row.
    async fn finish(&self, run: &RunInProgress<'_>, plan: RunPlan, manifest: Option<String>) -> Result<(), StopReason> {
        let now = self.0.clock.now();
        let (mut work, schedule) = self.lock_run(run, &plan).await?;
        let rows_written = plan.files.iter().fold(0_i64, |sum, file| sum.saturating_add(file.rows));
        let after = Schedule { run: Some(plan), ..schedule }.after_run(now);
        rows::update(&work, &after).await?;
        if manifest.is_some() {
            let payload = ExportScheduleEvent { manifest, rows: Some(rows_written), ..ExportScheduleEvent::of(&after) };
            journal::append_other(&mut work, vec![EXPORT_SCHEDULE_COMPLETED.event(&payload)], now).await?;
        }
        work.commit().await?;
        metrics::count_export_run(true);
        Ok(())
    }

    /// Begins a transaction that has locked the schedule, if its run is still this one.
    async fn lock_run(&self, run: &RunInProgress<'_>, plan: &RunPlan) -> Result<(Work, Schedule), StopReason> {
        let work = self.0.db.global().maintenance_for(run.requester.tenant).await?;
        run.lease.guard(&work).await?;
        // Lock order: the journal before the schedule, as in changes of schedules.
        journal::hold(&work).await?;
        let is_same = |schedule: &Schedule| {
            let is_run = schedule.run.as_ref().is_some_and(|now| now.is_same(plan));
            is_run && is_active(schedule)
        };
        if let Some(schedule) = rows::lock(&work, run.schedule.id).await?.filter(is_same) {
            return Ok((work, schedule));
        }
        work.rollback().await?;
        Err(StopReason::Overtaken)
    }

    /// Records why a run will be retried, unless the schedule was paused meanwhile.
    async fn note_error(&self, lease: Lease, (tenant, id): (TenantId, ExportScheduleId), reason: &str) -> Result<(), Fault> {
        let work = self.0.db.global().maintenance_for(tenant).await?;
        lease.guard(&work).await?;
        if let Some(schedule) = rows::lock(&work, id).await?.filter(is_active) {
            rows::update(&work, &Schedule { last_error: Some(reason.to_owned()), ..schedule }).await?;
        }
        work.commit().await
    }

    /// Ends the tries of a run: the schedule continues at its next time, or when it is set again.
    /// Only the first of consecutive failures is an event. A schedule that was paused meanwhile has
    /// no run, and no error of one.
    async fn fail_run(
        &self,
        lease: Lease,
        (tenant, id): (TenantId, ExportScheduleId),
        (reason, status): (String, ExportScheduleStatus),
    ) -> Result<(), Fault> {
        let now = self.0.clock.now();
        let mut work = self.0.db.global().maintenance_for(tenant).await?;
        lease.guard(&work).await?;
        // Lock order: the journal before the schedule, as in changes of schedules.
        journal::hold(&work).await?;
        let Some(before) = rows::lock(&work, id).await?.filter(is_active) else { return work.rollback().await };
        let is_paused = status == ExportScheduleStatus::Paused;
        let after = Schedule {
            status: if is_paused { status } else { before.status },
            next_run_at: before.next_run_at.filter(|_| !is_paused),
            failures: before.failures + 1,
            last_run_at: Some(now),
            last_error: Some(reason.clone()),
            ..before
        };
        rows::update(&work, &after).await?;
        if is_paused || after.failures == 1 {
            let payload = ExportScheduleEvent { error: Some(reason), ..ExportScheduleEvent::of(&after) };
            journal::append_other(&mut work, vec![EXPORT_SCHEDULE_FAILED.event(&payload)], now).await?;
        }
        work.commit().await?;
        metrics::count_export_run(false);
        Ok(())
    }
}
