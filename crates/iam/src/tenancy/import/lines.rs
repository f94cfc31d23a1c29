//! A file of an export, line by line: its bytes are counted and hashed, and compared with the
//! manifest at its end.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, ErrorKind, Read},
    path::Path,
};

use platform::storage::Fault;
use sha2::{Digest, Sha256};

use super::refusal::{FileLine, ImportError, LineRefusal, Refusal};
use crate::tenancy::{manifest::WrittenTable, tables::file_of};

/// Bytes of a line at most.
const MAX_LINE_BYTES: u64 = 64 << 20;

pub(super) struct Lines {
    table: &'static str,
    reader: BufReader<File>,
    hash: Sha256,
    rows: u64,
    bytes: u64,
    line: Vec<u8>,
}

impl Lines {
    pub fn open(folder: &Path, table: &'static str) -> Result<Self, ImportError> {
        let file = file_of(table);
        let opened_file = match File::open(folder.join(&file)) {
            Err(err) if err.kind() == ErrorKind::NotFound => return Err(Refusal::FileMissing(file).into()),
            opened_file => opened_file.map_err(|err| read_fault(table, &err))?,
        };
        let reader = BufReader::with_capacity(1 << 20, opened_file);
        Ok(Self { table, reader, hash: Sha256::new(), rows: 0, bytes: 0, line: Vec::new() })
    }

    /// The next line, without its end. The last line of a truncated file has no end, which `finish`
    /// reports.
    pub fn next_line(&mut self) -> Result<Option<&str>, ImportError> {
        self.line.clear();
        let mut limited = self.reader.by_ref().take(MAX_LINE_BYTES);
        let length = limited.read_until(b'\n', &mut self.line).map_err(|err| read_fault(self.table, &err))?;
        if length == 0 {
            return Ok(None);
        }
        self.hash.update(&self.line);
        self.rows += 1;
        self.bytes += length as u64;
        let at = FileLine { file: self.table, line: self.rows };
        if self.line.last() != Some(&b'\n') && length as u64 == MAX_LINE_BYTES {
            return Err(at.into_error(LineRefusal::TooLong(MAX_LINE_BYTES)));
        }
        let text = std::str::from_utf8(&self.line).map_err(|_| at.into_error(LineRefusal::NotUtf8))?;
        Ok(Some(text.trim_end_matches('\n')))
    }

    /// Reads the rest and compares the file with its entry in the manifest.
    pub fn finish(mut self, listed_file: &WrittenTable) -> Result<u64, ImportError> {
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read_length = self.reader.read(&mut buffer).map_err(|err| read_fault(self.table, &err))?;
            if read_length == 0 {
                break;
            }
            self.rows += buffer[..read_length].split(|byte| *byte == b'\n').skip(1).count() as u64;
            self.bytes += read_length as u64;
            self.hash.update(&buffer[..read_length]);
        }
        let file = file_of(self.table);
        if self.bytes != listed_file.bytes {
            return Err(Refusal::FileCut { file, expected: listed_file.bytes, found: self.bytes }.into());
        }
        if hex::encode(self.hash.finalize()) != listed_file.sha256 || self.rows != listed_file.rows {
            return Err(Refusal::FileChanged(file).into());
        }
        Ok(self.rows)
    }
}

fn read_fault(table: &str, err: &io::Error) -> Fault {
    Fault::Broken(format!("{}: {err}", file_of(table)))
}
