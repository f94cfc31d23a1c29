//! Counts of deliveries, for metrics.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts of this process's deliveries since its start: for metrics.
#[derive(Debug, Default)]
pub struct DeliveryCounters {
    delivered: AtomicU64,
    failed: AtomicU64,
    disabled: AtomicU64,
    micros: AtomicU64,
}

/// Values of the counters at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveryCounts {
    /// Attempts with a 2xx response.
    pub delivered: u64,
    /// All other attempts.
    pub failed: u64,
    /// Endpoints that were disabled because of their failures.
    pub disabled: u64,
    /// Total duration of all attempts, in microseconds.
    pub micros: u64,
}

impl DeliveryCounters {
    pub fn now(&self) -> DeliveryCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        DeliveryCounts {
            delivered: read(&self.delivered),
            failed: read(&self.failed),
            disabled: read(&self.disabled),
            micros: read(&self.micros),
        }
    }
    pub(super) fn record_attempt(&self, is_success: bool, micros: u64) {
        let counter = if is_success { &self.delivered } else { &self.failed };
        counter.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }
    pub(super) fn record_disabled(&self) {
        self.disabled.fetch_add(1, Ordering::Relaxed);
    }
}
