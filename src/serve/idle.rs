//! Releases memory while the process is idle: once in each quiet time.

use std::time::Duration;

use platform::{clock, metrics, storage::Database};
use tokio::time::Instant;

/// Time between two checks of the amount of work done.
const CHECK_INTERVAL: Duration = Duration::from_millis(500);
/// Minimum time without work before memory is released.
const MIN_QUIET_TIME: Duration = Duration::from_millis(1_500);
/// Minimum time between two releases: the next request has to map and read its pages again.
const MIN_RELEASE_INTERVAL: Duration = Duration::from_mins(1);

/// A time without work, and whether memory was released in it.
#[derive(Debug)]
struct QuietTime {
    work_done: u64,
    since: Instant,
    is_due: bool,
    given_back: Option<Instant>,
}

impl QuietTime {
    /// A start touches more memory than any request, so it is followed by a quiet time of its own.
    fn begin(now: Instant) -> Self {
        Self { work_done: 0, since: now, is_due: true, given_back: None }
    }

    /// Whether memory is released now; `work_done` counts the work since the start.
    fn should_release(&mut self, work_done: u64, now: Instant) -> bool {
        if work_done != self.work_done {
            (self.work_done, self.since, self.is_due) = (work_done, now, true);
        }
        let is_early = self.given_back.is_some_and(|released_at| now.duration_since(released_at) < MIN_RELEASE_INTERVAL);
        if !self.is_due || is_early || now.duration_since(self.since) < MIN_QUIET_TIME {
            return false;
        }
        (self.is_due, self.given_back) = (false, Some(now));
        true
    }
}

/// Checks periodically, for as long as the process runs. Requests that arrive meanwhile are
/// answered as usual: nothing waits for this, and nothing is lost.
pub(super) async fn release_memory_when_idle(db: Database) {
    let mut quiet_time = QuietTime::begin(Instant::now());
    loop {
        clock::sleep(CHECK_INTERVAL).await;
        if quiet_time.should_release(metrics::work_done(), Instant::now()) {
            release_memory(&db).await;
        }
    }
}

async fn release_memory(db: &Database) {
    let before = metrics::resident_bytes();
    let connections = db.free_idle_pages().await.unwrap_or_else(|fault| {
        tracing::debug!(error = %fault, "SQLite did not free the pages of its idle connections");
        0
    });
    // Last, as the steps above run code, and would map its pages again.
    match program_pages::release() {
        Ok(program) => {
            let after = metrics::resident_bytes();
            tracing::debug!(program, connections, before, after, "idle memory was released");
        }
        Err(error) => tracing::debug!(%error, "the pages of the program's file could not be released"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A quiet time, and the moment of its beginning.
    fn begun() -> (QuietTime, Instant) {
        let now = Instant::now();
        (QuietTime::begin(now), now)
    }

    #[test]
    fn memory_is_given_back_once_in_a_quiet_time() {
        let (mut quiet_time, start) = begun();
        assert!(!quiet_time.should_release(0, start + MIN_QUIET_TIME / 2), "it has just started");
        assert!(quiet_time.should_release(0, start + MIN_QUIET_TIME));
        assert!(!quiet_time.should_release(0, start + MIN_RELEASE_INTERVAL * 10), "nothing was done since");
        assert!(
            !quiet_time.should_release(1, start + MIN_RELEASE_INTERVAL * 10 + MIN_QUIET_TIME),
            "something has just been done"
        );
        assert!(quiet_time.should_release(1, start + MIN_RELEASE_INTERVAL * 10 + MIN_QUIET_TIME * 2));
    }

    #[test]
    fn work_puts_it_off() {
        let (mut quiet_time, start) = begun();
        for turn in 1..20_u32 {
            assert!(!quiet_time.should_release(u64::from(turn), start + MIN_QUIET_TIME * turn), "{turn}");
        }
        assert!(quiet_time.should_release(19, start + MIN_QUIET_TIME * 20));
    }

    #[test]
    fn a_client_that_asks_now_and_then_pays_once_a_minute() {
        let (mut quiet_time, start) = begun();
        let given_back = (0..300_u32).filter(|second| {
            // A request every third second, and a look each second.
            quiet_time.should_release(u64::from(second / 3), start + Duration::from_secs(u64::from(*second)))
        });
        assert_eq!(given_back.count(), 5, "in five minutes");
    }
}
