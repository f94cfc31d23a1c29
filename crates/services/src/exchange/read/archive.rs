//! ZIP archives as workbooks use them: a directory of few parts at the end, each stored or
//! deflated. No size that an archive declares is allocated or trusted before it was compared with a
//! limit, which is why the directory is read here and not by a library.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom, Take},
};

use flate2::{Crc, bufread::DeflateDecoder};

use super::unreadable::{InvalidWorkbook, Stop, invalid_workbook};
use crate::files::core::limits::{WORKBOOK_BYTES, WORKBOOK_DIRECTORY_BYTES, WORKBOOK_ENTRIES, WORKBOOK_RATIO};

/// The record at the end: the size of its fixed part, and that of the longest comment after it.
const END_RECORD_SIZE: usize = 22;
const MAX_COMMENT_SIZE: u64 = 65_535;
const END_SIGNATURE: &[u8] = b"PK\x05\x06";
/// Size of the locator of the ZIP64 end record, in archives that are written as ZIP64.
const ZIP64_LOCATOR_SIZE: usize = 20;
const ZIP64_LOCATOR_SIGNATURE: &[u8] = b"PK\x06\x07";
const ZIP64_END_SIZE: usize = 56;
const ZIP64_END_SIGNATURE: &[u8] = b"PK\x06\x06";
const CENTRAL_HEADER_SIZE: usize = 46;
const CENTRAL_HEADER_SIGNATURE: &[u8] = b"PK\x01\x02";
const LOCAL_HEADER_SIZE: usize = 30;
const LOCAL_HEADER_SIGNATURE: &[u8] = b"PK\x03\x04";
/// The extra field with the numbers that do not fit into 32 bits.
const ZIP64_EXTRA_FIELD: u16 = 1;

const BROKEN_MESSAGE: &str = "it is not a readable archive";

fn at<const N: usize>(bytes: &[u8], from: usize) -> Option<[u8; N]> {
    bytes.get(from..from.checked_add(N)?)?.try_into().ok()
}
fn u16_at(bytes: &[u8], from: usize) -> Option<u16> {
    at(bytes, from).map(u16::from_le_bytes)
}
fn u32_at(bytes: &[u8], from: usize) -> Option<u64> {
    at(bytes, from).map(u32::from_le_bytes).map(u64::from)
}
fn u64_at(bytes: &[u8], from: usize) -> Option<u64> {
    at(bytes, from).map(u64::from_le_bytes)
}

/// A part of the archive, by its directory.
struct Entry {
    name: String,
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    offset: u64,
}

pub(super) struct Archive {
    file: File,
    entries: Vec<Entry>,
}

/// Reads `count` bytes from a position in the file.
fn read_at(file: &mut File, from: u64, count: usize) -> Result<Vec<u8>, Stop> {
    let mut bytes = vec![0; count];
    file.seek(SeekFrom::Start(from))?;
    file.read_exact(&mut bytes).map_err(|_| invalid_workbook(BROKEN_MESSAGE))?;
    Ok(bytes)
}

/// Returns the entries, bytes and offset of the central directory.
fn directory(file: &mut File) -> Result<(u64, u64, u64), Stop> {
    let size = file.seek(SeekFrom::End(0))?;
    let tail_size = size.min(END_RECORD_SIZE as u64 + MAX_COMMENT_SIZE + ZIP64_LOCATOR_SIZE as u64);
    let tail = read_at(file, size - tail_size, tail_size as usize)?;
    let end = tail
        .windows(END_SIGNATURE.len())
        .rposition(|mark| mark == END_SIGNATURE)
        .ok_or_else(|| invalid_workbook(BROKEN_MESSAGE))?;
    let tail_u32 = |from: usize| u32_at(&tail, end + from);
    let (Some(entries), Some(bytes), Some(offset)) = (u16_at(&tail, end + 10), tail_u32(12), tail_u32(16)) else {
        return Err(invalid_workbook(BROKEN_MESSAGE));
    };
    let is_large = entries == u16::MAX || bytes == u64::from(u32::MAX) || offset == u64::from(u32::MAX);
    if !is_large {
        return Ok((entries.into(), bytes, offset));
    }
    let locator = end.checked_sub(ZIP64_LOCATOR_SIZE).filter(|from| tail[*from..].starts_with(ZIP64_LOCATOR_SIGNATURE));
    let record_offset = locator
        .and_then(|from| u64_at(&tail, from + 8))
        .filter(|record_offset| *record_offset < size)
        .ok_or_else(|| invalid_workbook(BROKEN_MESSAGE))?;
    let record = read_at(file, record_offset, ZIP64_END_SIZE)?;
    match (record.starts_with(ZIP64_END_SIGNATURE), u64_at(&record, 32), u64_at(&record, 40), u64_at(&record, 48)) {
        (true, Some(entries), Some(bytes), Some(offset)) => Ok((entries, bytes, offset)),
        _ => Err(invalid_workbook(BROKEN_MESSAGE)),
    }
}

/// The entry at the beginning of these bytes, and its length.
fn entry(bytes: &[u8]) -> Option<(Entry, usize)> {
    let (name, extra, comment) = (u16_at(bytes, 28)?, u16_at(bytes, 30)?, u16_at(bytes, 32)?);
    let name_end = CENTRAL_HEADER_SIZE + usize::from(name);
    let extra_end = name_end + usize::from(extra);
    let mut parsed_entry = Entry {
        name: String::from_utf8_lossy(bytes.get(CENTRAL_HEADER_SIZE..name_end)?).into_owned(),
        flags: u16_at(bytes, 8)?,
        method: u16_at(bytes, 10)?,
        crc: at(bytes, 16).map(u32::from_le_bytes)?,
        packed: u32_at(bytes, 20)?,
        offset: u32_at(bytes, 42)?,
    };
    let is_overflowed = |number: u64| number == u64::from(u32::MAX);
    let mut field = bytes.get(name_end..extra_end)?;
    while let (Some(id), Some(length)) = (u16_at(field, 0), u16_at(field, 2)) {
        let content = field.get(4..4 + usize::from(length))?;
        if id == ZIP64_EXTRA_FIELD {
            // The field has only the numbers that exceed 32 bits, in this order: unpacked, packed,
            // offset.
            let mut from = if is_overflowed(u32_at(bytes, 24)?) { 8 } else { 0 };
            for number in [&mut parsed_entry.packed, &mut parsed_entry.offset] {
                if is_overflowed(*number) {
                    *number = u64_at(content, from)?;
                    from += 8;
                }
            }
        }
        field = &field[4 + usize::from(length)..];
    }
    bytes.starts_with(CENTRAL_HEADER_SIGNATURE).then_some((parsed_entry, extra_end + usize::from(comment)))
}

impl Archive {
    pub(super) fn open(mut file: File) -> Result<Self, Stop> {
        let size = file.seek(SeekFrom::End(0))?;
        let (count, bytes, offset) = directory(&mut file)?;
        if count > WORKBOOK_ENTRIES as u64 {
            return Err(invalid_workbook(format!("it has more than {WORKBOOK_ENTRIES} parts")));
        }
        if bytes > WORKBOOK_DIRECTORY_BYTES {
            return Err(invalid_workbook("its directory is larger than that of a workbook"));
        }
        let directory = read_at(&mut file, offset, bytes as usize)?;
        let (mut rest, mut entries) = (directory.as_slice(), Vec::new());
        for _ in 0..count {
            let (parsed_entry, length) = entry(rest).ok_or_else(|| invalid_workbook(BROKEN_MESSAGE))?;
            entries.push(parsed_entry);
            rest = rest.get(length..).ok_or_else(|| invalid_workbook(BROKEN_MESSAGE))?;
        }
        // Bytes that parts share are unpacked once for each part: possibly 2,000 times a large
        // file, even if none of the parts is used.
        let packed = entries.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.packed));
        if packed > size {
            return Err(invalid_workbook("its parts overlap"));
        }
        Ok(Self { file, entries })
    }

    /// A part by its name, of which at most `max_bytes` bytes are read; None if it does not exist. The
    /// case of names is ignored, as in Excel.
    pub(super) fn part(&self, name: &str, max_bytes: u64) -> Result<Option<Part>, Stop> {
        let exact_match = self.entries.iter().find(|entry| entry.name == name);
        let Some(entry) = exact_match.or_else(|| self.entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(name))) else {
            return Ok(None);
        };
        self.open_entry(entry, max_bytes).map(Some)
    }

    /// Unpacks everything once and keeps nothing: the sizes that an archive declares may be false.
    pub(super) fn measure(&self) -> Result<(), Stop> {
        let mut remaining = WORKBOOK_BYTES;
        for entry in &self.entries {
            remaining -= io::copy(&mut self.open_entry(entry, remaining)?, &mut io::sink())?;
        }
        Ok(())
    }

    /// A part, of which at most `max_bytes` bytes are read.
    fn open_entry(&self, entry: &Entry, max_bytes: u64) -> Result<Part, Stop> {
        if entry.flags & 1 != 0 {
            return Err(invalid_workbook("it is encrypted"));
        }
        let mut file = self.file.try_clone()?;
        let head = read_at(&mut file, entry.offset, LOCAL_HEADER_SIZE)?;
        let (Some(name), Some(extra)) = (u16_at(&head, 26), u16_at(&head, 28)) else {
            return Err(invalid_workbook(BROKEN_MESSAGE));
        };
        if !head.starts_with(LOCAL_HEADER_SIGNATURE) {
            return Err(invalid_workbook(BROKEN_MESSAGE));
        }
        let at = entry.offset + LOCAL_HEADER_SIZE as u64 + u64::from(name) + u64::from(extra);
        let packed = BufReader::new(ArchiveCursor { file, at }).take(entry.packed);
        let bytes = match entry.method {
            0 => Bytes::Stored(packed),
            8 => Bytes::Deflated(Box::new(DeflateDecoder::new(packed))),
            _ => return Err(invalid_workbook("its compression is not that of a workbook")),
        };
        // Small parts may have high ratios without harm: the ratio is checked for large parts only.
        let max_bytes = max_bytes.min(entry.packed.saturating_mul(WORKBOOK_RATIO).max(1 << 20));
        Ok(Part { bytes, remaining: max_bytes, crc: Crc::new(), expected: entry.crc })
    }
}

/// Reader with a position of its own: handles of one file share the file's position, and two parts
/// may be open at once.
struct ArchiveCursor {
    file: File,
    at: u64,
}

impl Read for ArchiveCursor {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.file.seek(SeekFrom::Start(self.at))?;
        let count = self.file.read(out)?;
        self.at += count as u64;
        Ok(count)
    }
}

enum Bytes {
    Stored(Take<BufReader<ArchiveCursor>>),
    Deflated(Box<DeflateDecoder<Take<BufReader<ArchiveCursor>>>>),
}

/// The bytes of a part. They end with an error if there are more than the limit, or if they do not
/// match the checksum.
pub(super) struct Part {
    bytes: Bytes,
    remaining: u64,
    crc: Crc,
    expected: u32,
}

impl Read for Part {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = match &mut self.bytes {
            Bytes::Stored(bytes) => bytes.read(out)?,
            Bytes::Deflated(bytes) => bytes.read(out)?,
        };
        self.crc.update(&out[..count]);
        self.remaining = (self.remaining)
            .checked_sub(count as u64)
            .ok_or_else(|| io::Error::other(InvalidWorkbook("unpacked, it is larger than a workbook may be".to_owned())))?;
        if count == 0 && !out.is_empty() && self.crc.sum() != self.expected {
            return Err(io::Error::other(InvalidWorkbook("a part of it is damaged".to_owned())));
        }
        Ok(count)
    }
}
