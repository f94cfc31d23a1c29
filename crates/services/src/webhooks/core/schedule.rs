//! Times of retries of a message, and pauses of an endpoint.

use entity::prelude::Timestamp;

use super::disabled_reason::DisabledReason;

/// Seconds between a failed attempt and the next one: 75.6 hours in total.
const RETRY_DELAYS_SECONDS: [i64; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// Maximum attempts of a message.
pub const MAX_ATTEMPTS: i64 = RETRY_DELAYS_SECONDS.len() as i64 + 1;
/// Maximum concurrent messages to one endpoint.
pub const MAX_CONCURRENT_MESSAGES: usize = 10;
/// Consecutive failures after which an endpoint is paused, and then tried with a single message.
const PAUSE_AFTER_FAILURES: i64 = 10;
const MIN_PAUSE_SECONDS: i64 = 60;
const MAX_PAUSE_SECONDS: i64 = 900;
/// Maximum pause that a receiver may ask for.
const MAX_RETRY_AFTER_SECONDS: i64 = 24 * 3600;
/// Seconds of nothing but failures after which an endpoint is disabled. Since the clock may jump,
/// this also takes as many failures as a pause.
const DISABLE_AFTER_SECONDS: i64 = 120 * 3600;

/// Answer of a receiver; without one, the status is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    pub status: Option<u16>,
    /// Seconds of the response's `Retry-After`.
    pub retry_after: Option<i64>,
}

impl Answer {
    pub fn is_success(self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
    fn is_gone(self) -> bool {
        self.status == Some(410)
    }
    /// Returns the pause that the response asks for, if its status is one that is obeyed.
    fn requested_pause(self) -> Option<i64> {
        let is_slow = matches!(self.status, Some(429 | 502 | 503 | 504));
        self.retry_after.filter(|_| is_slow).map(|seconds| seconds.clamp(0, MAX_RETRY_AFTER_SECONDS))
    }
}

/// State of a message after an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Delivered,
    At(Timestamp),
    /// The last attempt has failed.
    Failed,
}

/// Returns the state of a message after attempt `number` (from 1) with this answer. `random` is the
/// jitter of the next attempt: up to a fifth of the gap, later or earlier.
pub fn next(answer: Answer, number: i64, now: Timestamp, random: u8) -> Next {
    if answer.is_success() {
        return Next::Delivered;
    }
    let gap = usize::try_from(number - 1).ok().and_then(|index| RETRY_DELAYS_SECONDS.get(index));
    let Some(gap) = gap.map(|seconds| seconds * 1_000_000) else { return Next::Failed };
    let delay = gap - gap / 5 + gap * 2 / 5 * i64::from(random) / 255;
    let requested_pause = answer.requested_pause().unwrap_or(0) * 1_000_000;
    Next::At(Timestamp(now.micros() + delay.max(requested_pause)))
}

/// Health of an endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    /// Consecutive failures.
    pub failures: i64,
    pub failing_since: Option<Timestamp>,
    pub paused_until: Option<Timestamp>,
}

impl Health {
    pub fn is_paused(&self, now: Timestamp) -> bool {
        self.paused_until.is_some_and(|until| until > now)
    }
    /// Returns the maximum concurrent messages: one for a failing endpoint, to test whether it has
    /// recovered.
    pub fn max_concurrent(&self) -> usize {
        if self.failures >= PAUSE_AFTER_FAILURES { 1 } else { MAX_CONCURRENT_MESSAGES }
    }
}

/// Returns the health of an endpoint after an answer, and the reason to disable it, if there is
/// one.
pub fn health_after(health: Health, answer: Answer, now: Timestamp) -> (Health, Option<DisabledReason>) {
    if answer.is_success() {
        return (Health::default(), None);
    }
    // A paused endpoint gets no messages: this one was sent before the pause began, and its failure
    // does not count again.
    let is_known = health.is_paused(now);
    let failures = health.failures + i64::from(!is_known);
    let since = health.failing_since.unwrap_or(now);
    let excess = failures - PAUSE_AFTER_FAILURES;
    let default_pause = (excess >= 0 && !is_known).then(|| (MIN_PAUSE_SECONDS << excess.min(6)).min(MAX_PAUSE_SECONDS));
    let pause = answer.requested_pause().filter(|seconds| *seconds > 0).or(default_pause);
    let paused_until = [health.paused_until, pause.map(|seconds| now.plus_seconds(seconds))].into_iter().flatten().max();
    let reason = if answer.is_gone() {
        Some(DisabledReason::Gone)
    } else if excess >= 0 && since.plus_seconds(DISABLE_AFTER_SECONDS) <= now {
        Some(DisabledReason::Failing)
    } else {
        None
    };
    (Health { failures, failing_since: Some(since), paused_until }, reason)
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
        for (index, gap) in RETRY_DELAYS_SECONDS.iter().enumerate() {
            let number = index as i64 + 1;
            assert_eq!(after(status(500), number, 0), Some(gap * 4 / 5));
            assert_eq!(after(status(500), number, 255), Some(gap * 6 / 5));
        }
        assert_eq!(next(status(500), MAX_ATTEMPTS, NOW, 0), Next::Failed);
        assert_eq!(RETRY_DELAYS_SECONDS.iter().sum::<i64>(), 272_105, "75.6 hours");
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
        let (health, why) = health_after(Health::default(), asked(429, 120), NOW);
        assert_eq!((health.paused_until, why), (Some(NOW.plus_seconds(120)), None));
    }

    #[test]
    fn failures_that_were_under_way_at_once_are_one_pause() {
        let mut health = Health { failures: PAUSE_AFTER_FAILURES - 1, ..Health::default() };
        for _ in 0..MAX_CONCURRENT_MESSAGES {
            health = health_after(health, status(500), NOW).0;
            assert_eq!((health.failures, health.paused_until), (PAUSE_AFTER_FAILURES, Some(NOW.plus_seconds(MIN_PAUSE_SECONDS))));
        }
        // A request after the pause that fails is a new failure.
        let later = NOW.plus_seconds(MIN_PAUSE_SECONDS);
        health = health_after(health, status(500), later).0;
        assert_eq!(health.paused_until, Some(later.plus_seconds(2 * MIN_PAUSE_SECONDS)));
    }

    #[test]
    fn a_receiver_that_says_how_long_is_left_alone_for_so_long() {
        let asked = |seconds| Answer { status: Some(503), retry_after: Some(seconds) };
        let mut health = Health { failures: PAUSE_AFTER_FAILURES + 5, failing_since: Some(NOW), paused_until: Some(NOW) };
        for seconds in [12, 12, 9] {
            health = health_after(health, asked(seconds), NOW).0;
            assert_eq!(health.paused_until, Some(NOW.plus_seconds(12)));
        }
        assert_eq!(health_after(health, asked(30), NOW).0.paused_until, Some(NOW.plus_seconds(30)), "who asks for more has more");
        let tired = Health { failures: PAUSE_AFTER_FAILURES - 1, ..Health::default() };
        assert_eq!(health_after(tired, asked(0), NOW).0.paused_until, Some(NOW.plus_seconds(MIN_PAUSE_SECONDS)));
    }

    #[test]
    fn a_dead_endpoint_is_left_alone_longer_and_longer_and_then_for_good() {
        let dead = Answer { status: None, retry_after: None };
        let mut health = Health::default();
        for _ in 0..PAUSE_AFTER_FAILURES - 1 {
            health = health_after(health, dead, NOW).0;
            assert_eq!((health.paused_until, health.max_concurrent()), (None, MAX_CONCURRENT_MESSAGES));
        }
        let mut pauses = Vec::new();
        for _ in 0..6 {
            health = health_after(Health { paused_until: None, ..health }, dead, NOW).0;
            pauses.push((health.paused_until.unwrap().micros() - NOW.micros()) / 1_000_000);
        }
        assert_eq!(pauses, [60, 120, 240, 480, 900, 900]);
        assert_eq!(health.max_concurrent(), 1, "one message asks whether it is back");
        assert_eq!(health_after(health, dead, NOW.plus_seconds(DISABLE_AFTER_SECONDS - 1)).1, None);
        assert_eq!(health_after(health, dead, NOW.plus_seconds(DISABLE_AFTER_SECONDS)).1, Some(DisabledReason::Failing));
        let once = health_after(Health::default(), dead, NOW).0;
        assert_eq!(health_after(once, dead, NOW.plus_seconds(2 * DISABLE_AFTER_SECONDS)).1, None, "a clock that jumped");
        assert_eq!(health_after(health, status(200), NOW), (Health::default(), None));
        assert_eq!(health_after(Health::default(), status(410), NOW).1, Some(DisabledReason::Gone));
    }
}
