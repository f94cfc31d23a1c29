//! Verifies a backup as a whole, with its segments and its lists of files.

use super::{BackupError, Backups, VERIFIED_OBJECT, segments::ReachedPoint};
use crate::backups::id::BackupId;

/// Result of verifying a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VerificationResult {
    /// Bytes of the database that was copied, or of the dump.
    pub bytes: u64,
    pub reach: ReachedPoint,
    /// Stored files whose hashes are inside.
    pub files: u64,
    /// Number of files, including those that expire, or whose hashes a backup of an older version
    /// lacks.
    pub all_files: i64,
}

impl Backups {
    /// Reads a whole backup back with its segments, and notes that it can be restored.
    ///
    /// # Errors
    /// A part is missing, was changed, or does not open; the message names it.
    pub async fn verify(&self, id: &BackupId) -> Result<VerificationResult, BackupError> {
        let backup = self.open_verified(id).await?;
        let bytes = self.read_chunks(&backup, async |_| Ok(())).await?;
        let reach = self.segments(&backup, None, |_, _| Ok(())).await?;
        let files = self.count_listed(&backup).await?;
        self.note_verified(id).await;
        Ok(VerificationResult { bytes, reach, files, all_files: backup.manifest.files })
    }

    /// Records that a backup was verified as a whole. A location that takes no writes, such as a
    /// copy of another machine, is no error.
    pub async fn note_verified(&self, id: &BackupId) {
        let now = self.clock.now().micros().to_string();
        if let Err(error) = self.store.put_bytes(&format!("{id}/{VERIFIED_OBJECT}"), now.into()).await {
            let error = BackupError::from(error);
            tracing::warn!(backup = %id, %error, "the verification could not be recorded in the backup location: prune may remove this backup sooner");
        }
    }
}
