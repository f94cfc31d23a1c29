//! Figures of the hosts of the database, of its parts by month, and of the replicas that a node reads from.

use metrics::{counter, gauge};

use super::{counts, names};

/// A request's reads went to a replica or to the primary, and why.
pub fn replica_reads(place: &'static str, reason: &'static str) {
    if counts() {
        counter!(names::REPLICA_READS, "where" => place, "reason" => reason).increment(1);
    }
}

/// Whether connections go to a server now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Used {
    Yes,
    No,
}

/// A host of the database, by its place in the URL: whether it is written to.
pub fn database_host(place: usize, used: Used) {
    if counts() {
        gauge!(names::HOST_USED, "host" => place.to_string()).set(if used == Used::Yes { 1.0 } else { 0.0 });
    }
}

/// Another host of the database was found to take writes.
pub fn database_failover() {
    if counts() {
        counter!(names::FAILOVERS).increment(1);
    }
}

/// A replica, by its place among those that were named: whether it is used, and the bytes that it has not replayed, while it answers.
pub fn replica(place: usize, used: Used, lag_bytes: Option<i64>) {
    if counts() {
        gauge!(names::REPLICA_USED, "replica" => place.to_string()).set(if used == Used::Yes { 1.0 } else { 0.0 });
        if let Some(bytes) = lag_bytes {
            gauge!(names::REPLICA_LAG, "replica" => place.to_string()).set(bytes as f64);
        }
    }
}

/// How many months after the present one have a part in each table that is parted.
pub fn partitions_ahead(months: i64) {
    if counts() {
        gauge!(names::PARTITIONS_AHEAD).set(months as f64);
    }
}
