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
pub struct Reach {
    pub segments: u64,
    /// Time at which the last segment was read, or the copy was taken, in microseconds since 1970
    /// UTC.
    pub until: i64,
}

/// Segments by their names, in order.
pub(super) fn named(objects: &Objects) -> Vec<SegmentName> {
    let under = objects.keys().filter_map(|object| object.split_once('/'));
    let mut names: Vec<_> =
        under.filter(|(folder, _)| *folder == FOLDER).filter_map(|(_, name)| SegmentName::parse(name)).collect();
    names.sort();
    names
}

impl Backups {
    /// The objects of one backup.
    async fn objects_of(&self, id: &BackupId) -> Result<Objects, BackupError> {
        Ok(self.objects().await?.remove(id).unwrap_or_default())
    }

    /// Reads all segments of a generation that were read up to a moment, each proven; of a backup that is no generation there are none.
    pub(super) async fn segments(
        &self,
        of: &OpenBackup,
        until: Option<i64>,
        mut each: impl FnMut(&SegmentHead, &[u8]) -> Result<(), BackupError>,
    ) -> Result<Reach, BackupError> {
        let names = named(&self.objects_of(&of.id).await?);
        let key = of.key.for_segments();
        let (mut reach, mut previous) = (Reach { segments: 0, until: of.manifest.taken_at }, String::new());
        for name in names {
            if until.is_some_and(|until| name.read_at > until) {
                break;
            }
            let object = format!("{}/{FOLDER}/{}", of.id, name.text());
            let broken = |why: &str| BackupError::Segment {
                object: object.clone(),
                why: why.to_owned(),
                until: clock::rfc3339(Timestamp(reach.until)),
            };
            if u64::from(name.number) != reach.segments {
                return Err(broken("follows one that is missing"));
            }
            let sealed = match self.store.get(&object, MAX_SEGMENT_BYTES).await {
                Err(StoreError::Missing) => return Err(broken("is missing")),
                Err(error) => return Err(error.into()),
                Ok(None) => return Err(broken("is larger than the maximum")),
                Ok(Some(sealed)) => sealed,
            };
            let own = sha256(&sealed);
            let opened = key.open(of.id.as_str(), name.number, sealed.to_vec());
            let opened = opened.ok_or_else(|| broken("does not open: it was cut, changed, or is that of another place"))?;
            let (head, frames) = unpack_segment(&opened).ok_or_else(|| broken("is not sound"))?;
            let fits = head.generation == of.id.as_str() && SegmentName::of(&head) == name && head.previous == previous;
            if !fits {
                return Err(broken("is not the one that follows the segment before"));
            }
            each(&head, &frames)?;
            reach = Reach { segments: reach.segments + 1, until: head.read_at };
            previous = own;
        }
        Ok(reach)
    }

    /// Returns the reach of each finished backup by the names of its segments, the farthest last;
    /// includes backups that have lost their manifest.
    pub(super) async fn by_reach(&self, at: Option<i64>) -> Result<Vec<(i64, BackupId)>, BackupError> {
        let mut found = Vec::new();
        for (id, objects) in self.objects().await? {
            let begun = id.at().micros();
            let is_finished = objects.contains_key(MANIFEST) || has_lost_manifest(&objects);
            if !is_finished || at.is_some_and(|at| begun > at) {
                continue;
            }
            let reached =
                named(&objects).iter().map(|name| name.read_at).filter(|read_at| at.is_none_or(|at| *read_at <= at)).max();
            found.push((reached.unwrap_or(begun), id));
        }
        found.sort();
        Ok(found)
    }

    /// Returns the same for all backups, in the order in which they were made.
    ///
    /// # Errors
    /// The farthest point is in the future, so that the order is in doubt: a clock was ahead when
    /// it was made, or is behind here.
    pub(super) async fn ordered(&self) -> Result<Vec<(i64, BackupId)>, BackupError> {
        let found = self.by_reach(None).await?;
        let latest = self.clock.now().plus_seconds(MAX_CLOCK_SKEW_SECONDS).micros();
        match found.last() {
            Some((reach, id)) if *reach > latest => {
                let before = found.iter().rev().find(|(reach, _)| *reach <= latest);
                let before = before.map(|(_, id)| format!(". The newest of those before now is {id}")).unwrap_or_default();
                Err(BackupError::ToCome { id: id.clone(), reach: clock::rfc3339(Timestamp(*reach)), before })
            }
            _ => Ok(found),
        }
    }

    /// Returns the backup that reaches farthest.
    pub(super) async fn farthest(&self) -> Result<BackupId, BackupError> {
        self.ordered().await?.pop().map(|(_, id)| id).ok_or(BackupError::NoBackup)
    }

    /// Returns the backup that is nearest to a time and not after it.
    ///
    /// # Errors
    /// No backup was taken before it.
    pub async fn find_at(&self, at: Timestamp) -> Result<BackupId, BackupError> {
        let mut found = self.by_reach(Some(at.micros())).await?;
        while let Some((_, id)) = found.pop() {
            // A backup that was begun before the time may have been taken after it.
            if self.opened(&id).await?.manifest.taken_at <= at.micros() {
                return Ok(id);
            }
        }
        Err(BackupError::NoneBefore(clock::rfc3339(at)))
    }
}
