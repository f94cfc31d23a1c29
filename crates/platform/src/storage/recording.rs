//! Readings of `statements`: the number of those sent, and recordings of them for tests.

use std::sync::{PoisonError, atomic::Ordering};

use sea_orm::Statement;

use super::Database;

impl Database {
    /// Returns the number of statements that tenants' handles have sent since the database was
    /// opened, for metrics and for the limits that tests set to pages.
    pub fn statements(&self) -> u64 {
        self.statements.count.load(Ordering::Relaxed)
    }

    /// Runs `work`, and returns the statements that handles of this database sent meanwhile, with
    /// their values: for tests of plans. One recording at a time; statements of a `Snapshot` are
    /// not included.
    pub async fn record_statements<T>(&self, work: impl Future<Output = T>) -> (T, Vec<Statement>) {
        let statements = &self.statements;
        let take = || std::mem::take(&mut *statements.recorded_statements.lock().unwrap_or_else(PoisonError::into_inner));
        take();
        statements.is_recording.store(true, Ordering::Relaxed);
        let output = work.await;
        statements.is_recording.store(false, Ordering::Relaxed);
        (output, take())
    }
}
