//! The write-ahead log of SQLite, by its file format (sqlite.org/fileformat2.html, section 4).
//! Pure.
//!
//! A log is a header and frames, each a page of the database. A frame is valid if it has the salts
//! of the header and its checksum, which runs over all frames before it, is right; a transaction is
//! valid up to its last frame, which alone has the number of the database's pages.

/// Bytes of the log's header.
pub const HEADER_BYTES: usize = 32;
/// Bytes before the page in a frame.
pub const FRAME_HEADER_BYTES: usize = 24;
/// Magic of a log with little-endian checksums; that of big-endian ones is one more.
const MAGIC: u32 = 0x377f_0682;
const VERSION: u32 = 3_007_000;

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The header of a log. Each restart of the log increments the first salt and replaces the second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogHeader {
    pub page_bytes: u32,
    pub salts: [u32; 2],
    sums: [u32; 2],
    is_big_endian: bool,
}

impl LogHeader {
    /// Returns `None` if the bytes are no header.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let magic = word(bytes, 0)?;
        let page_bytes = word(bytes, 8)?;
        let is_size = page_bytes.is_power_of_two() && (512..=65_536).contains(&page_bytes);
        if magic & !1 != MAGIC || word(bytes, 4)? != VERSION || !is_size {
            return None;
        }
        let is_big_endian = magic & 1 == 1;
        let sums = update_checksum(is_big_endian, [0, 0], bytes.get(..24)?);
        let header = Self { page_bytes, salts: [word(bytes, 16)?, word(bytes, 20)?], sums, is_big_endian };
        (sums == [word(bytes, 24)?, word(bytes, 28)?]).then_some(header)
    }

    /// Bytes of a frame with its page.
    pub fn frame_bytes(&self) -> usize {
        FRAME_HEADER_BYTES + self.page_bytes as usize
    }

    /// Whether this log was begun when the other one ended, with none between them.
    pub fn follows(&self, other: &Self) -> bool {
        self.salts[0] == other.salts[0].wrapping_add(1)
    }
}

/// Continues a checksum over words in pairs.
fn update_checksum(is_big_endian: bool, sums: [u32; 2], bytes: &[u8]) -> [u32; 2] {
    let [mut first, mut second] = sums;
    let word = |bytes: &[u8; 4]| if is_big_endian { u32::from_be_bytes(*bytes) } else { u32::from_le_bytes(*bytes) };
    let mut words = bytes.as_chunks::<4>().0.iter().map(word);
    while let (Some(left), Some(right)) = (words.next(), words.next()) {
        first = first.wrapping_add(left).wrapping_add(second);
        second = second.wrapping_add(right).wrapping_add(first);
    }
    [first, second]
}

/// Position of a reader in a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub header: LogHeader,
    /// Frames read.
    pub frames: u64,
    sums: [u32; 2],
}

/// Header fields of a frame that concern its page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// The page's number, counted from 1.
    pub page: u32,
    /// Pages of the database after the transaction that this frame ends; 0 in the middle of one.
    pub pages_after: u32,
}

impl Position {
    /// Returns the position before the first frame.
    pub fn start(header: LogHeader) -> Self {
        Self { header, frames: 0, sums: header.sums }
    }

    /// Returns the offset of the next frame in the file.
    pub fn offset(&self) -> u64 {
        HEADER_BYTES as u64 + self.frames * self.header.frame_bytes() as u64
    }

    /// Advances over a frame; `None` if it is not one of this log, or is incomplete.
    pub fn step(&mut self, frame: &[u8]) -> Option<FrameHeader> {
        if frame.len() != self.header.frame_bytes() || [word(frame, 8)?, word(frame, 12)?] != self.header.salts {
            return None;
        }
        let big_endian = self.header.is_big_endian;
        let sums = update_checksum(
            big_endian,
            update_checksum(big_endian, self.sums, frame.get(..8)?),
            frame.get(FRAME_HEADER_BYTES..)?,
        );
        let facts = FrameHeader { page: word(frame, 0)?, pages_after: word(frame, 4)? };
        if sums != [word(frame, 16)?, word(frame, 20)?] || facts.page == 0 {
            return None;
        }
        self.sums = sums;
        self.frames += 1;
        Some(facts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_are_no_header() {
        assert_eq!(LogHeader::parse(&[]), None);
        assert_eq!(LogHeader::parse(&[0; HEADER_BYTES]), None);
        let mut header = Vec::new();
        for word in [MAGIC, VERSION, 4096, 0, 7, 9] {
            header.extend_from_slice(&word.to_be_bytes());
        }
        let sums = update_checksum(false, [0, 0], &header);
        header.extend(sums.iter().flat_map(|sum| sum.to_be_bytes()));
        let parsed = LogHeader::parse(&header).unwrap();
        assert_eq!((parsed.page_bytes, parsed.salts), (4096, [7, 9]));
        for at in 0..HEADER_BYTES {
            let mut turned = header.clone();
            turned[at] ^= 1;
            assert_eq!(LogHeader::parse(&turned), None, "byte {at}");
        }
    }

    #[test]
    fn the_next_log_follows_and_the_one_after_it_does_not() {
        let log = |salt| LogHeader { page_bytes: 4096, salts: [salt, 5], sums: [0, 0], is_big_endian: false };
        assert!(log(8).follows(&log(7)));
        assert!(log(0).follows(&log(u32::MAX)));
        assert!(!log(9).follows(&log(7)));
        assert!(!log(7).follows(&log(7)));
    }
}
