//! `entrepot backup`: backups of an embedded database or of a small Postgres, and their restore.

mod attempt;
mod drill;
mod dumps;
mod files;
mod newest;
mod open;
mod pgbackrest;
mod restored;
mod revocations;
mod schedule;
mod shipping;

use std::path::Path;

use entity::{prelude::*, tables::BackupRun};
use platform::{
    clock::{self, Clock},
    secrets,
    storage::{Database, Fault},
};
use services::backups::{self, BackupEntry, BackupError, BackupLog, Backups, Content, LocalLock};

use super::{StartError, open_migrated, print_stdout};
use crate::config::{BackupAction, BackupsOf, DatabaseArgs, Epoch, ReplayArgs};

use attempt::{Attempt, print_attempt, run_logged};
use open::{database_file, embedded, find_backup, open_existing};
use restored::{describe_reach, finish};

pub(super) use open::{load_keys, refuse_missing};
pub use pgbackrest::PgBackRest;
pub(super) use revocations::{measure as measure_revocations, revocations_start};
pub use schedule::BackupSchedule;

/// IDs of keys that a line of the list has.
const MAX_LISTED_KEYS: usize = 8;

pub async fn run(action: BackupAction) -> Result<(), StartError> {
    match action {
        BackupAction::Run(args) => {
            create_backup(&args).await?;
            Box::pin(revocations::list_after_backup(&args)).await
        }
        BackupAction::Revocations(args) => Box::pin(revocations::list_by_command(&args)).await,
        BackupAction::List(args) => list(&args).await,
        BackupAction::Verify { of: args, id, files, no_files } => {
            let backups = open_existing(&args)?;
            let id = backups.find(&id).await?;
            let verified = backups.verify(&id).await?;
            print_stdout(&format!("{id} can be restored: {} bytes are unchanged", verified.bytes))?;
            if verified.reach.segments > 0 {
                print_stdout(&describe_reach(verified.reach))?;
            }
            if no_files { Ok(()) } else { Box::pin(files::compare(&backups, (&id, verified), &args.of.database, &files)).await }
        }
        BackupAction::Restore { of: args, id, at, newest_whole, revoke_keys, reset_passwords } => {
            let replay_args = ReplayArgs { revocations: Some(args.backups.clone()), revocations_after: None };
            let epoch = Epoch { of: args.of.clone(), revoke_keys, reset_passwords, again: replay_args };
            if dumps::is_postgres(&args.of.database) {
                return Box::pin(dumps::restore(&args, (id.as_str(), at), newest_whole, &epoch)).await;
            }
            let target = database_file(&args)?;
            let backups = open_existing(&args)?;
            if newest_whole {
                return Box::pin(newest::restore_newest_intact(&backups, &target, epoch)).await;
            }
            Box::pin(restore(&backups, (id.as_str(), at), &target, epoch)).await
        }
        BackupAction::Drill { of: args, files, id } => Box::pin(drill(&BackupsOf { files: files.place, ..args }, &id)).await,
        BackupAction::Prune { of: args, retention } => prune(&args, retention.backup_keep).await,
        BackupAction::Log { database, last } => log(&database, last).await,
    }
}

impl From<BackupError> for StartError {
    fn from(error: BackupError) -> Self {
        Self::Fault(match error {
            BackupError::Fault(fault) => fault,
            other => Fault::Broken(other.to_string()),
        })
    }
}

async fn create_backup(args: &BackupsOf) -> Result<(), StartError> {
    if dumps::is_postgres(&args.of.database) {
        return Box::pin(dumps::create_backup(args)).await;
    }
    let (file, url) = (database_file(args)?, &args.of.database.database_url);
    // One of another version is backed up too: best before it is migrated.
    let db = Database::open(url, args.of.database.options()).await?;
    secrets::check_master_keys(&db, &args.of.keys.source(url), &Clock::system()).await?;
    let lock = LocalLock::take(&file)?.ok_or(BackupError::Busy)?;
    let attempt = run_logged(Some(&db), args, BackupKind::Backup, &lock, Attempt::backup(args, &lock)).await;
    db.close().await?;
    print_attempt(attempt)
}

/// Restores a backup beside the database, proves it, and removes it again.
async fn drill(args: &BackupsOf, name: &str) -> Result<(), StartError> {
    if dumps::is_postgres(&args.of.database) {
        return Box::pin(dumps::drill(args, name)).await;
    }
    let file = database_file(args)?;
    let lock = LocalLock::take(&file)?.ok_or(BackupError::Busy)?;
    // It may be done where the database is not, or is no more.
    let db = Database::open(&args.of.database.database_url, args.of.database.options()).await;
    let db = db.inspect_err(|fault| tracing::warn!(%fault, "the drill is not in the log of the database")).ok();
    let attempt = run_logged(db.as_ref(), args, BackupKind::Drill, &lock, Attempt::drill(args, name, &lock)).await;
    if let Some(db) = db {
        db.close().await?;
    }
    print_attempt(attempt)
}

/// Prints the log, and ends rows of runs that were killed.
async fn log(database: &DatabaseArgs, limit: i64) -> Result<(), StartError> {
    let db = open_migrated(&database.database_url, database.options()).await?;
    let log = BackupLog::new(db.clone(), Clock::system());
    if let Some(file) = embedded(database) {
        log.end_killed(&file).await?;
    } else if let Some(lock) = db.lock_dumps().await? {
        log.end_running(&lock).await?;
    }
    for run in log.last_runs(limit).await? {
        print_stdout(&logged_line(&run))?;
    }
    db.close().await?;
    Ok(())
}

/// Returns a line with the start, kind, state, seconds, destination and all other known facts of a
/// run, between tabs.
fn logged_line(run: &BackupRun) -> String {
    let BackupRun { started_at, kind, state, destination, .. } = run;
    let duration = run.ended_at.map(|end| end.micros().saturating_sub(started_at.micros()) as f64 / 1e6);
    let fields = [
        duration.map(|duration| format!("{duration:.1} s")),
        Some(destination.clone()),
        run.backup_id.clone(),
        run.bytes.map(|bytes| format!("{bytes} bytes")),
        run.stored_bytes.map(|bytes| format!("{bytes} stored")),
        run.files.map(|files| format!("{files} files not included")),
        run.head.map(|head| format!("head {head}")),
        run.rpo_seconds.map(|seconds| format!("RPO {seconds} s")),
        run.rto_seconds.map(|seconds| format!("RTO {seconds} s")),
        run.is_sound.map(|is_sound| String::from(if is_sound { "sound" } else { "NOT SOUND" })),
        run.error.clone(),
    ];
    let fields: Vec<String> = fields.into_iter().flatten().collect();
    format!("{}\t{kind}\t{state}\t{}", clock::rfc3339(*started_at), fields.join("\t"))
}

async fn list(args: &BackupsOf) -> Result<(), StartError> {
    for backup in open_existing(args)?.list().await? {
        print_stdout(&line(&backup))?;
    }
    Ok(())
}

/// ID, start, sizes, keys, and remarks, between tabs.
fn line(backup: &BackupEntry) -> String {
    let mut line = format!("{}\t{}\t{} stored", backup.id, clock::rfc3339(backup.id.at()), backup.stored);
    let problem = match &backup.content {
        Content::Unfinished => Some("it was never finished"),
        Content::Unreadable(reason) => Some(reason.as_str()),
        Content::Finished(summary) => {
            line.push_str(&format!("\t{} bytes", summary.bytes));
            line.push_str(&match summary.missing.len() {
                0 => "\tkeys: present".to_owned(),
                missing => {
                    let ids = &summary.missing[..missing.min(MAX_LISTED_KEYS)];
                    format!("\tkeys: missing {missing} of {} ({})", summary.keys, ids.join(", "))
                }
            });
            summary.problem.as_ref().map(backups::Problem::message)
        }
    };
    if let Some((segments, shipped_until)) = backup.shipped {
        line.push_str(&format!("\t{segments} segment(s) to {}", clock::rfc3339(Timestamp(shipped_until))));
    }
    if backup.is_verified {
        line.push_str("\tverified");
    }
    if let Some(at) = backup.marked_at {
        line.push_str(&format!("\tmarked {}", clock::rfc3339(Timestamp(at))));
    }
    if let Some(problem) = problem {
        line.push_str(&format!("\tBROKEN: {problem}"));
    }
    line
}

async fn prune(args: &BackupsOf, all_days: i64) -> Result<(), StartError> {
    let outcome = open_existing(args)?.prune(all_days).await?;
    for id in &outcome.marked {
        print_stdout(&format!("marked {id}: it is removed by a prune in a day or later"))?;
    }
    for id in &outcome.removed {
        print_stdout(&format!("removed {id}"))?;
    }
    for id in &outcome.unreadable {
        print_stdout(&format!(
            "kept {id}, whose manifest cannot be read here: a newer version may read it, else remove it yourself"
        ))?;
    }
    print_stdout(&format!("{} marked, {} removed", outcome.marked.len(), outcome.removed.len()))?;
    Ok(())
}

async fn restore(
    backups: &Backups,
    (name, point): (&str, Option<Timestamp>),
    target: &Path,
    epoch: Epoch,
) -> Result<(), StartError> {
    let id = find_backup(backups, name, point).await?;
    match backups::restore(backups, &id, target, point).await {
        Ok(restored) => finish(restored, &id, target, epoch).await,
        Err(damage) if name == "newest" && point.is_none() => Err(newest::explain_damage(backups, damage).await.into()),
        Err(error) => Err(error.into()),
    }
}
