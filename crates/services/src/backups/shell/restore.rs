//! Restoring a backup into a new file.

use std::{
    fs::{self, File},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use entity::prelude::Timestamp;
use platform::clock;
use tokio::io::AsyncWriteExt;

use super::{BackupError, Backups, read::OpenBackup, segments::ReachedPoint};
use crate::backups::{
    core::{
        manifest::{Manifest, SQLITE},
        segment::pages,
    },
    file::{remove, with_companions},
    id::BackupId,
    wal::write_pages,
};

/// A file with the content of a backup, under a temporary name until it is moved to its path. It is
/// removed on drop.
#[derive(Debug)]
pub struct RestoredBackup {
    pub manifest: Manifest,
    /// Point that the restore reached with the segments of its generation.
    pub reach: ReachedPoint,
    /// Path of the restored file: TARGET.restoring.
    pub file: PathBuf,
    target: PathBuf,
}

/// Writes the database of a backup to a file beside `target`, and applies the segments of its
/// generation up to `at`, or all of them.
///
/// # Errors
/// The target exists, a key is missing, or a part of the backup is missing or was changed. No file
/// is left then.
pub async fn restore(
    backups: &Backups,
    id: &BackupId,
    target: &Path,
    at: Option<Timestamp>,
) -> Result<RestoredBackup, BackupError> {
    check_target_is_free(target)?;
    let file = PathBuf::from(format!("{}.restoring", target.display()));
    // SQLite would take a leftover log under this name for the log of the restored file.
    if let Some(leftover) = with_companions(&file).into_iter().find(|path| path.exists()) {
        return Err(BackupError::RestoreLeft(leftover.display().to_string()));
    }
    let backup = backups.open_verified(id).await?;
    backup.check_engine(SQLITE)?;
    backup.check_schema()?;
    let taken_at = backup.manifest.taken_at;
    if at.is_some_and(|at| at.micros() < taken_at) {
        return Err(BackupError::TooEarly(id.clone(), clock::rfc3339(Timestamp(taken_at))));
    }
    let output = tokio::fs::File::options().write(true).create_new(true).open(&file).await;
    let output = output.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => BackupError::RestoreLeft(file.display().to_string()),
        _ => BackupError::Disk(file.display().to_string(), error),
    })?;
    let reach = ReachedPoint { segments: 0, until: taken_at };
    let mut restored = RestoredBackup { manifest: backup.manifest.clone(), reach, file, target: target.to_owned() };
    write(backups, &backup, &restored.file, output).await?;
    restored.reach = apply_segments(backups, &backup, &restored.file, at).await?;
    Ok(restored)
}

async fn write(backups: &Backups, backup: &OpenBackup, file: &Path, mut output: tokio::fs::File) -> Result<(), BackupError> {
    let disk_error = |error| BackupError::Disk(file.display().to_string(), error);
    backups.read_chunks(backup, async |chunk| output.write_all(&chunk).await.map_err(disk_error)).await?;
    output.flush().await.map_err(disk_error)?;
    output.sync_all().await.map_err(disk_error)
}

/// Writes the frames of segments over the pages of the copy.
async fn apply_segments(
    backups: &Backups,
    backup: &OpenBackup,
    path: &Path,
    at: Option<Timestamp>,
) -> Result<ReachedPoint, BackupError> {
    let disk_error = |error| BackupError::Disk(path.display().to_string(), error);
    let mut file = File::options().write(true).open(path).map_err(disk_error)?;
    let reach = backups
        .segments(backup, at.map(Timestamp::micros), |head, frames| {
            write_pages(&mut file, head.page_bytes, pages(head.page_bytes, frames)).map_err(disk_error)?;
            file.set_len(u64::from(head.pages) * u64::from(head.page_bytes)).map_err(disk_error)
        })
        .await?;
    file.sync_all().map_err(disk_error)?;
    Ok(reach)
}

impl RestoredBackup {
    /// Moves the file to its target path, unless a file exists there by now. Its database must be
    /// closed.
    pub fn move_to_target(self) -> Result<(), BackupError> {
        let disk_error = |path: &Path| {
            let path = path.display().to_string();
            move |error: io::Error| BackupError::Disk(path, error)
        };
        check_target_is_free(&self.target)?;
        // Rows that are only in the log would be lost.
        let [_, log, _, _] = with_companions(&self.file);
        if fs::metadata(&log).is_ok_and(|log_metadata| log_metadata.len() > 0) {
            return Err(BackupError::Disk(log.display().to_string(), io::Error::other("the database is still open")));
        }
        File::open(&self.file).and_then(|file| file.sync_all()).map_err(disk_error(&self.file))?;
        // A hard link never replaces an existing file. On a file system without links, a file that
        // was created since the check above is lost.
        match fs::hard_link(&self.file, &self.target) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(BackupError::TargetExists(self.target.display().to_string()));
            }
            Err(_) => fs::rename(&self.file, &self.target).map_err(disk_error(&self.target))?,
        }
        match self.target.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            Some(folder) if cfg!(unix) => File::open(folder).and_then(|folder| folder.sync_all()).map_err(disk_error(folder)),
            _ => Ok(()),
        }
    }
}

impl Drop for RestoredBackup {
    fn drop(&mut self) {
        remove(&self.file);
    }
}

fn check_target_is_free(target: &Path) -> Result<(), BackupError> {
    match with_companions(target).into_iter().find(|path| path.exists()) {
        Some(path) => Err(BackupError::TargetExists(path.display().to_string())),
        None => Ok(()),
    }
}
