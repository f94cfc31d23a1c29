//! The log of backups and drills as rows.

use std::collections::HashSet;

use entity::{
    prelude::*,
    record::{Record, Selected, TableRecord},
    tables::{BackupRun, backup_run, file},
};
use platform::{
    paging::{Key, PageRequest, SortBy, Sorted, keyset},
    storage::{Backend, Fault, Global, GlobalReads, Nested, Row, Work},
};
use sea_orm::Value;
use uuid::Uuid;

use super::core::{file_list::ListedFile, schedule::EarlierRuns};

#[derive(Record)]
struct EarlierRow {
    #[record(sql = "max(CASE WHEN state = 'DONE' THEN started_at END)")]
    done_at: Option<i64>,
    #[record(sql = "max(coalesce(ended_at, started_at))")]
    tried_at: Option<i64>,
}

/// A backup of the log.
#[derive(Record)]
#[record(of = backup_run, alias = "")]
struct LoggedBackupRow {
    destination: String,
    #[record(not_null)]
    backup_id: String,
}

/// A stored file without expiry.
#[derive(Record)]
#[record(of = file, alias = "f")]
struct FileRow {
    tenant_id: TenantId,
    id: FileId,
    #[record(not_null)]
    blob: String,
    size: i64,
    sha256: Option<Vec<u8>>,
}

impl From<FileRow> for ListedFile {
    fn from(row: FileRow) -> Self {
        Self {
            tenant: row.tenant_id.uuid(),
            id: row.id.uuid(),
            blob: row.blob,
            bytes: row.size.unsigned_abs(),
            sha256: row.sha256.map(hex::encode),
        }
    }
}

/// Whether the database has the log table of this version: an older database that is not migrated
/// yet is backed up without a log.
pub async fn is_there(global: &Global) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM seaql_migrations WHERE version = 'm0109_drill_rpo'";
    Ok(!global.rows(sql, vec![]).await?.is_empty())
}

pub async fn is_any_running(global: &Global) -> Result<bool, Fault> {
    Ok(!global.rows("SELECT 1 FROM backup_run WHERE state = 'RUNNING' LIMIT 1", vec![]).await?.is_empty())
}

/// Reads the times of earlier runs of a kind to this destination. Runs from the future, by a wrong
/// clock, do not count.
pub async fn earlier_runs(global: &Global, kind: BackupKind, destination: &str, now: Timestamp) -> Result<EarlierRuns, Fault> {
    let sql = format!(
        "SELECT {} FROM backup_run
               WHERE kind = $1 AND destination = $2 AND started_at <= $3 AND coalesce(ended_at, started_at) <= $3",
        EarlierRow::SELECT
    );
    let values = vec![kind.as_str().into(), destination.into(), now.micros().into()];
    let row = global.records::<EarlierRow>(&sql, values).await?.pop();
    Ok(row.map(|row| EarlierRuns { done_at: row.done_at, tried_at: row.tried_at }).unwrap_or_default())
}

/// Reads the last successful run of a kind, to any destination. Runs from the future, by a clock
/// that was ahead, do not count.
pub async fn last_success(global: &Global, kind: BackupKind, now: Timestamp) -> Result<Option<BackupRun>, Fault> {
    let columns = BackupRun::select("r");
    let sql = format!(
        "SELECT {columns} FROM backup_run r
         WHERE r.kind = $1 AND r.state = 'DONE' AND r.started_at <= $2 ORDER BY r.started_at DESC, r.id DESC LIMIT 1"
    );
    Ok(global.records(&sql, vec![kind.as_str().into(), now.micros().into()]).await?.pop())
}

/// Destination and ID of each backup of the log.
pub async fn logged_backups(global: &Global) -> Result<HashSet<(String, String)>, Fault> {
    let sql = format!("SELECT {} FROM backup_run WHERE kind = 'BACKUP' AND backup_id IS NOT NULL", LoggedBackupRow::SELECT);
    let rows = global.records::<LoggedBackupRow>(&sql, vec![]).await?;
    Ok(rows.into_iter().map(|row| (row.destination, row.backup_id)).collect())
}

pub async fn count_failures(global: &Global, kind: BackupKind) -> Result<i64, Fault> {
    let sql = "SELECT count(*) FROM backup_run WHERE kind = $1 AND state = 'FAILED'";
    let rows = global.rows(sql, vec![kind.as_str().into()]).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

/// Conditions on runs; `None` is no condition, and an empty list matches nothing.
#[derive(Debug, Clone, Default)]
pub struct RunFilter {
    pub kinds: Option<Vec<BackupKind>>,
    pub states: Option<Vec<BackupState>>,
    /// From one time on, and before another.
    pub started_at: [Option<Timestamp>; 2],
    pub ended_at: [Option<Timestamp>; 2],
    /// Whether the run has ended.
    pub is_ended: Option<bool>,
    /// Result of a drill. A backup has none, and does not pass.
    pub is_sound: Option<bool>,
}

/// Sort field of runs; the ID breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunSort {
    StartedAt,
}

/// A sort and its direction.
pub type RunsSorted = Sorted<RunSort>;

impl SortBy for RunSort {
    type Row = BackupRun;
    const DEFAULT: Sorted<Self> = Sorted { by: Self::StartedAt, descending: true };
    const IS_DEFAULT_PLAIN: bool = true;

    fn word_and_columns(self) -> (&'static str, &'static [&'static str]) {
        ("STARTED_AT", &["r.started_at", "r.id"])
    }
    fn keys(self, run: &BackupRun) -> Vec<Key> {
        vec![Key::Int(run.started_at.micros()), Key::Id(run.id)]
    }
}

impl RunFilter {
    /// The conditions on `backup_run r`, each beginning with ` AND `, and their values; parameters are numbered from `first`.
    fn conditions(&self, backend: Backend, first: usize) -> (String, Vec<Value>) {
        let (mut sql, mut values) = (String::new(), Vec::<Value>::new());
        let mut bind = |value: Value| {
            values.push(value);
            first + values.len() - 1
        };
        if let Some(kinds) = &self.kinds {
            let number = bind(backend.texts(kinds.iter().map(|kind| kind.as_str())));
            sql.push_str(&format!(" AND {}", backend.in_texts("r.kind", number)));
        }
        if let Some(states) = &self.states {
            let number = bind(backend.texts(states.iter().map(|state| state.as_str())));
            sql.push_str(&format!(" AND {}", backend.in_texts("r.state", number)));
        }
        for (column, span) in [("r.started_at", self.started_at), ("r.ended_at", self.ended_at)] {
            for (bound, operator) in span.into_iter().zip([">=", "<"]) {
                if let Some(at) = bound {
                    let number = bind(at.micros().into());
                    sql.push_str(&format!(" AND {column} {operator} ${number}"));
                }
            }
        }
        if let Some(is_ended) = self.is_ended {
            sql.push_str(if is_ended { " AND r.ended_at IS NOT NULL" } else { " AND r.ended_at IS NULL" });
        }
        if let Some(is_sound) = self.is_sound {
            sql.push_str(if is_sound { " AND r.is_sound IS TRUE" } else { " AND r.is_sound IS FALSE" });
        }
        (sql, values)
    }
}

/// Returns the condition of the listed runs, its parameters numbered from `$1`.
fn filter_condition(global: &Global, filter: &Nested<RunFilter>) -> (String, Vec<Value>) {
    let backend = global.backend();
    filter.conditions(1, &|filter, first| filter.conditions(backend, first))
}

/// Returns the number of matching runs, counted up to `limit`.
pub async fn count(global: &Global, filter: &Nested<RunFilter>, limit: i64) -> Result<i64, Fault> {
    let (only, mut values) = filter_condition(global, filter);
    values.push(limit.into());
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM backup_run r WHERE TRUE{only} LIMIT ${}) AS few", values.len());
    let rows = global.rows(&sql, values).await?;
    rows.first().map_or(Ok(0), Row::scalar)
}

/// Reads a page of runs, sorted.
pub async fn page(
    global: &Global,
    filter: &Nested<RunFilter>,
    sorted: RunsSorted,
    request: &PageRequest,
) -> Result<Vec<BackupRun>, Fault> {
    let (only, mut values) = filter_condition(global, filter);
    let (bounds, order, bound_values) = keyset(sorted.columns(), sorted.descending, request, values.len() + 1);
    values.extend(bound_values);
    let columns = BackupRun::select("r");
    global.records(&format!("SELECT {columns} FROM backup_run r WHERE TRUE{only}{bounds}{order}"), values).await
}

/// The last runs, the newest first.
pub async fn last_runs(global: &Global, limit: i64) -> Result<Vec<BackupRun>, Fault> {
    let columns = BackupRun::select("r");
    let sql = format!("SELECT {columns} FROM backup_run r ORDER BY r.started_at DESC, r.id DESC LIMIT $1");
    global.records(&sql, vec![limit.into()]).await
}

pub async fn add(work: &Work, run: BackupRun) -> Result<(), Fault> {
    work.insert_global::<backup_run::Entity>(run).await
}

/// Writes the result of a run, unless it has ended already.
pub async fn end(work: &Work, run: BackupRun) -> Result<(), Fault> {
    let sql =
        "UPDATE backup_run SET state = $2, ended_at = $3, backup_id = $4, bytes = $5, stored_bytes = $6, files = $7, head = $8,
               rto_seconds = $9, is_sound = $10, error = $11, rpo_seconds = $12 WHERE id = $1 AND state = 'RUNNING'";
    let values = vec![
        run.id.into(),
        run.state.as_str().into(),
        run.ended_at.map(Timestamp::micros).into(),
        run.backup_id.into(),
        run.bytes.into(),
        run.stored_bytes.into(),
        run.files.into(),
        run.head.into(),
        run.rto_seconds.into(),
        run.is_sound.into(),
        run.error.into(),
        run.rpo_seconds.into(),
    ];
    work.execute_global(sql, values).await.map(drop)
}

/// Marks all running runs as failed; returns the number.
pub async fn fail_running(work: &Work, error: &str, now: Timestamp) -> Result<u64, Fault> {
    let sql = "UPDATE backup_run SET state = 'FAILED', ended_at = $1, error = $2 WHERE state = 'RUNNING'";
    work.execute_global(sql, vec![now.micros().into(), error.into()]).await
}

pub async fn remove(work: &Work, id: Uuid) -> Result<(), Fault> {
    work.execute_global("DELETE FROM backup_run WHERE id = $1", vec![id.into()]).await.map(drop)
}

pub async fn remove_running(work: &Work) -> Result<(), Fault> {
    work.execute_global("DELETE FROM backup_run WHERE state = 'RUNNING'", vec![]).await.map(drop)
}

pub async fn remove_before(work: &Work, before: Timestamp) -> Result<(), Fault> {
    work.execute_global("DELETE FROM backup_run WHERE started_at < $1", vec![before.micros().into()]).await.map(drop)
}

/// Reads the stored files without expiry, of all tenants, after the one with these IDs.
pub async fn stored_files(reads: &impl GlobalReads, after: (Uuid, Uuid), limit: i64) -> Result<Vec<ListedFile>, Fault> {
    let sql = format!(
        "SELECT {} FROM file f
               WHERE f.state = 'READY' AND f.blob IS NOT NULL AND f.expires_at IS NULL AND (f.tenant_id, f.id) > ($1, $2)
               ORDER BY f.tenant_id, f.id LIMIT $3",
        FileRow::SELECT
    );
    let rows = reads.records::<FileRow>(&sql, vec![after.0.into(), after.1.into(), limit.into()]).await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Whether a file is still stored under its name: its tenant may have removed it.
pub async fn is_stored(global: &Global, file: &ListedFile) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM file WHERE tenant_id = $1 AND id = $2 AND state = 'READY' AND blob = $3 AND expires_at IS NULL";
    let values = vec![file.tenant.into(), file.id.into(), file.blob.clone().into()];
    Ok(!global.rows(sql, values).await?.is_empty())
}
