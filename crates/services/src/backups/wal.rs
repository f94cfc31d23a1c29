//! Reading the write-ahead log beside a database that is in use.
//!
//! SQLite takes no locks on FILE-wal, so it may be opened and closed as often as one likes. FILE itself may not: when a process closes any descriptor of it,
//! the system drops all locks that SQLite has there ("How To Corrupt An SQLite Database File", section 2.2).

use std::{
    fs::File,
    io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom, Write},
    path::Path,
};

use super::core::{
    segment::MOST_FRAME_BYTES,
    wal::{FRAME_HEADER_BYTES, HEADER_BYTES, LogHeader, Position},
};

/// A batch ends with the first transaction that brings it to so many bytes.
const ENOUGH_BYTES: usize = 4 << 20;
const BUFFER_BYTES: usize = 256 << 10;

/// Frames of whole transactions: the number of each page and its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub frames: Vec<u8>,
    /// After the last of them.
    pub end: Position,
    /// Pages of the database then.
    pub pages: u32,
}

/// What comes after a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    Nothing,
    Frames(Batch),
    /// The log was begun anew while it was read.
    Renewed,
}

/// The header of the log; None where there is no log, or nothing in it.
pub fn header(log: &Path) -> io::Result<Option<LogHeader>> {
    match File::open(log) {
        Ok(mut file) => read_header(&mut file),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn read_header(file: &mut impl Read) -> io::Result<Option<LogHeader>> {
    let mut bytes = [0; HEADER_BYTES];
    match file.read_exact(&mut bytes) {
        Ok(()) => Ok(LogHeader::parse(&bytes)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// The transactions after a position: some megabytes, or one that is larger.
pub fn next(log: &Path, from: &Position) -> io::Result<Next> {
    let mut file = match File::open(log) {
        Ok(file) => BufReader::with_capacity(BUFFER_BYTES, file),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Next::Nothing),
        Err(error) => return Err(error),
    };
    file.seek(SeekFrom::Start(from.offset()))?;
    let (mut at, mut frames, mut frame) = (*from, Vec::new(), vec![0; from.header.frame_bytes()]);
    let mut whole: Option<(usize, Position, u32)> = None;
    loop {
        match file.read_exact(&mut frame) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => break,
            Err(error) => return Err(error),
        }
        let Some(facts) = at.step(&frame) else { break };
        frames.extend_from_slice(&facts.page.to_be_bytes());
        frames.extend_from_slice(&frame[FRAME_HEADER_BYTES..]);
        if facts.pages_after > 0 {
            whole = Some((frames.len(), at, facts.pages_after));
            if frames.len() >= ENOUGH_BYTES {
                break;
            }
        }
        if frames.len() > MOST_FRAME_BYTES {
            return Err(io::Error::other("a transaction has more than a gibibyte"));
        }
    }
    let Some((length, end, pages)) = whole else { return Ok(Next::Nothing) };
    // Frames that were written over meanwhile have other salts, unless the header was not yet written: it comes first.
    if header(log)? != Some(from.header) {
        return Ok(Next::Renewed);
    }
    frames.truncate(length);
    Ok(Next::Frames(Batch { frames, end, pages }))
}

/// Writes pages into a database that nobody has open, and cuts it to so many pages.
pub fn write_pages<'a>(
    into: &mut (impl Write + Seek),
    page_bytes: u32,
    pages: impl Iterator<Item = (u32, &'a [u8])>,
) -> io::Result<()> {
    for (number, page) in pages {
        into.seek(SeekFrom::Start(u64::from(number.saturating_sub(1)) * u64::from(page_bytes)))?;
        into.write_all(page)?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "wal_tests.rs"]
mod tests;
