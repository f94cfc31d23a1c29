//! The chain of the segments of a generation.

use crate::backups::{
    core::{
        sealed::{DataKey, sha256},
        segment::{SegmentHead, SegmentName, pack_segment},
        wal::Position,
    },
    id::BackupId,
    shell::BackupError,
    wal::Batch,
};

/// The chain of a generation.
pub(super) struct Stream {
    pub id: BackupId,
    pub(super) key: DataKey,
    pub(super) number: u32,
    pub(super) previous: String,
}

impl Stream {
    /// Returns the next segment: its name, and its bytes as stored.
    pub(super) fn seal_batch(&mut self, from: &Position, batch: &Batch, read_at: i64) -> Result<(String, Vec<u8>), BackupError> {
        let head = SegmentHead {
            generation: self.id.to_string(),
            number: self.number,
            read_at,
            salts: from.header.salts,
            from_frame: from.frames,
            to_frame: batch.end.frames,
            page_bytes: from.header.page_bytes,
            pages: batch.pages,
            bytes: batch.frames.len() as u64,
            previous: self.previous.clone(),
        };
        let sealed_bytes =
            pack_segment(&head, &batch.frames).and_then(|packed| self.key.seal(self.id.as_str(), self.number, packed));
        let sealed_bytes = sealed_bytes.ok_or(BackupError::SegmentUnsealed)?;
        self.number = self.number.checked_add(1).ok_or(BackupError::SegmentUnsealed)?;
        self.previous = sha256(&sealed_bytes);
        Ok((SegmentName::of(&head).text(), sealed_bytes))
    }
}
