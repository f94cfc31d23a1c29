//! Counters that are incremented where no lock may be taken, and exported at the next scrape.

use std::sync::atomic::{AtomicU64, Ordering};

use metrics::counter;

use super::{enabled::is_enabled, names};

static PANICS: AtomicU64 = AtomicU64::new(0);

/// Counts a panic of a thread. The panic hook may interrupt any code, so no lock is taken.
pub fn count_panic() {
    PANICS.fetch_add(1, Ordering::Relaxed);
}

/// Counts an operation that took longer than the operator's limit.
pub fn count_slow_operation(kind: &'static str) {
    if is_enabled() {
        counter!(names::SLOW_OPERATIONS, "type" => kind).increment(1);
    }
}

/// Counts a slow statement outside of any operation.
pub fn count_slow_statement() {
    if is_enabled() {
        counter!(names::SLOW_STATEMENTS).increment(1);
    }
}

/// Sets the panics since the start, and the spans of traces that were dropped.
pub fn faults(dropped_spans: u64) {
    if is_enabled() {
        counter!(names::PANICS).absolute(PANICS.load(Ordering::Relaxed));
        counter!(names::TRACES_DROPPED).absolute(dropped_spans);
    }
}
