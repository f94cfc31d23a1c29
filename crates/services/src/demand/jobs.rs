//! Facts are kept within a second, so that reports have little to wait for.

use std::time::Duration;

use platform::{
    clock,
    jobs::Registry,
    storage::{Database, Fault},
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
/// The least rest between two rounds.
const REST: Duration = Duration::from_millis(50);

/// Brings every tenant's facts up to date, or nearer to it, round by round. Between rounds it rests for as long as the last one took: however far facts are
/// behind, half of the time is for whoever writes, and of SQLite's one writer more, as pages are read beside it.
pub async fn keep_all(db: Database) -> Result<(), Fault> {
    loop {
        let began = Instant::now();
        if !round(&db).await? {
            return Ok(());
        }
        clock::sleep(began.elapsed().max(REST)).await;
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
