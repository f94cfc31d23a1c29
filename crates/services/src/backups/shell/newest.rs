//! Restoring the newest backup that is whole, where newer ones are damaged.

use std::path::Path;

use entity::prelude::Timestamp;
use platform::{clock, secrets::OpenError};

use super::{
    BackupError, Backups,
    restore::{Restored, restore},
};
use crate::backups::{
    core::{
        manifest::ManifestError,
        points::{RestorePoint, RestorePoints},
    },
    id::BackupId,
};

/// The newest backup that is whole, restored.
#[derive(Debug)]
pub struct NewestWhole {
    pub id: BackupId,
    pub restored: Restored,
    /// Why each newer point was passed over, the newest first.
    pub passed_over: Vec<String>,
    /// How far the newest backup reached, in microseconds since 1970 UTC.
    pub newest: i64,
}

impl BackupError {
    /// Whether a part of a backup is missing or was changed, so that another backup may be whole. One whose key is not given, or that a newer version made, is not
    /// damaged: it opens with that key, or there.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Manifest(_, why) => !matches!(why, ManifestError::Newer(..)),
            Self::Sealed(_, why) => !matches!(why, OpenError::UnknownKey(_)),
            Self::NoManifest(_) | Self::Chunk { .. } | Self::Segment { .. } | Self::NotWhole(_) => true,
            _ => false,
        }
    }

    /// Up to when a backup is sound whose segments are damaged, in microseconds since 1970 UTC.
    fn sound_until(&self) -> Option<i64> {
        let Self::Segment { until, .. } = self else { return None };
        clock::parse_rfc3339(until).map(Timestamp::micros)
    }
}

impl Backups {
    async fn points(&self) -> Result<RestorePoints<BackupId>, BackupError> {
        Ok(RestorePoints::new(self.ordered().await?))
    }

    /// What a restore of the newest whole backup tries next where the newest has this damage, and how many microseconds that is behind it. Nothing of it is read.
    ///
    /// # Errors
    /// The place cannot be read.
    pub async fn next_point(&self, damage: &BackupError) -> Result<Option<(RestorePoint<BackupId>, i64)>, BackupError> {
        let mut points = self.points().await?;
        let Some(newest) = points.take_newest() else { return Ok(None) };
        let reach = newest.reach;
        points.put_back(newest, damage.sound_until());
        Ok(points.take_newest().map(|next| {
            let behind = reach.saturating_sub(next.reach);
            (next, behind)
        }))
    }
}

/// Restores the newest point that is whole, as `restore` does. What is damaged is passed over; anything else, as a key that is missing, ends it.
///
/// # Errors
/// No backup is whole, there is none, or one that is not damaged cannot be restored.
pub async fn restore_newest_whole(backups: &Backups, target: &Path) -> Result<NewestWhole, BackupError> {
    let mut points = backups.points().await?;
    let (mut passed_over, mut newest) = (Vec::new(), None);
    while let Some(point) = points.take_newest() {
        let newest = *newest.get_or_insert(point.reach);
        let attempt = restore(backups, &point.id, target, point.at.map(Timestamp)).await;
        match attempt {
            Ok(restored) => return Ok(NewestWhole { id: point.id, restored, passed_over, newest }),
            Err(damage) if damage.is_damage() => {
                passed_over.push(damage.to_string());
                points.put_back(point, damage.sound_until());
            }
            Err(error) => return Err(error),
        }
    }
    Err(passed_over.into_iter().next().map_or(BackupError::NoBackup, BackupError::NoneWhole))
}
