//! What is told of backups, and of the shipping of the log.

use std::time::Duration;

use metrics::{counter, gauge};

use super::{counts, names};

/// The schedule of backups and drills in this process. The moments of the last ones are 0 until the log says more, and that of the lists of revocations
/// until their job has succeeded.
pub fn backup_schedule(every: Duration, drill_every: Option<Duration>) {
    if counts() {
        gauge!(names::REVOCATIONS_LISTED).set(0.0);
        gauge!(names::BACKUP_INTERVAL).set(every.as_secs_f64());
        gauge!(names::BACKUP_LAST).set(0.0);
        if let Some(every) = drill_every {
            gauge!(names::DRILL_INTERVAL).set(every.as_secs_f64());
            gauge!(names::DRILL_LAST).set(0.0);
        }
    }
}

/// Another program makes the backups, and they are listed: the time between two, where it is known. The moment of the last one is 0 until the log says
/// more.
pub fn backup_listing(every: Option<Duration>) {
    if counts() {
        gauge!(names::BACKUP_LAST).set(0.0);
        if let Some(every) = every {
            gauge!(names::BACKUP_INTERVAL).set(every.as_secs_f64());
        }
    }
}

/// The last backup in the log that was made: its start in seconds since 1970 UTC, how long it took, and its bytes as stored.
pub fn backup_made(started: f64, took: Duration, stored_bytes: i64) {
    if counts() {
        gauge!(names::BACKUP_LAST).set(started);
        gauge!(names::BACKUP_SECONDS).set(took.as_secs_f64());
        gauge!(names::BACKUP_BYTES).set(stored_bytes as f64);
    }
}

/// The start of the last drill in the log that succeeded, in seconds since 1970 UTC.
pub fn backup_drilled(started: f64) {
    if counts() {
        gauge!(names::DRILL_LAST).set(started);
    }
}

/// When all revocations were last listed beside the backups, in seconds since 1970 UTC.
pub fn revocations_listed(at: f64) {
    if counts() {
        gauge!(names::REVOCATIONS_LISTED).set(at);
    }
}

/// Backups and drills in the log that failed.
pub fn backup_failures(backups: u64, drills: u64) {
    if counts() {
        counter!(names::BACKUP_FAILURES, "kind" => "backup").absolute(backups);
        counter!(names::BACKUP_FAILURES, "kind" => "drill").absolute(drills);
    }
}

/// Shipping of SQLite's log: how far the place of the backups is behind, bytes that wait on the disk, and bytes of the log.
pub fn log_shipping(lag: Duration, spooled: u64, log: u64) {
    if counts() {
        gauge!(names::SHIPPING_LAG).set(lag.as_secs_f64());
        gauge!(names::SHIPPING_SPOOLED).set(spooled as f64);
        gauge!(names::LOG_BYTES).set(log as f64);
    }
}

/// A segment of the log is where the backups are.
pub fn log_shipped(bytes: u64) {
    if counts() {
        counter!(names::SHIPPED_BYTES).increment(bytes);
    }
}

/// A round, an upload, a checkpoint or a new generation failed.
pub fn log_shipping_failed() {
    if counts() {
        counter!(names::SHIPPING_FAILURES).increment(1);
    }
}

/// A segment of the log read back as other bytes than those that were sent.
pub fn log_shipping_differs() {
    if counts() {
        counter!(names::SHIPPING_DIFFERENCES).increment(1);
    }
}

/// Shipping begins: its counters are there before their first event.
pub fn log_shipping_begins() {
    if counts() {
        counter!(names::SHIPPED_BYTES).increment(0);
        counter!(names::SHIPPING_FAILURES).increment(0);
        counter!(names::SHIPPING_DIFFERENCES).increment(0);
    }
}

/// Whether jobs with an effect outside the deployment are held, as they are after a restore.
pub fn outgoing_held(is_held: bool) {
    if counts() {
        gauge!(names::OUTGOING_HELD).set(if is_held { 1.0 } else { 0.0 });
    }
}
