//! Restoring a backup into a new file.

use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use tokio::io::AsyncWriteExt;

use super::{BackupError, Backups, is_whole};
use crate::backups::core::manifest::Manifest;

/// A file that holds what the backup held, under a name of its own until it is put in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    pub manifest: Manifest,
    /// Where the file is now.
    pub file: PathBuf,
    target: PathBuf,
}

/// Writes the database of a backup to a file beside `target`.
///
/// # Errors
/// The target is there, a key is missing, or a part of the backup is; nothing is left then.
pub async fn restore(backups: &Backups, id: &str, target: &Path) -> Result<Restored, BackupError> {
    refuse_taken(target)?;
    let (manifest, key) = backups.opened(id).await?;
    let file = PathBuf::from(format!("{}.restoring", target.display()));
    let written = write(backups, &manifest, &key, &file).await;
    if let Err(error) = written {
        let _ = tokio::fs::remove_file(&file).await;
        return Err(error);
    }
    Ok(Restored { manifest, file, target: target.to_owned() })
}

async fn write(
    backups: &Backups,
    manifest: &Manifest,
    key: &crate::backups::core::sealed::DataKey,
    file: &Path,
) -> Result<(), BackupError> {
    let disk = |error| BackupError::Disk(file.display().to_string(), error);
    let mut out = tokio::fs::File::create(file).await.map_err(disk)?;
    let (mut whole, mut bytes) = (Context::new(&SHA256), 0);
    for number in 0..manifest.chunks.len() {
        let piece = backups.piece(manifest, key, number).await?;
        whole.update(&piece);
        bytes += piece.len() as u64;
        out.write_all(&piece).await.map_err(disk)?;
    }
    is_whole(manifest, bytes, whole.finish().as_ref())?;
    out.flush().await.map_err(disk)?;
    out.sync_all().await.map_err(disk)
}

impl Restored {
    /// Puts the file in its place, if nobody has put another one there meanwhile.
    pub fn put_in_place(self) -> Result<(), BackupError> {
        refuse_taken(&self.target)?;
        std::fs::rename(&self.file, &self.target).map_err(|error| BackupError::Disk(self.target.display().to_string(), error))
    }

    /// Takes the file away again.
    pub fn give_up(self) {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", self.file.display()));
        }
    }
}

fn refuse_taken(target: &Path) -> Result<(), BackupError> {
    let taken = ["", "-wal"].into_iter().map(|end| format!("{}{end}", target.display())).find(|path| Path::new(path).exists());
    match taken {
        Some(path) => {
            Err(BackupError::Refused(format!("{path} is there already: restore into a file that is not, and move it afterwards")))
        }
        None => Ok(()),
    }
}
