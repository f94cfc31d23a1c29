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
use services::backups::{self, BackupId, BackupLog, Reach, Restored, StoredFiles, TenantHead, examine_file};

use super::revocations::revocations_start;
use crate::{
    config::{Epoch, KeysOf},
    serve::{StartError, epoch, say},
};

/// Returns a line with the time to which segments bring a backup.
pub(super) fn describe_reach(reach: Reach) -> String {
    format!("{} segment(s) of the log extend it to {}", reach.segments, clock::rfc3339(Timestamp(reach.until)))
}

/// Ends access that the restored database has revived, and moves it into its place.
pub(super) async fn finish(restored: Restored, id: &BackupId, target: &Path, mut ends: Epoch) -> Result<(), StartError> {
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
pub(super) struct SettledRestore {
    pub(super) heads: Vec<TenantHead>,
    files: StoredFiles,
}

impl SettledRestore {
    async fn of(db: &Database) -> Result<Self, Fault> {
        Ok(Self { heads: backups::heads(db).await?, files: backups::count_stored_files(db).await? })
    }

    /// Prints the heads of its tenants, and the steps that are left to do.
    pub(super) fn say(&self) -> io::Result<()> {
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
pub(super) async fn ended(db: Database, ends: &Epoch) -> Result<SettledRestore, StartError> {
    BackupLog::new(db.clone(), Clock::system()).forget_running().await?;
    let settled = SettledRestore::of(&db).await;
    // A backup of a deployment that was held: this hold is of this restore.
    jobs::release_outgoing(&db.global()).await?;
    db.close().await?;
    Box::pin(epoch::renew(ends)).await?;
    Ok(settled?)
}

/// The database of a restored file, examined and migrated.
pub(super) async fn prepare_restored(file: &Path, of: &KeysOf) -> Result<Database, Fault> {
    examine_file(file).await?;
    verify_and_migrate(&format!("sqlite://{}", file.display()), of).await
}

/// A restored database whose keys are proven, migrated.
pub(super) async fn verify_and_migrate(url: &str, of: &KeysOf) -> Result<Database, Fault> {
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
