//! Comparison of a deployment's stored files with a backup's list of them.

use platform::storage::{Database, Fault};
use services::{
    backups::{BackupError, BackupId, Backups, Verified},
    files::{FileLocation, Store},
};

use crate::{
    config::{DatabaseArgs, FileArgs},
    serve::{StartError, say},
};

/// Reads the stored files that a backup lists, and names those that are missing or changed.
pub(super) async fn compare(
    backups: &Backups,
    (id, verified): (&BackupId, Verified),
    database: &DatabaseArgs,
    files: &FileArgs,
) -> Result<(), StartError> {
    if verified.files == 0 {
        if verified.all_files > 0 {
            say(&format!(
                "{} stored file(s) are not listed with their hashes: they expire, or an older version made the backup",
                verified.all_files
            ))?;
        }
        return Ok(());
    }
    let place = files.place(&database.database_url);
    if let FileLocation::Folder(folder) = &place
        && !folder.is_dir()
    {
        if files.place.is_some() {
            return Err(Fault::Broken(format!("there is no folder {}: correct --files", folder.display())).into());
        }
        return say(&format!("{} stored file(s) are not compared: name their place with --files", verified.files))
            .map_err(StartError::from);
    }
    let store = Store::open(&place).map_err(BackupError::Files)?;
    // It may be done where the database is not, or is no more.
    let db = Database::open(&database.database_url, database.options()).await.ok();
    // A write error is ignored here, as the summary below fails with it, too.
    let compared = backups.compare_files(id, &store, db.as_ref(), |line| drop(say(line))).await;
    if let Some(db) = db {
        db.close().await?;
    }
    let compared = compared?;
    say(&format!(
        "{} stored file(s) are unchanged, {} missing, {} changed, {} removed by their tenants since",
        compared.same, compared.missing, compared.changed, compared.removed
    ))?;
    let others = verified.all_files.saturating_sub_unsigned(verified.files);
    if others > 0 {
        say(&format!("{others} more stored file(s) are not compared, as they expire"))?;
    }
    if compared.missing + compared.changed == 0 {
        return Ok(());
    }
    Err(Fault::Broken(format!(
        "{} stored file(s) in {place} are missing or changed: restore them from their own copy",
        compared.missing + compared.changed
    ))
    .into())
}
