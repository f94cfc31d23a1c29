//! Chunks of rows, and the channel in which a reader sends them to its receiver.

use tokio::sync::mpsc;

use super::unreadable::{Stop, Unreadable};
use crate::{
    exchange::core::{
        FileReading, ImportOptions, Noun,
        cells::Cell,
        columns::{check_columns, fields_of, match_columns},
        orders::{ORDER_ROWS, OrderGrouper},
        record::Record,
    },
    files::core::limits::{CHUNK_BYTES, CHUNK_ROWS, COLUMNS},
};

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

/// Rows to read, and the options for them.
#[derive(Debug, Clone)]
pub struct ReadPlan {
    pub noun: Noun,
    pub options: ImportOptions,
    /// Rows that are finished: they are read and not sent.
    pub skip: i64,
    /// Rows that a file may have.
    pub max_rows: i64,
}

/// Chunks that may wait in the channel.
pub(super) const CHANNEL_CHUNKS: usize = 2;

pub(super) type Sender = mpsc::Sender<Result<ReadMessage, Unreadable>>;

/// Gathers rows into chunks and hands them on.
pub(super) struct Chunks<'a> {
    sender: &'a Sender,
    noun: Noun,
    rows: Vec<Record>,
    /// Bytes of their cells.
    bytes: usize,
    orders: OrderGrouper,
    number: i64,
    skip: i64,
    max_rows: i64,
}

impl<'a> Chunks<'a> {
    pub(super) fn new(sender: &'a Sender, plan: &ReadPlan) -> Self {
        let ReadPlan { noun, skip, max_rows: row_limit, .. } = *plan;
        Self { sender, noun, rows: Vec::new(), bytes: 0, orders: OrderGrouper::default(), number: 0, skip, max_rows: row_limit }
    }

    /// Sends the fields that the columns were matched to, and then checks the header: the mapping
    /// is needed to correct a refused header.
    pub(super) fn head(&self, header: &[String], plan: &ReadPlan, reading: FileReading) -> Result<Vec<Option<usize>>, Stop> {
        let (names, mapping) = (fields_of(self.noun), &plan.options.mapping);
        let visible_header = &header[..header.len().min(COLUMNS)];
        let indexes = match_columns(self.noun, visible_header, mapping);
        let columns = visible_header.iter().cloned().zip(indexes.iter().map(|at| at.map(|at| names[at].to_owned()))).collect();
        self.send_reading(FileReading { columns, ..reading })?;
        check_columns(self.noun, header, (mapping, &indexes), COLUMNS).map_err(Unreadable::Header)?;
        Ok(indexes)
    }

    pub(super) fn send_reading(&self, reading: FileReading) -> Result<(), Stop> {
        self.sender.blocking_send(Ok(ReadMessage::How(reading))).map_err(|_| Stop::Unheard)
    }

    pub(super) fn add(&mut self, cells: impl FnOnce() -> Result<Vec<Option<Cell>>, String>) -> Result<(), Stop> {
        self.number += 1;
        if self.number > self.max_rows {
            return Err(Unreadable::TooManyRows(self.max_rows).into());
        }
        if self.number <= self.skip {
            return Ok(());
        }
        let row = Record { number: self.number, cells: cells() };
        // An order is not split between chunks: a chunk ends after the order's last row, however
        // many of the permitted rows the order has.
        let is_continued = self.noun == Noun::Orders && self.orders.continues_order(&row);
        let (row_limit, byte_limit) =
            if is_continued { (CHUNK_ROWS + ORDER_ROWS, 4 * CHUNK_BYTES) } else { (CHUNK_ROWS, CHUNK_BYTES) };
        let bytes = row.bytes(self.noun);
        if is_continued && self.bytes + bytes > byte_limit {
            return Err(Unreadable::LongOrder(byte_limit).into());
        }
        if self.rows.len() >= row_limit || self.bytes + bytes > byte_limit {
            self.flush()?;
        }
        self.bytes += bytes;
        self.rows.push(row);
        Ok(())
    }

    pub(super) fn flush(&mut self) -> Result<(), Stop> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        self.bytes = 0;
        self.sender.blocking_send(Ok(ReadMessage::Rows(rows))).map_err(|_| Stop::Unheard)
    }
}
