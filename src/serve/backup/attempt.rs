//! A backup or a drill, and its row in the log.

use entity::{prelude::*, tables::BackupRun};
use platform::{clock::Clock, storage::Database};
use services::backups::{self, BackupError, BackupLog, CompletedBackup, ExclusiveRun, LocalLock, RunFacts, Source};

use super::{
    drill::{self, Findings},
    open::open_or_create,
};
use crate::{
    config::BackupsOf,
    serve::{StartError, print_stdout},
};

/// Outcome of a backup or a drill, and the facts known about it, also if it failed.
pub(super) struct Attempt {
    pub facts: RunFacts,
    /// For a person at a terminal.
    pub lines: Vec<String>,
    pub result: Result<(), BackupError>,
}

impl Attempt {
    pub fn failed(error: BackupError) -> Self {
        Self { facts: RunFacts::default(), lines: Vec::new(), result: Err(error) }
    }

    /// A backup that was made, or not.
    pub(super) fn from_backup(outcome: Result<CompletedBackup, BackupError>) -> Self {
        match outcome {
            Ok(backup) => describe_backup(&backup),
            Err(error) => Self::failed(error),
        }
    }

    /// A completed or failed drill, with its findings.
    pub(super) fn from_drill(findings: Findings, outcome: Result<(), BackupError>) -> Self {
        Self { facts: findings.facts, lines: findings.lines, result: outcome }
    }

    /// Makes a backup.
    pub async fn backup(args: &BackupsOf, lock: &LocalLock) -> Self {
        Self::from_backup(Box::pin(make_backup(args, lock)).await)
    }

    /// Drills the backup of this name.
    pub async fn drill(args: &BackupsOf, name: &str, lock: &LocalLock) -> Self {
        let mut findings = Findings::default();
        let outcome = Box::pin(drill::run(args, name, lock, &mut findings)).await;
        Self::from_drill(findings, outcome)
    }

    /// Ends its row in the log.
    pub async fn end_log_row(&self, log: &BackupLog, row: BackupRun) {
        if let Err(fault) = log.end(row, self.facts.clone(), &self.result).await {
            tracing::warn!(%fault, "the log of backups could not be written");
        }
    }
}

/// An attempt of a command with its row in the log of this database. It is more than its row, and is made without where the log takes none.
pub(super) async fn run_logged(
    db: Option<&Database>,
    args: &BackupsOf,
    kind: BackupKind,
    lock: &impl ExclusiveRun,
    attempt: impl Future<Output = Attempt>,
) -> Attempt {
    let log = db.map(|db| BackupLog::new(db.clone(), Clock::system()));
    let row = match &log {
        None => None,
        Some(log) => log.begin(lock, kind, &args.backups).await.unwrap_or_else(|fault| {
            tracing::warn!(%fault, "the log of backups could not be written");
            None
        }),
    };
    let attempt = attempt.await;
    if let (Some(log), Some(row)) = (log, row) {
        attempt.end_log_row(&log, row).await;
    }
    attempt
}

pub(super) fn print_attempt(attempt: Attempt) -> Result<(), StartError> {
    attempt.lines.iter().try_for_each(|line| print_stdout(line))?;
    attempt.result.map_err(StartError::from)
}

async fn make_backup(args: &BackupsOf, lock: &LocalLock) -> Result<CompletedBackup, BackupError> {
    let source = Source { lock, options: args.of.database.options(), version: env!("CARGO_PKG_VERSION") };
    backups::run(&open_or_create(args)?, &source).await
}

fn describe_backup(backup: &CompletedBackup) -> Attempt {
    let lines = vec![
        format!("{}: {} tenant(s), {} bytes, {} as stored", backup.id, backup.tenants, backup.bytes, backup.stored),
        format!("not included: the keys, without which it cannot be read, and {}: keep copies of both", backup.files),
    ];
    let facts = RunFacts {
        backup_id: Some(backup.id.to_string()),
        bytes: Some(backup.bytes as i64),
        stored_bytes: Some(backup.stored as i64),
        files: Some(backup.files.all),
        head: Some(backup.head),
        ..RunFacts::default()
    };
    Attempt { facts, lines, result: Ok(()) }
}
