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
    serve::{StartError, say},
};

/// Outcome of a backup or a drill, and the facts known about it, also if it failed.
pub(super) struct Attempt {
    pub facts: RunFacts,
    /// For a person at a terminal.
    pub lines: Vec<String>,
    pub ended: Result<(), BackupError>,
}

impl Attempt {
    pub fn failed(error: BackupError) -> Self {
        Self { facts: RunFacts::default(), lines: Vec::new(), ended: Err(error) }
    }

    /// A backup that was made, or not.
    pub(super) fn made(outcome: Result<CompletedBackup, BackupError>) -> Self {
        match outcome {
            Ok(made) => describe_backup(&made),
            Err(error) => Self::failed(error),
        }
    }

    /// A completed or failed drill, with its findings.
    pub(super) fn drilled(found: Findings, ended: Result<(), BackupError>) -> Self {
        Self { facts: found.facts, lines: found.lines, ended }
    }

    /// Makes a backup.
    pub async fn backup(of: &BackupsOf, lock: &LocalLock) -> Self {
        Self::made(Box::pin(made(of, lock)).await)
    }

    /// Drills the backup of this name.
    pub async fn drill(of: &BackupsOf, name: &str, lock: &LocalLock) -> Self {
        let mut found = Findings::default();
        let ended = Box::pin(drill::run(of, name, lock, &mut found)).await;
        Self::drilled(found, ended)
    }

    /// Ends its row in the log.
    pub async fn end_log_row(&self, log: &BackupLog, row: BackupRun) {
        if let Err(fault) = log.end(row, self.facts.clone(), &self.ended).await {
            tracing::warn!(%fault, "the log of backups could not be written");
        }
    }
}

/// An attempt of a command with its row in the log of this database. It is more than its row, and is made without where the log takes none.
pub(super) async fn run_logged(
    db: Option<&Database>,
    of: &BackupsOf,
    kind: BackupKind,
    lock: &impl ExclusiveRun,
    attempt: impl Future<Output = Attempt>,
) -> Attempt {
    let log = db.map(|db| BackupLog::new(db.clone(), Clock::system()));
    let row = match &log {
        None => None,
        Some(log) => log.begin(lock, kind, &of.backups).await.unwrap_or_else(|fault| {
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
    attempt.lines.iter().try_for_each(|line| say(line))?;
    attempt.ended.map_err(StartError::from)
}

async fn made(of: &BackupsOf, lock: &LocalLock) -> Result<CompletedBackup, BackupError> {
    let source = Source { lock, options: of.of.database.options(), version: env!("CARGO_PKG_VERSION") };
    backups::run(&open_or_create(of)?, &source).await
}

fn describe_backup(made: &CompletedBackup) -> Attempt {
    let lines = vec![
        format!("{}: {} tenant(s), {} bytes, {} as stored", made.id, made.tenants, made.bytes, made.stored),
        format!("not included: the keys, without which it cannot be read, and {}: keep copies of both", made.files),
    ];
    let facts = RunFacts {
        backup_id: Some(made.id.to_string()),
        bytes: Some(made.bytes as i64),
        stored_bytes: Some(made.stored as i64),
        files: Some(made.files.all),
        head: Some(made.head),
        ..RunFacts::default()
    };
    Attempt { facts, lines, ended: Ok(()) }
}
