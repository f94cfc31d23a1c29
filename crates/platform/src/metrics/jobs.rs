//! Metrics of background jobs.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

use super::{enabled::is_enabled, names};

/// Sets this process's job counters since its start: successful and failed runs, dead letters, jobs taken over, and jobs held now.
pub fn jobs(ran: u64, failed: u64, died: u64, taken_over: u64, held: u64) {
    if is_enabled() {
        counter!(names::JOB_RUNS, "result" => "done").absolute(ran);
        counter!(names::JOB_RUNS, "result" => "failed").absolute(failed);
        counter!(names::JOBS_DIED).absolute(died);
        counter!(names::JOBS_TAKEN_OVER).absolute(taken_over);
        gauge!(names::JOBS_HELD).set(held as f64);
    }
}

/// Sets in how many runs in a row a standing job of the deployment has failed.
pub fn set_job_failures(kind: &str, failures: i64) {
    if is_enabled() {
        gauge!(names::JOB_FAILURES, "job" => kind.to_owned()).set(failures as f64);
    }
}

/// A run of a job ended in this process.
pub fn observe_job_run(job: &'static str, is_failed: bool, took: Duration) {
    if is_enabled() {
        let result = if is_failed { "failed" } else { "done" };
        histogram!(names::JOB_SECONDS, "job" => job, "result" => result).record(took);
    }
}
