//! Files as streams of rows, in constant memory: a thread reads, decodes and parses the input, a
//! few chunks ahead of the job that processes them.

mod archive;
mod book;
mod decode;
mod jsonl;
mod lines;
mod pipe;
mod table;
mod texts;
mod workbook;
mod xml;

use tokio::sync::mpsc;

use super::core::{
    FileReading, Format, ImportOptions, Noun,
    columns::{HeaderFault, check_columns, fields_of, match_columns},
    fields::Record,
    orders::{ORDER_ROWS, OrderGrouper},
};
use crate::files::{
    Bytestream,
    core::limits::{CHUNK_BYTES, CHUNK_ROWS, COLUMNS},
};

pub use lines::{LinesMessage, lines};
pub use pipe::Pipe;

/// Message of a reader.
#[derive(Debug)]
pub enum ReadMessage {
    /// Before the first row: how the file is read.
    How(FileReading),
    /// Up to `CHUNK_ROWS` rows, in order; more if an order continues past them.
    Rows(Vec<Record>),
    /// All rows have been sent: without this message the reader failed.
    End,
}

/// Reasons to stop reading a file.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("{0}")]
    Header(HeaderFault),
    #[error("the file cannot be read: {0}")]
    Broken(String),
    #[error("a row is longer than {0} bytes: check whether a quote is never closed")]
    LongRow(usize),
    #[error("the file has more than {0} rows: divide it")]
    TooManyRows(i64),
    #[error("the rows of one order have more than {} MiB", .0 >> 20)]
    LongOrder(usize),
    #[error("the workbook is invalid: {0}")]
    Workbook(String),
    /// Ours: it may go well the next time.
    #[error("{0}")]
    Storage(String),
}

/// Rows to read, and the options for them.
#[derive(Debug, Clone)]
pub struct ReadPlan {
    pub noun: Noun,
    pub options: ImportOptions,
    /// Rows that are finished: they are read and not sent.
    pub skip: i64,
    /// Rows that a file may have.
    pub most: i64,
}

/// Chunks that may wait in the channel.
const CHANNEL_CHUNKS: usize = 2;

/// Reads a file in a thread, which stops when the receiver is closed.
pub fn records(bytes: Bytestream, is_workbook: bool, plan: ReadPlan) -> mpsc::Receiver<Result<ReadMessage, Unreadable>> {
    let (sender, receiver) = mpsc::channel(CHANNEL_CHUNKS);
    let pipe = Pipe::of(bytes);
    tokio::task::spawn_blocking(move || {
        let last = match read(pipe, is_workbook, plan, &sender) {
            Ok(()) => Ok(ReadMessage::End),
            Err(Stop::Unreadable(why)) => Err(why),
            Err(Stop::Unheard) => return,
        };
        // A closed receiver needs no last message.
        let _ = sender.blocking_send(last);
    });
    receiver
}

/// Reasons for a reader to stop before the end.
enum Stop {
    Unreadable(Unreadable),
    /// The receiver is closed.
    Unheard,
}
impl From<Unreadable> for Stop {
    fn from(why: Unreadable) -> Self {
        Self::Unreadable(why)
    }
}
impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Unreadable(pipe::convert_error(&error))
    }
}

type Sender = mpsc::Sender<Result<ReadMessage, Unreadable>>;

fn read(pipe: Pipe, is_workbook: bool, plan: ReadPlan, sender: &Sender) -> Result<(), Stop> {
    if is_workbook {
        return workbook::read(pipe, plan, sender);
    }
    let (text, beginning, encoding) = decode::open(pipe, plan.options.encoding.as_deref())?;
    let format = plan.options.format.unwrap_or_else(|| super::core::guess::format(&beginning));
    match format {
        Format::Jsonl => jsonl::read(text, encoding, plan, sender),
        Format::Csv => table::read(text, &beginning, encoding, plan, sender),
        Format::Xlsx | Format::Parquet => Err(Unreadable::Workbook("it is a text".to_owned()).into()),
    }
}

/// Gathers rows into chunks and hands them on.
struct Chunks<'a> {
    sender: &'a Sender,
    noun: Noun,
    rows: Vec<Record>,
    /// Bytes of their cells.
    bytes: usize,
    orders: OrderGrouper,
    number: i64,
    skip: i64,
    most: i64,
}

impl<'a> Chunks<'a> {
    fn new(sender: &'a Sender, plan: &ReadPlan) -> Self {
        let ReadPlan { noun, skip, most, .. } = *plan;
        Self { sender, noun, rows: Vec::new(), bytes: 0, orders: OrderGrouper::default(), number: 0, skip, most }
    }

    /// Sends the fields that the columns were matched to, and then checks the header: the mapping
    /// is needed to correct a refused header.
    fn head(&self, header: &[String], plan: &ReadPlan, how: FileReading) -> Result<Vec<Option<usize>>, Stop> {
        let (names, mapping) = (fields_of(self.noun), &plan.options.mapping);
        let shown = &header[..header.len().min(COLUMNS)];
        let found = match_columns(self.noun, shown, mapping);
        let columns = shown.iter().cloned().zip(found.iter().map(|at| at.map(|at| names[at].to_owned()))).collect();
        self.send_reading(FileReading { columns, ..how })?;
        check_columns(self.noun, header, (mapping, &found), COLUMNS).map_err(Unreadable::Header)?;
        Ok(found)
    }

    fn send_reading(&self, told: FileReading) -> Result<(), Stop> {
        self.sender.blocking_send(Ok(ReadMessage::How(told))).map_err(|_| Stop::Unheard)
    }

    fn add(&mut self, cells: impl FnOnce() -> Result<Vec<Option<super::core::cells::Cell>>, String>) -> Result<(), Stop> {
        self.number += 1;
        if self.number > self.most {
            return Err(Unreadable::TooManyRows(self.most).into());
        }
        if self.number <= self.skip {
            return Ok(());
        }
        let row = Record { number: self.number, cells: cells() };
        // An order is not split between chunks: a chunk ends after the order's last row, however
        // many of the permitted rows the order has.
        let goes_on = self.noun == Noun::Orders && self.orders.goes_on(&row);
        let (most, most_bytes) = if goes_on { (CHUNK_ROWS + ORDER_ROWS, 4 * CHUNK_BYTES) } else { (CHUNK_ROWS, CHUNK_BYTES) };
        let bytes = row.bytes(self.noun);
        if goes_on && self.bytes + bytes > most_bytes {
            return Err(Unreadable::LongOrder(most_bytes).into());
        }
        if self.rows.len() >= most || self.bytes + bytes > most_bytes {
            self.flush()?;
        }
        self.bytes += bytes;
        self.rows.push(row);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Stop> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        self.sender.blocking_send(Ok(ReadMessage::Rows(rows))).map_err(|_| Stop::Unheard)
    }
}
