//! Due times of the periodic job that makes and drills backups.

/// Time in microseconds until a failed run is retried, or the interval if that is shorter. The lock
/// of a killed run expires before.
const RETRY_MICROS: i64 = 15 * 60 * 1_000_000;

/// Logged times of earlier runs of a kind, in microseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EarlierRuns {
    /// The start of the last one that succeeded.
    pub done_at: Option<i64>,
    /// The end of the last one, however it ended; its start while it runs.
    pub tried_at: Option<i64>,
}

/// Whether another run is due, `every` microseconds. One run makes up for any number of missed
/// ones.
pub fn is_due(earlier: EarlierRuns, every: i64, now: i64) -> bool {
    let has_passed = |since: Option<i64>, wait: i64| since.is_none_or(|since| now.saturating_sub(since) >= wait);
    has_passed(earlier.done_at, every) && has_passed(earlier.tried_at, every.min(RETRY_MICROS))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;
    const SIX: i64 = 6 * HOUR;

    fn earlier(done_at: Option<i64>, tried_at: Option<i64>) -> EarlierRuns {
        EarlierRuns { done_at, tried_at }
    }

    #[test]
    fn the_first_one_is_due_at_once_and_the_next_an_interval_after_its_start() {
        assert!(is_due(EarlierRuns::default(), SIX, 1));
        assert!(!is_due(earlier(Some(0), Some(HOUR)), SIX, SIX - 1));
        assert!(is_due(earlier(Some(0), Some(HOUR)), SIX, SIX));
    }

    #[test]
    fn one_run_makes_up_for_all_that_were_missed() {
        let late = 10 * SIX + HOUR;
        assert!(is_due(earlier(Some(0), Some(1)), SIX, late));
        assert!(!is_due(earlier(Some(late), Some(late + 1)), SIX, late + 2));
    }

    #[test]
    fn a_failure_is_tried_again_soon_and_not_at_once() {
        let failed = earlier(Some(0), Some(SIX));
        assert!(!is_due(failed, SIX, SIX + RETRY_MICROS - 1));
        assert!(is_due(failed, SIX, SIX + RETRY_MICROS));
        assert!(is_due(earlier(None, Some(0)), 1_000, 1_000), "an interval that is shorter than the wait");
    }
}
