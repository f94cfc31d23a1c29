//! Service of the room: its database, its clock, and counts of this process's jobs.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use crate::{clock::Clock, storage::Database};

/// Counts of this process's jobs since its start, for metrics.
#[derive(Debug, Default)]
pub struct JobCounters {
    runs: AtomicU64,
    failures: AtomicU64,
    died: AtomicU64,
    taken_over: AtomicU64,
    held: AtomicU64,
}

/// The figures at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobCounts {
    /// Runs that ended, well or not.
    pub runs: u64,
    pub failures: u64,
    /// Queued jobs that became dead letters.
    pub died: u64,
    /// Jobs taken over from a worker that showed no life.
    pub taken_over: u64,
    /// Jobs that this process holds now.
    pub held: u64,
}

impl JobCounters {
    pub fn now(&self) -> JobCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (runs, failures, died) = (read(&self.runs), read(&self.failures), read(&self.died));
        JobCounts { runs, failures, died, taken_over: read(&self.taken_over), held: read(&self.held) }
    }
    pub(in crate::jobs) fn count_run(&self, has_failed: bool) {
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.failures.fetch_add(u64::from(has_failed), Ordering::Relaxed);
    }
    pub(in crate::jobs) fn record_death(&self) {
        self.died.fetch_add(1, Ordering::Relaxed);
    }
    pub(in crate::jobs) fn count_takeover(&self) {
        self.taken_over.fetch_add(1, Ordering::Relaxed);
    }
    pub(in crate::jobs) fn set_held_jobs(&self, held_count: usize) {
        self.held.store(held_count as u64, Ordering::Relaxed);
    }
}

/// The room's service. Cheap to clone.
#[derive(Clone)]
pub struct Jobs(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) db: Database,
    pub(super) clock: Clock,
    counters: Arc<JobCounters>,
}

impl Jobs {
    pub fn new(db: Database, clock: Clock) -> Self {
        Self(Arc::new(Inner { db, clock, counters: Arc::default() }))
    }
    pub fn database(&self) -> &Database {
        &self.0.db
    }
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }
    pub fn counters(&self) -> &Arc<JobCounters> {
        &self.0.counters
    }
}
