//! Points that fill a span of time evenly, however many are drawn: steps of the golden ratio, which
//! need no randomness.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// 2^64 over the golden ratio.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

#[derive(Debug, Default)]
pub struct Jitter(AtomicU64);

impl Jitter {
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// The next point within the span; the first is its beginning.
    pub fn next_within(&self, span: Duration) -> Duration {
        let point = self.0.fetch_add(1, Ordering::Relaxed).wrapping_mul(STEP);
        span.mul_f64(point as f64 / u64::MAX as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_points_is_even() {
        let jitter = Jitter::default();
        let mut tenths = [0; 10];
        for _ in 0..1_000 {
            tenths[(jitter.next_within(Duration::from_secs(10)).as_secs() as usize).min(9)] += 1;
        }
        assert!(tenths.iter().all(|count| (95..=105).contains(count)), "{tenths:?}");
    }
}
