//! A clock that a test moves.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use entity::prelude::Timestamp;
use entrepot::clock::{Clock, Monotonic};

/// The hands of a clock, in microseconds: the time that it shows, and the time that has passed.
#[derive(Clone)]
pub struct Hands {
    pub shown: Arc<AtomicI64>,
    pub passed: Arc<AtomicI64>,
    /// Microseconds by which each reading is later than the one before.
    pub step: i64,
}

impl Hands {
    /// Shows the same time until the test moves it.
    pub fn still(start: i64) -> Self {
        Self::joined(start, 0)
    }

    /// Each reading is a microsecond later than the one before, so that newest and oldest are never a matter of luck.
    pub fn ticking(start: i64) -> Self {
        Self::joined(start, 1)
    }

    /// The wall clock and the monotonic clock are the same.
    fn joined(start: i64, step: i64) -> Self {
        let shown = Arc::new(AtomicI64::new(start));
        Self { passed: shown.clone(), shown, step }
    }

    /// A clock with these hands, and random numbers that follow from a seed.
    pub fn clock(&self, seed: u64) -> Clock {
        let Self { shown, passed, step } = self.clone();
        let shown = move || Timestamp(shown.fetch_add(step, Ordering::SeqCst));
        let passed = move || Monotonic::from_micros(passed.fetch_add(step, Ordering::SeqCst));
        Clock::manual_with_monotonic(shown, passed, seed)
    }

    pub fn advance_clock(&self, micros: i64) {
        self.passed.fetch_add(micros, Ordering::SeqCst);
        if !Arc::ptr_eq(&self.shown, &self.passed) {
            self.set(micros);
        }
    }

    /// Sets the machine's clock forward or back: no time passes.
    pub fn set(&self, micros: i64) {
        self.shown.fetch_add(micros, Ordering::SeqCst);
    }
}
