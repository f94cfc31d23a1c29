//! Rate limit of new sockets. When a node dies, all its clients come at once to the other nodes;
//! those that exceed the rate get a time to retry, before any work is done for them.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use platform::rate_limit::Allowance;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::jitter::Jitter;

/// Time over which refused clients return, after there is room.
const RECONNECT_WINDOW: Duration = Duration::from_secs(5);

/// Shared by all sockets of a node.
#[derive(Debug)]
pub struct Admission {
    allowance: Option<Allowance>,
    full_at: Mutex<i64>,
    /// Limits handshakes whose token is being checked: their database queries must leave capacity
    /// for requests.
    at_once: Arc<Semaphore>,
    returns: Jitter,
}

/// Refusal with the time after which to retry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany(pub Duration);

impl TooMany {
    pub fn millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Admission {
    /// `allowance` limits new sockets, at once and per second; `None`: no limit. At most `at_once`
    /// handshakes are checked concurrently.
    pub fn new(allowance: Option<Allowance>, at_once: usize) -> Self {
        let at_once = Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS)));
        Self { allowance, full_at: Mutex::new(0), at_once, returns: Jitter::default() }
    }

    /// Admits one more socket at this moment, in microseconds of a monotonic clock.
    ///
    /// # Errors
    /// There are too many already.
    pub fn enter(&self, now: i64) -> Result<(), TooMany> {
        let Some(allowance) = self.allowance else { return Ok(()) };
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        match allowance.take(*full_at, now, 1) {
            Ok(new_full_at) => {
                *full_at = new_full_at;
                Ok(())
            }
            Err(shortage) => {
                let wait = Duration::from_micros(shortage.wait.max(0).unsigned_abs());
                Err(TooMany(wait + self.returns.next_within(RECONNECT_WINDOW)))
            }
        }
    }

    /// Waits for the turn to have a token checked; `None` after `max_wait`.
    pub async fn wait_for_slot(&self, max_wait: Duration) -> Option<SemaphorePermit<'_>> {
        tokio::time::timeout(max_wait, self.at_once.acquire()).await.ok()?.ok()
    }

    /// Returns the refusal of a socket whose turn did not come.
    pub fn refuse_for_later(&self) -> TooMany {
        TooMany(self.returns.next_within(RECONNECT_WINDOW))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_is_let_in_bit_by_bit() {
        let admission = Admission::new(Some(Allowance::per_second(10, 5)), 4);
        assert_eq!((0..30).filter(|_| admission.enter(1_000_000).is_ok()).count(), 10);
        let waits: Vec<Duration> = (0..20).filter_map(|_| admission.enter(1_000_000).err()).map(|TooMany(wait)| wait).collect();
        assert!(waits.iter().all(|wait| *wait >= Duration::from_millis(200)), "not before there is room: {waits:?}");
        let (first, last) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
        assert!(last.saturating_sub(*first) > Duration::from_secs(3), "not all at once: {waits:?}");
        assert_eq!((0..30).filter(|_| admission.enter(2_000_000).is_ok()).count(), 5);
        assert!((0..1_000).all(|_| Admission::new(None, 1).enter(0).is_ok()));
    }

    #[tokio::test]
    async fn handshakes_wait_for_their_turn() {
        let admission = Admission::new(None, 1);
        let first = admission.wait_for_slot(Duration::from_secs(1)).await;
        assert!(first.is_some() && admission.wait_for_slot(Duration::from_millis(20)).await.is_none());
        drop(first);
        assert!(admission.wait_for_slot(Duration::from_millis(20)).await.is_some());
    }
}
