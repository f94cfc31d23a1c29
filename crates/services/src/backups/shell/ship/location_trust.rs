//! Trust in a location that stored other bytes than it was sent.

use std::time::Duration;

/// Time after which a location that stored other bytes is trusted again. Until then each segment is
/// read back, and the backup of each generation.
const DISTRUST_PERIOD: Duration = Duration::from_hours(24);
/// Time until the next generation, doubled by each that was given up meanwhile.
const MIN_PAUSE: Duration = Duration::from_secs(30);
const MAX_PAUSE: Duration = Duration::from_hours(1);

/// State of a location that stored other bytes than it was sent. Times are of the monotonic clock.
#[derive(Default)]
pub(super) struct LocationTrust {
    /// Time at which that was last seen.
    since: Option<Duration>,
    /// Generations that were given up because of it.
    given_up: u32,
    pause_ends: Duration,
}

impl LocationTrust {
    pub(super) fn record_distrust(&mut self, now: Duration) {
        if !self.is_distrusted(now) {
            self.given_up = 0;
        }
        self.since = Some(now);
    }

    /// Records that a generation was given up, and starts the pause before the next.
    pub(super) fn give_up(&mut self, now: Duration) {
        self.record_distrust(now);
        self.pause_ends = now + pause(self.given_up);
        self.given_up = self.given_up.saturating_add(1);
    }

    pub(super) fn is_distrusted(&self, now: Duration) -> bool {
        self.since.is_some_and(|since| now.saturating_sub(since) < DISTRUST_PERIOD)
    }

    pub(super) fn is_pausing(&self, now: Duration) -> bool {
        now < self.pause_ends
    }
}

/// Returns the pause after a number of given-up generations.
fn pause(abandoned_tries: u32) -> Duration {
    MIN_PAUSE.saturating_mul(2_u32.saturating_pow(abandoned_tries)).min(MAX_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    #[test]
    fn a_place_that_goes_on_lying_gets_a_copy_an_hour() {
        let (mut mistrust, mut now, mut copies) = (LocationTrust::default(), HOUR, 0);
        assert!(!mistrust.is_pausing(now) && !mistrust.is_distrusted(now));
        while now < HOUR + Duration::from_hours(12) {
            mistrust.give_up(now);
            assert!(mistrust.is_pausing((now + MIN_PAUSE).checked_sub(Duration::from_secs(1)).unwrap()));
            now = mistrust.pause_ends;
            assert!(!mistrust.is_pausing(now) && mistrust.is_distrusted(now));
            copies += 1;
        }
        assert_eq!(
            (pause(0), pause(1), pause(6), pause(7), pause(u32::MAX)),
            (MIN_PAUSE, MIN_PAUSE * 2, MIN_PAUSE * 64, HOUR, HOUR)
        );
        assert!((12..=20).contains(&copies), "{copies} in twelve hours");
    }

    #[test]
    fn a_place_is_trusted_again_after_a_day() {
        let mut mistrust = LocationTrust::default();
        for hour in 1..=5 {
            mistrust.give_up(HOUR * hour);
        }
        let last = HOUR * 5;
        assert!(mistrust.is_distrusted((last + DISTRUST_PERIOD).checked_sub(HOUR).unwrap()));
        let later = last + DISTRUST_PERIOD;
        assert!(!mistrust.is_distrusted(later));
        mistrust.give_up(later);
        assert_eq!(mistrust.pause_ends, later + MIN_PAUSE, "its pauses begin anew");
    }
}
