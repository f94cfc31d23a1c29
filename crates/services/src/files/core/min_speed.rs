//! Minimum speed of a sender: a number of bytes a second over a window of time. Only the time in
//! which the server waits for the sender counts.

/// Bytes received within the current window.
#[derive(Debug)]
pub struct RateWindow {
    /// Length of a window, in milliseconds.
    window: u64,
    /// Minimum bytes of a window.
    least: u64,
    waited: u64,
    come: u64,
}

/// The sender was slower than the minimum rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooSlow;

impl RateWindow {
    /// Requires at least `rate` bytes a second, over windows of `seconds`.
    pub fn new(rate: u64, seconds: u64) -> Self {
        Self { window: seconds * 1_000, least: rate.saturating_mul(seconds), waited: 0, come: 0 }
    }

    /// Milliseconds until the end of the window.
    pub fn left(&self) -> u64 {
        self.window.saturating_sub(self.waited)
    }

    /// Adds bytes that arrived, and the milliseconds that they took.
    pub fn record_bytes(&mut self, bytes: u64, waited: u64) -> Result<(), TooSlow> {
        self.waited = self.waited.saturating_add(waited);
        self.come = self.come.saturating_add(bytes);
        if self.waited < self.window {
            return Ok(());
        }
        let is_enough = self.come >= self.least;
        (self.waited, self.come) = (0, 0);
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
        assert_eq!((pace.record_bytes(1 << 30, 1), pace.left()), (Ok(()), 9_999));
        assert_eq!(pace.record_bytes(0, 9_999), Ok(()), "of this window there was enough");
        assert_eq!((pace.record_bytes(999, 9_000), pace.record_bytes(0, 1_000)), (Ok(()), Err(TooSlow)));
    }

    #[test]
    fn time_that_nobody_waited_does_not_count() {
        let mut pace = RateWindow::new(100, 10);
        assert!((0..10_000).all(|_| pace.record_bytes(1, 0) == Ok(())));
        assert_eq!(pace.left(), 10_000);
    }
}
