//! Metrics of backups, and of the shipping of the log.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use metrics::{counter, gauge};

use super::{enabled::is_enabled, names};

/// Sets the schedule of backups and drills in this process. The times of the last ones are 0 until
/// the log is read, and that of the revocation lists until their job has succeeded.
pub fn backup_schedule(every: Duration, drill_every: Option<Duration>) {
    if is_enabled() {
        gauge!(names::REVOCATIONS_LISTED).set(0.0);
        gauge!(names::BACKUP_INTERVAL).set(every.as_secs_f64());
        gauge!(names::BACKUP_LAST).set(0.0);
        if let Some(every) = drill_every {
            gauge!(names::DRILL_INTERVAL).set(every.as_secs_f64());
            gauge!(names::DRILL_LAST).set(0.0);
        }
    }
}

/// Sets the interval of backups that another program makes and this one lists, if it is known. The
/// time of the last one is 0 until the log is read.
pub fn backup_listing(every: Option<Duration>) {
    if is_enabled() {
        gauge!(names::BACKUP_LAST).set(0.0);
        if let Some(every) = every {
            gauge!(names::BACKUP_INTERVAL).set(every.as_secs_f64());
        }
    }
}

/// Sets the last successful backup in the log: its start in seconds since 1970 UTC, its duration,
/// and its bytes as stored.
pub fn record_backup(started_at: f64, took: Duration, stored_bytes: i64) {
    if is_enabled() {
        gauge!(names::BACKUP_LAST).set(started_at);
        gauge!(names::BACKUP_SECONDS).set(took.as_secs_f64());
        gauge!(names::BACKUP_BYTES).set(stored_bytes as f64);
    }
}

/// Sets the start of the last successful drill in the log, in seconds since 1970 UTC.
pub fn record_backup_drill(started_at: f64) {
    if is_enabled() {
        gauge!(names::DRILL_LAST).set(started_at);
    }
}

/// Records when all revocations were last listed beside the backups, in seconds since 1970 UTC.
pub fn set_revocations_listed_at(at: f64) {
    if is_enabled() {
        gauge!(names::REVOCATIONS_LISTED).set(at);
    }
}

/// Failed backups and drills in the log, as they were read last.
static FAILURES: [FailureCount; 2] = [FailureCount::new(), FailureCount::new()];

/// Counts the failed backups and drills in the log. Rows that are removed from it after their time do not hide later ones.
pub fn backup_failures(backups: u64, drills: u64) {
    if is_enabled() {
        let [backup_failures, drill_failures] = &FAILURES;
        counter!(names::BACKUP_FAILURES, "kind" => "backup").absolute(backup_failures.total(backups));
        counter!(names::BACKUP_FAILURES, "kind" => "drill").absolute(drill_failures.total(drills));
    }
}

/// A count of rows, some of which are removed while others are added, as a total that only grows.
struct FailureCount {
    rows: AtomicU64,
    removed: AtomicU64,
}

impl FailureCount {
    const fn new() -> Self {
        Self { rows: AtomicU64::new(0), removed: AtomicU64::new(0) }
    }

    fn total(&self, rows: u64) -> u64 {
        let before = self.rows.swap(rows, Ordering::Relaxed);
        let gone = before.saturating_sub(rows);
        self.removed.fetch_add(gone, Ordering::Relaxed) + gone + rows
    }
}

/// Sets the state of shipping of SQLite's log: the lag of the backup storage, bytes that wait on
/// the disk, and bytes of the log.
pub fn set_log_shipping(lag: Duration, spooled: u64, log: u64) {
    if is_enabled() {
        gauge!(names::SHIPPING_LAG).set(lag.as_secs_f64());
        gauge!(names::SHIPPING_SPOOLED).set(spooled as f64);
        gauge!(names::LOG_BYTES).set(log as f64);
    }
}

/// Sets the lag of a log that is not shipped at all.
pub fn set_log_shipping_lag(lag: Duration) {
    if is_enabled() {
        gauge!(names::SHIPPING_LAG).set(lag.as_secs_f64());
    }
}

/// Counts a segment of the log that is stored in the backup storage.
pub fn count_shipped_log(bytes: u64) {
    if is_enabled() {
        counter!(names::SHIPPED_BYTES).increment(bytes);
    }
}

/// Counts a failed round, upload, checkpoint or new generation.
pub fn count_log_shipping_failure() {
    if is_enabled() {
        counter!(names::SHIPPING_FAILURES).increment(1);
    }
}

/// Counts a segment of the log that was read back with other bytes than were sent.
pub fn count_log_shipping_difference() {
    if is_enabled() {
        counter!(names::SHIPPING_DIFFERENCES).increment(1);
    }
}

/// Creates the counters of shipping with 0, before its first event.
pub fn init_log_shipping() {
    if is_enabled() {
        counter!(names::SHIPPED_BYTES).increment(0);
        counter!(names::SHIPPING_FAILURES).increment(0);
        counter!(names::SHIPPING_DIFFERENCES).increment(0);
    }
}

/// Sets whether jobs with an effect outside the deployment are held, as after a restore.
pub fn set_outgoing_held(is_held: bool) {
    if is_enabled() {
        gauge!(names::OUTGOING_HELD).set(if is_held { 1.0 } else { 0.0 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_is_removed_hides_no_later_one() {
        let count = FailureCount::new();
        let totals = [3, 3, 4, 3, 4, 0, 1].map(|rows| count.total(rows));
        assert_eq!(totals, [3, 3, 4, 4, 5, 5, 6]);
    }
}
