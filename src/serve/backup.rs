//! `entrepot backup`: backups of an embedded database or of a small Postgres, and their restore.

mod attempt;
mod drill;
mod dumps;
mod files;
mod newest;
mod pgbackrest;
mod revocations;
mod schedule;
mod shipping;

use std::{
    io,
    path::{Path, PathBuf},
};

use entity::{prelude::*, tables::BackupRun};
use platform::{
    clock::{self, Clock},
    jobs,
    secrets::{self, KeySource, SecretStore},
    storage::{Backend, Database, Fault},
};
use services::{
    backups::{
        self, BackupEntry, BackupError, BackupId, BackupLog, Backups, Content, Keys, LocalLock, Reach, Restored, StoredFiles,
        TenantHead, examine_file,
    },
    files::FileLocation,
};

use super::{StartError, epoch, migrated, say};
use crate::config::{BackupAction, BackupsOf, DatabaseArgs, Epoch, KeysOf, ReplayArgs};

use attempt::{Attempt, run_logged};
pub use pgbackrest::PgBackRest;
pub(super) use revocations::{measure as measure_revocations, revocations_start};
pub use schedule::BackupSchedule;

/// IDs of keys that a line of the list has.
const MAX_LISTED_KEYS: usize = 8;

pub async fn run(action: BackupAction) -> Result<(), StartError> {
    match action {
        BackupAction::Run(of) => {
            make(&of).await?;
            Box::pin(revocations::after_backup(&of)).await
        }
        BackupAction::Revocations(of) => Box::pin(revocations::by_command(&of)).await,
        BackupAction::List(of) => list(&of).await,
        BackupAction::Verify { of, id, files, no_files } => {
            let backups = open_existing(&of)?;
            let id = backups.find(&id).await?;
            let verified = backups.verify(&id).await?;
            say(&format!("{id} can be restored: {} bytes are unchanged", verified.bytes))?;
            if verified.reach.segments > 0 {
                say(&describe_reach(verified.reach))?;
            }
            if no_files { Ok(()) } else { Box::pin(files::compare(&backups, (&id, verified), &of.of.database, &files)).await }
        }
        BackupAction::Restore { of, id, at, newest_whole, revoke_keys, reset_passwords } => {
            let again = ReplayArgs { revocations: Some(of.backups.clone()), revocations_after: None };
            let ends = Epoch { of: of.of.clone(), revoke_keys, reset_passwords, again };
            if dumps::is_postgres(&of.of.database) {
                return Box::pin(dumps::restore(&of, (id.as_str(), at), newest_whole, &ends)).await;
            }
            let target = file(&of)?;
            let backups = open_existing(&of)?;
            if newest_whole {
                return Box::pin(newest::restore_newest_intact(&backups, &target, ends)).await;
            }
            Box::pin(restore(&backups, (id.as_str(), at), &target, ends)).await
        }
        BackupAction::Drill { of, files, id } => Box::pin(drill(&BackupsOf { files: files.place, ..of }, &id)).await,
        BackupAction::Prune { of, retention } => prune(&of, retention.backup_keep).await,
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

/// The file of an embedded database.
fn file(of: &BackupsOf) -> Result<PathBuf, Fault> {
    embedded(&of.of.database).ok_or_else(|| {
        Fault::Broken(
            "--database-url names no database that can be backed up: give the file of an embedded one as sqlite://FILE, without parameters, or a Postgres as postgres://…"
                .to_owned(),
        )
    })
}

fn embedded(database: &DatabaseArgs) -> Option<PathBuf> {
    let path = database.database_url.strip_prefix("sqlite:")?.trim_start_matches("//");
    (!path.is_empty() && !path.contains('?') && !path.contains(":memory:")).then(|| PathBuf::from(path))
}

/// Opens existing backups: a missing folder is a wrong name, or a disk that is not mounted.
fn open_existing(of: &BackupsOf) -> Result<Backups, BackupError> {
    refuse_missing(&of.backups)?;
    open_or_create(of)
}

pub(super) fn refuse_missing(place: &FileLocation) -> Result<(), Fault> {
    match place {
        FileLocation::Folder(folder) if !folder.is_dir() => Err(Fault::Broken(format!(
            "there is no folder {}: give --backups as it was given to `entrepot backup run`",
            folder.display()
        ))),
        _ => Ok(()),
    }
}

fn open_or_create(of: &BackupsOf) -> Result<Backups, BackupError> {
    let (clock, source) = (Clock::system(), of.of.keys.source(&of.of.database.database_url));
    Backups::open(&of.backups, given(&source, &clock)?, clock)
}

const HOW_TO_GIVE: &str = "name the file of the keys with --keys-file, or give them with --keys-command or ENTREPOT_KEYS";

/// The given keys, without a database to compare them with.
pub(super) fn given(source: &KeySource, clock: &Clock) -> Result<Keys, Fault> {
    #[cfg(not(feature = "aws-secrets"))]
    let _ = clock;
    let store: Box<dyn SecretStore> = match source {
        KeySource::Given(text) => Box::new(secrets::Given(text.clone())),
        KeySource::File(path) => Box::new(secrets::KeyFile::at(path.clone())),
        KeySource::Command(words) => Box::new(secrets::Command(words.clone())),
        #[cfg(feature = "aws-secrets")]
        KeySource::Aws(secret) => Box::new(secrets::SecretsManager::new(secret.clone(), clock.clone())),
        KeySource::Nowhere => return Err(Fault::Broken(format!("no keys are given: {HOW_TO_GIVE}"))),
    };
    let text = store.read()?;
    let text = text.ok_or_else(|| Fault::Broken(format!("{} is not there: {HOW_TO_GIVE}", store.name())))?;
    Keys::parse(&text).map_err(|err| Fault::Broken(format!("{}: {err}", store.name())))
}

async fn make(of: &BackupsOf) -> Result<(), StartError> {
    if dumps::is_postgres(&of.of.database) {
        return Box::pin(dumps::make(of)).await;
    }
    let (file, url) = (file(of)?, &of.of.database.database_url);
    // One of another version is backed up too: best before it is migrated.
    let db = Database::open(url, of.of.database.options()).await?;
    secrets::prove(&db, &of.of.keys.source(url), &Clock::system()).await?;
    let lock = LocalLock::take(&file)?.ok_or(BackupError::Busy)?;
    let attempt = run_logged(Some(&db), of, BackupKind::Backup, &lock, Attempt::backup(of, &lock)).await;
    db.close().await?;
    print_attempt(attempt)
}

/// Restores a backup beside the database, proves it, and removes it again.
async fn drill(of: &BackupsOf, name: &str) -> Result<(), StartError> {
    if dumps::is_postgres(&of.of.database) {
        return Box::pin(dumps::drill(of, name)).await;
    }
    let file = file(of)?;
    let lock = LocalLock::take(&file)?.ok_or(BackupError::Busy)?;
    // It may be done where the database is not, or is no more.
    let db = Database::open(&of.of.database.database_url, of.of.database.options()).await;
    let db = db.inspect_err(|fault| tracing::warn!(%fault, "the drill is not in the log of the database")).ok();
    let attempt = run_logged(db.as_ref(), of, BackupKind::Drill, &lock, Attempt::drill(of, name, &lock)).await;
    if let Some(db) = db {
        db.close().await?;
    }
    print_attempt(attempt)
}

fn print_attempt(attempt: Attempt) -> Result<(), StartError> {
    attempt.lines.iter().try_for_each(|line| say(line))?;
    attempt.ended.map_err(StartError::from)
}

/// Prints the log, and ends rows of runs that were killed.
async fn log(database: &DatabaseArgs, last: i64) -> Result<(), StartError> {
    let db = migrated(&database.database_url, database.options()).await?;
    let log = BackupLog::new(db.clone(), Clock::system());
    if let Some(file) = embedded(database) {
        log.end_killed(&file).await?;
    } else if let Some(lock) = db.lock_dumps().await? {
        log.end_running(&lock).await?;
    }
    for run in log.last(last).await? {
        say(&logged_line(&run))?;
    }
    db.close().await?;
    Ok(())
}

/// Returns a line with the start, kind, state, seconds, destination and all other known facts of a
/// run, between tabs.
fn logged_line(run: &BackupRun) -> String {
    let BackupRun { started_at, kind, state, destination, .. } = run;
    let took = run.ended_at.map(|ended| ended.micros().saturating_sub(started_at.micros()) as f64 / 1e6);
    let known = [
        took.map(|took| format!("{took:.1} s")),
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
    let known: Vec<String> = known.into_iter().flatten().collect();
    format!("{}\t{kind}\t{state}\t{}", clock::rfc3339(*started_at), known.join("\t"))
}

async fn list(of: &BackupsOf) -> Result<(), StartError> {
    for backup in open_existing(of)?.list().await? {
        say(&line(&backup))?;
    }
    Ok(())
}

/// Returns a line with the time to which segments bring a backup.
fn describe_reach(reach: Reach) -> String {
    format!("{} segment(s) of the log extend it to {}", reach.segments, clock::rfc3339(Timestamp(reach.until)))
}

/// ID, start, sizes, keys, and remarks, between tabs.
fn line(backup: &BackupEntry) -> String {
    let mut line = format!("{}\t{}\t{} stored", backup.id, clock::rfc3339(backup.id.at()), backup.stored);
    let problem = match &backup.content {
        Content::Unfinished => Some("it was never finished"),
        Content::Unreadable(why) => Some(why.as_str()),
        Content::Finished(summary) => {
            line.push_str(&format!("\t{} bytes", summary.bytes));
            line.push_str(&match summary.missing.len() {
                0 => "\tkeys: present".to_owned(),
                missing => {
                    let ids = &summary.missing[..missing.min(MAX_LISTED_KEYS)];
                    format!("\tkeys: missing {missing} of {} ({})", summary.keys, ids.join(", "))
                }
            });
            summary.problem.as_ref().map(backups::Problem::why)
        }
    };
    if let Some((segments, until)) = backup.shipped {
        line.push_str(&format!("\t{segments} segment(s) to {}", clock::rfc3339(Timestamp(until))));
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

async fn prune(of: &BackupsOf, all_days: i64) -> Result<(), StartError> {
    let pruned = open_existing(of)?.prune(all_days).await?;
    for id in &pruned.marked {
        say(&format!("marked {id}: it is removed by a prune in a day or later"))?;
    }
    for id in &pruned.removed {
        say(&format!("removed {id}"))?;
    }
    for id in &pruned.unreadable {
        say(&format!("kept {id}, whose manifest cannot be read here: a newer version may read it, else remove it yourself"))?;
    }
    say(&format!("{} marked, {} removed", pruned.marked.len(), pruned.removed.len()))?;
    Ok(())
}

async fn restore(backups: &Backups, (name, at): (&str, Option<Timestamp>), target: &Path, ends: Epoch) -> Result<(), StartError> {
    let id = found(backups, name, at).await?;
    match backups::restore(backups, &id, target, at).await {
        Ok(restored) => finish(restored, &id, target, ends).await,
        Err(damage) if name == "newest" && at.is_none() => Err(newest::explain_damage(backups, damage).await.into()),
        Err(error) => Err(error.into()),
    }
}

/// The backup of this name; the one before the moment, where no other is named.
async fn found(backups: &Backups, name: &str, at: Option<Timestamp>) -> Result<BackupId, BackupError> {
    match at {
        Some(at) if name == "newest" => backups.find_at(at).await,
        _ => backups.find(name).await,
    }
}

/// Ends access that the restored database has revived, and moves it into its place.
async fn finish(restored: Restored, id: &BackupId, target: &Path, mut ends: Epoch) -> Result<(), StartError> {
    // Keys that nothing names are beside the file where it will be.
    ends.of.keys.keys_file.get_or_insert_with(|| PathBuf::from(format!("{}.keys", target.display())));
    ends.of.database.database_url = format!("sqlite://{}", restored.file.display());
    ends.again.revocations_after = Some(revocations_start(Timestamp(restored.reach.until)));
    let settled = settle_restore(&restored.file, &ends).await?;
    let reach = restored.reach;
    restored.move_to_target()?;
    let at = clock::rfc3339(Timestamp(reach.until));
    say(&format!("{} holds {id}, as it was at {at}: {} tenant(s)", target.display(), settled.heads.len()))?;
    if reach.segments > 0 {
        say(&describe_reach(reach))?;
    }
    settled.say()?;
    Ok(())
}

/// A restored database, in which sessions and links that it had revived are ended.
struct SettledRestore {
    heads: Vec<TenantHead>,
    files: StoredFiles,
}

impl SettledRestore {
    async fn of(db: &Database) -> Result<Self, Fault> {
        Ok(Self { heads: backups::heads(db).await?, files: backups::count_stored_files(db).await? })
    }

    /// Prints the heads of its tenants, and the steps that are left to do.
    fn say(&self) -> io::Result<()> {
        for tenant in &self.heads {
            say(&format!("{}\thead {}", tenant.slug, tenant.head))?;
        }
        say(&format!("restore the {} from their own copy, run `entrepot verify`, then serve it", self.files))
    }
}

/// Examines the file, and ends access that the restored database has revived.
async fn settle_restore(file: &Path, ends: &Epoch) -> Result<SettledRestore, StartError> {
    ended(prepare_restored(file, &ends.of).await?, ends).await
}

/// Ends access that the restored database has revived, and closes it.
async fn ended(db: Database, ends: &Epoch) -> Result<SettledRestore, StartError> {
    BackupLog::new(db.clone(), Clock::system()).forget_running().await?;
    let settled = SettledRestore::of(&db).await;
    // A backup of a deployment that was held: this hold is of this restore.
    jobs::release_outgoing(&db.global()).await?;
    db.close().await?;
    Box::pin(epoch::renew(ends)).await?;
    Ok(settled?)
}

/// The database of a restored file, examined and migrated.
async fn prepare_restored(file: &Path, of: &KeysOf) -> Result<Database, Fault> {
    examine_file(file).await?;
    verify_and_migrate(&format!("sqlite://{}", file.display()), of).await
}

/// A restored database whose keys are proven, migrated.
async fn verify_and_migrate(url: &str, of: &KeysOf) -> Result<Database, Fault> {
    let db = Database::open(url, of.database.options()).await?;
    let outcome = match db.backend() {
        Backend::Sqlite => verify_then_migrate(&db, of).await,
        Backend::Postgres => migrate_then_verify(&db, of).await,
    };
    match outcome {
        Ok(()) => Ok(db),
        Err(fault) => {
            db.close().await?;
            Err(fault)
        }
    }
}

async fn verify_then_migrate(db: &Database, of: &KeysOf) -> Result<(), Fault> {
    verify_keys(db, of).await?;
    db.migrate().await.map(drop)
}

/// A dump has no rights of the roles that look for keys: `migrate` grants them. It changes no rows that the owner does not see.
async fn migrate_then_verify(db: &Database, of: &KeysOf) -> Result<(), Fault> {
    db.claim_policies().await?;
    db.migrate().await?;
    verify_keys(db, of).await
}

/// Proves the keys now: a wrong key of the same name would be noticed only when a value is needed.
async fn verify_keys(db: &Database, of: &KeysOf) -> Result<(), Fault> {
    secrets::prove(db, &of.keys.source(&of.database.database_url), &Clock::system()).await.map(drop)
}
