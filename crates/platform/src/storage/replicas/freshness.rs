//! Freshness that a read needs, and positions of the primary's WAL.

use std::time::Duration;

use entity::record::Record;

/// A position in the WAL of a Postgres: everything committed before it was queried precedes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Record)]
pub struct Position {
    /// Timeline. Only the server that writes it knows it at each moment.
    #[record(sql = "('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::bigint")]
    pub timeline: i64,
    /// End of the WAL, in bytes.
    #[record(sql = "(pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint")]
    pub lsn: i64,
}

impl Position {
    /// Position of a write whose own position is unknown: no replica has replayed it.
    pub const UNKNOWN: Self = Self { timeline: i64::MAX, lsn: i64::MAX };
}

/// Maximum age of the rows of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Freshness {
    /// The latest committed rows.
    #[default]
    Primary,
    /// With everything written before a position, and no older than the deployment allows.
    After(Position),
    /// At most this old, and no older than the deployment allows.
    Bounded(Duration),
}
