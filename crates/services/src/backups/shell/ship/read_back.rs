//! Reads segments back to prove that they are stored. If a location returns other bytes, the
//! generation ends, and `location_trust` delays the next one.

use bytes::Bytes;
use entity::prelude::BackupKind;
use futures_util::TryStreamExt;
use platform::metrics;

use super::shipper::{Shipper, State, monotonic, record_failure};
use crate::{
    backups::{
        core::segment::SegmentName,
        id::BackupId,
        shell::{BackupError, log::BackupLog},
    },
    files::{Store, StoreError},
};

/// Age of a waiting segment in microseconds from which only one in `LAGGING_READ_BACK_EVERY` segments is
/// read back, so that a slow location catches up.
const READ_BACK_LAG_MICROS: i64 = 5_000_000;
const LAGGING_READ_BACK_EVERY: u32 = 8;

/// Whether the segment of this number is read back: one of `every`, or fewer if it has waited for
/// long (`lag`, in microseconds).
fn is_sampled(number: u32, every: u32, lag: i64) -> bool {
    let every = if lag > READ_BACK_LAG_MICROS { every.max(LAGGING_READ_BACK_EVERY) } else { every };
    number.is_multiple_of(every)
}

/// Whether an object in a location has exactly these bytes. It is compared as a stream.
async fn has_bytes(store: &Store, object: &str, bytes: &[u8]) -> Result<bool, BackupError> {
    let mut chunks = match store.read(object).await {
        Err(StoreError::Missing) => return Ok(false),
        found => found?,
    };
    let mut rest = bytes;
    while let Some(chunk) = chunks.try_next().await? {
        match rest.strip_prefix(&chunk[..]) {
            Some(after) => rest = after,
            None => return Ok(false),
        }
    }
    Ok(rest.is_empty())
}

/// Whether a generation failed because its location stored other bytes than it was sent.
fn is_location_fault(error: &BackupError) -> bool {
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
    /// Ends one generation; another continues. Segments that are dropped with it were never
    /// shipped.
    fn end(&mut self, generation: &str) {
        for stream in [&mut self.current, &mut self.next_stream] {
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
    /// Sends a segment; returns whether the location stores it unchanged. A segment that reads back
    /// as other bytes is sent again.
    pub(super) async fn send(&self, object: &str, segment: &str, bytes: &Bytes) -> Result<bool, BackupError> {
        let store = &self.backups.store;
        let is_new = store.create(object, bytes.clone()).await?;
        // An object that existed is from a process that ended before it got the response.
        if (is_new && !self.is_read_back(segment)) || has_bytes(store, object, bytes).await? {
            return Ok(true);
        }
        metrics::count_log_shipping_difference();
        self.state.borrow_mut().mistrust.record_distrust(monotonic(&self.clock));
        tracing::warn!(object, "a segment of the log reads back as other bytes, and is sent again");
        store.put_bytes(object, bytes.clone()).await?;
        let is_kept = has_bytes(store, object, bytes).await?;
        if !is_kept {
            metrics::count_log_shipping_difference();
        }
        Ok(is_kept)
    }

    fn is_read_back(&self, segment: &str) -> bool {
        let Some(name) = SegmentName::parse(segment) else { return true };
        let lag = self.clock.now().micros().saturating_sub(name.read_at);
        self.is_location_distrusted() || is_sampled(name.number, self.settings.read_back, lag)
    }

    fn is_location_distrusted(&self) -> bool {
        self.state.borrow().mistrust.is_distrusted(monotonic(&self.clock))
    }

    /// Ends a generation before a segment that its location did not store, so that it can be
    /// restored up to there. Nothing counts as shipped until there is another generation.
    pub(super) async fn end_generation_before(&self, generation: &str, object: String) -> Result<(), BackupError> {
        if let Err(error) = self.backups.store.remove(&object).await {
            record_failure("a segment of the log that reads back as other bytes could not be removed", &error);
        }
        let is_next_stream = self.state.borrow().next_stream.as_ref().is_some_and(|stream| stream.id.as_str() == generation);
        let error = BackupError::NotKept(object.clone());
        // A generation whose backup is being stored has a row, which fails then.
        if !is_next_stream {
            let log = BackupLog::new(self.db.clone(), self.clock.clone());
            log.add_failed(BackupKind::Backup, &self.settings.place, &error).await?;
        }
        record_failure("a generation of the log is given up, and another begins after a pause", &error);
        let mut state = self.state.borrow_mut();
        state.mistrust.give_up(monotonic(&self.clock));
        state.end(generation);
        if is_next_stream {
            state.not_kept = Some(object);
        }
        let outcome = self.spool.remove_all(generation);
        outcome.map(drop).map_err(|error| BackupError::Disk(self.settings.file.display().to_string(), error))
    }

    /// Reads back the backup of a generation as a whole, if the location stored other bytes before.
    pub(super) async fn read_back(&self, id: &BackupId) -> Result<(), BackupError> {
        if !self.is_location_distrusted() {
            return Ok(());
        }
        match Box::pin(self.backups.verify(id)).await {
            // A key that is lost is no fault of the place.
            Err(BackupError::KeysMissing { .. }) => Ok(()),
            verified => verified.map(drop),
        }
    }

    /// Delays the next generation if the location is the reason why this one could not begin.
    pub(super) fn delay_after_fault(&self, error: &BackupError) {
        // A changed lock looks like that of another run.
        if is_location_fault(error) || (matches!(error, BackupError::TakenOver) && self.is_location_distrusted()) {
            self.state.borrow_mut().mistrust.give_up(monotonic(&self.clock));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::FileLocation;

    #[tokio::test]
    async fn a_segment_is_compared_with_what_was_sent_byte_by_byte() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&FileLocation::Folder(folder.path().to_owned())).unwrap();
        // More than comes in one piece.
        let sent: Vec<u8> = (0..1_000_000).map(|at| (at % 251) as u8).collect();
        assert!(!has_bytes(&store, "segment", &sent).await.unwrap(), "it is not there");
        assert!(store.create("segment", sent.clone().into()).await.unwrap());
        assert!(has_bytes(&store, "segment", &sent).await.unwrap());
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
            assert!(!has_bytes(&store, "segment", &sent).await.unwrap(), "{case}");
        }
        assert!(has_bytes(&store, "segment", b"").await.unwrap());
    }

    #[test]
    fn a_segment_in_eight_is_read_back_where_the_place_is_behind() {
        let read = |every: u32, waited: i64| (0..240).filter(|number| is_sampled(*number, every, waited)).count();
        assert_eq!((read(1, 0), read(1, READ_BACK_LAG_MICROS), read(1, READ_BACK_LAG_MICROS + 1)), (240, 240, 30));
        assert_eq!((read(60, 0), read(60, READ_BACK_LAG_MICROS + 1)), (4, 4));
        assert!(is_sampled(0, 86_400, 0), "the first of each generation");
        assert_eq!(read(1, -READ_BACK_LAG_MICROS), 240, "a clock that was put back");
    }
}
