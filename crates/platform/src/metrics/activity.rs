//! Amount of requested work that this process does, whether or not metrics are read.

use std::sync::atomic::{AtomicU64, Ordering};

static ACTIVITY: Activity = Activity::new();

#[derive(Debug)]
struct Activity {
    done: AtomicU64,
    in_progress: AtomicU64,
}

impl Activity {
    const fn new() -> Self {
        Self { done: AtomicU64::new(0), in_progress: AtomicU64::new(0) }
    }

    fn count_work(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    fn begin(&'static self) -> ActivityGuard {
        self.in_progress.fetch_add(1, Ordering::Relaxed);
        self.count_work();
        ActivityGuard(self)
    }

    /// Work in progress counts at each call.
    fn done(&self) -> u64 {
        if self.in_progress.load(Ordering::Relaxed) > 0 {
            self.count_work();
        }
        self.done.load(Ordering::Relaxed)
    }
}

/// Guard of work from its beginning to its end: a request, an operation of a socket, a queued job.
/// While there is one, the process is not idle.
#[must_use]
#[derive(Debug)]
pub struct ActivityGuard(&'static Activity);

impl ActivityGuard {
    /// Counts the start of requested work. Probes and standing jobs do not count.
    pub fn begin() -> Self {
        ACTIVITY.begin()
    }
}

impl Drop for ActivityGuard {
    fn drop(&mut self) {
        self.0.count_work();
        self.0.in_progress.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Counts requested work without a duration: an item of a stream was sent.
pub fn count_work() {
    ACTIVITY.count_work();
}

/// Returns the amount of work since the start of the process: the number has changed if something
/// was done since the last call, or is in progress.
pub fn work_done() -> u64 {
    ACTIVITY.done()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_at_work_until_the_last_of_its_work_has_ended_and_that_is_work_too() {
        static ACTIVITY: Activity = Activity::new();
        let idle = ACTIVITY.done();
        assert_eq!(ACTIVITY.done(), idle);
        let (first, second) = (ACTIVITY.begin(), ACTIVITY.begin());
        drop(first);
        let before = ACTIVITY.done();
        assert!(ACTIVITY.done() > before, "one is still in progress");
        let before = ACTIVITY.done();
        drop(second);
        let after = ACTIVITY.done();
        assert!(after > before, "its end is seen");
        assert_eq!(ACTIVITY.done(), after, "nothing is in progress");
    }
}
