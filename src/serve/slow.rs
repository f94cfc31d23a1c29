//! Plans of slow statements, for the log.

use std::time::Duration;

use platform::{
    clock::{Clock, Monotonic, sleep},
    slow::{self, shown},
    storage::{Database, Fault},
};
use tokio::{sync::mpsc::Receiver, task::AbortHandle, time::timeout};

use crate::config::SlowArgs;

/// Between two plans: six a minute at most, one at a time.
const BETWEEN: Duration = Duration::from_secs(10);
/// How long a statement that was explained is not explained again.
const AGAIN: Duration = Duration::from_hours(1);
/// How long the database may take to plan.
const PATIENCE: Duration = Duration::from_secs(5);

/// The task that explains slow statements; it ends when this is dropped.
pub(super) struct Explaining(AbortHandle);

impl Drop for Explaining {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Begins to report what is slow, if the operator wants it, and to explain it, if they want that too.
///
/// # Errors
/// Plans are wanted, and nothing is reported.
pub(super) fn begin(args: &SlowArgs, db: &Database) -> Result<Option<Explaining>, Fault> {
    let limit = args.limit().map_err(|why| Fault::Broken(why.to_owned()))?;
    let statements = limit.and_then(|limit| slow::install(Clock::system(), limit)).filter(|_| args.slow_plans);
    Ok(statements.map(|statements| Explaining(tokio::spawn(explain(db.clone(), statements)).abort_handle())))
}

async fn explain(db: Database, mut statements: Receiver<String>) {
    let clock = Clock::system();
    let mut recent: Vec<(String, Monotonic)> = Vec::new();
    while let Some(sql) = statements.recv().await {
        let now = clock.monotonic();
        recent.retain(|(_, at)| now.since(*at) < AGAIN);
        if recent.iter().any(|(known, _)| *known == sql) {
            continue;
        }
        let statement = shown(&sql);
        match timeout(PATIENCE, db.explain(&sql)).await {
            Ok(Ok(plan)) => tracing::warn!(statement, plan = plan.join("\n"), "how a slow statement is carried out"),
            Ok(Err(error)) => tracing::info!(statement, %error, "a slow statement cannot be explained without its values"),
            Err(_late) => tracing::info!(statement, "a slow statement was not explained in time"),
        }
        recent.push((sql, now));
        sleep(BETWEEN).await;
    }
}
