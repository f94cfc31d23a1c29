//! Reading a row by position: pages carry thousands of values, and a name costs a search each.

use entity::prelude::Timestamp;
use sea_orm::{QueryResult, TryGetable};

use super::Fault;

/// A row, read from left to right.
pub struct Row<'a> {
    row: &'a QueryResult,
    next: usize,
}

impl<'a> Row<'a> {
    pub fn new(row: &'a QueryResult) -> Self {
        Self { row, next: 0 }
    }
    /// The next column as a `T`.
    pub fn take<T: TryGetable>(&mut self) -> Result<T, Fault> {
        let index = self.next;
        self.next += 1;
        Ok(self.row.try_get_by_index(index)?)
    }
    /// The next column as one of the words of an enum; another word is a corrupt row.
    pub fn word<T>(&mut self, table: &'static str, parse: fn(&str) -> Option<T>) -> Result<T, Fault> {
        let text: String = self.take()?;
        parse(&text).ok_or_else(|| Fault::corrupt(table, format!("unknown word {text}")))
    }
    pub fn time(&mut self) -> Result<Timestamp, Fault> {
        Ok(Timestamp(self.take()?))
    }
    pub fn time_opt(&mut self) -> Result<Option<Timestamp>, Fault> {
        Ok(self.take::<Option<i64>>()?.map(Timestamp))
    }
}
