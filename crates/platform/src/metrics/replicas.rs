//! Metrics of the hosts of the database, of its monthly partitions and the archive of its log, and of
//! the replicas that a node reads from.

use std::sync::atomic::{AtomicBool, Ordering};

use metrics::{counter, gauge};

use super::{enabled::is_enabled, names};

/// Whether the archive of a log was reported.
static HAS_ARCHIVE: AtomicBool = AtomicBool::new(false);

/// Counts a request whose reads went to a replica or to the primary, with the reason.
pub fn replica_reads(place: &'static str, reason: &'static str) {
    if is_enabled() {
        counter!(names::REPLICA_READS, "where" => place, "reason" => reason).increment(1);
    }
}

/// Whether connections go to a server now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerUse {
    Yes,
    No,
}

/// Sets whether a host of the database, by its place in the URL, takes the writes.
pub fn database_host(place: usize, used: ServerUse) {
    if is_enabled() {
        gauge!(names::HOST_USED, "host" => place.to_string()).set(if used == ServerUse::Yes { 1.0 } else { 0.0 });
    }
}

/// Counts a failover: another host of the database now accepts writes.
pub fn database_failover() {
    if is_enabled() {
        counter!(names::FAILOVERS).increment(1);
    }
}

/// Sets whether a replica, by its place in the configuration, is used, and the bytes that it has
/// not replayed, if it answers.
pub fn replica(place: usize, used: ServerUse, lag_bytes: Option<i64>) {
    if is_enabled() {
        gauge!(names::REPLICA_USED, "replica" => place.to_string()).set(if used == ServerUse::Yes { 1.0 } else { 0.0 });
        if let Some(bytes) = lag_bytes {
            gauge!(names::REPLICA_LAG, "replica" => place.to_string()).set(bytes as f64);
        }
    }
}

/// Records the number of months after the present one for which each partitioned table has a
/// partition.
pub fn partitions_ahead(months: i64) {
    if is_enabled() {
        gauge!(names::PARTITIONS_AHEAD).set(months as f64);
    }
}

/// Records the complete segments of Postgres' log that are not archived.
pub fn record_archive_pending(segments: i64) {
    if is_enabled() {
        gauge!(names::ARCHIVE_PENDING).set(segments as f64);
    }
}

/// Nothing waits and nothing fails on a server that archives no log, such as the one that has taken over from another.
pub fn forget_archive() {
    if HAS_ARCHIVE.swap(false, Ordering::Relaxed) {
        gauge!(names::ARCHIVE_PENDING).set(0.0);
        gauge!(names::ARCHIVE_FAILING).set(0.0);
    }
}

/// Sets whether Postgres' last attempt to archive a segment of its log failed.
pub fn set_archive_failing(is_failing: bool) {
    if is_enabled() {
        HAS_ARCHIVE.store(true, Ordering::Relaxed);
        gauge!(names::ARCHIVE_FAILING).set(if is_failing { 1.0 } else { 0.0 });
    }
}
