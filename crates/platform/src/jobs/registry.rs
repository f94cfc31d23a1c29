//! Jobs that a worker can run.

use std::{future::Future, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

use super::{
    core::{Job, MAX_DEATHS},
    shell::{Failure, Lease},
};
use crate::storage::Fault;

type RunPeriodic = dyn Fn(Lease) -> BoxFuture<'static, Result<(), Fault>> + Send + Sync;
type RunQueued = dyn Fn(Lease, Job) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync;

/// Kind of standing job, which exists once for the whole deployment.
#[derive(Clone)]
pub struct PeriodicJob {
    pub kind: &'static str,
    pub every: Duration,
    pub(super) run: Arc<RunPeriodic>,
}

/// Kind of queued job, which callers enqueue.
#[derive(Clone)]
pub struct QueuedJobKind {
    pub kind: &'static str,
    /// Failures after which the job becomes a dead letter.
    pub most_failures: i64,
    pub(super) run: Arc<RunQueued>,
    /// Final work for a job that is not started again.
    pub(super) bury: Option<Arc<RunQueued>>,
}

impl QueuedJobKind {
    /// Failures after which a run leaves a dead letter. None if the kind has final work (`bury`):
    /// the job waits for that.
    pub(super) fn dead_letter_threshold(&self) -> Option<i64> {
        if self.bury.is_some() { None } else { Some(self.most_failures) }
    }
    /// Whether a job is not started again: it has killed its workers, or failed so often that only
    /// its final work remains.
    pub(super) fn is_over(&self, job: &Job) -> bool {
        job.deaths >= MAX_DEATHS || (self.bury.is_some() && job.failures >= self.most_failures)
    }
}

/// Jobs that a worker can run.
#[derive(Clone, Default)]
pub struct Registry {
    pub(super) periodic: Vec<PeriodicJob>,
    pub(super) queued: Vec<QueuedJobKind>,
    /// Kinds with an effect outside the deployment.
    pub(super) outgoing: &'static [&'static str],
}

impl Registry {
    #[must_use]
    pub fn periodic<F, R>(mut self, kind: &'static str, every: Duration, run: F) -> Self
    where
        F: Fn(Lease) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Fault>> + Send + 'static,
    {
        self.periodic.push(PeriodicJob { kind, every, run: Arc::new(move |lease| Box::pin(run(lease))) });
        self
    }
    #[must_use]
    pub fn queued<F, R>(mut self, kind: &'static str, most_failures: i64, run: F) -> Self
    where
        F: Fn(Lease, Job) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let run = Arc::new(move |lease, job| -> BoxFuture<'static, _> { Box::pin(run(lease, job)) });
        self.queued.push(QueuedJobKind { kind, most_failures, run, bury: None });
        self
    }
    /// Sets the final work for jobs of this kind that are not started again, because their workers
    /// died or because they failed too often, be it by a panic. The kind must have been added
    /// before.
    #[must_use]
    pub fn with_dead_letter_handler<F, R>(mut self, kind: &'static str, bury: F) -> Self
    where
        F: Fn(Lease, Job) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        if let Some(queued) = self.queued.iter_mut().find(|candidate| candidate.kind == kind) {
            queued.bury = Some(Arc::new(move |lease, job| -> BoxFuture<'static, _> { Box::pin(bury(lease, job)) }));
        }
        self
    }
    /// Sets the kinds with an effect outside the deployment, which do not run during a hold.
    #[must_use]
    pub fn outgoing(self, kinds: &'static [&'static str]) -> Self {
        Self { outgoing: kinds, ..self }
    }
    /// Returns all kinds, those of standing jobs first.
    pub fn kinds(&self) -> impl Iterator<Item = &'static str> {
        self.periodic.iter().map(|job| job.kind).chain(self.queued.iter().map(|job| job.kind))
    }
    pub(super) fn has_kind(&self, kind: &str) -> bool {
        self.periodic.iter().any(|job| job.kind == kind) || self.queued.iter().any(|job| job.kind == kind)
    }
}
