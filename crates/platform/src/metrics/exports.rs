//! Metrics of export schedules.

use metrics::counter;

use super::{enabled::counts, names};

/// Counts a run of an export schedule that has ended: with its manifest, or after its last try.
pub fn export_run(is_done: bool) {
    if counts() {
        counter!(names::EXPORT_RUNS, "result" => if is_done { "completed" } else { "failed" }).increment(1);
    }
}
