//! Rows for one table, and the way in which they are written.

use entity::{
    prelude::TenantId,
    record::{Column, ColumnKind},
};
use sea_orm::{Value, sea_query::Nullable};

use crate::storage::Fault;

/// Statement for the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Insert,
    /// Updates the row that the first `keys` columns identify; the others are set. Both come after the tenant.
    Update {
        keys: usize,
    },
    /// Deletes the rows that all columns identify.
    Delete,
}

/// Rows for one table, in the order of `columns`.
#[derive(Debug)]
pub struct Bulk {
    pub(super) table: &'static str,
    pub(super) columns: &'static [Column],
    pub(super) verb: Verb,
    pub(super) values: Vec<Value>,
    /// Groups of columns that are often 0 together, by name.
    pub(super) sparse: &'static [&'static [&'static str]],
    /// Columns that are often null together, by name.
    pub(super) rarely_set: &'static [&'static str],
}

impl Bulk {
    pub fn insert(table: &'static str, columns: &'static [Column]) -> Self {
        Self::new(table, columns, Verb::Insert)
    }
    /// Updates rows found by their first `keys` columns.
    pub fn update(table: &'static str, columns: &'static [Column], keys: usize) -> Self {
        Self::new(table, columns, Verb::Update { keys })
    }
    /// Removes rows found by their columns. A statement must not also insert the same keys: a plan never does (`gated`).
    pub fn delete(table: &'static str, columns: &'static [Column]) -> Self {
        Self::new(table, columns, Verb::Delete)
    }
    fn new(table: &'static str, columns: &'static [Column], verb: Verb) -> Self {
        Self { table, columns, verb, values: Vec::new(), sparse: &[], rarely_set: &[] }
    }
    /// Adds a row: a value for each column.
    pub fn row<const N: usize>(&mut self, values: [Value; N]) {
        debug_assert_eq!(N, self.columns.len(), "{}: a value for each column", self.table);
        let columns = self.columns.iter();
        self.values.extend(values.into_iter().zip(columns).map(|(value, column)| empty_to_null(column.1, value)));
    }
    /// Adds a row: the tenant, if it is not among them, and the values that `append` leaves.
    pub(in crate::storage) fn append(&mut self, tenant: Option<Value>, append: impl FnOnce(&mut Vec<Value>)) {
        let first = self.values.len();
        self.values.extend(tenant);
        append(&mut self.values);
        debug_assert_eq!(self.values.len() - first, self.columns.len(), "{}: a value for each column", self.table);
        for (value, column) in self.values[first..].iter_mut().zip(self.columns) {
            if matches!(column.1, ColumnKind::TextOrNull | ColumnKind::BytesOrNull) {
                let original = std::mem::replace(value, Value::Bool(None));
                *value = empty_to_null(column.1, original);
            }
        }
    }
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
    pub fn len(&self) -> usize {
        self.values.len() / self.columns.len()
    }

    /// The tenant of the first row.
    pub(in crate::storage) fn owner(&self) -> Option<TenantId> {
        match self.values.first()? {
            Value::Uuid(id) => id.map(TenantId::from_uuid),
            _ => None,
        }
    }

    /// Checks that the first column is the tenant's ID, in every row.
    pub(in crate::storage) fn assert_own(&self, tenant: TenantId) -> Result<(), Fault> {
        let (tenant_value, width) = (Value::from(tenant), self.columns.len());
        if self.columns[0].0 == "tenant_id" && self.values.iter().step_by(width).all(|value| *value == tenant_value) {
            return Ok(());
        }
        Err(Fault::Broken(format!("a bulk write into {} has a row that is not of its tenant", self.table)))
    }
}

/// An empty text becomes NULL in both databases, so that both store the same.
fn empty_to_null(kind: ColumnKind, value: Value) -> Value {
    let is_empty = match (kind, &value) {
        (ColumnKind::TextOrNull, Value::String(Some(text))) => text.is_empty(),
        (ColumnKind::BytesOrNull, Value::Bytes(Some(bytes))) => bytes.is_empty(),
        _ => false,
    };
    match kind {
        ColumnKind::TextOrNull if is_empty => <String as Nullable>::null(),
        ColumnKind::BytesOrNull if is_empty => <Vec<u8> as Nullable>::null(),
        _ => value,
    }
}
