//! Restores the newest undamaged backup.

use std::path::Path;

use entity::prelude::Timestamp;
use platform::{clock, secrets::OpenError};

use super::{
    BackupError, Backups,
    restore::{RestoredBackup, restore},
};
use crate::backups::{
    core::{
        manifest::ManifestError,
        points::{RestorePoint, RestorePoints},
    },
    id::BackupId,
};

/// Result of restoring the newest undamaged backup.
#[derive(Debug)]
pub struct NewestUndamaged {
    pub id: BackupId,
    pub restored: RestoredBackup,
    /// Reason why each newer point was skipped, the newest first.
    pub passed_over: Vec<String>,
    /// Reach of the newest backup, in microseconds since 1970 UTC.
    pub newest: i64,
}

impl BackupError {
    /// Whether a part of a backup is missing or was changed, so that another backup may be
    /// undamaged. A backup whose key is not configured, or that a newer version made, is not
    /// damaged: it opens with that key or version.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Manifest(_, error) => !matches!(error, ManifestError::Newer(..)),
            Self::Sealed(_, error) => !matches!(error, OpenError::UnknownKey(_)),
            Self::NoManifest(_) | Self::Chunk { .. } | Self::Segment { .. } | Self::NotWhole(_) => true,
            _ => false,
        }
    }

    /// Time up to which a backup with damaged segments is undamaged, in microseconds since 1970
    /// UTC.
    fn sound_until(&self) -> Option<i64> {
        let Self::Segment { until, .. } = self else { return None };
        clock::parse_rfc3339(until).map(Timestamp::micros)
    }
}

impl Backups {
    async fn points(&self) -> Result<RestorePoints<BackupId>, BackupError> {
        Ok(RestorePoints::new(self.checked_by_reach().await?))
    }

    /// Returns the point that a restore of the newest whole backup tries next if the newest has
    /// this damage, and its distance behind the newest in microseconds. No backup is read.
    ///
    /// # Errors
    /// The backup location cannot be read.
    pub async fn next_point(&self, damage: &BackupError) -> Result<Option<(RestorePoint<BackupId>, i64)>, BackupError> {
        let mut points = self.points().await?;
        let Some(newest) = points.pop_newest() else { return Ok(None) };
        let reach = newest.reach;
        points.requeue_sound_part(newest, damage.sound_until());
        Ok(points.pop_newest().map(|next| {
            let lag = reach.saturating_sub(next.reach);
            (next, lag)
        }))
    }
}

/// Restores the newest undamaged point, as `restore` does. Damaged points are skipped; any other
/// fault, such as a missing key, ends it.
///
/// # Errors
/// No backup is undamaged, there is no backup, or an undamaged one cannot be restored.
pub async fn restore_newest_undamaged(backups: &Backups, target: &Path) -> Result<NewestUndamaged, BackupError> {
    let mut points = backups.points().await?;
    let (mut damages, mut newest) = (Vec::new(), None);
    while let Some(point) = points.pop_newest() {
        let newest = *newest.get_or_insert(point.reach);
        let attempt = restore(backups, &point.id, target, point.at.map(Timestamp)).await;
        match attempt {
            Ok(restored) => return Ok(NewestUndamaged { id: point.id, restored, passed_over: damages, newest }),
            Err(damage) if damage.is_damage() => {
                damages.push(damage.to_string());
                points.requeue_sound_part(point, damage.sound_until());
            }
            Err(error) => return Err(error),
        }
    }
    Err(damages.into_iter().next().map_or(BackupError::NoBackup, BackupError::NoneWhole))
}
