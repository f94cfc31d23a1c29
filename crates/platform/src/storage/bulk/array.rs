//! A column of a bulk write.

use entity::record::{Column, ColumnKind};
use sea_orm::{
    Value,
    sqlx::{Arguments, error::BoxDynError, postgres::PgArguments},
};
use uuid::Uuid;

/// A column of a bulk write in the form for Postgres.
pub(in crate::storage) enum Array {
    Id(Vec<Option<Uuid>>),
    Int(Vec<Option<i64>>),
    Small(Vec<Option<i32>>),
    Text(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
    Bool(Vec<Option<bool>>),
}

impl Array {
    pub(in crate::storage) fn new(kind: ColumnKind, rows: usize) -> Self {
        match kind {
            ColumnKind::Id | ColumnKind::IdOrNull => Self::Id(Vec::with_capacity(rows)),
            ColumnKind::Int | ColumnKind::IntOrNull => Self::Int(Vec::with_capacity(rows)),
            ColumnKind::Small | ColumnKind::SmallOrNull => Self::Small(Vec::with_capacity(rows)),
            ColumnKind::Text | ColumnKind::TextOrNull => Self::Text(Vec::with_capacity(rows)),
            ColumnKind::Bytes | ColumnKind::BytesOrNull => Self::Bytes(Vec::with_capacity(rows)),
            ColumnKind::Bool | ColumnKind::BoolOrNull => Self::Bool(Vec::with_capacity(rows)),
        }
    }
    /// Returns each column but the first, from values in row order.
    pub(super) fn of_rows(columns: &[Column], values: Vec<Value>) -> Result<Vec<Self>, BoxDynError> {
        let width = columns.len();
        let mut arrays: Vec<Self> = columns[1..].iter().map(|column| Self::new(column.1, values.len() / width)).collect();
        for (index, value) in values.into_iter().enumerate() {
            if let Some(slot) = (index % width).checked_sub(1) {
                arrays[slot].push(value)?;
            }
        }
        Ok(arrays)
    }
    pub(in crate::storage) fn push(&mut self, value: Value) -> Result<(), BoxDynError> {
        match (self, value) {
            (Self::Id(column), Value::Uuid(id)) => column.push(id),
            (Self::Int(column), Value::BigInt(int)) => column.push(int),
            (Self::Small(column), Value::Int(int)) => column.push(int),
            (Self::Text(column), Value::String(text)) => column.push(text),
            (Self::Bytes(column), Value::Bytes(bytes)) => column.push(bytes),
            (Self::Bool(column), Value::Bool(is)) => column.push(is),
            (_, value) => return Err(format!("a value of another kind than its column: {value:?}").into()),
        }
        Ok(())
    }
    /// Whether no row has a value.
    fn has_no_values(&self) -> bool {
        match self {
            Self::Id(column) => column.iter().all(Option::is_none),
            Self::Int(column) => column.iter().all(Option::is_none),
            Self::Small(column) => column.iter().all(Option::is_none),
            Self::Text(column) => column.iter().all(Option::is_none),
            Self::Bytes(column) => column.iter().all(Option::is_none),
            Self::Bool(column) => column.iter().all(Option::is_none),
        }
    }
    pub(in crate::storage) fn bind(self, arguments: &mut PgArguments) -> Result<(), BoxDynError> {
        match self {
            Self::Id(column) => arguments.add(column),
            Self::Int(column) => arguments.add(column),
            Self::Small(column) => arguments.add(column),
            Self::Text(column) => arguments.add(column),
            Self::Bytes(column) => arguments.add(column),
            Self::Bool(column) => arguments.add(column),
        }
    }
    /// Binds the only value itself instead of an array.
    pub(in crate::storage) fn bind_single(self, arguments: &mut PgArguments) -> Result<(), BoxDynError> {
        match self {
            Self::Id(column) => arguments.add(single_value(column)),
            Self::Int(column) => arguments.add(single_value(column)),
            Self::Small(column) => arguments.add(single_value(column)),
            Self::Text(column) => arguments.add(single_value(column)),
            Self::Bytes(column) => arguments.add(single_value(column)),
            Self::Bool(column) => arguments.add(single_value(column)),
        }
    }
}

/// Returns the columns of a statement, and their values: those in `rarely_set` are left out if no row
/// has a value in any of them.
pub(super) fn omit_void_columns(columns: &[Column], arrays: Vec<Array>, rarely_set: &[&str]) -> (Vec<Column>, Vec<Array>) {
    let is_rarely_set = |column: &Column| rarely_set.contains(&column.0);
    let are_void = columns.iter().zip(&arrays).all(|(column, array)| !is_rarely_set(column) || array.has_no_values());
    let pairs = columns.iter().copied().zip(arrays).filter(|(column, _)| !(are_void && is_rarely_set(column)));
    pairs.unzip()
}

/// The value of a column of one row.
fn single_value<T>(column: Vec<Option<T>>) -> Option<T> {
    column.into_iter().next().flatten()
}
