//! Bulk writes of records: the columns and their order are the struct's, so nothing is written by position.

use std::marker::PhantomData;

use entity::{prelude::TenantId, record::TableRecord};
use sea_orm::Value;

use super::Bulk;

/// Rows of one tenant for one table, each an `R`.
#[derive(Debug)]
pub struct Rows<R> {
    bulk: Bulk,
    tenant: TenantId,
    record: PhantomData<fn(R)>,
}

impl<R: TableRecord> Rows<R> {
    /// Inserts rows; columns that `R` lacks get their default.
    pub fn insert(tenant: TenantId) -> Self {
        Self::of(Bulk::insert(R::TABLE, R::WITH_TENANT), tenant)
    }
    /// Inserts rows that all contain their tenant.
    pub fn insert_named() -> Self {
        const { assert!(R::HAS_TENANT, "the record has its table's tenant first") };
        Self::of(Bulk::insert(R::TABLE, R::WITH_TENANT), TenantId::NIL)
    }
    /// Updates rows: the first `R::KEYS` columns find them, the others are set.
    pub fn update(tenant: TenantId) -> Self {
        Self::of(Bulk::update(R::TABLE, R::WITH_TENANT, R::update_keys()), tenant)
    }
    /// Removes rows found by all columns of `R`. Not together with an insert of the same keys in one statement.
    pub fn delete(tenant: TenantId) -> Self {
        Self::of(Bulk::delete(R::TABLE, R::WITH_TENANT), tenant)
    }
    fn of(bulk: Bulk, tenant: TenantId) -> Self {
        Self { bulk, tenant, record: PhantomData }
    }
    /// Adds a row. A record that names a tenant names this one, else the write is refused as a fault.
    pub fn push(&mut self, record: R) {
        let tenant = (!R::HAS_TENANT).then(|| Value::from(self.tenant));
        self.bulk.append(tenant, |values| record.append_to(values));
    }
}

/// Returns the rows of items, each with whether its row exists: new ones are inserted, existing
/// ones are updated.
pub fn new_and_changed<N, C, T>(tenant: TenantId, items: impl IntoIterator<Item = (T, bool)>) -> [Bulk; 2]
where
    N: TableRecord + From<T>,
    C: TableRecord + From<T>,
{
    let (mut new, mut changed) = (Rows::<N>::insert(tenant), Rows::<C>::update(tenant));
    for (item, has_row) in items {
        if has_row {
            changed.push(item.into());
        } else {
            new.push(item.into());
        }
    }
    [new.into(), changed.into()]
}

impl<R: TableRecord> Extend<R> for Rows<R> {
    fn extend<T: IntoIterator<Item = R>>(&mut self, records: T) {
        records.into_iter().for_each(|record| self.push(record));
    }
}

impl<R> From<Rows<R>> for Bulk {
    fn from(rows: Rows<R>) -> Self {
        rows.bulk
    }
}
