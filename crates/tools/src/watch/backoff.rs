//! How long to wait before coming back: longer each time, never the same as others who were sent away in the same moment.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(10);
/// What a server may ask us to wait at most.
const MOST_ASKED: Duration = Duration::from_mins(5);

#[derive(Debug, Default)]
pub struct Backoff {
    failed: u32,
}

impl Backoff {
    /// What is printed shows that the way is good: the next loss is a first one again.
    pub fn went_well(&mut self) {
        self.failed = 0;
    }

    /// The next pause: what the server asked for, if it did and this is the first loss, else between half of a doubling span and all of it.
    pub fn next(&mut self, asked: Option<Duration>) -> Duration {
        let span = FIRST.saturating_mul(1 << self.failed.min(16)).min(LONGEST);
        self.failed = self.failed.saturating_add(1);
        let own = span.mul_f64(rand::random_range(0.5..=1.0));
        asked.map_or(own, |asked| asked.min(MOST_ASKED).max(if self.failed > 1 { own } else { Duration::ZERO }))
    }
}

/// "…come back in 1234 ms", as the server's closes say it.
pub fn asked_for(reason: &str) -> Option<Duration> {
    let (_, rest) = reason.split_once("come back in ")?;
    Some(Duration::from_millis(rest.split(' ').next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_vary_and_begin_again() {
        let mut backoff = Backoff::default();
        let grown: Vec<Duration> = (0..12).map(|_| backoff.next(None)).collect();
        assert!(grown[0] >= FIRST / 2 && grown[0] <= FIRST, "{grown:?}");
        assert!(grown[11] >= LONGEST / 2 && grown[11] <= LONGEST, "{grown:?}");
        assert!(grown[7..].windows(2).any(|two| two[0] != two[1]), "{grown:?}");
        backoff.went_well();
        assert!(backoff.next(None) <= FIRST);
    }

    #[test]
    fn the_server_s_wish_is_heard_within_reason() {
        assert_eq!(asked_for("the node is restarting; come back in 1234 ms"), Some(Duration::from_millis(1_234)));
        assert_eq!((asked_for("session ended"), asked_for("come back in a while")), (None, None));
        let asked = Some(Duration::from_secs(2));
        assert_eq!(Backoff::default().next(asked), Duration::from_secs(2));
        assert_eq!(Backoff::default().next(Some(Duration::from_hours(9))), MOST_ASKED);
        let mut backoff = Backoff::default();
        for _ in 0..10 {
            assert!(backoff.next(Some(Duration::ZERO)) < LONGEST + FIRST);
        }
        assert!(backoff.next(Some(Duration::ZERO)) >= LONGEST / 2, "a server that always says at once is not asked all the time");
    }
}
