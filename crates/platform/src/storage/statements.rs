//! How many statements were sent and, while somebody listens, which.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use sea_orm::Statement;

use super::Database;
use crate::{
    slow::{self, StatementTimer},
    traces::Span,
};

/// A statement that was sent, until it is answered: its span, and its time for the log.
#[must_use]
pub(super) struct Sent {
    span: Span,
    timer: StatementTimer,
}

impl Sent {
    pub(super) fn begin(sql: &str) -> Self {
        Self { span: Span::statement(sql), timer: StatementTimer::begin(sql) }
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        // The text that the log keeps anyway is enough.
        if let Some(sql) = self.timer.text() {
            self.span.describe(sql, (!slow::is_cut(sql)).then_some(sql));
        }
    }
}

#[derive(Default)]
pub(super) struct Statements {
    count: AtomicU64,
    is_recording: AtomicBool,
    recorded: Mutex<Vec<Statement>>,
}

impl Statements {
    /// Counts a statement of a tenant's handle. Its span, to be kept until it is answered.
    pub(super) fn count(&self, statement: &Statement) -> Sent {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.note(statement)
    }

    /// Counts a statement that no recording needs: the ledger's write of a batch. Its span, as of any other.
    pub(super) fn count_one(&self, sql: &str) -> Sent {
        self.count.fetch_add(1, Ordering::Relaxed);
        Sent::begin(sql)
    }

    /// Keeps a statement where statements are recorded, and counts nothing. Its span, as of any other.
    pub(super) fn note(&self, statement: &Statement) -> Sent {
        if self.is_recording.load(Ordering::Relaxed) {
            self.recorded.lock().unwrap_or_else(PoisonError::into_inner).push(statement.clone());
        }
        Sent::begin(&statement.sql)
    }
}

impl Database {
    /// How many statements tenants' handles have sent since it was opened: what tests and metrics hold pages to.
    pub fn statements(&self) -> u64 {
        self.statements.count.load(Ordering::Relaxed)
    }

    /// Runs `work`, and returns the statements that handles of this database sent meanwhile, with their values: for tests that look at plans.
    /// One recording at a time; the statements of a `Snapshot` are not in it.
    pub async fn recorded<T>(&self, work: impl Future<Output = T>) -> (T, Vec<Statement>) {
        let statements = &self.statements;
        let take = || std::mem::take(&mut *statements.recorded.lock().unwrap_or_else(PoisonError::into_inner));
        take();
        statements.is_recording.store(true, Ordering::Relaxed);
        let answer = work.await;
        statements.is_recording.store(false, Ordering::Relaxed);
        (answer, take())
    }
}
