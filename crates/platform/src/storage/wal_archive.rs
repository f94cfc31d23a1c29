//! Postgres' archive of its log, from the server's own views.

use entity::record::{Record, Selected};

use super::{Backend, Database, Fault, Row};

/// Progress of the archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalArchive {
    /// Complete segments of the log that are not archived; None before the first one is.
    pub pending_segments: Option<i64>,
    /// Whether the last attempt failed.
    pub is_failing: bool,
}

#[derive(Record)]
struct ArchiveRow {
    #[record(sql = "a.last_archived_wal")]
    last_archived: Option<String>,
    #[record(sql = "coalesce(a.last_failed_time > coalesce(a.last_archived_time, '-infinity'), false)")]
    is_failing: bool,
    #[record(sql = "pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint")]
    written_bytes: i64,
    #[record(sql = "pg_size_bytes(current_setting('wal_segment_size'))")]
    segment_bytes: i64,
}

impl Database {
    /// Returns the progress of the archive; None on SQLite, on a standby, and without
    /// `archive_mode`.
    pub async fn wal_archive(&self) -> Result<Option<WalArchive>, Fault> {
        if self.backend == Backend::Sqlite {
            return Ok(None);
        }
        let sql = format!(
            "SELECT {} FROM pg_stat_archiver a WHERE current_setting('archive_mode') <> 'off' AND NOT pg_is_in_recovery()",
            ArchiveRow::SELECT
        );
        let rows = self.query_as_login(&sql, vec![]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let row: ArchiveRow = Row::new(row).record()?;
        let archived_bytes = row.last_archived.as_deref().and_then(|name| archived_bytes(name, row.segment_bytes));
        let pending_segments = archived_bytes.map(|archived| ((row.written_bytes - archived) / row.segment_bytes).max(0));
        Ok(Some(WalArchive { pending_segments, is_failing: row.is_failing }))
    }
}

/// Returns the position in the log at which a segment ends: its name has eight hexadecimal digits
/// each of its timeline, of the upper half of its position, and of its number below that. None for
/// other files, such as a timeline's history.
fn archived_bytes(name: &str, segment_bytes: i64) -> Option<i64> {
    let number = |digits| i64::from_str_radix(name.get(digits)?, 16).ok();
    let (upper, segment) = (number(8..16)?, number(16..24)?);
    upper.checked_shl(32)?.checked_add(segment.checked_add(1)?.checked_mul(segment_bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_ends_where_its_name_says() {
        const SEGMENT: i64 = 16 << 20;
        assert_eq!(archived_bytes("000000010000000000000001", SEGMENT), Some(2 * SEGMENT));
        assert_eq!(archived_bytes("0000000200000003000000FF", SEGMENT), Some((3 << 32) + 256 * SEGMENT));
        assert_eq!(archived_bytes("000000010000000000000004.00000028.backup", SEGMENT), Some(5 * SEGMENT));
        for other in ["00000002.history", "", "00000001000000000000000G"] {
            assert_eq!(archived_bytes(other, SEGMENT), None, "{other}");
        }
    }
}
