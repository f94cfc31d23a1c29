//! How fast sockets are let in. When a node dies, all its clients come at once to those that are left; whoever is too early is told when to come
//! again, before anything was done for them.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use platform::rate_limit::Allowance;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::jitter::Jitter;

/// Over which those who were turned away come again, after there is room.
const RETURN: Duration = Duration::from_secs(5);

/// Shared by all sockets of a node.
#[derive(Debug)]
pub struct Admission {
    allowance: Option<Allowance>,
    full_at: Mutex<i64>,
    /// Handshakes whose token is being looked at: what they ask of the database leaves room for requests.
    at_once: Arc<Semaphore>,
    returns: Jitter,
}

/// Come again after so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany(pub Duration);

impl TooMany {
    pub fn millis(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Admission {
    /// So many sockets at once and so many more each second; `None` lets in everybody. At most so many handshakes are looked at side by side.
    pub fn new(allowance: Option<Allowance>, at_once: usize) -> Self {
        let at_once = Arc::new(Semaphore::new(at_once.clamp(1, Semaphore::MAX_PERMITS)));
        Self { allowance, full_at: Mutex::new(0), at_once, returns: Jitter::default() }
    }

    /// One more socket at this moment, in microseconds of a clock that is never set back.
    ///
    /// # Errors
    /// There are too many already.
    pub fn enter(&self, now: i64) -> Result<(), TooMany> {
        let Some(allowance) = self.allowance else { return Ok(()) };
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        match allowance.take(*full_at, now, 1) {
            Ok(taken) => {
                *full_at = taken;
                Ok(())
            }
            Err(empty) => {
                let wait = Duration::from_micros(empty.wait.max(0).unsigned_abs());
                Err(TooMany(wait + self.returns.next_within(RETURN)))
            }
        }
    }

    /// Waits for its turn to have its token looked at; `None` when it has waited for so long.
    pub async fn turn(&self, patience: Duration) -> Option<SemaphorePermit<'_>> {
        tokio::time::timeout(patience, self.at_once.acquire()).await.ok()?.ok()
    }

    /// What somebody is told whose turn did not come.
    pub fn try_later(&self) -> TooMany {
        TooMany(self.returns.next_within(RETURN))
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
        let first = admission.turn(Duration::from_secs(1)).await;
        assert!(first.is_some() && admission.turn(Duration::from_millis(20)).await.is_none());
        drop(first);
        assert!(admission.turn(Duration::from_millis(20)).await.is_some());
    }
}
