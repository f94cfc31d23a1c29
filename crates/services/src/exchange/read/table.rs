//! Texts with columns: CSV in its many kinds.

use std::{
    cell::Cell as Counter,
    io::{self, Read},
    rc::Rc,
};

use super::{
    chunks::{Chunks, ReadPlan, Sender},
    decode::MIN_BUFFER_BYTES,
    unreadable::{Stop, TooLong, Unreadable},
};
use crate::{
    exchange::core::{
        FileReading, Format,
        cells::{Cell, INVALID_ENCODING, cell},
        columns::fields_of,
        guess,
    },
    files::core::limits::ROW_BYTES,
};

/// Bytes that the parser may ask for before it has a whole row: a quote that is never closed would else make one row of the rest of the file.
/// One that is shorter than that is seen at the end.
struct RowLimitReader<R> {
    inner: R,
    remaining: Rc<Counter<usize>>,
    delimiter: u8,
    quotes: Quotes,
    /// The text has ended between quotes.
    is_open: Rc<Counter<bool>>,
}

/// Position relative to quotes, as the parser reads them: a quote counts only at the beginning of a
/// cell, and in a cell that began with one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Begin,
    Plain,
    Quoted,
    /// After a quote in a quoted cell: the end of the cell, or the first of two that stand for one
    /// quote.
    Closing,
}

impl Quotes {
    /// Returns the position after these bytes. It skips the inside of cells.
    fn advance_all(mut self, mut bytes: &[u8], delimiter: u8) -> Self {
        loop {
            let next = match self {
                Self::Quoted => memchr::memchr(b'"', bytes),
                Self::Plain => memchr::memchr3(b'\n', b'\r', delimiter, bytes),
                Self::Begin | Self::Closing => Some(0),
            };
            let Some((byte, rest)) = next.and_then(|at| bytes[at..].split_first()) else { return self };
            self = self.next_state(*byte, delimiter);
            bytes = rest;
        }
    }

    fn next_state(self, byte: u8, delimiter: u8) -> Self {
        match (self, byte) {
            (Self::Begin | Self::Closing, b'"') => Self::Quoted,
            (Self::Quoted, b'"') => Self::Closing,
            (Self::Quoted, _) => Self::Quoted,
            (_, b'\n' | b'\r') => Self::Begin,
            (_, byte) if byte == delimiter => Self::Begin,
            _ => Self::Plain,
        }
    }
}

impl<R: Read> Read for RowLimitReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let remaining = self.remaining.get();
        if remaining < MIN_BUFFER_BYTES {
            return Err(io::Error::other(TooLong(ROW_BYTES)));
        }
        let limit = out.len().min(remaining);
        let count = self.inner.read(&mut out[..limit])?;
        self.remaining.set(remaining - count);
        self.quotes = self.quotes.advance_all(&out[..count], self.delimiter);
        self.is_open.set(count == 0 && self.quotes == Quotes::Quoted);
        Ok(count)
    }
}

/// Size of the parser's read buffer.
const BUFFER: usize = 64 << 10;

pub(super) fn read(text: impl Read, sample: &str, encoding: &str, plan: ReadPlan, sender: &Sender) -> Result<(), Stop> {
    let delimiter = plan.options.delimiter.unwrap_or_else(|| guess::delimiter(sample));
    let delimiter_byte = u8::try_from(delimiter)
        .map_err(|_| Unreadable::Broken("a delimiter is one of the simple characters, as in , or ;".to_owned()))?;
    let remaining = Rc::new(Counter::new(ROW_BYTES + BUFFER));
    let is_open = Rc::new(Counter::new(false));
    let bounded = RowLimitReader {
        inner: text,
        remaining: remaining.clone(),
        delimiter: delimiter_byte,
        quotes: Quotes::Begin,
        is_open: is_open.clone(),
    };
    let mut rows = csv::ReaderBuilder::new()
        .delimiter(delimiter_byte)
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(BUFFER)
        .from_reader(bounded);
    let mut row = csv::ByteRecord::new();
    let mut read_row = |row: &mut csv::ByteRecord| -> Result<bool, Stop> {
        remaining.set(ROW_BYTES + BUFFER);
        let is_row = rows.read_byte_record(row).map_err(fault)?;
        if is_open.get() {
            let line = row.position().map_or(0, csv::Position::line);
            let message = format!("a quote that opens in line {line} or below is never closed: nothing from there on was read");
            return Err(Unreadable::Broken(message).into());
        }
        Ok(is_row)
    };
    if !read_row(&mut row)? {
        return Err(Unreadable::Broken("it has no header".to_owned()).into());
    }
    let header: Vec<String> = row.iter().map(|cell| String::from_utf8_lossy(cell).trim().to_owned()).collect();
    let names = fields_of(plan.noun);
    let mut chunks = Chunks::new(sender, &plan);
    let reading = FileReading {
        format: Some(Format::Csv),
        encoding: Some(encoding.to_owned()),
        delimiter: Some(delimiter),
        ..FileReading::default()
    };
    let columns = chunks.head(&header, &plan, reading)?;
    while read_row(&mut row)? {
        // An empty line is no row.
        if row.len() == 1 && row[0].is_empty() {
            continue;
        }
        chunks.add(|| cells(&row, &columns, names.len()))?;
    }
    chunks.flush()
}

/// The cells of a row, or the reason why it cannot be read.
fn cells(row: &csv::ByteRecord, columns: &[Option<usize>], fields: usize) -> Result<Vec<Option<Cell>>, String> {
    if row.len() != columns.len() {
        return Err(format!("the row has {} cells, and the header {}", row.len(), columns.len()));
    }
    let mut row_cells = vec![None; fields];
    for (bytes, at) in row.iter().zip(columns) {
        let Some(at) = at else { continue };
        let text = std::str::from_utf8(bytes).map_err(|_| "the row is no text".to_owned())?;
        if text.contains(char::REPLACEMENT_CHARACTER) {
            return Err(INVALID_ENCODING.to_owned());
        }
        row_cells[*at] = cell(text, Format::Csv);
    }
    Ok(row_cells)
}

fn fault(error: csv::Error) -> Stop {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error.into(),
        other => Unreadable::Broken(format!("{other:?}")).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_stand_after_many_bytes_where_they_stand_after_each_of_them() {
        const LETTERS: [u8; 5] = *b",\"\na\r";
        for text in 0..LETTERS.len().pow(6) {
            let bytes: Vec<u8> = (0..6).map(|place| LETTERS[text / LETTERS.len().pow(place) % LETTERS.len()]).collect();
            for begin in [Quotes::Begin, Quotes::Plain, Quotes::Quoted, Quotes::Closing] {
                let each = bytes.iter().fold(begin, |quotes, byte| quotes.next_state(*byte, b','));
                assert!(begin.advance_all(&bytes, b',') == each, "{:?}", String::from_utf8_lossy(&bytes));
            }
        }
    }
}
