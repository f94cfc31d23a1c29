//! Backoff between retries after a temporary failure: increasing, and with jitter, so that not all
//! waiting tasks retry at once.

use std::time::Duration;

use super::jitter::Jitter;

const MIN_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// Jitter shared by all waits of this node.
static JITTER: Jitter = Jitter::new();

#[derive(Debug)]
pub struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(MIN_BACKOFF)
    }
}

impl Backoff {
    /// Waits before the next attempt.
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.next()).await;
    }

    fn next(&mut self) -> Duration {
        let half = self.0 / 2;
        self.0 = (self.0 * 2).min(MAX_BACKOFF);
        half + JITTER.next_within(half)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_grows_up_to_five_seconds() {
        let mut backoff = Backoff::default();
        let waits: Vec<Duration> = (0..10).map(|_| backoff.next()).collect();
        assert!(waits[0] <= MIN_BACKOFF, "{waits:?}");
        assert!(waits[6..].iter().all(|wait| (MAX_BACKOFF / 2..=MAX_BACKOFF).contains(wait)), "{waits:?}");
    }
}
