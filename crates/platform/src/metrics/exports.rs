//! Metrics of export schedules.

use metrics::counter;

use super::{enabled::is_enabled, names};

/// Counts a run of an export schedule that has ended: with its manifest, or after its last try.
pub fn count_export_run(is_done: bool) {
    if is_enabled() {
        counter!(names::EXPORT_RUNS, "result" => if is_done { "completed" } else { "failed" }).increment(1);
    }
}
