//! Slow operations and statements, for the log: their duration, and the text of the slowest
//! statement. Values are never logged: they are parameters, and the text of statements is written
//! by this project.
//!
//! Nothing is measured before `install`. Statements that a separate task sends for an operation, as
//! the ledger's lanes do, count as statements without an operation: each is reported separately. A
//! task that is `carry_operation`, as those of dataloaders are, counts as part of its operation.

use std::{
    future::Future,
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::Duration,
};

use tokio::{sync::mpsc, task::futures::TaskLocalFuture};

use crate::{
    clock::{Clock, Monotonic},
    metrics,
    traces::{self, StatementText},
};

/// Maximum statements that wait to be explained. Beyond it a statement gets no plan.
const QUEUE: usize = 8;
/// Maximum characters of a statement's text in the log.
const MAX_TEXT: usize = 2_000;
/// Maximum bytes of a statement's text that are kept while it runs, if its plan is not needed.
const MAX_PENDING_TEXT_BYTES: usize = 4_096;

static WATCH: OnceLock<Watch> = OnceLock::new();

tokio::task_local! {
    static CURRENT: OperationWatch;
}

struct Watch {
    clock: Clock,
    limit: Duration,
    queue: mpsc::Sender<String>,
}

/// Begins to report operations and statements that take as long as `limit`, and returns the
/// receiver of the slowest statements that only read. None if reporting has begun already.
pub fn install(clock: Clock, limit: Duration) -> Option<mpsc::Receiver<String>> {
    let (queue, statements) = mpsc::channel(QUEUE);
    WATCH.set(Watch { clock, limit, queue }).is_ok().then_some(statements)
}

impl Watch {
    /// Queues a statement for its plan, if there is a receiver.
    fn explain(&self, sql: &str) {
        if !self.queue.is_closed() && is_read_only_query(sql) {
            // A statement that finds no room in the queue is not explained.
            drop(self.queue.try_send(sql.to_owned()));
        }
    }
}

/// Returns the text, or the beginning of one that is too long to be kept only for the log.
fn truncate_statement(sql: &str) -> StatementText {
    if sql.len() <= MAX_PENDING_TEXT_BYTES {
        return StatementText::whole(sql);
    }
    let text = &sql[..sql.floor_char_boundary(MAX_PENDING_TEXT_BYTES)];
    StatementText { text: format!("{text}…").into(), is_truncated: true }
}

/// Whether a statement is a query that changes and locks nothing.
fn is_read_only_query(sql: &str) -> bool {
    let mut words = sql.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
    matches!(words.next(), Some("SELECT" | "WITH")) && !words.any(|word| matches!(word, "INSERT" | "UPDATE" | "DELETE" | "SHARE"))
}

/// A statement as the log has it.
pub fn format_statement(sql: &str) -> String {
    let mut text = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// Returns the ID of the current trace for the log; empty outside of traces.
pub fn trace_id() -> String {
    traces::current().map_or_else(String::new, |trace| format!("{:032x}", trace.trace_id))
}

#[derive(Default)]
struct Tally {
    statements: u64,
    slowest: Option<(Duration, Arc<str>)>,
}

/// Times the statements of a running operation. Clones share them.
#[derive(Clone, Default)]
pub struct OperationWatch(Option<Arc<Mutex<Tally>>>);

/// Report of a slow operation.
#[derive(Debug, PartialEq, Eq)]
pub struct SlowOperation {
    pub statements: u64,
    /// Duration and text of its slowest statement; `None` if it sent none.
    pub slowest: Option<(Duration, String)>,
}

impl OperationWatch {
    /// Begins to watch; does nothing if nothing is reported.
    pub fn begin() -> Self {
        Self(WATCH.get().map(|_| Arc::default()))
    }

    /// Runs the future, and counts the statements that its task sends.
    pub fn run_within<F: Future>(&self, future: F) -> TaskLocalFuture<Self, F> {
        CURRENT.scope(self.clone(), future)
    }

    /// Returns the report of the operation after this duration; `None` if it was fast.
    pub fn build_report(&self, kind: &'static str, took: Duration) -> Option<SlowOperation> {
        let watch = WATCH.get().filter(|watch| took >= watch.limit)?;
        let Tally { statements, slowest } = std::mem::take(&mut *self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner));
        metrics::count_slow_operation(kind);
        if let Some((_, sql)) = &slowest {
            watch.explain(sql);
        }
        Some(SlowOperation { statements, slowest: slowest.map(|(took, sql)| (took, format_statement(&sql))) })
    }
}

/// Runs a separate task's future as a part of the current task's operation: its statements are
/// counted there.
pub fn carry_operation<F: Future>(future: F) -> TaskLocalFuture<OperationWatch, F> {
    CURRENT.try_with(Clone::clone).unwrap_or_default().run_within(future)
}

/// Times a statement until it is dropped.
#[must_use]
pub struct StatementTimer(Option<Running>);

struct Running {
    sql: StatementText,
    started_at: Monotonic,
    operation: OperationWatch,
}

impl StatementTimer {
    pub fn begin(sql: &str) -> Self {
        let Some(watch) = WATCH.get() else { return Self(None) };
        let operation = CURRENT.try_with(Clone::clone).unwrap_or_default();
        let sql = if watch.queue.is_closed() { truncate_statement(sql) } else { StatementText::whole(sql) };
        Self(Some(Running { sql, started_at: watch.clock.monotonic(), operation }))
    }

    /// Returns the statement; None if nothing is timed.
    pub fn statement(&self) -> Option<&StatementText> {
        self.0.as_ref().map(|running| &running.sql)
    }
}

impl Drop for StatementTimer {
    fn drop(&mut self) {
        let (Some(Running { sql, started_at: start, operation }), Some(watch)) = (self.0.take(), WATCH.get()) else { return };
        let took = watch.clock.monotonic().since(start);
        if let Some(tally) = &operation.0 {
            let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
            tally.statements += 1;
            if tally.slowest.as_ref().is_none_or(|(slowest, _)| *slowest < took) {
                tally.slowest = Some((took, sql.text));
            }
        } else if took >= watch.limit {
            metrics::count_slow_statement();
            watch.explain(&sql.text);
            let (milliseconds, trace, statement) = (milliseconds(took), trace_id(), format_statement(&sql.text));
            tracing::warn!(milliseconds, trace, statement, "a statement was slow");
        }
    }
}

/// A time as the log has it.
pub fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_queries_are_explained() {
        assert!(is_read_only_query("SELECT 1") && is_read_only_query("  WITH a AS (SELECT updated_at FROM b) SELECT 1 FROM a"));
        let deletes = "WITH a AS (DELETE FROM b RETURNING 1) SELECT 1";
        for odd in ["", "COMMIT", "UPDATE a SET b = $1", deletes, "SELECT 1 FROM a FOR UPDATE"] {
            assert!(!is_read_only_query(odd), "{odd}");
        }
        assert_eq!(format_statement("SELECT 1\n   FROM a"), "SELECT 1 FROM a");
        assert_eq!(format_statement(&"é".repeat(3_000)).chars().count(), MAX_TEXT + 1);
        assert_eq!(truncate_statement("SELECT 1"), StatementText::whole("SELECT 1"));
        let long = truncate_statement(&format!("-{}", "é".repeat(3_000)));
        let length = long.text.len();
        assert!(long.is_truncated && long.text.ends_with("é…"));
        assert_eq!(length, MAX_PENDING_TEXT_BYTES - 1 + '…'.len_utf8());
    }

    /// The only test that calls `install`, which works once in a process.
    #[tokio::test]
    async fn an_operation_is_reported_with_its_slowest_statement() {
        let before = OperationWatch::begin();
        assert_eq!(before.build_report("query", Duration::from_secs(9)), None, "nothing is installed");
        let mut explained = install(Clock::system(), Duration::from_millis(50)).unwrap();
        let operation = OperationWatch::begin();
        let running = operation.run_within(async {
            drop(StatementTimer::begin("SELECT 1"));
            let slow = StatementTimer::begin("SELECT 2");
            crate::clock::sleep(Duration::from_millis(20)).await;
            drop(slow);
            let spawned = tokio::spawn(carry_operation(async { drop(StatementTimer::begin("SELECT 3")) }));
            spawned.await.unwrap();
        });
        running.await;
        drop(StatementTimer::begin("SELECT 4"));
        assert_eq!(operation.build_report("query", Duration::from_millis(49)), None);
        let reported = operation.build_report("query", Duration::from_millis(50)).unwrap();
        let (took, text) = reported.slowest.unwrap();
        assert_eq!((reported.statements, text.as_str()), (3, "SELECT 2"));
        assert!(took >= Duration::from_millis(20), "{took:?}");
        assert_eq!(explained.try_recv().ok().as_deref(), Some("SELECT 2"));
    }
}
