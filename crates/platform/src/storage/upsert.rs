//! Inserts of rows that may exist already. The columns and their order are the struct's, so nothing
//! is written by position.

use entity::record::TableRecord;
use sea_orm::Value;

use super::{Fault, Work};

impl Work {
    /// Inserts a row, or updates the one with its primary key. Columns that `R` lacks get their
    /// default, and an update leaves them.
    pub async fn upsert<R: TableRecord>(&self, record: R) -> Result<(), Fault> {
        let values = self.values_behind_tenant(record)?;
        self.execute(&insert::<R>(&update::<R>()), values).await.map(drop)
    }

    /// Inserts a row, unless it violates a unique index. True if it was inserted.
    pub async fn insert_or_ignore<R: TableRecord>(&self, record: R) -> Result<bool, Fault> {
        let values = self.values_behind_tenant(record)?;
        Ok(self.execute(&insert::<R>("DO NOTHING"), values).await? > 0)
    }

    /// Returns the values of a row, without the tenant. A row of another tenant is a bug.
    pub(super) fn values_behind_tenant<R: TableRecord>(&self, record: R) -> Result<Vec<Value>, Fault> {
        let mut values = Vec::with_capacity(R::WITH_TENANT.len());
        record.append_to(&mut values);
        if R::HAS_TENANT {
            self.assert_tenant(Some(&values.remove(0)))?;
        }
        Ok(values)
    }
}

/// Returns the statement of one row, whose first value is the tenant.
fn insert<R: TableRecord>(conflict: &str) -> String {
    let names: Vec<&str> = R::WITH_TENANT.iter().map(|column| column.0).collect();
    let placeholders: Vec<String> = (1..=names.len()).map(|number| format!("${number}")).collect();
    let row = format!("({})", placeholders.join(", "));
    format!("INSERT INTO {} ({}) VALUES {row} ON CONFLICT {conflict}", R::TABLE, names.join(", "))
}

/// Returns the clause that sets all columns after the primary key.
fn update<R: TableRecord>() -> String {
    let (keys, other_columns) = R::WITH_TENANT.split_at(R::update_keys());
    let keys: Vec<&str> = keys.iter().map(|column| column.0).collect();
    let sets: Vec<String> = other_columns.iter().map(|column| format!("{0} = excluded.{0}", column.0)).collect();
    format!("({}) DO UPDATE SET {}", keys.join(", "), sets.join(", "))
}
