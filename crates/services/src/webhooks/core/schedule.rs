//! When a message is tried again, and when an endpoint is left in peace.

use entity::prelude::Timestamp;

use super::DisabledWhy;

/// Seconds between a failed attempt and the next one: 75.6 hours in all.
const GAPS: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Attempts that a message gets.
pub const MOST_ATTEMPTS: i64 = GAPS.len() as i64 + 1;
/// Messages that are on their way to one endpoint at once.
pub const AT_ONCE: usize = 10;
/// After so many failures in a row an endpoint is left alone for a while, and then asked with a single message.
const BREAKS_AFTER: i64 = 10;
const FIRST_PAUSE: i64 = 60;
const LONGEST_PAUSE: i64 = 900;
/// A receiver may ask for at most so long a pause.
const LONGEST_RETRY_AFTER: i64 = 24 * 3600;
/// An endpoint that has done nothing but fail for so long is disabled; not on the word of the clock alone, which may jump: it was also asked
/// as often as it takes to leave it alone.
const GIVEN_UP_AFTER: i64 = 120 * 3600;

/// What a receiver answered, or that it did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    pub status: Option<u16>,
    /// Seconds that it asks to be left alone.
    pub retry_after: Option<i64>,
}

impl Answer {
    pub fn is_success(self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
    fn is_gone(self) -> bool {
        self.status == Some(410)
    }
    /// The pause that it asks for, where that is to be obeyed.
    fn asked_pause(self) -> Option<i64> {
        let is_slow = matches!(self.status, Some(429 | 502 | 503 | 504));
        self.retry_after.filter(|_| is_slow).map(|seconds| seconds.clamp(0, LONGEST_RETRY_AFTER))
    }
}

/// What becomes of a message after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Delivered,
    At(Timestamp),
    /// It was the last attempt.
    Failed,
}

/// What becomes of a message whose attempt `number` (from 1) was answered so. `random` moves it by up to a fifth, later or earlier.
pub fn next(answer: Answer, number: i64, now: Timestamp, random: u8) -> Next {
    if answer.is_success() {
        return Next::Delivered;
    }
    let gap = usize::try_from(number - 1).ok().and_then(|index| GAPS.get(index));
    let Some(gap) = gap.map(|seconds| seconds * 1_000_000) else { return Next::Failed };
    let moved = gap - gap / 5 + gap * 2 / 5 * i64::from(random) / 255;
    let asked = answer.asked_pause().unwrap_or(0) * 1_000_000;
    Next::At(Timestamp(now.micros() + moved.max(asked)))
}

/// How an endpoint fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    /// Failures in a row.
    pub failures: i64,
    pub failing_since: Option<Timestamp>,
    pub paused_until: Option<Timestamp>,
}

impl Health {
    pub fn is_paused(&self, now: Timestamp) -> bool {
        self.paused_until.is_some_and(|until| until > now)
    }
    /// Messages that may be on their way at once: one, to see whether it is back.
    pub fn at_once(&self) -> usize {
        if self.failures >= BREAKS_AFTER { 1 } else { AT_ONCE }
    }
}

/// How an endpoint fares after an answer, and why it is to be disabled, if it is.
pub fn slow_down(health: Health, answer: Answer, now: Timestamp) -> (Health, Option<DisabledWhy>) {
    if answer.is_success() {
        return (Health::default(), None);
    }
    // Nothing is sent to an endpoint that is left alone: this was on its way before, with the one that began the pause, and says nothing new.
    let is_known = health.is_paused(now);
    let failures = health.failures + i64::from(!is_known);
    let since = health.failing_since.unwrap_or(now);
    let over = failures - BREAKS_AFTER;
    let own = (over >= 0 && !is_known).then(|| (FIRST_PAUSE << over.min(6)).min(LONGEST_PAUSE));
    let pause = answer.asked_pause().filter(|seconds| *seconds > 0).or(own);
    let paused_until = [health.paused_until, pause.map(|seconds| now.plus_seconds(seconds))].into_iter().flatten().max();
    let why = if answer.is_gone() {
        Some(DisabledWhy::Gone)
    } else if over >= 0 && since.plus_seconds(GIVEN_UP_AFTER) <= now {
        Some(DisabledWhy::Failing)
    } else {
        None
    };
    (Health { failures, failing_since: Some(since), paused_until }, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_790_000_000_000_000);

    fn status(status: u16) -> Answer {
        Answer { status: Some(status), retry_after: None }
    }
    fn after(answer: Answer, number: i64, random: u8) -> Option<i64> {
        match next(answer, number, NOW, random) {
            Next::At(at) => Some((at.micros() - NOW.micros()) / 1_000_000),
            Next::Delivered | Next::Failed => None,
        }
    }

    #[test]
    fn gaps_follow_the_schedule_give_or_take_a_fifth() {
        for (index, gap) in GAPS.iter().enumerate() {
            let number = index as i64 + 1;
            assert_eq!(after(status(500), number, 0), Some(gap * 4 / 5));
            assert_eq!(after(status(500), number, 255), Some(gap * 6 / 5));
        }
        assert_eq!(next(status(500), MOST_ATTEMPTS, NOW, 0), Next::Failed);
        assert_eq!(GAPS.iter().sum::<i64>(), 272_105, "75.6 hours");
        assert_eq!(next(status(204), 1, NOW, 0), Next::Delivered);
        assert_eq!(after(status(302), 1, 255), Some(6), "a redirect is a failure");
    }

    #[test]
    fn a_pause_that_is_asked_for_is_kept_up_to_a_day() {
        let asked = |status, seconds| Answer { status: Some(status), retry_after: Some(seconds) };
        assert_eq!(after(asked(429, 120), 1, 255), Some(120));
        assert_eq!(after(asked(503, 2), 2, 0), Some(240), "a shorter one makes nothing earlier");
        assert_eq!(after(asked(503, i64::MAX), 1, 0), Some(86_400));
        assert_eq!(after(asked(400, 120), 1, 255), Some(6), "of others it is not heard");
        let (health, why) = slow_down(Health::default(), asked(429, 120), NOW);
        assert_eq!((health.paused_until, why), (Some(NOW.plus_seconds(120)), None));
    }

    #[test]
    fn failures_that_were_under_way_at_once_are_one_pause() {
        let mut health = Health { failures: BREAKS_AFTER - 1, ..Health::default() };
        for _ in 0..AT_ONCE {
            health = slow_down(health, status(500), NOW).0;
            assert_eq!((health.failures, health.paused_until), (BREAKS_AFTER, Some(NOW.plus_seconds(FIRST_PAUSE))));
        }
        // What is asked after the pause and fails again is new.
        let later = NOW.plus_seconds(FIRST_PAUSE);
        health = slow_down(health, status(500), later).0;
        assert_eq!(health.paused_until, Some(later.plus_seconds(2 * FIRST_PAUSE)));
    }

    #[test]
    fn a_receiver_that_says_how_long_is_left_alone_for_so_long() {
        let asked = |seconds| Answer { status: Some(503), retry_after: Some(seconds) };
        let mut health = Health { failures: BREAKS_AFTER + 5, failing_since: Some(NOW), paused_until: Some(NOW) };
        for seconds in [12, 12, 9] {
            health = slow_down(health, asked(seconds), NOW).0;
            assert_eq!(health.paused_until, Some(NOW.plus_seconds(12)));
        }
        assert_eq!(slow_down(health, asked(30), NOW).0.paused_until, Some(NOW.plus_seconds(30)), "who asks for more has more");
        let tired = Health { failures: BREAKS_AFTER - 1, ..Health::default() };
        assert_eq!(slow_down(tired, asked(0), NOW).0.paused_until, Some(NOW.plus_seconds(FIRST_PAUSE)));
    }

    #[test]
    fn a_dead_endpoint_is_left_alone_longer_and_longer_and_then_for_good() {
        let dead = Answer { status: None, retry_after: None };
        let mut health = Health::default();
        for _ in 0..BREAKS_AFTER - 1 {
            health = slow_down(health, dead, NOW).0;
            assert_eq!((health.paused_until, health.at_once()), (None, AT_ONCE));
        }
        let mut pauses = Vec::new();
        for _ in 0..6 {
            health = slow_down(Health { paused_until: None, ..health }, dead, NOW).0;
            pauses.push((health.paused_until.unwrap().micros() - NOW.micros()) / 1_000_000);
        }
        assert_eq!(pauses, [60, 120, 240, 480, 900, 900]);
        assert_eq!(health.at_once(), 1, "one message asks whether it is back");
        assert_eq!(slow_down(health, dead, NOW.plus_seconds(GIVEN_UP_AFTER - 1)).1, None);
        assert_eq!(slow_down(health, dead, NOW.plus_seconds(GIVEN_UP_AFTER)).1, Some(DisabledWhy::Failing));
        let once = slow_down(Health::default(), dead, NOW).0;
        assert_eq!(slow_down(once, dead, NOW.plus_seconds(2 * GIVEN_UP_AFTER)).1, None, "a clock that jumped");
        assert_eq!(slow_down(health, status(200), NOW), (Health::default(), None));
        assert_eq!(slow_down(Health::default(), status(410), NOW).1, Some(DisabledWhy::Gone));
    }
}
