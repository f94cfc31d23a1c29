//! ZIP archives as workbooks are: a directory of few parts at the end, each stored or deflated. Nothing that an archive says of itself is
//! allocated or believed before it was compared with a limit, which is why the directory is read here and not by a library.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom, Take},
};

use flate2::{Crc, bufread::DeflateDecoder};

use super::{
    Stop,
    pipe::{Unfit, unfit},
};
use crate::files::core::limits::{WORKBOOK_BYTES, WORKBOOK_DIRECTORY_BYTES, WORKBOOK_ENTRIES, WORKBOOK_RATIO};

/// The record at the end: its fixed part, and the longest comment behind it.
const END: usize = 22;
const COMMENT: u64 = 65_535;
const END_MARK: &[u8] = b"PK\x05\x06";
/// Where the larger record is, of archives that are written as if they were large.
const LOCATOR: usize = 20;
const LOCATOR_MARK: &[u8] = b"PK\x06\x07";
const LARGE_END: usize = 56;
const LARGE_END_MARK: &[u8] = b"PK\x06\x06";
const HEADER: usize = 46;
const HEADER_MARK: &[u8] = b"PK\x01\x02";
const LOCAL: usize = 30;
const LOCAL_MARK: &[u8] = b"PK\x03\x04";
/// The extra field with the numbers that do not fit into 32 bits.
const LARGE_FIELD: u16 = 1;

const BROKEN: &str = "it is no archive that can be read";

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

/// A part of the archive, as its directory says.
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

/// Reads so many bytes from a place in the file.
fn piece(file: &mut File, from: u64, count: usize) -> Result<Vec<u8>, Stop> {
    let mut bytes = vec![0; count];
    file.seek(SeekFrom::Start(from))?;
    file.read_exact(&mut bytes).map_err(|_| unfit(BROKEN))?;
    Ok(bytes)
}

/// Where the directory is: entries, bytes, offset.
fn directory(file: &mut File) -> Result<(u64, u64, u64), Stop> {
    let size = file.seek(SeekFrom::End(0))?;
    let look = size.min(END as u64 + COMMENT + LOCATOR as u64);
    let tail = piece(file, size - look, look as usize)?;
    let end = tail.windows(END_MARK.len()).rposition(|mark| mark == END_MARK).ok_or_else(|| unfit(BROKEN))?;
    let said = |from: usize| u32_at(&tail, end + from);
    let (Some(entries), Some(bytes), Some(offset)) = (u16_at(&tail, end + 10), said(12), said(16)) else {
        return Err(unfit(BROKEN));
    };
    let is_large = entries == u16::MAX || bytes == u64::from(u32::MAX) || offset == u64::from(u32::MAX);
    if !is_large {
        return Ok((entries.into(), bytes, offset));
    }
    let locator = end.checked_sub(LOCATOR).filter(|from| tail[*from..].starts_with(LOCATOR_MARK));
    let place = locator.and_then(|from| u64_at(&tail, from + 8)).filter(|place| *place < size).ok_or_else(|| unfit(BROKEN))?;
    let record = piece(file, place, LARGE_END)?;
    match (record.starts_with(LARGE_END_MARK), u64_at(&record, 32), u64_at(&record, 40), u64_at(&record, 48)) {
        (true, Some(entries), Some(bytes), Some(offset)) => Ok((entries, bytes, offset)),
        _ => Err(unfit(BROKEN)),
    }
}

/// The entry at the beginning of these bytes, and how many of them it takes.
fn entry(bytes: &[u8]) -> Option<(Entry, usize)> {
    let (name, extra, comment) = (u16_at(bytes, 28)?, u16_at(bytes, 30)?, u16_at(bytes, 32)?);
    let name_end = HEADER + usize::from(name);
    let extra_end = name_end + usize::from(extra);
    let mut found = Entry {
        name: String::from_utf8_lossy(bytes.get(HEADER..name_end)?).into_owned(),
        flags: u16_at(bytes, 8)?,
        method: u16_at(bytes, 10)?,
        crc: at(bytes, 16).map(u32::from_le_bytes)?,
        packed: u32_at(bytes, 20)?,
        offset: u32_at(bytes, 42)?,
    };
    let large = |number: u64| number == u64::from(u32::MAX);
    let mut field = bytes.get(name_end..extra_end)?;
    while let (Some(id), Some(length)) = (u16_at(field, 0), u16_at(field, 2)) {
        let content = field.get(4..4 + usize::from(length))?;
        if id == LARGE_FIELD {
            // Those that are there, in this order: unpacked, packed, offset.
            let mut from = if large(u32_at(bytes, 24)?) { 8 } else { 0 };
            for number in [&mut found.packed, &mut found.offset] {
                if large(*number) {
                    *number = u64_at(content, from)?;
                    from += 8;
                }
            }
        }
        field = &field[4 + usize::from(length)..];
    }
    bytes.starts_with(HEADER_MARK).then_some((found, extra_end + usize::from(comment)))
}

impl Archive {
    pub(super) fn open(mut file: File) -> Result<Self, Stop> {
        let size = file.seek(SeekFrom::End(0))?;
        let (count, bytes, offset) = directory(&mut file)?;
        if count > WORKBOOK_ENTRIES as u64 {
            return Err(unfit(format!("it has more than {WORKBOOK_ENTRIES} parts")));
        }
        if bytes > WORKBOOK_DIRECTORY_BYTES {
            return Err(unfit("its directory is larger than that of a workbook"));
        }
        let directory = piece(&mut file, offset, bytes as usize)?;
        let (mut rest, mut entries) = (directory.as_slice(), Vec::new());
        for _ in 0..count {
            let (found, length) = entry(rest).ok_or_else(|| unfit(BROKEN))?;
            entries.push(found);
            rest = rest.get(length..).ok_or_else(|| unfit(BROKEN))?;
        }
        // Bytes that parts share are unpacked once for each of them: 2,000 times a large file, of which nothing need come out.
        let packed = entries.iter().fold(0_u64, |sum, entry| sum.saturating_add(entry.packed));
        if packed > size {
            return Err(unfit("its parts overlap"));
        }
        Ok(Self { file, entries })
    }

    /// A part by its name, of which at most so much is read; None where there is none. Capitals do not matter, as they do not to Excel.
    pub(super) fn part(&self, name: &str, most: u64) -> Result<Option<Part>, Stop> {
        let exact = self.entries.iter().find(|entry| entry.name == name);
        let Some(entry) = exact.or_else(|| self.entries.iter().find(|entry| entry.name.eq_ignore_ascii_case(name))) else {
            return Ok(None);
        };
        self.unpacked(entry, most).map(Some)
    }

    /// Unpacks everything once, keeping nothing: what an archive says of its own size need not be true.
    pub(super) fn measure(&self) -> Result<(), Stop> {
        let mut left = WORKBOOK_BYTES;
        for entry in &self.entries {
            left -= io::copy(&mut self.unpacked(entry, left)?, &mut io::sink())?;
        }
        Ok(())
    }

    /// A part, of which at most so much is read.
    fn unpacked(&self, entry: &Entry, most: u64) -> Result<Part, Stop> {
        if entry.flags & 1 != 0 {
            return Err(unfit("it is encrypted"));
        }
        let mut file = self.file.try_clone()?;
        let head = piece(&mut file, entry.offset, LOCAL)?;
        let (Some(name), Some(extra)) = (u16_at(&head, 26), u16_at(&head, 28)) else { return Err(unfit(BROKEN)) };
        if !head.starts_with(LOCAL_MARK) {
            return Err(unfit(BROKEN));
        }
        let at = entry.offset + LOCAL as u64 + u64::from(name) + u64::from(extra);
        let packed = BufReader::new(ArchiveCursor { file, at }).take(entry.packed);
        let bytes = match entry.method {
            0 => Bytes::Stored(packed),
            8 => Bytes::Deflated(Box::new(DeflateDecoder::new(packed))),
            _ => return Err(unfit("it is packed in a way that workbooks are not")),
        };
        // Small parts pack well without any harm: the ratio is asked of what is large.
        let most = most.min(entry.packed.saturating_mul(WORKBOOK_RATIO).max(1 << 20));
        Ok(Part { bytes, left: most, crc: Crc::new(), expected: entry.crc })
    }
}

/// A place in the file, read from there on: handles of one file share where they stand, and two parts may be open at once.
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

/// The bytes of a part. They end with an error where there are more than may be, or others than were packed.
pub(super) struct Part {
    bytes: Bytes,
    left: u64,
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
        self.left = (self.left)
            .checked_sub(count as u64)
            .ok_or_else(|| io::Error::other(Unfit("unpacked, it is larger than a workbook may be".to_owned())))?;
        if count == 0 && !out.is_empty() && self.crc.sum() != self.expected {
            return Err(io::Error::other(Unfit("a part of it is damaged".to_owned())));
        }
        Ok(count)
    }
}
