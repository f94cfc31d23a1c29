//! Reading a table in the order of its primary key.

use entity::tables::Description;
use sea_orm::{Statement, Value};

use super::encoded;
use crate::storage::{Fault, Reads};

/// Bytes of values that a batch has about.
pub(super) const BATCH_BYTES: usize = 8 << 20;
const MIN_BATCH_ROWS: usize = 64;
/// Maximum rows of a batch, however small they are.
pub(super) const MAX_ROWS: usize = 16_384;

/// Rows of one table, in the order of its key.
#[derive(Debug)]
pub(super) struct Page {
    /// The values of all rows, one row after the other.
    pub values: Vec<Value>,
    pub width: usize,
    /// Bytes of the values.
    pub bytes: usize,
}

impl Page {
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &[Value]> + ExactSizeIterator {
        self.values.chunks_exact(self.width)
    }
    pub fn len(&self) -> usize {
        self.values.len() / self.width
    }
    /// Returns the number of rows for the next page.
    pub fn next(&self) -> usize {
        let row = (self.bytes / self.len().max(1)).max(1);
        (BATCH_BYTES / row).clamp(MIN_BATCH_ROWS, MAX_ROWS)
    }
}

/// A table that is read page by page.
#[derive(Debug)]
pub(super) struct Pages {
    table: &'static Description,
    keys: Vec<usize>,
    first: String,
    following: String,
}

impl Pages {
    pub fn of(table: &'static Description) -> Self {
        let columns = table.columns.iter().map(|column| column.0).collect::<Vec<_>>().join(", ");
        let (name, key) = (table.name, table.key.join(", "));
        let placeholders = (1..=table.key.len()).map(|number| format!("${number}")).collect::<Vec<_>>().join(", ");
        let limit = table.key.len() + 1;
        Self {
            table,
            keys: table.key.iter().filter_map(|key| table.columns.iter().position(|column| column.0 == *key)).collect(),
            first: format!("SELECT {columns} FROM {name} ORDER BY {key} LIMIT $1"),
            following: format!("SELECT {columns} FROM {name} WHERE ({key}) > ({placeholders}) ORDER BY {key} LIMIT ${limit}"),
        }
    }

    /// Returns the next rows after a key; the empty key precedes all.
    pub async fn after(&self, reads: &impl Reads, key: &[Value], limit: usize) -> Result<Page, Fault> {
        let sql = if key.is_empty() { &self.first } else { &self.following };
        let values = key.iter().cloned().chain([Value::from(limit as i64)]);
        let rows = reads.query(Statement::from_sql_and_values(reads.backend().into(), sql, values)).await?;
        let width = self.table.columns.len();
        let (mut values, mut bytes) = (Vec::with_capacity(rows.len() * width), 0);
        for row in &rows {
            let first = values.len();
            (self.table.read)(row, &mut values)?;
            release(self.table, &mut values[first..]);
            bytes += values[first..].iter().map(size).sum::<usize>();
        }
        Ok(Page { values, width, bytes })
    }

    /// The key of a row.
    pub fn key(&self, row: &[Value]) -> Vec<Value> {
        self.keys.iter().map(|index| row[*index].clone()).collect()
    }

    pub fn encoded_key(&self, row: &[Value]) -> Result<Vec<u8>, Fault> {
        encoded::all(self.keys.iter().map(|index| &row[*index]))
    }
}

/// Sets a job that a worker held back to waiting: leases are not copied.
fn release(table: &Description, row: &mut [Value]) {
    if table.name != "job" {
        return;
    }
    for (column, value) in table.columns.iter().zip(row) {
        match column.0 {
            "owner" => *value = Value::Uuid(None),
            "state" if *value == Value::from("RUNNING") => *value = Value::from("WAITING"),
            _ => {}
        }
    }
}

fn size(value: &Value) -> usize {
    match value {
        Value::String(Some(text)) => text.len(),
        Value::Bytes(Some(bytes)) => bytes.len(),
        Value::Uuid(Some(_)) => 16,
        Value::BigInt(Some(_)) => 8,
        Value::Int(Some(_)) => 4,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::super::plan::copied_tables;
    use super::*;

    #[test]
    fn a_page_is_read_behind_the_last_key() {
        let table = copied_tables().find(|table| table.name == "barcode").unwrap();
        let pages = Pages::of(table);
        assert!(
            pages.following.ends_with("WHERE (tenant_id, code) > ($1, $2) ORDER BY tenant_id, code LIMIT $3"),
            "{}",
            pages.following
        );
        assert!(pages.first.ends_with("FROM barcode ORDER BY tenant_id, code LIMIT $1"), "{}", pages.first);
    }

    #[test]
    fn rows_of_a_kilobyte_make_batches_of_eight_mebibytes() {
        let page = Page { values: vec![Value::from(1_i64); 20], width: 2, bytes: 10 << 10 };
        assert_eq!((page.len(), page.next()), (10, 8 << 10));
        let small = Page { values: vec![Value::from(1_i64); 20], width: 2, bytes: 10 };
        assert_eq!(small.next(), MAX_ROWS);
    }

    #[test]
    fn a_job_that_was_held_waits_in_the_copy() {
        let table = copied_tables().find(|table| table.name == "job").unwrap();
        let mut row = vec![Value::Bool(None); table.columns.len()];
        let place = |name: &str| table.columns.iter().position(|column| column.0 == name).unwrap();
        row[place("state")] = "RUNNING".into();
        row[place("owner")] = uuid::Uuid::from_u128(1).into();
        release(table, &mut row);
        assert_eq!((&row[place("state")], &row[place("owner")]), (&Value::from("WAITING"), &Value::Uuid(None)));
    }
}
