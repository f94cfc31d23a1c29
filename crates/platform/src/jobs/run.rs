//! Running what is held, and what becomes of it.

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
    core::{Job, MOST_DEATHS, State, backoff_seconds},
    registry::{PeriodicJob, Queued},
    rows::Outcome,
    shell::{Failure, Jobs, Lease},
};
use crate::{
    clock, metrics,
    storage::Fault,
    traces::{self, Ending, Span, Stretch},
};

/// How a standing job fares.
#[derive(Debug, Clone)]
pub struct Note {
    pub outcome: Outcome,
    /// It has begun to fail, or recovered, since it was written down.
    pub is_new: bool,
    pub written: Option<Instant>,
}

/// The span of a run: of the trace that a queued job carries, else of a trace of its own.
fn span_of(kind: &'static str, queued: Option<&Job>) -> Span {
    let mut span = Span::run(queued.and_then(|job| traces::carried(&job.payload)), "job");
    span.set("entrepot.job.kind", kind);
    span
}

/// Ends the span of a run, which failed or not and took so long: it may be told though its trace is not recorded.
fn end(mut span: Span, kind: &'static str, queued: Option<&Job>, (has_failed, took): (bool, Duration)) {
    if span.keep(if has_failed { Ending::Failed } else { Ending::Well }, took) {
        span.set("entrepot.job.kind", kind);
    }
    if let Some(job) = queued {
        span.set("entrepot.job.failures", job.failures);
    }
    span.end(has_failed);
}

/// How a job stands that was just taken.
pub fn as_is(job: &Job) -> Outcome {
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
        let began = Instant::now();
        let span = span_of(periodic.kind, None);
        let ended = span.run_within((periodic.run)(lease)).await;
        let (has_failed, took) = (ended.is_err(), began.elapsed());
        end(span, periodic.kind, None, (has_failed, took));
        jobs.counters().ran(has_failed);
        metrics::job_ran(periodic.kind, has_failed, took);
        let (now, mut wait) = (jobs.clock().now(), periodic.every);
        match ended {
            Ok(()) => change(&mut |note| {
                note.is_new |= note.outcome.failures > 0;
                (note.outcome.failures, note.outcome.error, note.outcome.fault) = (0, None, None);
            }),
            Err(fault) => {
                tracing::warn!(kind = periodic.kind, %fault, "a standing job failed; it is tried again");
                change(&mut |note| {
                    note.is_new |= note.outcome.failures == 0;
                    note.outcome.failures += 1;
                    (note.outcome.error, note.outcome.fault) = fault_texts(&fault);
                    let pause = backoff_seconds(note.outcome.failures, random(&jobs));
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

/// Whether the job that asks keeps others from their turn: then it ends as `Failure::Yielded` where it can go on later.
pub fn is_asked_to_yield() -> bool {
    MUST_YIELD.try_with(|must_yield| must_yield.load(Ordering::Relaxed)).unwrap_or(false)
}

/// Why a job is a dead letter that has killed its workers, for its owners.
const KILLER: &str = "the worker died while it ran this, and so did the next one: it is not begun again by itself";

/// Ends a job that has killed its workers, or that has failed too often: it is not begun.
async fn bury(jobs: &Jobs, queued: &Queued, lease: Lease, job: &Job) -> Outcome {
    let buried = match &queued.bury {
        Some(bury) => bury(lease, job.clone()).await,
        None => Ok(()),
    };
    match buried {
        Ok(()) => {
            let is_killer = job.deaths >= MOST_DEATHS;
            let (why, fault) = if is_killer { (None, None) } else { (job.error.clone(), job.fault.clone()) };
            let dead = failed(jobs, job, None, Failure::Hopeless(why.unwrap_or_else(|| KILLER.to_owned())));
            Outcome { failures: job.failures, fault, ..dead }
        }
        // Nothing of it was begun: it is buried the next time.
        Err(failure) => {
            let outcome = failed(jobs, job, None, failure);
            Outcome { failures: job.failures, finished_at: None, ..outcome }
        }
    }
}

/// Runs a queued job once, which was taken in this time, and writes what became of it.
pub async fn run(jobs: Jobs, queued: Queued, (lease, must_yield): (Lease, Arc<AtomicBool>), job: Job, taken: Option<Stretch>) {
    if queued.is_over(&job) {
        let outcome = bury(&jobs, &queued, lease, &job).await;
        if let Err(fault) = jobs.settle(lease, outcome).await {
            tracing::warn!(job = %job.id, %fault, "a job that is not begun again could not be ended; it is ended the next time");
        }
        return;
    }
    let _working = metrics::Working::begin();
    let began = Instant::now();
    let span = span_of(queued.kind, Some(&job));
    span.tell_before("job.claim", taken);
    let ended = MUST_YIELD.scope(must_yield, span.run_within((queued.run)(lease, job.clone()))).await;
    let has_failed = matches!(ended, Err(Failure::Hopeless(_) | Failure::Fault(_)));
    let took = began.elapsed();
    end(span, queued.kind, Some(&job), (has_failed, took));
    jobs.counters().ran(has_failed);
    metrics::job_ran(queued.kind, has_failed, took);
    let job = if ended.is_err() {
        let failures = lease.failures(jobs.database(), job.failures).await;
        Job { failures, ..job }
    } else {
        job
    };
    let now = jobs.clock().now();
    let outcome = match ended {
        Ok(()) => Outcome {
            state: State::Done,
            due_at: job.due_at,
            failures: 0,
            started_at: None,
            finished_at: Some(now),
            error: None,
            fault: None,
        },
        Err(Failure::Yielded) => Outcome { state: State::Waiting, due_at: now, finished_at: Some(now), ..as_is(&job) },
        Err(failure) => after_run(&jobs, &queued, &job, failure),
    };
    if let Err(fault) = jobs.settle(lease, outcome).await {
        tracing::warn!(job = %job.id, %fault, "what became of a job could not be written; it is run again");
    }
}

/// What becomes of a queued job whose run has failed. Where something is left to do of one that is not begun again, it is due for that at once; that is
/// put off if it fails.
pub fn after_run(jobs: &Jobs, queued: &Queued, job: &Job, failure: Failure) -> Outcome {
    let outcome = failed(jobs, job, queued.dead_after(), failure);
    let is_left = queued.bury.is_some() && outcome.state == State::Waiting && outcome.failures == queued.most_failures;
    Outcome { due_at: if is_left { jobs.clock().now() } else { outcome.due_at }, ..outcome }
}

/// What becomes of a job that has failed: another try later, or for a queued one the end.
pub fn failed(jobs: &Jobs, job: &Job, most_failures: Option<i64>, failure: Failure) -> Outcome {
    let (now, failures) = (jobs.clock().now(), job.failures + 1);
    let is_hopeless = matches!(failure, Failure::Hopeless(_)) || most_failures.is_some_and(|most| failures >= most);
    let (error, fault) = match &failure {
        Failure::Hopeless(why) => (Some(why.clone()), None),
        Failure::Fault(fault) => fault_texts(fault),
        Failure::Yielded => (job.error.clone(), None),
    };
    if is_hopeless {
        jobs.counters().died();
        tracing::error!(job = %job.id, tenant = %job.tenant, kind = job.kind, failures, %failure, "a job has failed for good");
    } else {
        tracing::warn!(job = %job.id, tenant = %job.tenant, kind = job.kind, failures, %failure, "a job failed; it is tried again");
    }
    Outcome {
        state: if is_hopeless { State::Dead } else { State::Waiting },
        due_at: now.plus_seconds(backoff_seconds(failures, random(jobs))),
        failures,
        started_at: None,
        finished_at: Some(now),
        error,
        fault,
    }
}

/// A fault of ours as its owners and as the operator may read it.
fn fault_texts(fault: &Fault) -> (Option<String>, Option<String>) {
    const MOST: usize = 1_000;
    let error =
        if fault.is_transient() { "the database was away or busy" } else { "a fault of ours, which the operator's log tells" };
    (Some(error.to_owned()), Some(fault.to_string().chars().take(MOST).collect()))
}

fn random(jobs: &Jobs) -> u8 {
    let mut byte = [0];
    jobs.clock().fill(&mut byte);
    byte[0]
}
