//! Count of the sent statements and, during a recording, their texts and values. `recording` reads
//! them.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use sea_orm::Statement;

use crate::{slow::StatementTimer, traces::Span};

/// A statement on its way, until it is answered: its span, and its timer for the log.
#[must_use]
pub(super) struct SentStatement {
    span: Span,
    timer: StatementTimer,
}

impl SentStatement {
    pub(super) fn begin(sql: &str) -> Self {
        Self { span: Span::statement(sql), timer: StatementTimer::begin(sql) }
    }
}

impl Drop for SentStatement {
    fn drop(&mut self) {
        // The text that is kept for the log.
        if let Some(statement) = self.timer.statement() {
            self.span.describe(statement);
        }
    }
}

#[derive(Default)]
pub(super) struct Statements {
    pub(super) count: AtomicU64,
    pub(super) is_recording: AtomicBool,
    pub(super) recorded_statements: Mutex<Vec<Statement>>,
}

impl Statements {
    /// Counts a statement of a tenant's handle. Its span, to be kept until it is answered.
    pub(super) fn count(&self, statement: &Statement) -> SentStatement {
        self.count.fetch_add(1, Ordering::Relaxed);
        self.note(statement)
    }

    /// Counts a statement that no recording needs: the ledger's write of a batch. Its span, as of any other.
    pub(super) fn count_one(&self, sql: &str) -> SentStatement {
        self.count.fetch_add(1, Ordering::Relaxed);
        SentStatement::begin(sql)
    }

    /// Records a statement if a recording runs, without counting it, and begins its span.
    pub(super) fn note(&self, statement: &Statement) -> SentStatement {
        if self.is_recording.load(Ordering::Relaxed) {
            self.recorded_statements.lock().unwrap_or_else(PoisonError::into_inner).push(statement.clone());
        }
        SentStatement::begin(&statement.sql)
    }
}
