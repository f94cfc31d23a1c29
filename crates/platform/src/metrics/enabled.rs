//! Switch of the metrics: whether this process counts.

use std::sync::atomic::{AtomicBool, Ordering};

pub(super) static ENABLED: AtomicBool = AtomicBool::new(false);

pub(super) fn is_enabled() -> bool {
    ENABLED.load(Ordering::Relaxed)
}
