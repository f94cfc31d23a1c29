//! Choice of the traces that are recorded.
//!
//! A trace that begins here is recorded by chance. One that a client began is recorded if the
//! client records it too and there is credit left: each request of a client's trace adds the share
//! that is to be recorded, each trace that is recorded takes one. So a client that records one
//! trace in a hundred sees them whole, and one that marks all of its requests gets no more than the
//! share.

use std::sync::{Mutex, PoisonError};

/// A trace, in the unit of shares.
const ONE: u64 = 1_000_000;
/// Maximum traces recorded in a row after a quiet time.
const MAX_CREDIT: u64 = 10 * ONE;

pub(super) struct Sampler {
    /// In millionths.
    share: u64,
    credit: Mutex<u64>,
}

impl Sampler {
    /// Makes a sampler of a share between 0 and 1.
    pub(super) fn new(share: f64) -> Self {
        Self { share: (share.clamp(0.0, 1.0) * ONE as f64).round() as u64, credit: Mutex::default() }
    }

    /// Whether a trace is recorded that began here (None), or that a client records or not.
    pub(super) fn samples(&self, client: Option<bool>, random: u32) -> bool {
        let Some(is_wanted) = client else { return (u64::from(random) * ONE) >> 32 < self.share };
        let mut credit = self.credit.lock().unwrap_or_else(PoisonError::into_inner);
        *credit = (*credit + self.share).min(MAX_CREDIT);
        let is_sampled = is_wanted && *credit >= ONE;
        if is_sampled {
            *credit -= ONE;
        }
        is_sampled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns how many of so many requests are recorded; `client` is the client's own choice for
    /// each.
    fn sampled(share: f64, requests: u32, client: impl Fn(u32) -> Option<bool>) -> usize {
        let sampler = Sampler::new(share);
        // Evenly spread, as chance is in the long run.
        let step = u32::MAX / requests;
        (0..requests).filter(|n| sampler.samples(client(*n), n * step)).count()
    }

    #[test]
    fn traces_of_our_own_are_recorded_by_their_share() {
        assert_eq!(sampled(0.0, 1_000, |_| None), 0);
        assert_eq!(sampled(1.0, 1_000, |_| None), 1_000);
        assert!((95..=105).contains(&sampled(0.01, 10_000, |_| None)));
    }

    #[test]
    fn a_client_that_marks_everything_gets_no_more_than_the_share() {
        assert_eq!(sampled(0.01, 10_000, |_| Some(true)), 100);
        assert_eq!(sampled(1.0, 1_000, |_| Some(true)), 1_000);
        assert_eq!(sampled(0.0, 1_000, |_| Some(true)), 0);
    }

    #[test]
    fn a_client_that_marks_few_sees_them_whole() {
        assert_eq!(sampled(0.01, 10_000, |n| Some(n % 100 == 99)), 100);
        assert_eq!(sampled(1.0, 1_000, |_| Some(false)), 0);
    }

    #[test]
    fn a_quiet_time_saves_up_ten_traces() {
        let sampler = Sampler::new(0.5);
        (0..1_000).for_each(|_| assert!(!sampler.samples(Some(false), 0)));
        let in_a_row = (0..100).take_while(|_| sampler.samples(Some(true), 0)).count();
        assert!((10..=20).contains(&in_a_row), "{in_a_row}");
    }
}
