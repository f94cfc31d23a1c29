//! Locks on several rows of a table.

use sea_orm::Value;

use super::{Backend, Fault, GlobalReads, GlobalWork, Reads, Work};

/// The order in which transactions lock several rows of a table: that of one column, so that no two transactions wait for each other.
#[derive(Clone, Copy)]
pub struct LockOrder {
    table: &'static str,
    key: &'static str,
    lock: fn(Backend, &str) -> String,
}

impl LockOrder {
    /// The order by the column `key`, with the lock of `Backend::for_change`.
    pub const fn for_change(table: &'static str, key: &'static str) -> Self {
        Self { table, key, lock: Backend::for_change }
    }
    /// The same with the lock of `Backend::for_update`.
    pub const fn for_update(table: &'static str, key: &'static str) -> Self {
        Self { table, key, lock: Backend::for_update }
    }

    /// The statement counts the rows that it locks: it sends no keys.
    fn sql(self, backend: Backend, condition: &str) -> String {
        let Self { table, key, lock } = self;
        let lock = lock(backend, table);
        format!("SELECT count(*) FROM (SELECT {key} FROM {table} WHERE {condition} ORDER BY {key}{lock}) held")
    }
}

impl Work {
    /// Locks rows of the tenant until the transaction ends: whoever changes or deletes several does so first. The condition is SQL on the table, with
    /// values from `$2`.
    ///
    /// # Errors
    /// The database fails.
    pub async fn lock_in_order(&self, order: LockOrder, condition: &str, values: Vec<Value>) -> Result<(), Fault> {
        let sql = order.sql(self.backend(), &format!("tenant_id = $1 AND ({condition})"));
        self.rows(&sql, values).await.map(drop)
    }
}

impl GlobalWork {
    /// The same of rows of a global table, or of several tenants, with values from `$1`.
    ///
    /// # Errors
    /// The database fails.
    pub async fn lock_in_order(&self, order: LockOrder, condition: &str, values: Vec<Value>) -> Result<(), Fault> {
        let sql = order.sql(self.backend(), condition);
        self.rows(&sql, values).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_locked_in_the_order_of_their_keys() {
        let (jobs, links) = (LockOrder::for_change("job", "id"), LockOrder::for_update("link", "hash"));
        for (order, backend, expected) in [
            (jobs, Backend::Postgres, "(SELECT id FROM job WHERE owner = $1 ORDER BY id FOR NO KEY UPDATE OF job)"),
            (links, Backend::Postgres, "(SELECT hash FROM link WHERE owner = $1 ORDER BY hash FOR UPDATE OF link)"),
            (jobs, Backend::Sqlite, "(SELECT id FROM job WHERE owner = $1 ORDER BY id)"),
        ] {
            assert_eq!(order.sql(backend, "owner = $1"), format!("SELECT count(*) FROM {expected} held"));
        }
    }
}
