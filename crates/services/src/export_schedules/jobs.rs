//! Timed work: each due schedule gets a job, which writes the rows since its last run.

use std::time::Duration;

use platform::jobs::Registry;

use super::{
    ExportSchedules,
    shell::{JOB, MAX_TRIES},
};

/// Interval between two checks for due schedules.
const CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// Registers the jobs of this room.
#[must_use]
pub fn register(registry: Registry, schedules: &ExportSchedules) -> Registry {
    let (due, running) = (schedules.clone(), schedules.clone());
    registry
        .periodic("export.schedule", CHECK_INTERVAL, move |_| {
            let schedules = due.clone();
            async move { schedules.enqueue_due().await.map(drop) }
        })
        .queued(JOB, MAX_TRIES, move |lease, job| {
            let schedules = running.clone();
            async move { schedules.execute_run(lease, &job).await }
        })
}
