//! Inserts of a row whose key may have a row already. The columns and their order are the struct's, so nothing is written by position.

use entity::record::TableRecord;
use sea_orm::Value;

use super::{Fault, Reads, Work};

impl Work {
    /// Inserts a row, or updates the one that has its primary key. Columns that `R` has not get their default, and an update leaves them.
    pub async fn upsert<R: TableRecord>(&self, record: R) -> Result<(), Fault> {
        let values = self.values_behind_tenant(record)?;
        self.execute(&insert::<R>(&update::<R>()), values).await.map(drop)
    }

    /// Inserts a row, unless the table has a row that a unique index refuses it for. True if it was inserted.
    pub async fn insert_or_ignore<R: TableRecord>(&self, record: R) -> Result<bool, Fault> {
        let values = self.values_behind_tenant(record)?;
        Ok(self.execute(&insert::<R>("DO NOTHING"), values).await? > 0)
    }

    /// The values of a row, without the tenant. A row of another tenant is a bug of ours.
    fn values_behind_tenant<R: TableRecord>(&self, record: R) -> Result<Vec<Value>, Fault> {
        let mut values = Vec::with_capacity(R::WITH_TENANT.len());
        record.append_to(&mut values);
        if R::HAS_TENANT && values.remove(0) != Value::from(self.tenant()) {
            return Err(Fault::Broken("a row of another tenant reached this tenant's transaction".to_owned()));
        }
        Ok(values)
    }
}

/// The statement of one row, whose first value is the tenant.
fn insert<R: TableRecord>(conflict: &str) -> String {
    let names: Vec<&str> = R::WITH_TENANT.iter().map(|column| column.0).collect();
    let places: Vec<String> = (1..=names.len()).map(|number| format!("${number}")).collect();
    let row = format!("({})", places.join(", "));
    format!("INSERT INTO {} ({}) VALUES {row} ON CONFLICT {conflict}", R::TABLE, names.join(", "))
}

/// The clause that sets all columns behind the primary key.
fn update<R: TableRecord>() -> String {
    const { assert!(R::KEYS > 0 && R::KEYS < R::WITH_TENANT.len(), "the record has the key of its table first, and more") };
    let (keys, others) = R::WITH_TENANT.split_at(R::KEYS);
    let keys: Vec<&str> = keys.iter().map(|column| column.0).collect();
    let sets: Vec<String> = others.iter().map(|column| format!("{0} = excluded.{0}", column.0)).collect();
    format!("({}) DO UPDATE SET {}", keys.join(", "), sets.join(", "))
}
