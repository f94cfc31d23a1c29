//! Backups of a database: one consistent file, or a dump of Postgres, compressed, encrypted, and
//! written to a folder or a bucket.
//!
//! A backup is a folder of chunks and a manifest that is written last. Its data key is random and
//! sealed under the key ring, which is never part of it. `docs/backups.md`, `docs/decisions/0122`.
//! The module also has the archive of months that leave a Postgres (`docs/decisions/0177`).

pub mod core;
mod file;
mod id;
mod months;
mod programs;
mod revocation_rows;
mod rows;
mod shell;
mod spool;
mod wal;

pub use self::core::{
    archived::OmittedField,
    manifest::{FORMAT, Manifest, PARTS, TenantHead},
    pgbackrest::{ClusterBackup, ListError, parse_backup_list},
    retention::ALL_DAYS,
    revocation::{Revocation, RevocationKind},
    schedule::{EarlierRuns, is_due},
    scrub::scrub_message,
};
pub use file::{LocalLock, examine_file};
pub use id::BackupId;
pub use months::{
    ARCHIVED_MONTH_RETENTION_DAYS, ArchiveTerms, ArchivedFile, ArchivedMonth, MonthOutcome, archive_months, erase_from_months,
    verify_month,
};
pub use programs::PgPrograms;
pub use rows::{RunFilter, RunSort, RunsSorted};
pub use shell::{
    BackupError, Backups, Keys,
    dump::{DumpSource, drill_database, restore_dump, run_dump},
    file_lists::{FileComparison, StoredFiles, count_stored_files},
    list::{BackupEntry, Content, Problem, Summary},
    log::{BackupLog, ExclusiveRun, KILLED_ERROR, RunFacts, measure},
    newest::{NewestUndamaged, restore_newest_undamaged},
    prune::PruneResult,
    restore::{RestoredBackup, restore},
    revocations::{ListedRevocations, RevocationsSince},
    run::{CompletedBackup, Source, heads, run},
    segments::{MAX_CLOCK_SKEW_SECONDS, ReachedPoint},
    ship::{ShipSettings, Shipper},
    verify::VerificationResult,
};
pub use spool::waiting_since;
