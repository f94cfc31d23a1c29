//! Reading segments back: what counts as shipped is there. A place that keeps other bytes ends the generation, and does not get a whole copy each minute.

use std::time::Duration;

use bytes::Bytes;
use entity::prelude::BackupKind;
use futures_util::TryStreamExt;
use platform::metrics;

use super::{Shipper, State, failed, monotonic};
use crate::{
    backups::{
        core::segment::SegmentName,
        id::BackupId,
        shell::{BackupError, log::BackupLog},
    },
    files::{Store, StoreError},
};

/// Where a segment has waited for so long, in microseconds, one in so many is read back: a place that answers slowly catches up.
const BEHIND_MICROS: i64 = 5_000_000;
const READ_BACK_BEHIND: u32 = 8;
/// A place that kept other bytes is trusted again after so long. Until then each segment is read back, and the backup of each generation.
const MISTRUSTED: Duration = Duration::from_hours(24);
/// Time until another generation, doubled by each that was given up meanwhile.
const SHORTEST_PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// What is known of a place that kept other bytes than it was sent. Moments are of the monotonic clock.
#[derive(Default)]
pub(super) struct Mistrust {
    /// When that was last seen.
    since: Option<Duration>,
    /// Generations that were given up for it.
    given_up: u32,
    pause_ends: Duration,
}

impl Mistrust {
    fn note(&mut self, now: Duration) {
        if !self.lasts(now) {
            self.given_up = 0;
        }
        self.since = Some(now);
    }

    /// A generation is given up, and the next one waits.
    fn give_up(&mut self, now: Duration) {
        self.note(now);
        self.pause_ends = now + pause(self.given_up);
        self.given_up = self.given_up.saturating_add(1);
    }

    fn lasts(&self, now: Duration) -> bool {
        self.since.is_some_and(|since| now.saturating_sub(since) < MISTRUSTED)
    }

    pub(super) fn is_pausing(&self, now: Duration) -> bool {
        now < self.pause_ends
    }
}

/// The pause after so many others.
fn pause(given_up: u32) -> Duration {
    SHORTEST_PAUSE.saturating_mul(2_u32.saturating_pow(given_up)).min(LONGEST_PAUSE)
}

/// Whether the segment of this number is read back, where one in `every` is, and it has waited for so many microseconds.
fn is_chosen(number: u32, every: u32, waited: i64) -> bool {
    let every = if waited > BEHIND_MICROS { every.max(READ_BACK_BEHIND) } else { every };
    number.is_multiple_of(every)
}

/// Whether a place has exactly these bytes as an object. Its pieces are compared as they come, and none is kept.
async fn has(store: &Store, object: &str, bytes: &[u8]) -> Result<bool, BackupError> {
    let mut pieces = match store.read(object).await {
        Err(StoreError::Missing) => return Ok(false),
        found => found?,
    };
    let mut rest = bytes;
    while let Some(piece) = pieces.try_next().await? {
        match rest.strip_prefix(&piece[..]) {
            Some(after) => rest = after,
            None => return Ok(false),
        }
    }
    Ok(rest.is_empty())
}

/// Whether a generation failed because its place keeps other bytes than it was sent.
fn is_of_place(error: &BackupError) -> bool {
    matches!(
        error,
        BackupError::ReadBack(_)
            | BackupError::Removed
            | BackupError::NoManifest(_)
            | BackupError::Manifest(..)
            | BackupError::Sealed(..)
            | BackupError::Chunk { .. }
            | BackupError::Segment { .. }
            | BackupError::NotWhole(_)
    )
}

impl State {
    /// Ends one generation; another goes on. What is dropped with it was never shipped.
    fn end(&mut self, generation: &str) {
        for stream in [&mut self.current, &mut self.coming] {
            if stream.as_ref().is_some_and(|stream| stream.id.as_str() == generation) {
                *stream = None;
            }
        }
        if !self.has_streams() {
            self.give_up();
        }
        self.round_at = self.caught_up_at;
    }
}

impl Shipper {
    /// Sends a segment; says whether the place keeps it as it is. One that reads back as other bytes is sent once more.
    pub(super) async fn send(&self, object: &str, segment: &str, bytes: &Bytes) -> Result<bool, BackupError> {
        let store = &self.backups.store;
        let is_new = store.create(object, bytes.clone()).await?;
        // One that was there is of a process that ended before it heard so.
        if (is_new && !self.is_read_back(segment)) || has(store, object, bytes).await? {
            return Ok(true);
        }
        metrics::log_shipping_differs();
        self.state.borrow_mut().mistrust.note(monotonic(&self.clock));
        tracing::warn!(object, "a segment of the log reads back as other bytes, and is sent again");
        store.put_bytes(object, bytes.clone()).await?;
        let is_kept = has(store, object, bytes).await?;
        if !is_kept {
            metrics::log_shipping_differs();
        }
        Ok(is_kept)
    }

    fn is_read_back(&self, segment: &str) -> bool {
        let Some(name) = SegmentName::parse(segment) else { return true };
        let waited = self.clock.now().micros().saturating_sub(name.read_at);
        self.is_mistrusted() || is_chosen(name.number, self.settings.read_back, waited)
    }

    fn is_mistrusted(&self) -> bool {
        self.state.borrow().mistrust.lasts(monotonic(&self.clock))
    }

    /// Ends a generation before a segment that its place does not keep, so that it can be restored up to there. Nothing counts as shipped until there is another one.
    pub(super) async fn end_before(&self, generation: &str, object: String) -> Result<(), BackupError> {
        if let Err(error) = self.backups.store.remove(&object).await {
            failed("a segment of the log that reads back as other bytes could not be removed", &error);
        }
        let is_coming = self.state.borrow().coming.as_ref().is_some_and(|stream| stream.id.as_str() == generation);
        let error = BackupError::NotKept(object.clone());
        // A generation whose backup is being stored has a row, which fails.
        if !is_coming {
            let log = BackupLog::new(self.db.clone(), self.clock.clone());
            log.add_failed(BackupKind::Backup, &self.settings.place, &error).await?;
        }
        failed("a generation of the log is given up, and another begins after a pause", &error);
        let mut state = self.state.borrow_mut();
        state.mistrust.give_up(monotonic(&self.clock));
        state.end(generation);
        if is_coming {
            state.not_kept = Some(object);
        }
        let removed = self.spool.remove_all(generation);
        removed.map(drop).map_err(|error| BackupError::Disk(self.settings.file.display().to_string(), error))
    }

    /// Reads the backup of a generation back as a whole, where the place has kept other bytes before.
    pub(super) async fn read_back(&self, id: &BackupId) -> Result<(), BackupError> {
        if !self.is_mistrusted() {
            return Ok(());
        }
        match Box::pin(self.backups.verify(id)).await {
            // A key that is lost is no fault of the place.
            Err(BackupError::KeysMissing { .. }) => Ok(()),
            verified => verified.map(drop),
        }
    }

    /// Has the next generation wait where the place is why this one could not be begun.
    pub(super) fn weigh(&self, error: &BackupError) {
        // A lock that was changed looks like that of another run.
        if is_of_place(error) || (matches!(error, BackupError::TakenOver) && self.is_mistrusted()) {
            self.state.borrow_mut().mistrust.give_up(monotonic(&self.clock));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::FileLocation;

    const HOUR: Duration = Duration::from_hours(1);

    #[tokio::test]
    async fn a_segment_is_compared_with_what_was_sent_byte_by_byte() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&FileLocation::Folder(folder.path().to_owned())).unwrap();
        // More than comes in one piece.
        let sent: Vec<u8> = (0..1_000_000).map(|at| (at % 251) as u8).collect();
        assert!(!has(&store, "segment", &sent).await.unwrap(), "it is not there");
        assert!(store.create("segment", sent.clone().into()).await.unwrap());
        assert!(has(&store, "segment", &sent).await.unwrap());
        let mut turned = sent.clone();
        turned[999_999] ^= 1;
        let cases = [
            (turned, "one bit"),
            (sent[1..].to_vec(), "without its first byte"),
            (sent[..999_999].to_vec(), "without its last byte"),
            ([&sent[..], &[0]].concat(), "one byte more"),
            (Vec::new(), "nothing"),
        ];
        for (other, case) in cases {
            store.put_bytes("segment", other.into()).await.unwrap();
            assert!(!has(&store, "segment", &sent).await.unwrap(), "{case}");
        }
        assert!(has(&store, "segment", b"").await.unwrap());
    }

    #[test]
    fn a_place_that_goes_on_lying_gets_a_copy_an_hour() {
        let (mut mistrust, mut now, mut copies) = (Mistrust::default(), HOUR, 0);
        assert!(!mistrust.is_pausing(now) && !mistrust.lasts(now));
        while now < HOUR + Duration::from_hours(12) {
            mistrust.give_up(now);
            assert!(mistrust.is_pausing((now + SHORTEST_PAUSE).checked_sub(Duration::from_secs(1)).unwrap()));
            now = mistrust.pause_ends;
            assert!(!mistrust.is_pausing(now) && mistrust.lasts(now));
            copies += 1;
        }
        assert_eq!(
            (pause(0), pause(1), pause(6), pause(7), pause(u32::MAX)),
            (SHORTEST_PAUSE, SHORTEST_PAUSE * 2, SHORTEST_PAUSE * 64, HOUR, HOUR)
        );
        assert!((12..=20).contains(&copies), "{copies} in twelve hours");
    }

    #[test]
    fn a_place_is_trusted_again_after_a_day() {
        let mut mistrust = Mistrust::default();
        for hour in 1..=5 {
            mistrust.give_up(HOUR * hour);
        }
        let last = HOUR * 5;
        assert!(mistrust.lasts((last + MISTRUSTED).checked_sub(HOUR).unwrap()));
        let later = last + MISTRUSTED;
        assert!(!mistrust.lasts(later));
        mistrust.give_up(later);
        assert_eq!(mistrust.pause_ends, later + SHORTEST_PAUSE, "its pauses begin anew");
    }

    #[test]
    fn a_segment_in_eight_is_read_back_where_the_place_is_behind() {
        let read = |every: u32, waited: i64| (0..240).filter(|number| is_chosen(*number, every, waited)).count();
        assert_eq!((read(1, 0), read(1, BEHIND_MICROS), read(1, BEHIND_MICROS + 1)), (240, 240, 30));
        assert_eq!((read(60, 0), read(60, BEHIND_MICROS + 1)), (4, 4));
        assert!(is_chosen(0, 86_400, 0), "the first of each generation");
        assert_eq!(read(1, -BEHIND_MICROS), 240, "a clock that was put back");
    }
}
