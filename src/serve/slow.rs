//! Plans of slow statements, for the log.

use std::time::Duration;

use platform::{
    clock::{Clock, Monotonic, sleep},
    slow::{self, format_statement},
    storage::{Database, Fault},
};
use tokio::{sync::mpsc::Receiver, task::AbortHandle, time::timeout};

use crate::config::SlowArgs;

/// Time between two plans: six a minute at most, one at a time.
const EXPLAIN_INTERVAL: Duration = Duration::from_secs(10);
/// Time for which a statement is not explained again.
const REPEAT_INTERVAL: Duration = Duration::from_hours(1);
/// Timeout of the database's planner.
const PLANNER_TIMEOUT: Duration = Duration::from_secs(5);

/// The task that explains slow statements; it ends when this is dropped.
pub(super) struct ExplainTask(AbortHandle);

impl Drop for ExplainTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Begins to report slow operations, if the operator wants it, and to explain their statements, if
/// they want that too.
///
/// # Errors
/// Plans are wanted, but no reports.
pub(super) fn start_explaining(args: &SlowArgs, db: &Database) -> Result<Option<ExplainTask>, Fault> {
    let limit = args.limit().map_err(|message| Fault::Broken(message.to_owned()))?;
    let statements = limit.and_then(|limit| slow::install(Clock::system(), limit)).filter(|_| args.slow_plans);
    Ok(statements.map(|statements| ExplainTask(tokio::spawn(explain(db.clone(), statements)).abort_handle())))
}

async fn explain(db: Database, mut statements: Receiver<String>) {
    let clock = Clock::system();
    let mut recent: Vec<(String, Monotonic)> = Vec::new();
    while let Some(sql) = statements.recv().await {
        let now = clock.monotonic();
        recent.retain(|(_, at)| now.since(*at) < REPEAT_INTERVAL);
        if recent.iter().any(|(recent_sql, _)| *recent_sql == sql) {
            continue;
        }
        let statement = format_statement(&sql);
        match timeout(PLANNER_TIMEOUT, db.explain(&sql)).await {
            Ok(Ok(plan)) => tracing::warn!(statement, plan = plan.join("\n"), "the plan of a slow statement"),
            Ok(Err(error)) => tracing::info!(statement, %error, "a slow statement cannot be explained without its parameters"),
            Err(_late) => tracing::info!(statement, "a slow statement was not explained in time"),
        }
        recent.push((sql, now));
        sleep(EXPLAIN_INTERVAL).await;
    }
}
