//! Rows of one tenant that come from elsewhere, written in the transaction that takes the tenant in.

use entity::tables::Description;
use sea_orm::Value;

use super::{
    batch::{insert, parents_first},
    page::Page,
    plan::Step,
};
use crate::storage::{Fault, Work};

impl Step {
    pub fn table(&self) -> &'static Description {
        self.table
    }

    /// Whether rows of the table name other rows of it, so that all of them have to be written at once.
    pub fn names_itself(&self) -> bool {
        !self.own.is_empty()
    }

    /// Inserts rows: the values of all columns, one row after the other. Where rows name each other, parents first.
    ///
    /// # Errors
    /// A value breaks a rule of the database, a row is of another tenant, or rows name each other in a circle.
    pub async fn insert(&self, work: &Work, values: Vec<Value>) -> Result<(), Fault> {
        let page = Page { values, width: self.table.columns.len(), bytes: 0 };
        let rows: Vec<&[Value]> =
            if self.own.is_empty() { page.rows().collect() } else { parents_first(&page, &self.own, self.table.name)? };
        if rows.is_empty() {
            return Ok(());
        }
        let (db, transaction) = work.parts();
        insert(db, transaction, self.table, &rows).await
    }
}
