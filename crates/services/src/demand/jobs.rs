//! Facts are kept within a second, so that reports have little to wait for.

use std::time::Duration;

use platform::{
    clock,
    jobs::Registry,
    storage::{Database, Fault},
};
use tokio::time::Instant;

use super::{rows, shell};

/// Interval of the job: with the time that a page takes, facts are less than a second behind.
const RUN_INTERVAL: Duration = Duration::from_millis(600);

/// Registers the job that keeps the facts.
pub fn register(registry: Registry, db: &Database) -> Registry {
    let db = db.clone();
    registry.periodic("demand.keep", RUN_INTERVAL, move |_| update_all_facts(db.clone()))
}

/// Pages that are processed before the journal's head is read again.
const PAGES_PER_ROUND: usize = 16;
/// Events that facts may lack until the next time: as many as a reader counts before they answer.
const FAR_BEHIND_EVENTS: i64 = 16_000;
/// Maximum delay of facts: an event written just after a round has begun is counted when the next
/// round ends.
const MAX_FACT_DELAY: Duration = Duration::from_millis(900);
/// Minimum and maximum pause between two rounds.
const PAUSE_LIMITS: [Duration; 2] = [Duration::from_millis(50), Duration::from_secs(5)];
/// Duration after which a run ends: the job's status is reported only between runs.
const RUN_TIME_LIMIT: Duration = Duration::from_secs(10);

/// Updates every tenant's facts in rounds, until a round leaves them as current as required.
pub async fn update_all_facts(db: Database) -> Result<(), Fault> {
    let run_start = Instant::now();
    loop {
        let round_start = Instant::now();
        let is_any_behind = process_round(&db).await?;
        let round_time = round_start.elapsed();
        let pause = if is_any_behind { min_pause_after(round_time) } else { pause_after(round_time) };
        if run_start.elapsed() >= RUN_TIME_LIMIT || !is_any_behind && pause >= RUN_INTERVAL {
            // The job itself waits for `RUN_INTERVAL` before its next run.
            clock::sleep(pause.saturating_sub(RUN_INTERVAL)).await;
            return Ok(());
        }
        clock::sleep(pause).await;
    }
}

/// Returns the pause after a round of duration `round_time`, during which the processors, and SQLite's
/// writer, are free for other work: as long as the round took, within the limits of `PAUSE_LIMITS`.
fn min_pause_after(round_time: Duration) -> Duration {
    let [shortest, longest] = PAUSE_LIMITS;
    round_time.clamp(shortest, longest)
}

/// Returns the time from a round to the next one: the job's interval if few events are written, and
/// less the longer rounds take, but never less than `min_pause_after`: if rounds take too long, facts
/// are late.
fn pause_after(round_time: Duration) -> Duration {
    MAX_FACT_DELAY.saturating_sub(round_time * 2).min(RUN_INTERVAL).max(min_pause_after(round_time))
}

/// Processes some pages of every tenant, so that a tenant that is far behind delays the others by
/// these pages only; returns whether any is still far behind. A tenant whose facts cannot be
/// updated is logged and skipped, so that it does not block the others.
async fn process_round(db: &Database) -> Result<bool, Fault> {
    let mut is_any_behind = false;
    for tenant in rows::tenants_behind(&db.global()).await? {
        match shell::catch_up(db, tenant, PAGES_PER_ROUND).await {
            Ok(progress) => is_any_behind |= progress.is_far_behind(FAR_BEHIND_EVENTS),
            Err(fault) => tracing::warn!(tenant = %tenant, error = %fault, "the demand facts could not be brought up to date"),
        }
    }
    Ok(is_any_behind)
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
        assert_eq!(min_pause_after(Duration::ZERO), Duration::from_millis(50), "far behind, and nothing to write");
    }
}
