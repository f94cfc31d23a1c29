//! Postgres' archive of its log: whether it keeps up.

use platform::storage::{Database, WalArchive};

use super::{probes::of_fault, report::Finding};

const CHECK: &str = "wal archive";
/// Complete segments that may wait while the database is busy. `EntrepotArchiveStuck` has the same limit.
const MAX_PENDING_SEGMENTS: i64 = 16;

/// No finding without `archive_mode`: its own backups may be enough for an operator.
pub(super) async fn check_archive(db: Database) -> Vec<Finding> {
    match db.wal_archive().await {
        Ok(archive) => archive.map(archive_finding).into_iter().collect(),
        Err(fault) => of_fault(CHECK, &fault),
    }
}

fn archive_finding(archive: WalArchive) -> Finding {
    const ADVICE: &str = "look at Postgres' own log for why archive_command fails, and at the place of the archive (docs/runbooks/archive-stuck.md): a lost disk costs what is not archived";
    let segments = archive
        .pending_segments
        .map_or_else(|| "nothing is archived yet".to_owned(), |pending| format!("{pending} complete segment(s) wait"));
    if archive.pending_segments.is_some_and(|pending| pending > MAX_PENDING_SEGMENTS) {
        return Finding::fail(CHECK, segments, ADVICE);
    }
    if archive.is_failing {
        return Finding::warn(CHECK, format!("the last attempt failed; {segments}"), ADVICE);
    }
    Finding::ok(CHECK, segments)
}

#[cfg(test)]
mod tests {
    use super::{super::report::Verdict, *};

    #[test]
    fn an_archive_that_fails_or_falls_behind_is_told() {
        for (pending_segments, is_failing, verdict) in [
            (Some(0), false, Verdict::Ok),
            (None, false, Verdict::Ok),
            (Some(16), false, Verdict::Ok),
            (Some(16), true, Verdict::Warn),
            (None, true, Verdict::Warn),
            (Some(17), false, Verdict::Fail),
            (Some(17), true, Verdict::Fail),
        ] {
            let finding = archive_finding(WalArchive { pending_segments, is_failing });
            assert_eq!(finding.verdict, verdict, "{finding:?}");
            assert_eq!(finding.advice.is_some(), verdict != Verdict::Ok, "{finding:?}");
        }
    }
}
