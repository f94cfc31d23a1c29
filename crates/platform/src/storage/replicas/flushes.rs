//! Positions of the primary's WAL over time, by which a replica's lag is measured. Only this node's
//! clock is used, and an idle primary makes no replica stale.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// Time for which a sample is kept beyond the allowed staleness.
const MARGIN: Duration = Duration::from_secs(5);

/// Samples of the primary's flushed WAL position, with the time of each query; the newest last.
#[derive(Debug)]
pub(super) struct Flushes {
    samples: VecDeque<(Instant, i64)>,
    retention: Duration,
}

impl Flushes {
    /// Creates the samples for replicas that may lag by `staleness`.
    pub(super) fn new(staleness: Duration) -> Self {
        Self { samples: VecDeque::new(), retention: staleness + MARGIN }
    }

    /// Adds a sample: the position that the primary had flushed, queried at this time.
    pub(super) fn take(&mut self, sampled_at: Instant, lsn: i64) {
        match self.samples.back_mut() {
            // Nothing was written meanwhile: a replica with this position has everything until now.
            Some(last) if last.1 == lsn => last.0 = sampled_at,
            _ => self.samples.push_back((sampled_at, lsn)),
        }
        while self.samples.len() > 1
            && self.samples.front().is_some_and(|(at, _)| sampled_at.duration_since(*at) > self.retention)
        {
            self.samples.pop_front();
        }
    }

    /// Returns the last time whose writes a replica has all replayed, given its position; None if
    /// that is longer ago than the samples reach.
    pub(super) fn replayed_until(&self, replayed: i64) -> Option<Instant> {
        self.samples.iter().rev().find(|(_, lsn)| *lsn <= replayed).map(|(at, _)| *at)
    }

    /// Returns the flushed position of the primary at the last sample.
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
        assert_eq!((flushes.replayed_until(1_000), flushes.last()), (None, None), "nobody was asked yet");
        for (seconds, lsn) in [(0, 100), (1, 200), (2, 300)] {
            flushes.take(at(seconds), lsn);
        }
        assert_eq!(flushes.replayed_until(99), None);
        assert_eq!(flushes.replayed_until(100), Some(at(0)));
        assert_eq!(flushes.replayed_until(299), Some(at(1)));
        assert_eq!((flushes.replayed_until(400), flushes.last()), (Some(at(2)), Some(300)), "it may be ahead of the last sample");
    }

    #[test]
    fn nobody_grows_old_while_nothing_is_written() {
        let (mut flushes, start) = (Flushes::new(Duration::from_secs(5)), Instant::now());
        for seconds in 0..600 {
            flushes.take(start + Duration::from_secs(seconds), 100);
        }
        assert_eq!(flushes.replayed_until(100), Some(start + Duration::from_secs(599)));
        assert_eq!(flushes.samples.len(), 1);
    }

    #[test]
    fn moments_beyond_the_bound_are_forgotten() {
        let (mut flushes, start) = (Flushes::new(Duration::from_secs(5)), Instant::now());
        for seconds in 0..600 {
            flushes.take(start + Duration::from_secs(seconds), 100 + i64::try_from(seconds).unwrap());
        }
        assert!(flushes.samples.len() <= 11, "{}", flushes.samples.len());
        assert_eq!(flushes.replayed_until(100), None);
    }
}
