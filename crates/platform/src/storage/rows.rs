//! Reads of a row by position: pages have thousands of values, and a name costs a search for each.
//! A record (`derive(Record)`) keeps the positions and its fields together, and `scalar` reads a
//! statement of one column; `take` is for columns that are known only at run time, and
//! `tests/it/tidy/records.rs` lists its callers.

use entity::record::{Cells, Record, RecordError};
use sea_orm::{QueryResult, TryGetable};

use super::Fault;

/// A row, read from left to right.
pub struct Row<'a>(Cells<'a>);

impl<'a> Row<'a> {
    pub fn new(row: &'a QueryResult) -> Self {
        Self(Cells::new(row))
    }
    /// The next column as a `T`.
    pub fn take<T: TryGetable>(&mut self) -> Result<T, Fault> {
        Ok(self.0.take()?)
    }
    /// Reads the next columns as a record.
    pub fn record<R: Record>(&mut self) -> Result<R, Fault> {
        Ok(R::read(&mut self.0)?)
    }
    /// The one column of a row, or its first.
    pub fn scalar<T: TryGetable>(row: &QueryResult) -> Result<T, Fault> {
        Ok(row.try_get_by_index(0)?)
    }
}

/// Parses a word of an enum that is not in `entity`; an unknown word means a corrupt row of
/// `table`.
pub fn word<T>(table: &'static str, text: &str, parse: fn(&str) -> Option<T>) -> Result<T, Fault> {
    parse(text).ok_or_else(|| Fault::corrupt(table, format!("unknown word {text}")))
}

impl From<RecordError> for Fault {
    fn from(err: RecordError) -> Self {
        match err {
            RecordError::Database(err) => Self::Database(err),
            RecordError::Corrupt { table, rule } => Self::Corrupt { table, rule },
        }
    }
}
