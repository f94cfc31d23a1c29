//! Removing backups that are no longer kept.

use super::{
    BackupError, Backups, MANIFEST, MARKED, VERIFIED,
    list::{Content, Listed, Problem},
};
use crate::backups::{
    core::retention::{Candidate, GRACE_MICROS, Health, superfluous},
    id::BackupId,
};

/// What a prune has done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Marked now: a prune in a day or later removes them.
    pub marked: Vec<BackupId>,
    pub removed: Vec<BackupId>,
    /// Kept because their manifests cannot be read here, as those of a newer version.
    pub unreadable: Vec<BackupId>,
}

impl Backups {
    /// Marks the backups that are no longer kept, where all of `all_days` are, and removes those that were marked a day ago; and lists of revocations that no
    /// backup needs.
    ///
    /// # Errors
    /// The place cannot be read or written to.
    pub async fn prune(&self, all_days: i64) -> Result<Pruned, BackupError> {
        let (listed, now) = (self.list().await?, self.clock.now().micros());
        let candidates: Vec<Candidate> = listed.iter().filter_map(candidate).collect();
        let superfluous = superfluous(&candidates, now, all_days);
        let mut pruned = Pruned::default();
        let oldest = listed.iter().map(|backup| backup.id.at().micros()).min();
        self.prune_revocations(oldest).await?;
        for backup in listed {
            let goes = match backup.content {
                // A run that goes on has a day to finish.
                Content::Unfinished => true,
                Content::Unreadable(_) => {
                    pruned.unreadable.push(backup.id.clone());
                    false
                }
                Content::Finished(_) => superfluous.iter().any(|id| id == backup.id.as_str()),
            };
            let mark = format!("{}/{MARKED}", backup.id);
            match backup.marked_at {
                None if goes => {
                    self.store.put_bytes(&mark, now.to_string().into()).await?;
                    pruned.marked.push(backup.id);
                }
                Some(at) if goes && now.saturating_sub(at) >= GRACE_MICROS => {
                    // Without its manifest it is no backup any more, wherever this is interrupted.
                    self.store.remove(&format!("{}/{MANIFEST}", backup.id)).await?;
                    // Nor is it one that has lost it, when the mark goes before this.
                    self.store.remove(&format!("{}/{VERIFIED}", backup.id)).await?;
                    self.store.remove_all(backup.id.as_str()).await?;
                    pruned.removed.push(backup.id);
                }
                Some(_) if !goes => self.store.remove(&mark).await?,
                _ => {}
            }
        }
        Ok(pruned)
    }
}

/// A finished backup as retention looks at it. Its age is that of its ID, for which no manifest has to be believed.
fn candidate(backup: &Listed) -> Option<Candidate> {
    let Content::Finished(summary) = &backup.content else { return None };
    let health = match (&summary.problem, backup.is_verified) {
        (Some(Problem::Damaged(_)), _) => Health::Broken,
        // Keys that do not fit prove nothing against a backup.
        (_, true) => Health::Verified,
        (_, false) => Health::Unverified,
    };
    Some(Candidate { id: backup.id.to_string(), at: backup.id.at().micros(), health })
}
