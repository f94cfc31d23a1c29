//! When the standing job makes a backup, or drills one.

/// A run that failed is tried again after this time in microseconds, or after the interval where that is shorter. A place whose last run was killed
/// lets others in before.
const RETRY_MICROS: i64 = 15 * 60 * 1_000_000;

/// What the log says of earlier runs of a kind. Moments are in microseconds since 1970 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Earlier {
    /// The start of the last one that succeeded.
    pub done_at: Option<i64>,
    /// The end of the last one, however it ended; its start while it runs.
    pub tried_at: Option<i64>,
}

/// Whether it is time for another run, `every` so many microseconds. However many times were missed, one run makes up for them.
pub fn is_due(earlier: Earlier, every: i64, now: i64) -> bool {
    let has_passed = |since: Option<i64>, wait: i64| since.is_none_or(|since| now.saturating_sub(since) >= wait);
    has_passed(earlier.done_at, every) && has_passed(earlier.tried_at, every.min(RETRY_MICROS))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;
    const SIX: i64 = 6 * HOUR;

    fn earlier(done_at: Option<i64>, tried_at: Option<i64>) -> Earlier {
        Earlier { done_at, tried_at }
    }

    #[test]
    fn the_first_one_is_due_at_once_and_the_next_an_interval_after_its_start() {
        assert!(is_due(Earlier::default(), SIX, 1));
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
