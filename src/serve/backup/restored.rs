//! A restored database is examined, migrated, and ends the access that it has revived.

use std::{
    io,
    path::{Path, PathBuf},
};

use entity::prelude::Timestamp;
use platform::{
    clock::{self, Clock},
    jobs, secrets,
    storage::{Backend, Database, Fault},
};
use services::backups::{self, BackupId, BackupLog, ReachedPoint, RestoredBackup, StoredFiles, TenantHead, examine_file};

use super::revocations::revocations_start;
use crate::{
    config::{Epoch, KeysOf},
    serve::{StartError, epoch, print_stdout},
};

/// Returns a line with the time to which segments bring a backup.
pub(super) fn describe_reach(reach: ReachedPoint) -> String {
    format!("{} segment(s) of the log extend it to {}", reach.segments, clock::rfc3339(Timestamp(reach.until)))
}

/// Ends access that the restored database has revived, and moves it into its place.
pub(super) async fn finish(restored: RestoredBackup, id: &BackupId, target: &Path, mut epoch: Epoch) -> Result<(), StartError> {
    // Keys that nothing names are beside the file where it will be.
    epoch.of.keys.keys_file.get_or_insert_with(|| PathBuf::from(format!("{}.keys", target.display())));
    epoch.of.database.database_url = format!("sqlite://{}", restored.file.display());
    epoch.again.revocations_after = Some(revocations_start(Timestamp(restored.reach.until)));
    let settled = settle_restore(&restored.file, &epoch).await?;
    let reach = restored.reach;
    restored.move_to_target()?;
    let reach_text = clock::rfc3339(Timestamp(reach.until));
    print_stdout(&format!("{} holds {id}, as it was at {reach_text}: {} tenant(s)", target.display(), settled.heads.len()))?;
    if reach.segments > 0 {
        print_stdout(&describe_reach(reach))?;
    }
    settled.print_stdout()?;
    Ok(())
}

/// A restored database, in which sessions and links that it had revived are ended.
pub(super) struct SettledRestore {
    pub(super) heads: Vec<TenantHead>,
    files: StoredFiles,
}

impl SettledRestore {
    async fn of(db: &Database) -> Result<Self, Fault> {
        Ok(Self { heads: backups::heads(db).await?, files: backups::count_stored_files(db).await? })
    }

    /// Prints the heads of its tenants, and the steps that are left to do.
    pub(super) fn print_stdout(&self) -> io::Result<()> {
        for tenant in &self.heads {
            print_stdout(&format!("{}\thead {}", tenant.slug, tenant.head))?;
        }
        print_stdout(&format!("restore the {} from their own copy, run `entrepot verify`, then serve it", self.files))
    }
}

/// Examines the file, and ends access that the restored database has revived.
async fn settle_restore(file: &Path, epoch: &Epoch) -> Result<SettledRestore, StartError> {
    end_access(prepare_restored(file, &epoch.of).await?, epoch).await
}

/// Ends access that the restored database has revived, and closes it.
pub(super) async fn end_access(db: Database, epoch_args: &Epoch) -> Result<SettledRestore, StartError> {
    BackupLog::new(db.clone(), Clock::system()).forget_running().await?;
    let settled = SettledRestore::of(&db).await;
    // A backup of a deployment that was held: this hold is of this restore.
    jobs::release_outgoing(&db.global()).await?;
    db.close().await?;
    Box::pin(epoch::renew(epoch_args)).await?;
    Ok(settled?)
}

/// The database of a restored file, examined and migrated.
pub(super) async fn prepare_restored(file: &Path, args: &KeysOf) -> Result<Database, Fault> {
    examine_file(file).await?;
    verify_and_migrate(&format!("sqlite://{}", file.display()), args).await
}

/// A restored database whose keys are proven, migrated.
pub(super) async fn verify_and_migrate(url: &str, args: &KeysOf) -> Result<Database, Fault> {
    let db = Database::open(url, args.database.options()).await?;
    let outcome = match db.backend() {
        Backend::Sqlite => verify_then_migrate(&db, args).await,
        Backend::Postgres => migrate_then_verify(&db, args).await,
    };
    match outcome {
        Ok(()) => Ok(db),
        Err(fault) => {
            db.close().await?;
            Err(fault)
        }
    }
}

async fn verify_then_migrate(db: &Database, args: &KeysOf) -> Result<(), Fault> {
    verify_keys(db, args).await?;
    db.migrate().await.map(drop)
}

/// A dump has no rights of the roles that look for keys: `migrate` grants them. It changes no rows that the owner does not see.
async fn migrate_then_verify(db: &Database, args: &KeysOf) -> Result<(), Fault> {
    db.claim_policies().await?;
    db.migrate().await?;
    verify_keys(db, args).await
}

/// Proves the keys now: a wrong key of the same name would be noticed only when a value is needed.
async fn verify_keys(db: &Database, args: &KeysOf) -> Result<(), Fault> {
    secrets::check_master_keys(db, &args.keys.source(&args.database.database_url), &Clock::system()).await.map(drop)
}
