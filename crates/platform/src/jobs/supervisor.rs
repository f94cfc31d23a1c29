//! A worker: takes jobs, runs them, sends heartbeats, and stops jobs that it no longer holds.

use std::{
    collections::HashMap,
    future::Future,
    pin::pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use entity::prelude::*;
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout},
};

use super::{
    core::{HeartbeatMonitor, Job, MAX_DEATHS, State, backoff_seconds, choose_worker},
    queue_order::{self, JobScheduler, Running},
    registry::Registry,
    rows::Outcome,
    run::{Note, failure_outcome, keep, outcome_of_failure, run, running_outcome},
    shell::{Claim, Failure, Jobs, Lease, SchedulerSnapshot},
};
use crate::{clock, storage::Fault, traces::TimeSpan};

/// Time until a silent worker's jobs are taken over, and interval at which the table is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    pub lease: Duration,
    pub look: Duration,
}
impl Default for Terms {
    fn default() -> Self {
        Self { lease: Duration::from_secs(10), look: Duration::from_secs(1) }
    }
}

/// Interval at which the state of a standing job is written. It is written at once when the job
/// begins to fail or recovers.
const STATE_WRITE_INTERVAL: Duration = Duration::from_secs(10);

/// Delay between the first runs of standing jobs that are taken together: run at once, each would
/// open a connection of its own, for good.
const FIRST_RUN_STAGGER: Duration = Duration::from_millis(20);

struct RunningJob {
    lease: Lease,
    job: Job,
    task: JoinHandle<()>,
    note: Option<Arc<Mutex<Note>>>,
    started: Instant,
    /// Whether others wait for its place.
    must_yield: Arc<AtomicBool>,
}

struct Worker {
    jobs: Jobs,
    registry: Registry,
    terms: Terms,
    id: WorkerId,
    started: Instant,
    /// Time when the last heartbeat that arrived was sent.
    beat_at: Instant,
    held: HashMap<JobId, RunningJob>,
    watch_jobs: HeartbeatMonitor<JobId>,
    watch_workers: HeartbeatMonitor<WorkerId>,
    stale_workers: Vec<(WorkerId, i64)>,
    /// Time when the table was last read.
    seen_at: Instant,
    /// True if the next queued jobs are those that were running when a worker died.
    is_suspects_turn: bool,
}

impl Jobs {
    /// Works until `stop` is done; then releases its jobs.
    pub async fn work(self, registry: Registry, terms: Terms, stop: impl Future<Output = ()>) {
        let (id, now) = (self.clock().id(), Instant::now());
        let mut worker = Worker {
            jobs: self,
            registry,
            terms,
            id,
            started: now,
            beat_at: now,
            held: HashMap::new(),
            watch_jobs: HeartbeatMonitor::new(),
            watch_workers: HeartbeatMonitor::new(),
            stale_workers: Vec::new(),
            seen_at: now,
            is_suspects_turn: true,
        };
        let mut stop = pin!(stop);
        let mut is_planted = false;
        loop {
            if let Err(fault) = worker.run_turn(&mut is_planted).await {
                tracing::warn!(%fault, "a round of a worker failed; it is retried");
            }
            tokio::select! {
                () = &mut stop => break,
                () = clock::sleep(terms.look) => {}
            }
        }
        worker.abort_all_jobs().await;
        if let Err(fault) = worker.jobs.deregister_worker(id).await {
            tracing::warn!(%fault, "a worker could not release its jobs; other workers take them when its heartbeats are missed");
        }
    }
}

impl Worker {
    async fn run_turn(&mut self, is_planted: &mut bool) -> Result<(), Fault> {
        if !*is_planted {
            let kinds: Vec<_> = self
                .registry
                .periodic
                .iter()
                .map(|periodic_job| (periodic_job.kind, periodic_job.every.as_millis() as i64))
                .collect();
            self.jobs.ensure_periodic_jobs(kinds).await?;
            self.beat().await?;
            *is_planted = true;
        }
        self.reap().await?;
        let beat_result = if self.beat_at.elapsed() >= self.terms.lease / 4 { self.beat().await } else { Ok(()) };
        // We stop our jobs well before another worker may consider this one dead.
        if self.beat_at.elapsed() >= self.terms.lease * 3 / 4 {
            self.abort_all_jobs().await;
        }
        beat_result?;
        self.look().await
    }

    /// Limits a request's time: a database that does not answer must not keep us from noticing that
    /// our lease is over.
    async fn with_timeout<T>(&self, request: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let result = timeout(self.terms.lease / 4, request).await;
        result.unwrap_or_else(|_| Err(Fault::Broken("the database did not answer in time".to_owned())))
    }

    async fn beat(&mut self) -> Result<(), Fault> {
        let sent_at = Instant::now();
        let mut notes = Vec::new();
        for running_job in self.held.values() {
            let Some(note) = &running_job.note else { continue };
            let mut note = note.lock().unwrap_or_else(PoisonError::into_inner);
            if note.is_new || note.written_at.is_none_or(|last_write| last_write.elapsed() >= STATE_WRITE_INTERVAL) {
                (note.is_new, note.written_at) = (false, Some(sent_at));
                notes.push((running_job.lease, note.outcome.clone()));
            }
        }
        let stale_workers = std::mem::take(&mut self.stale_workers);
        let own_leases = self.with_timeout(self.jobs.beat(self.id, notes, stale_workers)).await?;
        self.beat_at = sent_at;
        self.held.retain(|id, running_job| {
            let is_own = own_leases.contains(&(*id, running_job.lease.0.token));
            if !is_own {
                running_job.task.abort();
            }
            is_own
        });
        self.jobs.counters().set_held_jobs(self.held.len());
        Ok(())
    }

    /// Removes tasks that have ended. A task that returned has written its outcome; for one that
    /// panicked it is written here.
    async fn reap(&mut self) -> Result<(), Fault> {
        let finished: Vec<JobId> =
            self.held.iter().filter(|(_, running_job)| running_job.task.is_finished()).map(|(id, _)| *id).collect();
        for id in finished {
            let Some(running_job) = self.held.remove(&id) else { continue };
            let Err(join_error) = running_job.task.await else { continue };
            if join_error.is_panic() {
                tracing::error!(job = %id, kind = running_job.job.kind, "a job broke");
                self.jobs.counters().count_run(true);
                let queued = self.registry.queued.iter().find(|candidate| candidate.kind == running_job.job.kind);
                let failure = Failure::Fault(Fault::Broken("it panicked while it ran".to_owned()));
                let (lease, claimed_failures) = (running_job.lease, running_job.job.failures);
                let failures =
                    self.with_timeout(async { Ok(lease.failures(self.jobs.database(), claimed_failures).await) }).await?;
                let job = Job { failures, ..running_job.job };
                let outcome = match queued {
                    Some(queued) => outcome_of_failure(&self.jobs, queued, &job, failure),
                    None => failure_outcome(&self.jobs, &job, None, failure),
                };
                self.with_timeout(self.jobs.settle(lease, outcome)).await?;
            }
        }
        Ok(())
    }

    async fn look(&mut self) -> Result<(), Fault> {
        let SchedulerSnapshot { workers, periodic, running, waiting, on_hold } =
            self.with_timeout(self.jobs.look(self.registry.outgoing)).await?;
        // A worker that has not read the table for so long cannot tell which others were silent.
        if self.seen_at.elapsed() >= self.terms.lease {
            (self.watch_jobs, self.watch_workers) = (HeartbeatMonitor::new(), HeartbeatMonitor::new());
        }
        self.seen_at = Instant::now();
        let (now, lease) = (self.started.elapsed().as_millis() as u64, self.terms.lease.as_millis() as u64);
        let (id, watch) = (self.id, &mut self.watch_workers);
        let (live, stale_workers): (Vec<_>, Vec<_>) =
            workers.into_iter().partition(|(worker, beat)| *worker == id || watch.silent_millis(*worker, 0, *beat, now) < lease);
        let live: Vec<WorkerId> = live.into_iter().map(|(worker, _)| worker).collect();
        self.stale_workers = stale_workers;
        let (mut to_claim, mut to_release, mut ready, mut orphaned) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let everywhere = queue_order::loads(&running, &live, on_hold);
        let mut listed_ids: Vec<JobId> = Vec::with_capacity(periodic.len() + running.len() + waiting.len());
        for job in periodic.into_iter().chain(running).chain(waiting) {
            listed_ids.push(job.id);
            let silent_for = self.watch_jobs.silent_millis(job.id, job.token, job.beat, now);
            let is_known = self.registry.has_kind(&job.kind);
            let (is_standing, is_held) = (job.period.is_some(), on_hold.iter().any(|kind| *kind == job.kind));
            let best_worker = choose_worker(&live, job.id);
            if self.held.contains_key(&job.id) {
                if is_standing && (is_held || best_worker.is_some_and(|candidate| candidate != self.id)) {
                    to_release.push(job.id);
                }
                continue;
            }
            let is_free = match job.state {
                State::Waiting => true,
                State::Running => job.owner == Some(self.id) || silent_for >= lease,
                State::Done | State::Dead => false,
            };
            // A worker that should hold a job and does not take it may not know its kind: then any
            // worker may. A job that runs in our name and was not handed over sends heartbeats with
            // us, so no other worker ever takes it.
            let is_mine = !is_standing || best_worker == Some(self.id) || job.owner == Some(self.id) || silent_for >= 2 * lease;
            if is_held || !(is_known && is_free && is_mine) {
                continue;
            }
            let is_orphaned = job.state == State::Running && job.owner != Some(self.id);
            match is_standing {
                true => to_claim.push(job),
                false if is_orphaned => orphaned.push(job),
                // A job that is not started again needs no place.
                false if job.deaths >= MAX_DEATHS => to_claim.push(job),
                false => ready.push(job),
            }
        }
        self.watch_jobs.keep(&listed_ids);
        self.release_standing_jobs(to_release).await?;
        self.requeue_orphaned_jobs(&orphaned).await?;
        to_claim.extend(self.next(ready, &everywhere));
        let (claims, claim_span) = Box::pin(TimeSpan::of(self.with_timeout(self.jobs.take(self.id, to_claim)))).await;
        for (position, claim) in (0..).zip(claims?) {
            self.begin(claim, claim_span, FIRST_RUN_STAGGER * position);
        }
        self.jobs.counters().set_held_jobs(self.held.len());
        Ok(())
    }

    /// Returns the queued jobs to start next; asks a running job to yield if others need its place.
    fn next(&mut self, ready: Vec<Job>, everywhere: &HashMap<TenantId, usize>) -> Vec<Job> {
        let queued = self.held.values().filter(|running_job| running_job.note.is_none());
        let running: Vec<Running> = queued
            .map(|running_job| Running {
                id: running_job.job.id,
                tenant: running_job.job.tenant,
                is_suspect: running_job.job.deaths > 0,
                age: running_job.started.elapsed().as_millis() as u64,
            })
            .collect();
        let min_age = self.terms.lease.as_millis() as u64;
        let JobScheduler { taken, yields } = queue_order::next(ready, &running, everywhere, (min_age, self.is_suspects_turn));
        if let Some(first) = taken.first() {
            self.is_suspects_turn = first.deaths == 0;
        }
        if let Some(running_job) = yields.and_then(|id| self.held.get(&id)) {
            running_job.must_yield.store(true, Ordering::Relaxed);
        }
        taken
    }

    /// Sets jobs whose worker shows no life back to waiting.
    async fn requeue_orphaned_jobs(&self, orphaned: &[Job]) -> Result<(), Fault> {
        for _ in 0..self.with_timeout(self.jobs.requeue_orphaned(orphaned)).await? {
            self.jobs.counters().count_takeover();
        }
        for job in orphaned {
            tracing::warn!(job = %job.id, kind = job.kind, deaths = job.deaths + 1, "the worker of a job no longer responds");
        }
        Ok(())
    }

    /// Releases standing jobs to the workers that should hold them, or while their kinds are on
    /// hold.
    async fn release_standing_jobs(&mut self, jobs: Vec<JobId>) -> Result<(), Fault> {
        for id in jobs {
            let Some(running_job) = self.held.remove(&id) else { continue };
            running_job.task.abort();
            // The job has stopped before another worker may begin it.
            let _ = running_job.task.await;
            let note = running_job.note.as_ref().map(|note| note.lock().unwrap_or_else(PoisonError::into_inner).outcome.clone());
            let Some(outcome) = note else { continue };
            self.with_timeout(self.jobs.settle(running_job.lease, Outcome { state: State::Waiting, ..outcome })).await?;
        }
        Ok(())
    }

    /// Starts a job: a standing job after `wait`, a queued one at once. `claim_span` is the time that
    /// taking it took.
    fn begin(&mut self, claim: Claim, claim_span: Option<TimeSpan>, wait: Duration) {
        let Claim { job, lease } = claim;
        let (start, must_yield) = (Instant::now(), Arc::new(AtomicBool::new(false)));
        // One during which worker after worker died is not begun at once.
        let pause = if job.deaths > 0 { backoff_seconds(job.deaths, 0).unsigned_abs() } else { 0 };
        let wait = wait + Duration::from_secs(if job.state == State::Running { pause } else { 0 });
        if job.state == State::Running {
            self.jobs.counters().count_takeover();
            tracing::warn!(job = %job.id, kind = job.kind, "a job was taken from a worker that no longer responds");
        }
        let jobs = self.jobs.clone();
        if let Some(periodic) = self.registry.periodic.iter().find(|candidate| candidate.kind == job.kind).cloned() {
            let note = Arc::new(Mutex::new(Note { outcome: running_outcome(&job), is_new: false, written_at: None }));
            let task_note = note.clone();
            let task = tokio::spawn(async move {
                clock::sleep(wait).await;
                keep(jobs, periodic, lease, task_note).await;
            });
            self.held.insert(job.id, RunningJob { lease, job, task, note: Some(note), started: start, must_yield });
        } else if let Some(queued) = self.registry.queued.iter().find(|candidate| candidate.kind == job.kind).cloned() {
            let task = tokio::spawn(run(jobs, queued, (lease, must_yield.clone()), job.clone(), claim_span));
            self.held.insert(job.id, RunningJob { lease, job, task, note: None, started: start, must_yield });
        }
    }

    /// Stops all running jobs, and waits until they have stopped.
    async fn abort_all_jobs(&mut self) {
        self.held.values().for_each(|running_job| running_job.task.abort());
        for (_, running_job) in self.held.drain() {
            let _ = running_job.task.await;
        }
        self.jobs.counters().set_held_jobs(0);
    }
}

impl Drop for Worker {
    /// Dropping a worker stops its jobs.
    fn drop(&mut self) {
        self.held.values().for_each(|running_job| running_job.task.abort());
    }
}
