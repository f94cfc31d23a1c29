//! Figures that are counted where nothing may go wrong, and told when somebody looks.

use std::sync::atomic::{AtomicU64, Ordering};

use metrics::counter;

use super::{counts, names};

static PANICS: AtomicU64 = AtomicU64::new(0);

/// A thread panicked. Called by the panic hook, which may be in the middle of anything: no lock is taken.
pub fn panicked() {
    PANICS.fetch_add(1, Ordering::Relaxed);
}

/// An operation took longer than the operator's limit.
pub fn slow_operation(kind: &'static str) {
    if counts() {
        counter!(names::SLOW_OPERATIONS, "type" => kind).increment(1);
    }
}

/// So did a statement outside of any operation.
pub fn slow_statement() {
    if counts() {
        counter!(names::SLOW_STATEMENTS).increment(1);
    }
}

/// Panics since the start, and the spans of traces that no collector got.
pub fn faults(dropped_spans: u64) {
    if counts() {
        counter!(names::PANICS).absolute(PANICS.load(Ordering::Relaxed));
        counter!(names::TRACES_DROPPED).absolute(dropped_spans);
    }
}
