//! Removal of expired backups.

use super::{
    BackupError, Backups, MANIFEST, MARK_OBJECT, VERIFIED_OBJECT,
    list::{BackupEntry, Content, Problem},
};
use crate::backups::{
    core::retention::{Candidate, GRACE_MICROS, VerificationStatus, superfluous_backups},
    id::BackupId,
};

/// Result of a prune.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PruneResult {
    /// Marked by this prune: a prune in a day or later removes them.
    pub marked: Vec<BackupId>,
    pub removed: Vec<BackupId>,
    /// Kept because this version cannot read their manifests, such as those of a newer version.
    pub unreadable: Vec<BackupId>,
}

impl Backups {
    /// Marks the expired backups, where all of the last `all_days` days are kept, and removes those
    /// that were marked a day ago; also removes lists of revocations that no backup needs.
    ///
    /// # Errors
    /// The location cannot be read or written to.
    pub async fn prune(&self, all_days: i64) -> Result<PruneResult, BackupError> {
        let (entries, now) = (self.list().await?, self.clock.now().micros());
        let candidates: Vec<Candidate> = entries.iter().filter_map(candidate).collect();
        let superfluous = superfluous_backups(&candidates, now, all_days);
        let mut pruned = PruneResult::default();
        let oldest = entries.iter().map(|backup| backup.id.at().micros()).min();
        self.prune_revocations(oldest).await?;
        for backup in entries {
            let is_superfluous = match backup.content {
                // An unfinished run has a day to end.
                Content::Unfinished => true,
                Content::Unreadable(_) => {
                    pruned.unreadable.push(backup.id.clone());
                    false
                }
                Content::Finished(_) => superfluous.iter().any(|id| id == backup.id.as_str()),
            };
            let mark = format!("{}/{MARK_OBJECT}", backup.id);
            match backup.marked_at {
                None if is_superfluous => {
                    self.store.put_bytes(&mark, now.to_string().into()).await?;
                    pruned.marked.push(backup.id);
                }
                Some(at) if is_superfluous && now.saturating_sub(at) >= GRACE_MICROS => {
                    // The manifest is removed first: without it this is no backup, wherever the
                    // removal is interrupted.
                    self.store.remove(&format!("{}/{MANIFEST}", backup.id)).await?;
                    // The verification mark goes next, so that the rest does not look like a backup
                    // that has lost its manifest.
                    self.store.remove(&format!("{}/{VERIFIED_OBJECT}", backup.id)).await?;
                    self.store.remove_all(backup.id.as_str()).await?;
                    pruned.removed.push(backup.id);
                }
                Some(_) if !is_superfluous => self.store.remove(&mark).await?,
                _ => {}
            }
        }
        Ok(pruned)
    }
}

/// Input of the retention for a completed backup. Its age is that of its ID, so that no manifest
/// has to be trusted.
fn candidate(backup: &BackupEntry) -> Option<Candidate> {
    let Content::Finished(summary) = &backup.content else { return None };
    let health = match (&summary.problem, backup.is_verified) {
        (Some(Problem::Damaged(_)), _) => VerificationStatus::Broken,
        // A missing or wrong key proves no damage.
        (_, true) => VerificationStatus::Verified,
        (_, false) => VerificationStatus::Unverified,
    };
    Some(Candidate { id: backup.id.to_string(), at: backup.id.at().micros(), health })
}
