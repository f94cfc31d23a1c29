//! How far the primary's WAL went at which moment: what a replica's position is measured by. No clock but this node's is in it, and an idle primary
//! lets nobody grow old.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// How much longer than it matters a moment is kept.
const MARGIN: Duration = Duration::from_secs(5);

/// Moments at which the primary was asked how far its WAL was flushed, and what it said; the newest last.
#[derive(Debug)]
pub(super) struct Flushes {
    samples: VecDeque<(Instant, i64)>,
    kept: Duration,
}

impl Flushes {
    /// For replicas that may be so far behind.
    pub(super) fn new(staleness: Duration) -> Self {
        Self { samples: VecDeque::new(), kept: staleness + MARGIN }
    }

    /// The primary was asked at a moment, and has flushed as far since.
    pub(super) fn take(&mut self, asked: Instant, lsn: i64) {
        match self.samples.back_mut() {
            // Nothing was written meanwhile: who has this has all until now.
            Some(last) if last.1 == lsn => last.0 = asked,
            _ => self.samples.push_back((asked, lsn)),
        }
        while self.samples.len() > 1 && self.samples.front().is_some_and(|(at, _)| asked.duration_since(*at) > self.kept) {
            self.samples.pop_front();
        }
    }

    /// The last moment of which a replica has everything that has replayed so far; None where it lies longer back than is remembered.
    pub(super) fn covered(&self, replayed: i64) -> Option<Instant> {
        self.samples.iter().rev().find(|(_, lsn)| *lsn <= replayed).map(|(at, _)| *at)
    }

    /// How far the primary had flushed when it was last asked.
    pub(super) fn last(&self) -> Option<i64> {
        self.samples.back().map(|(_, lsn)| *lsn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replica_is_as_old_as_the_last_moment_that_it_has_everything_of() {
        let (mut flushes, start) = (Flushes::new(Duration::from_secs(5)), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        assert_eq!((flushes.covered(1_000), flushes.last()), (None, None), "nobody was asked yet");
        for (seconds, lsn) in [(0, 100), (1, 200), (2, 300)] {
            flushes.take(at(seconds), lsn);
        }
        assert_eq!(flushes.covered(99), None);
        assert_eq!(flushes.covered(100), Some(at(0)));
        assert_eq!(flushes.covered(299), Some(at(1)));
        assert_eq!((flushes.covered(400), flushes.last()), (Some(at(2)), Some(300)), "it may be ahead of the last sample");
    }

    #[test]
    fn nobody_grows_old_while_nothing_is_written() {
        let (mut flushes, start) = (Flushes::new(Duration::from_secs(5)), Instant::now());
        for seconds in 0..600 {
            flushes.take(start + Duration::from_secs(seconds), 100);
        }
        assert_eq!(flushes.covered(100), Some(start + Duration::from_secs(599)));
        assert_eq!(flushes.samples.len(), 1);
    }

    #[test]
    fn moments_beyond_the_bound_are_forgotten() {
        let (mut flushes, start) = (Flushes::new(Duration::from_secs(5)), Instant::now());
        for seconds in 0..600 {
            flushes.take(start + Duration::from_secs(seconds), 100 + i64::try_from(seconds).unwrap());
        }
        assert!(flushes.samples.len() <= 11, "{}", flushes.samples.len());
        assert_eq!(flushes.covered(100), None);
    }
}
