//! Between attempts at what failed for a reason that may pass: longer each time, and never for all who wait at once.

use std::time::Duration;

use super::jitter::Jitter;

const FIRST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(5);

/// Of all who wait on this node.
static JITTER: Jitter = Jitter::new();

#[derive(Debug)]
pub struct Backoff(Duration);

impl Default for Backoff {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl Backoff {
    /// Waits before the next attempt.
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.next()).await;
    }

    fn next(&mut self) -> Duration {
        let half = self.0 / 2;
        self.0 = (self.0 * 2).min(LONGEST);
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
        assert!(waits[0] <= FIRST, "{waits:?}");
        assert!(waits[6..].iter().all(|wait| (LONGEST / 2..=LONGEST).contains(wait)), "{waits:?}");
    }
}
