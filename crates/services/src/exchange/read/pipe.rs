//! Bytes that arrive as a stream, read as a file is.

use std::{
    fs::File,
    io::{self, Read, Write},
};

use bytes::{Buf, Bytes};
use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::unreadable::StorageFailure;
use crate::files::{Bytestream, core::limits::IMPORT_BYTES};

/// Parts that have arrived and were not read yet.
const PARTS: usize = 16;

/// The blocking end of a stream of bytes.
pub struct Pipe {
    parts: mpsc::Receiver<Result<Bytes, String>>,
    current: Bytes,
}

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
                Some(Err(error)) => return Err(io::Error::other(StorageFailure(error))),
            }
        }
        let count = out.len().min(self.current.len());
        self.current.copy_to_slice(&mut out[..count]);
        Ok(count)
    }
}

/// Copies the bytes into an unnamed temporary file, for content that has to be read more than once.
pub fn spool_to_file(bytes: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut bytes.take(IMPORT_BYTES), &mut file)?;
    file.flush()?;
    Ok(file)
}
