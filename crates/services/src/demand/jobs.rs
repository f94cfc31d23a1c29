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

/// On Postgres pages take processors from whoever writes: there a rest is the round's time, times the events a second that were written meanwhile, over
/// this many. So keeping facts costs a twentieth of the processors for a few seconds of full load, and a half while nobody writes.
const EVENTS_OF_A_REST: f64 = 500.0;
/// The fewest and the most rounds' times that a rest is.
const TIMES: [f64; 2] = [1.0, 9.0];

/// Brings every tenant's facts up to date, or nearer to it, round by round. After each it rests for as long as it took, on Postgres for longer while
/// much is written; SQLite's one writer loses little, as pages are read beside it.
pub async fn keep_all(db: Database) -> Result<(), Fault> {
    let [least, most] = REST;
    let is_sqlite = db.backend() == Backend::Sqlite;
    let global = db.global();
    loop {
        let before = if is_sqlite { 0 } else { rows::events(&global).await? };
        let began = Instant::now();
        let is_any_far = round(&db).await?;
        let took = began.elapsed();
        let written = if is_sqlite { 0 } else { rows::events(&global).await? - before };
        let rest = rest_after(took, written).min(most);
        clock::sleep(if is_any_far { rest.max(least) } else { rest }).await;
        if !is_any_far {
            return Ok(());
        }
    }
}

/// How long to rest after a round that took so long, while so many events were written.
fn rest_after(took: Duration, written: i64) -> Duration {
    let [fewest, most] = TIMES;
    let seconds = took.as_secs_f64().max(0.001);
    took.mul_f64((written as f64 / seconds / EVENTS_OF_A_REST).clamp(fewest, most))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_is_longer_the_more_is_written_meanwhile() {
        let round = Duration::from_millis(400);
        assert_eq!(rest_after(round, 0), round, "nobody is in the way");
        assert_eq!(rest_after(round, 600), round * 3, "1,500 a second");
        assert_eq!(rest_after(round, 4_000), round * 9, "10,000 a second");
        assert_eq!(rest_after(Duration::ZERO, 10_000), Duration::ZERO);
    }
}
