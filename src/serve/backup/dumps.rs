//! Backups of a small Postgres by its own programs, their restore, and their drill in a temporary database.

use entity::prelude::*;
use platform::{
    clock::{self, Clock},
    secrets,
    storage::{ClientLogin, Database, DumpLock, Fault, with_database},
    traces::{SpanKind, step},
};
use services::backups::{self, BackupError, BackupId, Backups, CompletedBackup, DumpSource, Manifest, PgPrograms, ReachedPoint};

use super::{
    attempt::{Attempt, print_attempt, run_logged},
    drill::{self, DrilledBackup, Findings},
    open::{find_backup, open_existing, open_or_create},
    restored::{SettledRestore, end_access, verify_and_migrate},
    revocations::revocations_start,
};
use crate::{
    config::{BackupsOf, DatabaseArgs, Epoch},
    serve::{StartError, database::RESTORING, print_stdout},
};

/// Bytes of a Postgres beyond which a dump is no good backup: it takes long, and so does its restore.
const SMALL_BYTES: i64 = 5 << 30;

pub(super) fn is_postgres(database: &DatabaseArgs) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| database.database_url.starts_with(scheme))
}

/// Makes a backup while the database is served.
pub(super) async fn create_backup(args: &BackupsOf) -> Result<(), StartError> {
    print_attempt(Box::pin(attempt_backup(args)).await?)
}

/// Makes a backup with its row in the log.
///
/// # Errors
/// Another backup runs, or the database cannot be queried: no row is written.
pub(super) async fn attempt_backup(args: &BackupsOf) -> Result<Attempt, BackupError> {
    // One of another version is backed up too: best before it is migrated.
    let db = Database::open(&args.of.database.database_url, args.of.database.options()).await?;
    if db.is_restoring().await? {
        return Err(Fault::Broken(RESTORING.to_owned()).into());
    }
    let bytes = db.bytes_on_disk().await?;
    let lock = db.lock_dumps().await?.ok_or(BackupError::RunningDump)?;
    let work = async { Attempt::from_backup(Box::pin(make_dump(args, &db, &lock)).await) };
    let mut attempt = run_logged(Some(&db), args, BackupKind::Backup, &lock, work).await;
    drop(lock);
    db.close().await?;
    if bytes > SMALL_BYTES {
        let advice =
            format!("the database has {bytes} bytes: use pgBackRest for one of more than {SMALL_BYTES} (docs/backups.md)");
        attempt.lines.insert(0, advice);
    }
    Ok(attempt)
}

async fn make_dump(args: &BackupsOf, db: &Database, lock: &DumpLock) -> Result<CompletedBackup, BackupError> {
    if let Some(table) = db.find_hidden_table().await? {
        return Err(BackupError::Hidden(table));
    }
    secrets::check_master_keys(db, &args.of.keys.source(&args.of.database.database_url), &Clock::system()).await?;
    let (programs, login) = (PgPrograms::from(args.programs.clone()), ClientLogin::of(&args.of.database.database_url)?);
    let source = DumpSource { lock, login: &login, programs: &programs, version: env!("CARGO_PKG_VERSION") };
    backups::run_dump(&open_or_create(args)?, db, &source).await
}

/// Restores a backup into the database of the URL, which has to be empty.
pub(super) async fn restore(
    args: &BackupsOf,
    (name, at): (&str, Option<Timestamp>),
    newest_whole: bool,
    epoch: &Epoch,
) -> Result<(), StartError> {
    if newest_whole {
        let message = "--newest-whole is for embedded databases: `entrepot backup verify ID` says whether a backup is complete, and `restore ID` restores it";
        return Err(Fault::Broken(message.to_owned()).into());
    }
    let (url, store) = (&args.of.database.database_url, open_existing(args)?);
    let id = find_backup(&store, name, at).await?;
    let db = Database::open(url, args.of.database.options()).await?;
    let outcome = Box::pin(restore_into_empty(args, (&store, &id), &db, epoch)).await;
    db.close().await?;
    let (manifest, settled) = outcome?;
    let at = clock::rfc3339(Timestamp(manifest.taken_at));
    print_stdout(&format!(
        "{} holds {id}, as it was at {at}: {} tenant(s)",
        ClientLogin::of(url)?.database(),
        settled.heads.len()
    ))?;
    settled.print_stdout()?;
    Ok(())
}

/// Restores into an empty database, which is marked until the deployment is held: a node that is started before refuses it.
async fn restore_into_empty(
    args: &BackupsOf,
    (store, id): (&Backups, &BackupId),
    db: &Database,
    epoch: &Epoch,
) -> Result<(Manifest, SettledRestore), StartError> {
    let url = &args.of.database.database_url;
    // It keeps other restores out, too.
    let lock = db.lock_dumps().await?.ok_or(BackupError::RunningDump)?;
    if let Some(relation) = db.find_relation().await? {
        return Err(BackupError::NotEmpty(relation).into());
    }
    db.begin_restoring().await?;
    let manifest = restore_backup(args, store, id, url).await?;
    let mut epoch = epoch.clone();
    epoch.again.revocations_after = Some(revocations_start(Timestamp(manifest.taken_at)));
    let settled = match Box::pin(verify_and_migrate(url, &args.of)).await {
        Ok(restored) => Box::pin(end_access(restored, &epoch)).await,
        Err(fault) => Err(fault.into()),
    };
    let settled = settled.inspect_err(|_| {
        tracing::warn!(
            "the rows are restored, but a later step failed: drop the database, create it again, and repeat the restore"
        );
    })?;
    if !drill::are_heads_equal(&settled.heads, &manifest.tenants) {
        let message = "heads of tenants differ from the manifest: drop the database, and restore another backup into a new one";
        return Err(Fault::Broken(message.to_owned()).into());
    }
    db.end_restoring().await?;
    drop(lock);
    Ok((manifest, settled))
}

async fn restore_backup(args: &BackupsOf, store: &Backups, id: &BackupId, url: &str) -> Result<Manifest, BackupError> {
    backups::restore_dump(store, id, &PgPrograms::from(args.programs.clone()), &ClientLogin::of(url)?).await
}

/// Restores a backup into a temporary database beside, proves it, and drops it again.
pub(super) async fn drill(args: &BackupsOf, name: &str) -> Result<(), StartError> {
    print_attempt(Box::pin(attempt_drill(args, name)).await?)
}

/// Makes a drill with its row in the log.
///
/// # Errors
/// Another backup or drill runs, or the database cannot be queried: no row is written.
pub(super) async fn attempt_drill(args: &BackupsOf, name: &str) -> Result<Attempt, BackupError> {
    let db = Database::open(&args.of.database.database_url, args.of.database.options()).await?;
    let lock = db.lock_dumps().await?.ok_or(BackupError::RunningDump)?;
    let work = async {
        let mut findings = Findings::default();
        let outcome = Box::pin(run_drill(args, name, &db, &mut findings)).await;
        Attempt::from_drill(findings, outcome)
    };
    let attempt = run_logged(Some(&db), args, BackupKind::Drill, &lock, work).await;
    drop(lock);
    db.close().await?;
    Ok(attempt)
}

async fn run_drill(args: &BackupsOf, name: &str, db: &Database, findings: &mut Findings) -> Result<(), BackupError> {
    let store = open_existing(args)?;
    let id = store.find(name).await?;
    findings.facts.backup_id = Some(id.to_string());
    let target = backups::drill_database(ClientLogin::of(&args.of.database.database_url)?.database());
    // An earlier run that left such a database has ended: this run has the lock.
    db.drop_database(&target).await?;
    db.create_database(&target).await.map_err(|fault| {
        Fault::Broken(format!(
            "the drill cannot make its database {target}: {fault}. The login needs CREATEDB, as in ALTER ROLE … CREATEDB"
        ))
    })?;
    let outcome = Box::pin(drill_in_temporary(args, (&store, &id), &target, findings)).await;
    if let Err(fault) = db.drop_database(&target).await {
        tracing::warn!(%fault, database = %target, "the drill's database could not be dropped: the next drill drops it");
    }
    outcome
}

async fn drill_in_temporary(
    args: &BackupsOf,
    (store, id): (&Backups, &BackupId),
    target: &str,
    findings: &mut Findings,
) -> Result<(), BackupError> {
    let (clock, url) = (Clock::system(), with_database(&args.of.database.database_url, target)?);
    let started_at = clock.monotonic();
    let manifest = step("backup.restore", SpanKind::Internal, restore_backup(args, store, id, &url)).await?;
    let restored_in = clock.monotonic().since(started_at);
    let reach = ReachedPoint { segments: 0, until: manifest.taken_at };
    let backup = DrilledBackup { id, manifest: &manifest, reach, start: started_at, restored_in };
    drill::record_manifest_facts(&backup, findings);
    let db = verify_and_migrate(&url, &args.of).await?;
    drill::prove_and_close((store, args), db, &backup, findings).await
}
