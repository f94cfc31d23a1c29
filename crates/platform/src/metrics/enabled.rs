//! Switch of the metrics: whether this process counts.

use std::sync::atomic::{AtomicBool, Ordering};

pub(super) static COUNTS: AtomicBool = AtomicBool::new(false);

pub(super) fn counts() -> bool {
    COUNTS.load(Ordering::Relaxed)
}
