//! Minimum speed of a sender: a number of bytes a second over a window of time. Only the time in
//! which the server waits for the sender counts.

/// Bytes received within the current window.
#[derive(Debug)]
pub struct RateWindow {
    /// Length of a window, in milliseconds.
    window: u64,
    /// Minimum bytes of a window.
    min_bytes: u64,
    elapsed: u64,
    received: u64,
}

/// The sender was slower than the minimum rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooSlow;

impl RateWindow {
    /// Requires at least `rate` bytes a second, over windows of `seconds`.
    pub fn new(rate: u64, seconds: u64) -> Self {
        Self { window: seconds * 1_000, min_bytes: rate.saturating_mul(seconds), elapsed: 0, received: 0 }
    }

    /// Milliseconds until the end of the window.
    pub fn remaining_millis(&self) -> u64 {
        self.window.saturating_sub(self.elapsed)
    }

    /// Adds bytes that arrived, and the milliseconds that they took.
    pub fn record_bytes(&mut self, bytes: u64, elapsed: u64) -> Result<(), TooSlow> {
        self.elapsed = self.elapsed.saturating_add(elapsed);
        self.received = self.received.saturating_add(bytes);
        if self.elapsed < self.window {
            return Ok(());
        }
        let is_enough = self.received >= self.min_bytes;
        (self.elapsed, self.received) = (0, 0);
        if is_enough { Ok(()) } else { Err(TooSlow) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_keeps_the_pace_may_go_on() {
        let mut pace = RateWindow::new(100, 10);
        for _ in 0..50 {
            assert_eq!(pace.record_bytes(500, 4_000), Ok(()));
        }
    }

    #[test]
    fn whoever_was_quick_before_and_is_slow_now_is_too_slow() {
        let mut pace = RateWindow::new(100, 10);
        assert_eq!((pace.record_bytes(1 << 30, 1), pace.remaining_millis()), (Ok(()), 9_999));
        assert_eq!(pace.record_bytes(0, 9_999), Ok(()), "of this window there was enough");
        assert_eq!((pace.record_bytes(999, 9_000), pace.record_bytes(0, 1_000)), (Ok(()), Err(TooSlow)));
    }

    #[test]
    fn time_that_nobody_waited_does_not_count() {
        let mut pace = RateWindow::new(100, 10);
        assert!((0..10_000).all(|_| pace.record_bytes(1, 0) == Ok(())));
        assert_eq!(pace.remaining_millis(), 10_000);
    }
}
