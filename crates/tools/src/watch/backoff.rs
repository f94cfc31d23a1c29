//! Backoff of reconnects: longer each time, with jitter, so that clients cut off at once do not
//! return at once.

use std::time::Duration;

const INITIAL_BACKOFF: Duration = Duration::from_millis(250);
const MAX_BACKOFF: Duration = Duration::from_secs(10);
/// Longest wait that a server may request.
const MAX_REQUESTED_DELAY: Duration = Duration::from_mins(5);

#[derive(Debug, Default)]
pub struct Backoff {
    failed: u32,
}

impl Backoff {
    /// Resets the backoff: a printed change proves the connection, so the next loss counts as the
    /// first.
    pub fn reset_attempts(&mut self) {
        self.failed = 0;
    }

    /// Returns the next pause: the time that the server named, if this is the first loss, else a
    /// random time between half of a doubling span and all of it.
    pub fn next_delay(&mut self, requested_delay: Option<Duration>) -> Duration {
        let span = INITIAL_BACKOFF.saturating_mul(1 << self.failed.min(16)).min(MAX_BACKOFF);
        self.failed = self.failed.saturating_add(1);
        let own_delay = span.mul_f64(rand::random_range(0.5..=1.0));
        requested_delay.map_or(own_delay, |requested_delay| {
            requested_delay.min(MAX_REQUESTED_DELAY).max(if self.failed > 1 { own_delay } else { Duration::ZERO })
        })
    }
}

/// Parses "…come back in 1234 ms" of the server's close reasons.
pub fn parse_retry_delay(reason: &str) -> Option<Duration> {
    let (_, rest) = reason.split_once("come back in ")?;
    Some(Duration::from_millis(rest.split(' ').next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_vary_and_begin_again() {
        let mut backoff = Backoff::default();
        let grown: Vec<Duration> = (0..12).map(|_| backoff.next_delay(None)).collect();
        assert!(grown[0] >= INITIAL_BACKOFF / 2 && grown[0] <= INITIAL_BACKOFF, "{grown:?}");
        assert!(grown[11] >= MAX_BACKOFF / 2 && grown[11] <= MAX_BACKOFF, "{grown:?}");
        assert!(grown[7..].windows(2).any(|two| two[0] != two[1]), "{grown:?}");
        backoff.reset_attempts();
        assert!(backoff.next_delay(None) <= INITIAL_BACKOFF);
    }

    #[test]
    fn the_server_s_wish_is_heard_within_reason() {
        assert_eq!(parse_retry_delay("the node is restarting; come back in 1234 ms"), Some(Duration::from_millis(1_234)));
        assert_eq!((parse_retry_delay("session ended"), parse_retry_delay("come back in a while")), (None, None));
        let asked = Some(Duration::from_secs(2));
        assert_eq!(Backoff::default().next_delay(asked), Duration::from_secs(2));
        assert_eq!(Backoff::default().next_delay(Some(Duration::from_hours(9))), MAX_REQUESTED_DELAY);
        let mut backoff = Backoff::default();
        for _ in 0..10 {
            assert!(backoff.next_delay(Some(Duration::ZERO)) < MAX_BACKOFF + INITIAL_BACKOFF);
        }
        assert!(
            backoff.next_delay(Some(Duration::ZERO)) >= MAX_BACKOFF / 2,
            "a server that always says at once is not asked all the time"
        );
    }
}
