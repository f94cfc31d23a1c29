//! Timed work: schedules that are due get a job each, which writes what has come since.

use std::time::Duration;

use platform::jobs::Registry;

use super::{
    ExportSchedules,
    shell::{JOB, MOST_TRIES},
};

/// Between two looks for schedules that are due.
const EVERY: Duration = Duration::from_secs(5);

/// Adds what this room knows how to do.
#[must_use]
pub fn register(registry: Registry, schedules: &ExportSchedules) -> Registry {
    let (due, running) = (schedules.clone(), schedules.clone());
    registry
        .periodic("export.schedule", EVERY, move |_| {
            let schedules = due.clone();
            async move { schedules.post_due().await.map(drop) }
        })
        .queued(JOB, MOST_TRIES, move |lease, job| {
            let schedules = running.clone();
            async move { schedules.carry_out(lease, &job).await }
        })
}
