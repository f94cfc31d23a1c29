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
/// How late facts may be: what is written just after a round has begun is counted when the next one ends.
const LATE: Duration = Duration::from_millis(900);
/// The least pause between two rounds, and the longest.
const PAUSE: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(5)];
/// How long rounds follow one another before the run ends: until then nothing says how the job fares.
const RUN: Duration = Duration::from_secs(10);

/// Brings every tenant's facts up to date, or nearer to it, round by round, until a round leaves them as current as they have to be.
pub async fn keep_all(db: Database) -> Result<(), Fault> {
    let begun = Instant::now();
    loop {
        let began = Instant::now();
        let is_any_far = round(&db).await?;
        let took = began.elapsed();
        let pause = if is_any_far { rest_after(took) } else { pause_after(took) };
        if begun.elapsed() >= RUN || !is_any_far && pause >= EVERY {
            // The job itself waits for `EVERY` before its next run.
            clock::sleep(pause.saturating_sub(EVERY)).await;
            return Ok(());
        }
        clock::sleep(pause).await;
    }
}

/// How long to leave processors, and SQLite's writer, to others after a round that took so long: for as long.
fn rest_after(took: Duration) -> Duration {
    let [least, most] = PAUSE;
    took.clamp(least, most)
}

/// How long after a round facts may wait for the next one: as long as the job waits where little is written, and the shorter the longer rounds take. It
/// is a rest at least: where rounds take too long, facts are late.
fn pause_after(took: Duration) -> Duration {
    LATE.saturating_sub(took * 2).min(EVERY).max(rest_after(took))
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

    fn after(millis: u64) -> u128 {
        pause_after(Duration::from_millis(millis)).as_millis()
    }

    #[test]
    fn what_is_written_while_a_round_begins_is_counted_within_a_second() {
        for took in [0, 1, 20, 150, 200, 250, 300] {
            let waits = u128::from(2 * took) + after(took);
            assert!(waits <= 900, "{took}: {waits}");
        }
        assert_eq!([0, 150, 200, 300].map(after), [600, 600, 500, 300]);
    }

    #[test]
    fn whoever_writes_has_half_of_the_time_however_long_rounds_take() {
        assert_eq!([310, 600, 2_000].map(after), [310, 600, 2_000]);
        assert_eq!(after(60_000), 5_000, "facts come nearer even so");
        assert_eq!(rest_after(Duration::ZERO), Duration::from_millis(50), "far behind, and nothing to write");
    }
}
