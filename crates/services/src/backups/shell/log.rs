//! The log of backups and drills: a row for each, from commands and from the periodic job.

use std::{path::Path, time::Duration};

use entity::{prelude::*, tables::BackupRun};
use platform::{
    clock::Clock,
    metrics,
    paging::PageRequest,
    storage::{Database, DumpLock, Fault, Nested},
};

use super::BackupError;
use crate::{
    backups::{
        core::{pgbackrest::ClusterBackup, schedule::EarlierRuns, scrub::scrub_message},
        file::LocalLock,
        rows::{self, RunFilter, RunsSorted},
    },
    files::FileLocation,
};

/// The error of a run whose process was killed.
pub const KILLED_ERROR: &str = "its process ended before it was done";
/// Retention of rows.
const LOG_RETENTION_SECONDS: i64 = 400 * 24 * 3600;

/// Results of a backup or a drill other than its times; the columns of `backup_run` have the units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RunFacts {
    pub backup_id: Option<String>,
    pub bytes: Option<i64>,
    pub stored_bytes: Option<i64>,
    pub files: Option<i64>,
    pub head: Option<i64>,
    pub rto_seconds: Option<i64>,
    pub is_sound: Option<bool>,
    pub rpo_seconds: Option<i64>,
}

/// The right to back up or drill a database alone: every earlier run has ended.
pub trait ExclusiveRun {}
impl ExclusiveRun for LocalLock {}
impl ExclusiveRun for DumpLock {}

/// The log of a database. Cheap to clone.
#[derive(Clone)]
pub struct BackupLog {
    db: Database,
    clock: Clock,
}

impl BackupLog {
    pub fn new(db: Database, clock: Clock) -> Self {
        Self { db, clock }
    }

    /// Inserts the row of a run; returns `None` if the database is not migrated yet and has no log.
    /// Other running rows are of processes that have ended, since only one process holds the lock.
    ///
    /// # Errors
    /// The database takes no writes.
    pub async fn begin(
        &self,
        _lock: &impl ExclusiveRun,
        kind: BackupKind,
        location: &FileLocation,
    ) -> Result<Option<BackupRun>, Fault> {
        if !rows::is_there(&self.db.global()).await? {
            return Ok(None);
        }
        let run = self.new_run(kind, location);
        let now = run.started_at;
        let work = self.db.global().maintenance_for(TenantId::NIL).await?;
        rows::fail_running(&work, KILLED_ERROR, now).await?;
        rows::remove_before(&work, now.plus_seconds(-LOG_RETENTION_SECONDS)).await?;
        rows::add(&work, run.clone()).await?;
        work.commit().await?;
        Ok(Some(run))
    }

    /// Returns the row of a run that begins now.
    fn new_run(&self, kind: BackupKind, location: &FileLocation) -> BackupRun {
        BackupRun {
            id: self.clock.uuid(),
            kind,
            state: BackupState::Running,
            started_at: self.clock.now(),
            ended_at: None,
            destination: location.to_string(),
            backup_id: None,
            bytes: None,
            stored_bytes: None,
            files: None,
            head: None,
            rto_seconds: None,
            is_sound: None,
            error: None,
            rpo_seconds: None,
        }
    }

    /// Adds a row that is FAILED: of a backup that was made, and lost what follows it. It needs no lock, and may come while another run has it.
    ///
    /// # Errors
    /// The database takes no writes.
    pub async fn add_failed(&self, kind: BackupKind, location: &FileLocation, error: &BackupError) -> Result<(), Fault> {
        if !rows::is_there(&self.db.global()).await? {
            return Ok(());
        }
        let run = self.new_run(kind, location);
        let (ended_at, error) = (Some(run.started_at), Some(scrub_message(&error.to_string())));
        let work = self.db.global().maintenance_for(TenantId::NIL).await?;
        rows::add(&work, BackupRun { state: BackupState::Failed, ended_at, error, ..run }).await?;
        work.commit().await
    }

    /// Ends the row of a run. A run that was blocked by the lock of another leaves no row.
    ///
    /// # Errors
    /// The database takes no writes: the next run ends the row.
    pub async fn end(&self, run: BackupRun, facts: RunFacts, ended: &Result<(), BackupError>) -> Result<(), Fault> {
        let work = self.db.global().maintenance_for(TenantId::NIL).await?;
        if matches!(ended, Err(BackupError::Locked { .. })) {
            rows::remove(&work, run.id).await?;
            return work.commit().await;
        }
        let error = ended.as_ref().err().map(|error| scrub_message(&error.to_string()));
        let RunFacts { backup_id, bytes, stored_bytes, files, head, rto_seconds, is_sound, rpo_seconds } = facts;
        let state = if error.is_none() { BackupState::Done } else { BackupState::Failed };
        let ended_at = Some(self.clock.now());
        let run_with_facts = BackupRun { backup_id, bytes, stored_bytes, files, head, rto_seconds, is_sound, rpo_seconds, ..run };
        let ended = BackupRun { state, ended_at, error, ..run_with_facts };
        rows::end(&work, ended).await?;
        work.commit().await
    }

    /// Ends rows of runs whose process was killed.
    ///
    /// # Errors
    /// The database takes no writes, or the lock cannot be tried.
    pub async fn end_killed(&self, file: &Path) -> Result<(), Fault> {
        if !rows::is_any_running(&self.db.global()).await? {
            return Ok(());
        }
        match LocalLock::take(file)? {
            Some(lock) => self.end_running(&lock).await,
            None => Ok(()),
        }
    }

    /// Does the same for a Postgres database, whose lock ends with the connection of the process.
    ///
    /// # Errors
    /// The database takes no writes, or the lock cannot be tried.
    pub async fn end_killed_dumps(&self) -> Result<(), Fault> {
        if !rows::is_any_running(&self.db.global()).await? {
            return Ok(());
        }
        match self.db.lock_dumps().await? {
            Some(lock) => self.end_running(&lock).await,
            None => Ok(()),
        }
    }

    /// Does the same for a caller that has the right to run alone.
    ///
    /// # Errors
    /// The database takes no writes.
    pub async fn end_running(&self, _lock: &impl ExclusiveRun) -> Result<(), Fault> {
        let work = self.db.global().maintenance_for(TenantId::NIL).await?;
        let killed = rows::fail_running(&work, KILLED_ERROR, self.clock.now()).await?;
        work.commit().await?;
        if killed > 0 {
            tracing::warn!(killed, "a backup or drill was killed before it was done");
        }
        Ok(())
    }

    /// Adds backups that pgBackRest lists and the log lacks; returns the number. A backup that
    /// pgBackRest has removed since stays in the log as long as other rows.
    ///
    /// # Errors
    /// The database takes no writes.
    pub async fn add_listed(&self, cluster_backups: &[ClusterBackup]) -> Result<usize, Fault> {
        let oldest = self.clock.now().plus_seconds(-LOG_RETENTION_SECONDS);
        let mut known_backups = rows::logged_backups(&self.db.global()).await?;
        let recent = cluster_backups.iter().filter(|backup| backup.started_at >= oldest.micros());
        let new_runs: Vec<BackupRun> = recent
            .map(|backup| self.row_of(backup))
            .filter(|row| known_backups.insert((row.destination.clone(), row.backup_id.clone().unwrap_or_default())))
            .collect();
        if new_runs.is_empty() {
            return Ok(0);
        }
        let (count, work) = (new_runs.len(), self.db.global().maintenance_for(TenantId::NIL).await?);
        rows::remove_before(&work, oldest).await?;
        for row in new_runs {
            rows::add(&work, row).await?;
        }
        work.commit().await?;
        Ok(count)
    }

    fn row_of(&self, backup: &ClusterBackup) -> BackupRun {
        let error = backup
            .is_damaged
            .then(|| format!("pages of the cluster had wrong checksums: `pgbackrest info --set={}` names them", backup.label));
        BackupRun {
            id: self.clock.uuid(),
            kind: BackupKind::Backup,
            state: if backup.is_damaged { BackupState::Failed } else { BackupState::Done },
            started_at: Timestamp(backup.started_at),
            ended_at: Some(Timestamp(backup.ended_at)),
            destination: format!("pgbackrest:{}/repo{}", backup.stanza, backup.repository),
            backup_id: Some(backup.label.clone()),
            bytes: Some(backup.bytes),
            stored_bytes: backup.stored_bytes,
            files: None,
            head: None,
            rto_seconds: None,
            is_sound: None,
            error: error.map(|error| scrub_message(&error)),
            rpo_seconds: None,
        }
    }

    /// Reads the times of earlier runs of a kind to this location.
    pub async fn earlier_runs(&self, kind: BackupKind, location: &FileLocation) -> Result<EarlierRuns, Fault> {
        rows::earlier_runs(&self.db.global(), kind, &location.to_string(), self.clock.now()).await
    }

    /// Reads the last successful run of a kind, to any location.
    pub async fn last_success(&self, kind: BackupKind) -> Result<Option<BackupRun>, Fault> {
        rows::last_success(&self.db.global(), kind, self.clock.now()).await
    }

    /// Reads a page of the log, sorted.
    pub async fn page(
        &self,
        filter: &Nested<RunFilter>,
        sorted: RunsSorted,
        request: &PageRequest,
    ) -> Result<Vec<BackupRun>, Fault> {
        rows::page(&self.db.global(), filter, sorted, request).await
    }

    /// Returns the number of matching runs in the log, counted up to `limit`.
    pub async fn count(&self, filter: &Nested<RunFilter>, limit: i64) -> Result<i64, Fault> {
        rows::count(&self.db.global(), filter, limit).await
    }

    /// Reads the last `limit` runs, the oldest first.
    pub async fn last_runs(&self, limit: i64) -> Result<Vec<BackupRun>, Fault> {
        let mut runs = rows::last_runs(&self.db.global(), limit).await?;
        runs.reverse();
        Ok(runs)
    }

    /// Removes runs that a restored database has as running, its own backup above all.
    pub async fn forget_running(&self) -> Result<(), Fault> {
        let work = self.db.global().maintenance_for(TenantId::NIL).await?;
        rows::remove_running(&work).await?;
        work.commit().await
    }
}

/// Sets the metrics of backups from the log: of an embedded database, or of a Postgres whose
/// backups are listed.
pub async fn measure(db: &Database, now: Timestamp) -> Result<(), Fault> {
    let global = db.global();
    let seconds = |run: &BackupRun| run.started_at.micros() as f64 / 1e6;
    if let Some(run) = rows::last_success(&global, BackupKind::Backup, now).await? {
        let duration = run.ended_at.map_or(0, |end| end.micros().saturating_sub(run.started_at.micros()));
        let duration = Duration::from_micros(u64::try_from(duration).unwrap_or_default());
        metrics::record_backup(seconds(&run), duration, run.stored_bytes.unwrap_or_default());
    }
    if let Some(run) = rows::last_success(&global, BackupKind::Drill, now).await? {
        metrics::record_backup_drill(seconds(&run));
    }
    let backups = rows::count_failures(&global, BackupKind::Backup).await?;
    let drills = rows::count_failures(&global, BackupKind::Drill).await?;
    metrics::backup_failures(backups.unsigned_abs(), drills.unsigned_abs());
    Ok(())
}
