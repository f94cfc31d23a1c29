//! Files as streams of rows, in constant memory: a thread reads, decodes and takes apart what arrives, a chunk ahead of whoever carries it out.

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
    orders::{ORDER_ROWS, Thread},
};
use crate::files::{
    Bytestream,
    core::limits::{CHUNK_BYTES, CHUNK_ROWS, COLUMNS},
};

pub use lines::{SaidLines, lines};
pub use pipe::Pipe;

/// What a reader says.
#[derive(Debug)]
pub enum Said {
    /// Before the first row: how the file is read.
    How(FileReading),
    /// Up to `CHUNK_ROWS` rows, in order; more where an order goes on.
    Rows(Vec<Record>),
    /// All rows have been said: without this the reader broke.
    End,
}

/// Why a file cannot be read on.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("{0}")]
    Header(HeaderFault),
    #[error("the file cannot be read: {0}")]
    Broken(String),
    #[error("a row is longer than {0} bytes: is there a quote that is never closed?")]
    LongRow(usize),
    #[error("the file has more than {0} rows: divide it")]
    TooManyRows(i64),
    #[error("the rows of one order have more than {} MiB", .0 >> 20)]
    LongOrder(usize),
    #[error("the workbook is not what it should be: {0}")]
    Workbook(String),
    /// Ours: it may go well the next time.
    #[error("{0}")]
    Storage(String),
}

/// What is read, and how.
#[derive(Debug, Clone)]
pub struct Plan {
    pub noun: Noun,
    pub options: ImportOptions,
    /// Rows that are done with: read over, not said.
    pub skip: i64,
    /// Rows that a file may have.
    pub most: i64,
}

/// Chunks that wait for whoever carries them out.
const AHEAD: usize = 2;

/// Reads a file beside whoever listens; it stops when nobody does.
pub fn records(bytes: Bytestream, is_workbook: bool, plan: Plan) -> mpsc::Receiver<Result<Said, Unreadable>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    let pipe = Pipe::of(bytes);
    tokio::task::spawn_blocking(move || {
        let last = match read(pipe, is_workbook, plan, &sender) {
            Ok(()) => Ok(Said::End),
            Err(Stop::Unreadable(why)) => Err(why),
            Err(Stop::Unheard) => return,
        };
        // Nobody listens any more: then nobody wants to know.
        let _ = sender.blocking_send(last);
    });
    receiver
}

/// Why a reader stops before the end.
enum Stop {
    Unreadable(Unreadable),
    /// Nobody listens.
    Unheard,
}
impl From<Unreadable> for Stop {
    fn from(why: Unreadable) -> Self {
        Self::Unreadable(why)
    }
}
impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Unreadable(pipe::meant(&error))
    }
}

type Sender = mpsc::Sender<Result<Said, Unreadable>>;

fn read(pipe: Pipe, is_workbook: bool, plan: Plan, sender: &Sender) -> Result<(), Stop> {
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
    /// Of their cells.
    bytes: usize,
    orders: Thread,
    number: i64,
    skip: i64,
    most: i64,
}

impl<'a> Chunks<'a> {
    fn new(sender: &'a Sender, plan: &Plan) -> Self {
        let Plan { noun, skip, most, .. } = *plan;
        Self { sender, noun, rows: Vec::new(), bytes: 0, orders: Thread::default(), number: 0, skip, most }
    }

    /// Tells what the columns were taken for, and then whether rows can be read so: whoever puts the header right has to know.
    fn head(&self, header: &[String], plan: &Plan, how: FileReading) -> Result<Vec<Option<usize>>, Stop> {
        let (names, mapping) = (fields_of(self.noun), &plan.options.mapping);
        let shown = &header[..header.len().min(COLUMNS)];
        let found = match_columns(self.noun, shown, mapping);
        let columns = shown.iter().cloned().zip(found.iter().map(|at| at.map(|at| names[at].to_owned()))).collect();
        self.tell(FileReading { columns, ..how })?;
        check_columns(self.noun, header, (mapping, &found), COLUMNS).map_err(Unreadable::Header)?;
        Ok(found)
    }

    fn tell(&self, told: FileReading) -> Result<(), Stop> {
        self.sender.blocking_send(Ok(Said::How(told))).map_err(|_| Stop::Unheard)
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
        // An order is of one chunk: it ends behind its last row, however many rows that makes of those that an order may have.
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
        self.sender.blocking_send(Ok(Said::Rows(rows))).map_err(|_| Stop::Unheard)
    }
}
