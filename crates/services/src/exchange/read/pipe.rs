//! Bytes that arrive as a stream, read as a file is.

use std::{
    fs::File,
    io::{self, Read, Write},
};

use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::{Stop, Unreadable};
use crate::files::{Bytestream, core::limits::IMPORT_BYTES};

/// Parts that have arrived and were not read yet.
const PARTS: usize = 16;

/// The blocking end of a stream of bytes.
pub struct Pipe {
    parts: mpsc::Receiver<Result<Bytes, String>>,
    current: Bytes,
}

/// Error of the file storage, as opposed to one of the file.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct StorageFailure(String);

impl Pipe {
    pub fn of(mut bytes: Bytestream) -> Self {
        let (sender, parts) = mpsc::channel(PARTS);
        tokio::spawn(async move {
            while let Some(part) = bytes.next().await {
                if sender.send(part.map_err(|error| error.to_string())).await.is_err() {
                    break;
                }
            }
        });
        Self { parts, current: Bytes::new() }
    }
}

impl Read for Pipe {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.parts.blocking_recv() {
                None => return Ok(0),
                Some(Ok(part)) => self.current = part,
                Some(Err(why)) => return Err(io::Error::other(StorageFailure(why))),
            }
        }
        let count = out.len().min(self.current.len());
        self.current.copy_to_slice(&mut out[..count]);
        Ok(count)
    }
}

/// A row that grew too long, as an error of reading.
#[derive(Debug, thiserror::Error)]
#[error("a row is too long")]
pub struct TooLong(pub usize);

/// Reason to refuse a workbook, as an error of reading.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InvalidWorkbook(pub String);

pub fn invalid_workbook(why: impl std::fmt::Display) -> Stop {
    Unreadable::Workbook(why.to_string()).into()
}

/// Copies the bytes into an unnamed temporary file, for content that has to be read more than once.
pub fn spool_to_file(bytes: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut bytes.take(IMPORT_BYTES), &mut file)?;
    file.flush()?;
    Ok(file)
}

/// Converts an error of reading.
pub fn convert_error(error: &io::Error) -> Unreadable {
    let inner = error.get_ref();
    if let Some(TooLong(most)) = inner.and_then(|inner| inner.downcast_ref::<TooLong>()) {
        return Unreadable::LongRow(*most);
    }
    if let Some(InvalidWorkbook(why)) = inner.and_then(|inner| inner.downcast_ref::<InvalidWorkbook>()) {
        return Unreadable::Workbook(why.clone());
    }
    if let Some(StorageFailure(why)) = inner.and_then(|inner| inner.downcast_ref::<StorageFailure>()) {
        return Unreadable::Storage(why.clone());
    }
    // System errors of our temporary file are not the imported file's fault, except an impossible
    // position: an archive may name one.
    if error.raw_os_error().is_some() && error.kind() != io::ErrorKind::InvalidInput {
        return Unreadable::Storage(format!("a temporary file: {error}"));
    }
    Unreadable::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_not_the_fault_of_the_file() {
        const NO_SPACE: i32 = 28;
        const EINVAL: i32 = 22;
        assert!(matches!(convert_error(&io::Error::from_raw_os_error(NO_SPACE)), Unreadable::Storage(_)), "it is tried again");
        for of_the_file in [io::Error::from_raw_os_error(EINVAL), io::ErrorKind::InvalidData.into()] {
            assert!(matches!(convert_error(&of_the_file), Unreadable::Broken(_)), "{of_the_file}");
        }
    }
}
