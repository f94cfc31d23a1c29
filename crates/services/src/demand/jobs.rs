//! Facts are kept within a second, so that reports have little to wait for.

use std::time::Duration;

use platform::{
    clock,
    jobs::Registry,
    storage::{Backend, Database, Fault},
};
use tokio::time::Instant;

use super::{rows, shell};

/// How long the job waits between two looks: with what a page takes, facts are less than a second behind.
const EVERY: Duration = Duration::from_millis(600);

/// What workers know of facts.
pub fn register(registry: Registry, db: &Database) -> Registry {
    let db = db.clone();
    registry.periodic("demand.keep", EVERY, move |_| keep_all(db.clone()))
}

/// Pages that are turned before the journal is looked at again.
const PAGES: usize = 16;
/// Events that facts may lack until the next time: as many as a reader counts before they answer.
const FAR: i64 = 16_000;
/// The least rest between two rounds, and the longest.
const REST: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(5)];

/// Brings every tenant's facts up to date, or nearer to it, round by round. After each it rests for as long as it took, on Postgres three times as long:
/// there, pages take processors from whoever writes, while of SQLite's one writer they take little, as they are read beside it.
pub async fn keep_all(db: Database) -> Result<(), Fault> {
    let [least, most] = REST;
    loop {
        let began = Instant::now();
        let is_any_far = round(&db).await?;
        let times = if db.backend() == Backend::Postgres { 3 } else { 1 };
        let rest = (began.elapsed() * times).min(most);
        clock::sleep(if is_any_far { rest.max(least) } else { rest }).await;
        if !is_any_far {
            return Ok(());
        }
    }
}

/// Some pages of every tenant, so that one that is far behind keeps the others waiting for these alone; whether any is still far. A tenant whose facts
/// cannot be kept is logged and passed over, so that it holds nobody else up.
async fn round(db: &Database) -> Result<bool, Fault> {
    let mut is_any_far = false;
    for tenant in rows::behind(&db.global()).await? {
        match shell::catch_up(db, tenant, PAGES).await {
            Ok(progress) => is_any_far |= progress.is_far(FAR),
            Err(fault) => tracing::warn!(tenant = %tenant, error = %fault, "the demand facts could not be kept"),
        }
    }
    Ok(is_any_far)
}
