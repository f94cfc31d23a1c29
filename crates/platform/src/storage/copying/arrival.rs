//! Rows of an imported tenant, written in the transaction that creates the tenant.

use entity::tables::Description;
use sea_orm::Value;

use super::{
    batch::{insert, sort_parents_first},
    page::Page,
    plan::Step,
};
use crate::storage::{Fault, Work};

impl Step {
    pub fn table(&self) -> &'static Description {
        self.table
    }

    /// Whether rows of the table name other rows of it, so that all of them have to be written at once.
    pub fn is_self_referencing(&self) -> bool {
        !self.own.is_empty()
    }

    /// Inserts rows: the values of all columns, one row after the other. If rows reference each
    /// other, parents come first.
    ///
    /// # Errors
    /// A value violates a constraint, a row is of another tenant, or rows reference each other in a
    /// cycle.
    pub async fn insert(&self, work: &Work, values: Vec<Value>) -> Result<(), Fault> {
        let page = Page { values, width: self.table.columns.len(), bytes: 0 };
        let rows: Vec<&[Value]> =
            if self.own.is_empty() { page.rows().collect() } else { sort_parents_first(&page, &self.own, self.table.name)? };
        if rows.is_empty() {
            return Ok(());
        }
        let (db, transaction) = work.parts();
        insert(db, transaction, self.table, &rows).await
    }
}
