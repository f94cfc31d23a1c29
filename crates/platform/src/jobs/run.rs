//! Runs of held jobs, and their outcomes.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use entity::prelude::*;
use tokio::time::Instant;

use super::{
    core::{Job, MAX_DEATHS, State, backoff_seconds},
    registry::{PeriodicJob, QueuedJobKind},
    rows::Outcome,
    shell::{Failure, Jobs, Lease},
};
use crate::{
    clock, metrics,
    storage::Fault,
    traces::{self, Span, SpanOutcome, TimeSpan},
};

/// State of a standing job's runs.
#[derive(Debug, Clone)]
pub struct Note {
    pub outcome: Outcome,
    /// True if the job has begun to fail, or recovered, since its state was last written.
    pub is_new: bool,
    pub written_at: Option<Instant>,
}

/// Returns the span of a run: in the trace that a queued job carries, else in a trace of its own.
fn span_of(kind: &'static str, queued: Option<&Job>) -> Span {
    let mut span = Span::run(queued.and_then(|job| traces::trace_of_payload(&job.payload)), "job");
    span.set("entrepot.job.kind", kind);
    span
}

/// Ends the span of a run with its outcome and duration: a failed or slow run may be kept although
/// its trace is not recorded.
fn end(mut span: Span, kind: &'static str, queued: Option<&Job>, (has_failed, took): (bool, Duration)) {
    if span.keep(if has_failed { SpanOutcome::Failed } else { SpanOutcome::Well }, took) {
        span.set("entrepot.job.kind", kind);
    }
    if let Some(job) = queued {
        span.set("entrepot.job.failures", job.failures);
    }
    span.end(has_failed);
}

/// Returns the state of a job that was just taken.
pub fn running_outcome(job: &Job) -> Outcome {
    Outcome {
        state: State::Running,
        due_at: job.due_at,
        failures: job.failures,
        started_at: None,
        finished_at: None,
        error: job.error.clone(),
        fault: job.fault.clone(),
    }
}

/// Runs a standing job again and again.
pub async fn keep(jobs: Jobs, periodic: PeriodicJob, lease: Lease, note: Arc<Mutex<Note>>) {
    let change = |change: &mut dyn FnMut(&mut Note)| change(&mut note.lock().unwrap_or_else(PoisonError::into_inner));
    loop {
        change(&mut |note| note.outcome.started_at = Some(jobs.clock().now()));
        let start = Instant::now();
        let span = span_of(periodic.kind, None);
        let result = span.run_within((periodic.run)(lease)).await;
        let (has_failed, took) = (result.is_err(), start.elapsed());
        end(span, periodic.kind, None, (has_failed, took));
        jobs.counters().count_run(has_failed);
        metrics::observe_job_run(periodic.kind, has_failed, took);
        let (now, mut wait) = (jobs.clock().now(), periodic.every);
        match result {
            Ok(()) => change(&mut |note| {
                note.is_new |= note.outcome.failures > 0;
                (note.outcome.failures, note.outcome.error, note.outcome.fault) = (0, None, None);
            }),
            Err(fault) => {
                tracing::warn!(kind = periodic.kind, %fault, "a standing job failed; it is retried");
                change(&mut |note| {
                    note.is_new |= note.outcome.failures == 0;
                    note.outcome.failures += 1;
                    (note.outcome.error, note.outcome.fault) = fault_texts(&fault);
                    let pause = backoff_seconds(note.outcome.failures, random_byte(&jobs));
                    wait = wait.max(Duration::from_secs(pause.unsigned_abs()));
                });
            }
        }
        change(&mut |note| {
            note.outcome.finished_at = Some(now);
            note.outcome.due_at = Timestamp(now.micros().saturating_add(wait.as_micros() as i64));
        });
        clock::sleep(wait).await;
    }
}

tokio::task_local! {
    static MUST_YIELD: Arc<AtomicBool>;
}

/// Whether the current job keeps other jobs waiting: it should then end with `Failure::Yielded` if
/// it can continue later.
pub fn should_yield() -> bool {
    MUST_YIELD.try_with(|must_yield| must_yield.load(Ordering::Relaxed)).unwrap_or(false)
}

/// Error of a dead letter whose job has killed its workers, shown to the tenant.
const WORKER_DIED_TWICE_ERROR: &str = "two workers in a row died while they ran this: it is not retried automatically";

/// Ends a job that has killed its workers, or that has failed too often, without starting it.
async fn bury(jobs: &Jobs, queued: &QueuedJobKind, lease: Lease, job: &Job) -> Outcome {
    let result = match &queued.bury {
        Some(bury) => bury(lease, job.clone()).await,
        None => Ok(()),
    };
    match result {
        Ok(()) => {
            let is_killer = job.deaths >= MAX_DEATHS;
            let (error_text, fault) = if is_killer { (None, None) } else { (job.error.clone(), job.fault.clone()) };
            let failed_outcome = failure_outcome(
                jobs,
                job,
                None,
                Failure::Hopeless(error_text.unwrap_or_else(|| WORKER_DIED_TWICE_ERROR.to_owned())),
            );
            Outcome { failures: job.failures, fault, ..failed_outcome }
        }
        // The final work has not begun: it is tried again next time.
        Err(failure) => {
            let outcome = failure_outcome(jobs, job, None, failure);
            Outcome { failures: job.failures, finished_at: None, ..outcome }
        }
    }
}

/// Runs a queued job once and writes the outcome. `claim_span` is the time that taking it took.
pub async fn run(
    jobs: Jobs,
    queued: QueuedJobKind,
    (lease, must_yield): (Lease, Arc<AtomicBool>),
    job: Job,
    claim_span: Option<TimeSpan>,
) {
    if queued.is_over(&job) {
        let outcome = bury(&jobs, &queued, lease, &job).await;
        if let Err(fault) = jobs.settle(lease, outcome).await {
            tracing::warn!(job = %job.id, %fault, "a job that is not retried could not be closed; closing it is retried in the next round");
        }
        return;
    }
    let _working = metrics::ActivityGuard::begin();
    let start = Instant::now();
    let span = span_of(queued.kind, Some(&job));
    span.send_earlier_span("job.claim", claim_span);
    let result = MUST_YIELD.scope(must_yield, span.run_within((queued.run)(lease, job.clone()))).await;
    let has_failed = matches!(result, Err(Failure::Hopeless(_) | Failure::Fault(_)));
    let took = start.elapsed();
    end(span, queued.kind, Some(&job), (has_failed, took));
    jobs.counters().count_run(has_failed);
    metrics::observe_job_run(queued.kind, has_failed, took);
    let job = if result.is_err() {
        let failures = lease.failures(jobs.database(), job.failures).await;
        Job { failures, ..job }
    } else {
        job
    };
    let now = jobs.clock().now();
    let outcome = match result {
        Ok(()) => Outcome {
            state: State::Done,
            due_at: job.due_at,
            failures: 0,
            started_at: None,
            finished_at: Some(now),
            error: None,
            fault: None,
        },
        Err(Failure::Yielded) => Outcome { state: State::Waiting, due_at: now, finished_at: Some(now), ..running_outcome(&job) },
        Err(failure) => outcome_of_failure(&jobs, &queued, &job, failure),
    };
    if let Err(fault) = jobs.settle(lease, outcome).await {
        tracing::warn!(job = %job.id, %fault, "the result of a job could not be stored; the job is run again");
    }
}

/// Returns the outcome of a queued job whose run has failed. If the job is not started again and
/// final work is registered for its kind, that work is due at once; it is retried later if it
/// fails.
pub fn outcome_of_failure(jobs: &Jobs, queued: &QueuedJobKind, job: &Job, failure: Failure) -> Outcome {
    let outcome = failure_outcome(jobs, job, queued.dead_letter_threshold(), failure);
    let is_left = queued.bury.is_some() && outcome.state == State::Waiting && outcome.failures == queued.most_failures;
    Outcome { due_at: if is_left { jobs.clock().now() } else { outcome.due_at }, ..outcome }
}

/// Returns the outcome of a job that has failed: a later retry, or for a queued one the end.
pub fn failure_outcome(jobs: &Jobs, job: &Job, most_failures: Option<i64>, failure: Failure) -> Outcome {
    let (now, failures) = (jobs.clock().now(), job.failures + 1);
    let is_hopeless = matches!(failure, Failure::Hopeless(_)) || most_failures.is_some_and(|limit| failures >= limit);
    let (error, fault) = match &failure {
        Failure::Hopeless(reason) => (Some(reason.clone()), None),
        Failure::Fault(fault) => fault_texts(fault),
        Failure::Yielded => (job.error.clone(), None),
    };
    if is_hopeless {
        jobs.counters().record_death();
        tracing::error!(job = %job.id, tenant = %job.tenant, kind = job.kind, failures, %failure, "a job has failed for good");
    } else {
        tracing::warn!(job = %job.id, tenant = %job.tenant, kind = job.kind, failures, %failure, "a job failed; it is retried");
    }
    Outcome {
        state: if is_hopeless { State::Dead } else { State::Waiting },
        due_at: now.plus_seconds(backoff_seconds(failures, random_byte(jobs))),
        failures,
        started_at: None,
        finished_at: Some(now),
        error,
        fault,
    }
}

/// Returns the texts of a fault for the job's tenant and for the operator.
fn fault_texts(fault: &Fault) -> (Option<String>, Option<String>) {
    const MAX: usize = 1_000;
    let error = if fault.is_transient() {
        "the database was away or busy"
    } else {
        "an internal error; the operator's log has the details"
    };
    (Some(error.to_owned()), Some(fault.to_string().chars().take(MAX).collect()))
}

fn random_byte(jobs: &Jobs) -> u8 {
    let mut byte = [0];
    jobs.clock().fill(&mut byte);
    byte[0]
}
