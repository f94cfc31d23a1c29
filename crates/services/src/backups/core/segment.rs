//! A segment: frames of whole transactions, and their position in the chain of a generation.

use serde::{Deserialize, Serialize};

/// Maximum bytes of frames in a segment; a larger transaction is not shipped: a snapshot replaces
/// it.
pub const MAX_FRAME_BYTES: usize = 1 << 30;
/// Maximum bytes of a stored segment: zstd adds 1/256 to incompressible data.
pub const MAX_SEGMENT_BYTES: u64 = (1 << 30) + (8 << 20);
/// Maximum bytes of a head.
const MAX_HEAD_BYTES: usize = 4 << 10;
const ZSTD_LEVEL: i32 = 3;
/// Folder of segments in a generation.
pub const FOLDER: &str = "wal";

/// The manifest of a segment: encrypted with its frames, so that neither can be changed without the
/// other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SegmentHead {
    /// ID of the generation, which is a backup.
    pub generation: String,
    /// Counted from 0.
    pub number: u32,
    /// Time at which the frames were read, in microseconds since 1970 UTC: the segment holds the
    /// commits between the previous round and this one.
    pub read_at: i64,
    /// The log's salts, and the numbers of the first frame and of the one after the last, counted from 0.
    pub salts: [u32; 2],
    pub from_frame: u64,
    pub to_frame: u64,
    pub page_bytes: u32,
    /// Pages of the database after the last frame.
    pub pages: u32,
    /// Bytes of the frames before compression.
    pub bytes: u64,
    /// SHA-256 of the previous segment in its stored form, in hexadecimal digits; empty in the
    /// first.
    pub previous: String,
}

/// Bytes to be encrypted: the length of the head, the head as JSON, and the frames, compressed.
pub fn pack_segment(head: &SegmentHead, frames: &[u8]) -> Option<Vec<u8>> {
    let text = serde_json::to_vec(head).ok()?;
    let small = zstd::bulk::compress(frames, ZSTD_LEVEL).ok()?;
    let length = u32::try_from(text.len()).ok()?;
    Some([&length.to_be_bytes()[..], &text, &small].concat())
}

/// The head and the frames of decrypted bytes.
pub fn unpack_segment(bytes: &[u8]) -> Option<(SegmentHead, Vec<u8>)> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = u32::from_be_bytes(*length) as usize;
    let (text, compressed) = rest.split_at_checked(length).filter(|_| length <= MAX_HEAD_BYTES)?;
    let head: SegmentHead = serde_json::from_slice(text).ok()?;
    let frames_length = usize::try_from(head.bytes).ok().filter(|bytes| *bytes <= MAX_FRAME_BYTES)?;
    let frames = zstd::bulk::decompress(compressed, frames_length).ok()?;
    (frames.len() == frames_length).then_some((head, frames))
}

/// The pages of a segment's frames, each with its number counted from 1.
pub fn pages(page_bytes: u32, frames: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    frames.chunks_exact(4 + page_bytes as usize).filter_map(|frame| {
        let (number, page) = frame.split_first_chunk::<4>()?;
        Some((u32::from_be_bytes(*number), page))
    })
}

/// The name of a segment in its generation: its number, and the time when it was read. Names are
/// hints; the encrypted head is authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SegmentName {
    pub number: u32,
    pub read_at: i64,
}

impl SegmentName {
    pub fn of(head: &SegmentHead) -> Self {
        Self { number: head.number, read_at: head.read_at }
    }

    /// Returns `None` if the text is no segment name.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, read_at) = text.split_once('-')?;
        let name = Self { number: number.parse().ok()?, read_at: read_at.parse().ok()? };
        (name.text() == text).then_some(name)
    }

    pub fn text(self) -> String {
        format!("{:010}-{:016}", self.number, self.read_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(bytes: u64) -> SegmentHead {
        SegmentHead {
            generation: "g".to_owned(),
            number: 3,
            read_at: 1_795_467_540_123_456,
            salts: [1, 2],
            from_frame: 0,
            to_frame: 2,
            page_bytes: 512,
            pages: 9,
            bytes,
            previous: String::new(),
        }
    }

    #[test]
    fn frames_come_out_as_they_went_in() {
        let one = [&7_u32.to_be_bytes()[..], &[1; 512]].concat();
        let two = [&9_u32.to_be_bytes()[..], &[2; 512]].concat();
        let frames = [one, two].concat();
        let head = head(frames.len() as u64);
        let (found, same) = unpack_segment(&pack_segment(&head, &frames).unwrap()).unwrap();
        assert_eq!((&found, &same), (&head, &frames));
        let numbers: Vec<u32> = pages(found.page_bytes, &same).map(|(number, _)| number).collect();
        assert_eq!(numbers, [7, 9]);
        assert_eq!(unpack_segment(&pack_segment(&head, &frames[..516]).unwrap()), None, "fewer than the head says");
        assert_eq!(unpack_segment(b"\xff\xff\xff\xff{}"), None);
        assert_eq!(unpack_segment(b""), None);
    }

    #[test]
    fn names_sort_by_number() {
        let name = SegmentName::of(&head(0));
        assert_eq!(SegmentName::parse(&name.text()), Some(name));
        assert!(SegmentName { number: 10, read_at: 1 }.text() > SegmentName { number: 9, read_at: 2 }.text());
        for other in ["", "1-2", "0000000003-179546754012345x", "0000000003", "000000000/-1795467540123456"] {
            assert_eq!(SegmentName::parse(other), None, "{other}");
        }
    }
}
