//! Gives memory back while nothing is asked of the process: once in each quiet time.

use std::time::Duration;

use platform::{clock, metrics, storage::Database};
use tokio::time::Instant;

/// Between two looks at how much was done.
const LOOK: Duration = Duration::from_millis(500);
/// So long nothing was asked.
const QUIET: Duration = Duration::from_millis(1_500);
/// Memory is not given back more often: what is needed again has to be mapped and read again, by the next request.
const BETWEEN: Duration = Duration::from_mins(1);

/// A time in which nothing is asked, and whether memory was given back in it.
#[derive(Debug)]
struct QuietTime {
    work_done: u64,
    since: Instant,
    is_due: bool,
    given_back: Option<Instant>,
}

impl QuietTime {
    /// A start touches more than any request, so it is followed by a quiet time of its own.
    fn begin(now: Instant) -> Self {
        Self { work_done: 0, since: now, is_due: true, given_back: None }
    }

    /// Whether memory is given back now, where so much was done since the start.
    fn is_time(&mut self, work_done: u64, now: Instant) -> bool {
        if work_done != self.work_done {
            (self.work_done, self.since, self.is_due) = (work_done, now, true);
        }
        let is_early = self.given_back.is_some_and(|at| now.duration_since(at) < BETWEEN);
        if !self.is_due || is_early || now.duration_since(self.since) < QUIET {
            return false;
        }
        (self.is_due, self.given_back) = (false, Some(now));
        true
    }
}

/// Looks again and again, for as long as the process runs. A request that comes meanwhile is answered as ever: nothing waits for this, and nothing is lost.
pub(super) async fn give_memory_back(db: Database) {
    let mut quiet_time = QuietTime::begin(Instant::now());
    loop {
        clock::sleep(LOOK).await;
        if quiet_time.is_time(metrics::work_done(), Instant::now()) {
            give_back(&db).await;
        }
    }
}

async fn give_back(db: &Database) {
    let before = metrics::resident_bytes();
    let connections = db.free_idle_pages().await.unwrap_or_else(|fault| {
        tracing::debug!(error = %fault, "SQLite did not free the pages of its idle connections");
        0
    });
    // Last: what is above needs code, too.
    match program_pages::release() {
        Ok(program) => {
            let after = metrics::resident_bytes();
            tracing::debug!(program, connections, before, after, "memory was given back while nothing was asked");
        }
        Err(error) => tracing::debug!(%error, "the pages of the program's file were not given back"),
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
        assert!(!quiet_time.is_time(0, start + QUIET / 2), "it has just started");
        assert!(quiet_time.is_time(0, start + QUIET));
        assert!(!quiet_time.is_time(0, start + BETWEEN * 10), "nothing was done since");
        assert!(!quiet_time.is_time(1, start + BETWEEN * 10 + QUIET), "something has just been done");
        assert!(quiet_time.is_time(1, start + BETWEEN * 10 + QUIET * 2));
    }

    #[test]
    fn work_puts_it_off() {
        let (mut quiet_time, start) = begun();
        for turn in 1..20_u32 {
            assert!(!quiet_time.is_time(u64::from(turn), start + QUIET * turn), "{turn}");
        }
        assert!(quiet_time.is_time(19, start + QUIET * 20));
    }

    #[test]
    fn a_client_that_asks_now_and_then_pays_once_a_minute() {
        let (mut quiet_time, start) = begun();
        let given_back = (0..300_u32).filter(|second| {
            // A request every third second, and a look each second.
            quiet_time.is_time(u64::from(second / 3), start + Duration::from_secs(u64::from(*second)))
        });
        assert_eq!(given_back.count(), 5, "in five minutes");
    }
}
