//! Locks on several rows of a table.

use sea_orm::Value;

use super::{Backend, Fault, GlobalReads, GlobalWork, Reads, Work};

/// Order in which transactions lock several rows of a table, by one column or several, so that they
/// cannot deadlock.
#[derive(Clone, Copy)]
pub struct LockOrder {
    table: &'static str,
    key: &'static str,
    lock: fn(Backend, &str) -> String,
}

impl LockOrder {
    /// Returns the order by the column `key`, or by several with commas between them, with the lock
    /// of `Backend::for_change`.
    pub const fn for_change(table: &'static str, key: &'static str) -> Self {
        Self { table, key, lock: Backend::for_change }
    }
    /// Returns the same order with the lock of `Backend::for_update`.
    pub const fn for_update(table: &'static str, key: &'static str) -> Self {
        Self { table, key, lock: Backend::for_update }
    }

    /// Returns the statement, which counts the rows that it locks, so that no keys are sent. None
    /// on SQLite, which has one writer and no row locks.
    fn sql(self, backend: Backend, condition: &str) -> Option<String> {
        let Self { table, key, lock } = self;
        let lock = lock(backend, table);
        let sql = || format!("SELECT count(*) FROM (SELECT {key} FROM {table} WHERE {condition} ORDER BY {key}{lock}) held");
        (!lock.is_empty()).then(sql)
    }
}

impl Work {
    /// Locks rows of the tenant until the transaction ends: call it before changing or deleting
    /// several. The condition is SQL on the table, with values from `$2`. Does nothing on SQLite.
    ///
    /// # Errors
    /// The database fails.
    pub async fn lock_in_order(&self, order: LockOrder, condition: &str, values: Vec<Value>) -> Result<(), Fault> {
        match order.sql(self.backend(), &format!("tenant_id = $1 AND ({condition})")) {
            Some(sql) => self.rows(&sql, values).await.map(drop),
            None => Ok(()),
        }
    }
}

impl GlobalWork {
    /// Does the same for rows of a global table, or of several tenants, with values from `$1`.
    ///
    /// # Errors
    /// The database fails.
    pub async fn lock_in_order(&self, order: LockOrder, condition: &str, values: Vec<Value>) -> Result<(), Fault> {
        match order.sql(self.backend(), condition) {
            Some(sql) => self.rows(&sql, values).await.map(drop),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_locked_in_the_order_of_their_keys() {
        let (jobs, links) = (LockOrder::for_change("job", "id"), LockOrder::for_update("link", "user_id, hash"));
        for (order, expected) in [
            (jobs, "(SELECT id FROM job WHERE owner = $1 ORDER BY id FOR NO KEY UPDATE OF job)"),
            (links, "(SELECT user_id, hash FROM link WHERE owner = $1 ORDER BY user_id, hash FOR UPDATE OF link)"),
        ] {
            assert_eq!(order.sql(Backend::Postgres, "owner = $1"), Some(format!("SELECT count(*) FROM {expected} held")));
            assert_eq!(order.sql(Backend::Sqlite, "owner = $1"), None, "there is one writer");
        }
    }
}
