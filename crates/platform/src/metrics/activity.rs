//! How much this process does for others, whether or not metrics are read.

use std::sync::atomic::{AtomicU64, Ordering};

static WORK: AtomicU64 = AtomicU64::new(0);

/// Something was done that was asked for: a request or a message of a socket, an item of a stream, a queued job. Probes and standing jobs are not.
pub fn worked() {
    WORK.fetch_add(1, Ordering::Relaxed);
}

/// How often that was since the start of the process.
pub fn work_done() -> u64 {
    WORK.load(Ordering::Relaxed)
}
