//! Comparison of a deployment's stored files with a backup's list of them.

use platform::storage::{Database, Fault};
use services::{
    backups::{BackupError, BackupId, Backups, VerificationResult},
    files::{FileLocation, Store},
};

use crate::{
    config::{DatabaseArgs, FileArgs},
    serve::{StartError, print_stdout},
};

/// Reads the stored files that a backup lists, and names those that are missing or changed.
pub(super) async fn compare(
    backups: &Backups,
    (id, verified): (&BackupId, VerificationResult),
    database: &DatabaseArgs,
    files: &FileArgs,
) -> Result<(), StartError> {
    if verified.files == 0 {
        if verified.all_files > 0 {
            print_stdout(&format!(
                "{} stored file(s) are not listed with their hashes: they expire, or an older version made the backup",
                verified.all_files
            ))?;
        }
        return Ok(());
    }
    let location = files.resolve_location(&database.database_url);
    if let FileLocation::Folder(folder) = &location
        && !folder.is_dir()
    {
        if files.place.is_some() {
            return Err(Fault::Broken(format!("there is no folder {}: correct --files", folder.display())).into());
        }
        return print_stdout(&format!("{} stored file(s) are not compared: name their place with --files", verified.files))
            .map_err(StartError::from);
    }
    let store = Store::open(&location).map_err(BackupError::Files)?;
    // It may be done where the database is not, or is no more.
    let db = Database::open(&database.database_url, database.options()).await.ok();
    // A write error is ignored here, as the summary below fails with it, too.
    let comparison = backups.compare_files(id, &store, db.as_ref(), |line| drop(print_stdout(line))).await;
    if let Some(db) = db {
        db.close().await?;
    }
    let comparison = comparison?;
    print_stdout(&format!(
        "{} stored file(s) are unchanged, {} missing, {} changed, {} removed by their tenants since",
        comparison.same, comparison.missing, comparison.changed, comparison.removed
    ))?;
    let others = verified.all_files.saturating_sub_unsigned(verified.files);
    if others > 0 {
        print_stdout(&format!("{others} more stored file(s) are not compared, as they expire"))?;
    }
    if comparison.missing + comparison.changed == 0 {
        return Ok(());
    }
    Err(Fault::Broken(format!(
        "{} stored file(s) in {location} are missing or changed: restore them from their own copy",
        comparison.missing + comparison.changed
    ))
    .into())
}
