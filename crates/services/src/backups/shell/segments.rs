//! Reads the segments of a generation.

use super::{BackupError, Backups, MANIFEST, Objects, has_lost_manifest, read::OpenBackup};
use crate::{
    backups::{
        core::{
            sealed::sha256,
            segment::{FOLDER, MAX_SEGMENT_BYTES, SegmentHead, SegmentName, unpack_segment},
        },
        id::BackupId,
    },
    files::StoreError,
};
use entity::prelude::Timestamp;
use platform::clock;

/// Maximum difference between the clocks of two machines before the order of backups is in doubt,
/// in seconds.
pub const MAX_CLOCK_SKEW_SECONDS: i64 = 60;

/// Point that a backup reaches with its segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReachedPoint {
    pub segments: u64,
    /// Time at which the last segment was read, or the copy was taken, in microseconds since 1970
    /// UTC.
    pub until: i64,
}

/// Segments by their names, in order.
pub(super) fn segment_names(objects: &Objects) -> Vec<SegmentName> {
    let paths = objects.keys().filter_map(|object| object.split_once('/'));
    let mut names: Vec<_> =
        paths.filter(|(folder, _)| *folder == FOLDER).filter_map(|(_, name)| SegmentName::parse(name)).collect();
    names.sort();
    names
}

impl Backups {
    /// Segments of one backup by their names, in order.
    async fn segments_of(&self, id: &BackupId) -> Result<Vec<SegmentName>, BackupError> {
        let folder = format!("{id}/{FOLDER}");
        let listed = self.store.names_under(&folder).await?;
        let objects = listed.iter().filter_map(|name| name.strip_prefix(&format!("{folder}/")));
        let mut names: Vec<_> = objects.filter_map(SegmentName::parse).collect();
        names.sort();
        Ok(names)
    }

    /// Reads all segments of a generation that were read up to a moment, each proven; of a backup that is no generation there are none.
    pub(super) async fn segments(
        &self,
        backup: &OpenBackup,
        until: Option<i64>,
        mut each: impl FnMut(&SegmentHead, &[u8]) -> Result<(), BackupError>,
    ) -> Result<ReachedPoint, BackupError> {
        let names = self.segments_of(&backup.id).await?;
        let key = backup.key.for_segments();
        let (mut reach, mut previous) = (ReachedPoint { segments: 0, until: backup.manifest.taken_at }, String::new());
        // A clock that was set back has stamped later segments with earlier times: those between belong to the moment as well.
        let count =
            until.map_or(names.len(), |until| names.iter().rposition(|name| name.read_at <= until).map_or(0, |last| last + 1));
        for name in names.into_iter().take(count) {
            let object = format!("{}/{FOLDER}/{}", backup.id, name.text());
            let segment_error = |reason: &str| BackupError::Segment {
                object: object.clone(),
                why: reason.to_owned(),
                until: clock::rfc3339(Timestamp(reach.until)),
            };
            if u64::from(name.number) != reach.segments {
                return Err(segment_error("follows one that is missing"));
            }
            let sealed = match self.store.get(&object, MAX_SEGMENT_BYTES).await {
                Err(StoreError::Missing) => return Err(segment_error("is missing")),
                Err(error) => return Err(error.into()),
                Ok(None) => return Err(segment_error("is larger than the maximum")),
                Ok(Some(sealed)) => sealed,
            };
            let sealed_hash = sha256(&sealed);
            let plain_bytes = key.open(backup.id.as_str(), name.number, sealed.to_vec());
            let plain_bytes =
                plain_bytes.ok_or_else(|| segment_error("does not open: it was cut, changed, or is that of another place"))?;
            let (head, frames) = unpack_segment(&plain_bytes).ok_or_else(|| segment_error("is not sound"))?;
            let is_next = head.generation == backup.id.as_str() && SegmentName::of(&head) == name && head.previous == previous;
            if !is_next {
                return Err(segment_error("is not the one that follows the segment before"));
            }
            each(&head, &frames)?;
            reach = ReachedPoint { segments: reach.segments + 1, until: head.read_at };
            previous = sealed_hash;
        }
        Ok(reach)
    }

    /// Returns the reach of each finished backup by the names of its segments, the farthest last;
    /// includes backups that have lost their manifest.
    pub(super) async fn by_reach(&self, at: Option<i64>) -> Result<Vec<(i64, BackupId)>, BackupError> {
        let mut reaches = Vec::new();
        for (id, objects) in self.objects().await? {
            let started_at = id.at().micros();
            let is_finished = objects.contains_key(MANIFEST) || has_lost_manifest(&objects);
            if !is_finished || at.is_some_and(|at| started_at > at) {
                continue;
            }
            let last_read_at = segment_names(&objects)
                .iter()
                .map(|name| name.read_at)
                .filter(|read_at| at.is_none_or(|at| *read_at <= at))
                .max();
            reaches.push((last_read_at.unwrap_or(started_at), id));
        }
        reaches.sort();
        Ok(reaches)
    }

    /// Returns the same for all backups, in the order in which they were made.
    ///
    /// # Errors
    /// The farthest point is in the future, so that the order is in doubt: a clock was ahead when
    /// it was made, or is behind here.
    pub(super) async fn checked_by_reach(&self) -> Result<Vec<(i64, BackupId)>, BackupError> {
        let reaches = self.by_reach(None).await?;
        let latest = self.clock.now().plus_seconds(MAX_CLOCK_SKEW_SECONDS).micros();
        match reaches.last() {
            Some((reach, id)) if *reach > latest => {
                let before = reaches.iter().rev().find(|(reach, _)| *reach <= latest);
                let before = before.map(|(_, id)| format!(". The newest of those before now is {id}")).unwrap_or_default();
                Err(BackupError::ToCome { id: id.clone(), reach: clock::rfc3339(Timestamp(*reach)), before })
            }
            _ => Ok(reaches),
        }
    }

    /// Returns the backup that reaches farthest.
    pub(super) async fn find_farthest(&self) -> Result<BackupId, BackupError> {
        self.checked_by_reach().await?.pop().map(|(_, id)| id).ok_or(BackupError::NoBackup)
    }

    /// Returns the backup that is nearest to a time and not after it.
    ///
    /// # Errors
    /// No backup was taken before it.
    pub async fn find_at(&self, at: Timestamp) -> Result<BackupId, BackupError> {
        let mut reaches = self.by_reach(Some(at.micros())).await?;
        while let Some((_, id)) = reaches.pop() {
            // A backup that was begun before the time may have been taken after it.
            if self.open_verified(&id).await?.manifest.taken_at <= at.micros() {
                return Ok(id);
            }
        }
        Err(BackupError::NoneBefore(clock::rfc3339(at)))
    }
}
