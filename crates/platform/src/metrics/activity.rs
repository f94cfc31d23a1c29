//! How much this process does for others, whether or not metrics are read.

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

    fn worked(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    fn begin(&'static self) -> Working {
        self.in_progress.fetch_add(1, Ordering::Relaxed);
        self.worked();
        Working(self)
    }

    /// What is in progress counts each time.
    fn done(&self) -> u64 {
        if self.in_progress.load(Ordering::Relaxed) > 0 {
            self.worked();
        }
        self.done.load(Ordering::Relaxed)
    }
}

/// Work from its beginning to its end: a request, an operation of a socket, a queued job. While there is some, the process is not idle.
#[must_use]
#[derive(Debug)]
pub struct Working(&'static Activity);

impl Working {
    /// Something has begun that was asked for. Probes and standing jobs are not.
    pub fn begin() -> Self {
        ACTIVITY.begin()
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.worked();
        self.0.in_progress.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Something was done that was asked for and takes no time: an item of a stream was sent.
pub fn worked() {
    ACTIVITY.worked();
}

/// How much was done since the start of the process: another number than before if something was done since, or is in progress.
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
