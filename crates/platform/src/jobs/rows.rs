//! Jobs and workers as rows.

use std::iter;

use entity::{
    prelude::*,
    record::{Record, Selected, TableRecord},
    tables::{job, job_worker},
};
use sea_orm::Value;

use super::{
    core::{Job, MAX_BACKOFF_SECONDS, State},
    horizon::Horizon,
};
use crate::{
    storage::{Fault, Finds, Global, GlobalReads, GlobalWork, LockOrder, Reads, Row, SUSPENDED, Work, word},
    traces,
};

/// Time between now and the moment of a queued job: the longest pause after a failure with its jitter, and some for clocks that differ.
const QUEUE_HORIZON: Horizon = Horizon::of_seconds(2 * MAX_BACKOFF_SECONDS);

#[derive(Record)]
#[record(of = job)]
struct JobRow {
    tenant_id: TenantId,
    id: JobId,
    kind: String,
    period: Option<i64>,
    payload: String,
    state: String,
    due_at: Timestamp,
    owner: Option<WorkerId>,
    token: i64,
    beat: i64,
    failures: i64,
    deaths: i64,
    started_at: Option<Timestamp>,
    finished_at: Option<Timestamp>,
    error: Option<String>,
    fault: Option<String>,
    created_at: Timestamp,
}

impl TryFrom<JobRow> for Job {
    type Error = Fault;
    fn try_from(row: JobRow) -> Result<Self, Fault> {
        Ok(Self {
            tenant: row.tenant_id,
            id: row.id,
            kind: row.kind,
            period: row.period,
            payload: row.payload,
            state: word("job", &row.state, State::parse)?,
            due_at: row.due_at,
            owner: row.owner,
            token: row.token,
            beat: row.beat,
            failures: row.failures,
            deaths: row.deaths,
            started_at: row.started_at,
            finished_at: row.finished_at,
            error: row.error,
            fault: row.fault,
            created_at: row.created_at,
        })
    }
}

/// Returns the jobs of all tenants that `tail_sql` selects: SQL after the select list of the table
/// `alias`.
async fn jobs_of_all_tenants(global: &Global, alias: &str, tail_sql: &str, values: Vec<Value>) -> Result<Vec<Job>, Fault> {
    let sql = format!("SELECT {} {tail_sql}", JobRow::select(alias));
    global.records::<JobRow>(&sql, values).await?.into_iter().map(Job::try_from).collect()
}

/// The deployment's standing jobs.
pub async fn periodic(global: &Global) -> Result<Vec<Job>, Fault> {
    jobs_of_all_tenants(global, "job", "FROM job WHERE period IS NOT NULL ORDER BY kind", vec![]).await
}

/// Queued jobs that workers hold, the oldest first. A moment that only a clock ahead can have set has come.
pub async fn load_running(global: &Global, now: Timestamp, limit: i64) -> Result<Vec<Job>, Fault> {
    let (is_due, moments) = QUEUE_HORIZON.due_condition("due_at", now, 2);
    let tail_sql =
        format!("FROM job WHERE period IS NULL AND state = 'RUNNING' AND {is_due} ORDER BY due_at, tenant_id, id LIMIT $1");
    let values = iter::once(limit.into()).chain(moments).collect();
    jobs_of_all_tenants(global, "job", &tail_sql, values).await
}

/// Returns queued jobs that are due: first the oldest one of each tenant, then the next one of
/// each, and so on, so that one tenant's many jobs do not hide those of others. Jobs of suspended
/// tenants and of the kinds `on_hold` are left out.
pub async fn load_waiting(global: &Global, now: Timestamp, limit: i64, on_hold: &[&str]) -> Result<Vec<Job>, Fault> {
    let (is_due, moments) = QUEUE_HORIZON.due_condition("j.due_at", now, 2);
    let mut values: Vec<Value> = iter::once(limit.into()).chain(moments).collect();
    let hold_condition = if on_hold.is_empty() {
        String::new()
    } else {
        values.push(global.backend().texts(on_hold.iter().copied()));
        format!(" AND NOT ({})", global.backend().in_texts("j.kind", values.len()))
    };
    let tail_sql = format!(
        "FROM (SELECT j.*, row_number() OVER (PARTITION BY j.tenant_id ORDER BY j.due_at, j.id) AS turn FROM job j
           WHERE j.period IS NULL AND j.state = 'WAITING' AND {is_due} AND j.tenant_id NOT IN {SUSPENDED}{hold_condition}) q
         ORDER BY turn, due_at, tenant_id, id LIMIT $1"
    );
    jobs_of_all_tenants(global, "q", &tail_sql, values).await
}

/// Order of locks on jobs of a tenant, and on those that a worker holds.
pub const LOCKS: LockOrder = LockOrder::for_change("job", "id");
/// The jobs that the worker `$1` holds.
const HELD_BY_WORKER: &str = "owner = $1 AND state = 'RUNNING'";

/// Sets the held jobs of a tenant back to waiting; the workers then find that they no longer hold
/// them. Returns their count.
pub async fn release_held_jobs(work: &Work) -> Result<u64, Fault> {
    let condition = "period IS NULL AND state = 'RUNNING'";
    work.lock_in_order(LOCKS, condition, vec![]).await?;
    work.execute(&format!("UPDATE job SET state = 'WAITING', owner = NULL WHERE tenant_id = $1 AND {condition}"), vec![]).await
}

/// A page of a tenant's own jobs.
pub async fn page(reads: &impl Reads, conditions: &str, order: &str, values: Vec<Value>) -> Result<Vec<Job>, Fault> {
    let sql = format!("SELECT {} FROM job WHERE tenant_id = $1{conditions}{order}", JobRow::select("job"));
    reads.records::<JobRow>(&sql, values).await?.into_iter().map(Job::try_from).collect()
}

pub async fn by_id(reads: &impl Reads, id: JobId) -> Result<Option<Job>, Fault> {
    Ok(page(reads, " AND id = $2", "", vec![id.into()]).await?.pop())
}

/// Whether a job of this kind with this payload waits or runs, whatever trace its payload carries.
pub async fn is_open(reads: &impl Reads, kind: &str, payload: &str) -> Result<bool, Fault> {
    let prefix = traces::payload_opening(payload);
    let sql = "SELECT 1 FROM job WHERE tenant_id = $1 AND kind = $2 AND state IN ('WAITING', 'RUNNING')
               AND (payload = $3 OR substr(payload, 1, CAST($4 AS integer)) = $5) LIMIT 1";
    let length = prefix.chars().count() as i64;
    Ok(!reads.rows(sql, vec![kind.into(), payload.into(), length.into(), prefix.into()]).await?.is_empty())
}

/// Columns of a new job, which no worker holds.
#[derive(Record)]
#[record(of = job)]
struct NewJob {
    id: JobId,
    kind: String,
    period: Option<i64>,
    payload: String,
    state: String,
    due_at: Timestamp,
    created_at: Timestamp,
}

pub async fn add(work: &Work, new: &Job) -> Result<(), Fault> {
    let row = NewJob {
        id: new.id,
        kind: new.kind.clone(),
        period: new.period,
        payload: new.payload.clone(),
        state: State::Waiting.as_str().to_owned(),
        due_at: new.due_at,
        created_at: new.created_at,
    };
    work.insert_or_ignore(row).await.map(drop)
}

/// A dead job waits again.
pub async fn revive(work: &Work, id: JobId, now: Timestamp) -> Result<u64, Fault> {
    let sql = "UPDATE job SET state = 'WAITING', due_at = $3, failures = 0, deaths = 0 WHERE tenant_id = $1 AND id = $2 AND state = 'DEAD'";
    work.execute(sql, vec![id.into(), now.micros().into()]).await
}

/// Returns the job with this ID, of any tenant.
pub async fn find_across_tenants(global: &Global, id: JobId) -> Result<Option<Job>, Fault> {
    Ok(jobs_of_all_tenants(global, "job", "FROM job WHERE id = $1", vec![id.into()]).await?.pop())
}

/// Returns queued jobs in these states, of all tenants or of one, in the order in which they are
/// due.
pub async fn list_across_tenants(
    global: &Global,
    tenant: Option<TenantId>,
    states: &[State],
    limit: i64,
) -> Result<Vec<Job>, Fault> {
    let backend = global.backend();
    let tenant_condition = if tenant.is_some() { " AND tenant_id = $3" } else { "" };
    let tail_sql = format!(
        "FROM job WHERE period IS NULL AND {}{tenant_condition} ORDER BY due_at, tenant_id, id LIMIT $2",
        backend.in_texts("state", 1)
    );
    let mut values = vec![backend.texts(states.iter().map(|state| state.as_str())), limit.into()];
    values.extend(tenant.map(Value::from));
    jobs_of_all_tenants(global, "job", &tail_sql, values).await
}

/// Makes a queued job that waits or runs dead, and returns whether there was one. The worker that
/// holds it finds that it no longer does.
pub async fn abandon(work: &Work, id: JobId, error: &str, now: Timestamp) -> Result<bool, Fault> {
    let sql = "UPDATE job SET state = 'DEAD', owner = NULL, error = $3, finished_at = $4 WHERE tenant_id = $1 AND id = $2 AND period IS NULL
               AND state IN ('WAITING', 'RUNNING')";
    Ok(work.execute(sql, vec![id.into(), error.into(), now.micros().into()]).await? == 1)
}

/// Takes a job if its row is still as it was read; returns whether it was.
pub async fn take(work: &GlobalWork, job: &Job, worker: WorkerId, now: Timestamp) -> Result<bool, Fault> {
    // The death of a standing job's worker is counted only here.
    let sql = "UPDATE job SET state = 'RUNNING', owner = $3, token = token + 1, beat = 0, started_at = $4,
               deaths = CASE WHEN period IS NOT NULL AND state = 'RUNNING' AND owner <> $3 THEN deaths + 1 ELSE deaths END
               WHERE tenant_id = $1 AND id = $2 AND token = $5 AND beat = $6 AND state = $7";
    let values = vec![
        job.tenant.into(),
        job.id.into(),
        worker.into(),
        now.micros().into(),
        job.token.into(),
        job.beat.into(),
        job.state.as_str().into(),
    ];
    Ok(work.change(sql, values).await? == 1)
}

/// Sets a job whose worker shows no life back to waiting if its row is still as it was read;
/// returns whether it was.
pub async fn requeue_orphaned(work: &GlobalWork, job: &Job, due_at: Timestamp, error: &str) -> Result<bool, Fault> {
    let sql =
        "UPDATE job SET state = 'WAITING', owner = NULL, failures = failures + 1, deaths = deaths + 1, due_at = $5, error = $6
               WHERE tenant_id = $1 AND id = $2 AND token = $3 AND beat = $4 AND state = 'RUNNING'";
    let values = vec![job.tenant.into(), job.id.into(), job.token.into(), job.beat.into(), due_at.micros().into(), error.into()];
    Ok(work.change(sql, values).await? == 1)
}

/// Records that a job has made progress: earlier failures are unrelated to later ones.
pub async fn record_progress(work: &Work, held: HeldJob) -> Result<(), Fault> {
    let sql = "UPDATE job SET failures = 0, deaths = 0 WHERE tenant_id = $1 AND id = $2 AND owner = $3 AND token = $4
               AND (failures > 0 OR deaths > 0)";
    work.execute(sql, vec![held.id.into(), held.worker.into(), held.token.into()]).await.map(drop)
}

/// Outcome of a run.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub state: State,
    pub due_at: Timestamp,
    pub failures: i64,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    pub error: Option<String>,
    pub fault: Option<String>,
}

/// Writes an outcome if the worker still holds the job by this token; returns whether it does.
pub async fn write(work: &GlobalWork, held: HeldJob, outcome: &Outcome) -> Result<bool, Fault> {
    let owner = (outcome.state == State::Running).then_some(held.worker);
    let sql = "UPDATE job SET state = $5, owner = $6, due_at = $7, failures = $8, started_at = coalesce($9, started_at),
               finished_at = coalesce($10, finished_at), error = $11, fault = $12, deaths = CASE WHEN $10 IS NULL THEN deaths ELSE 0 END
               WHERE tenant_id = $1 AND id = $2 AND owner = $3 AND token = $4 AND state = 'RUNNING'";
    let values = vec![
        held.tenant.into(),
        held.id.into(),
        held.worker.into(),
        held.token.into(),
        outcome.state.as_str().into(),
        owner.into(),
        outcome.due_at.micros().into(),
        outcome.failures.into(),
        outcome.started_at.map(Timestamp::micros).into(),
        outcome.finished_at.map(Timestamp::micros).into(),
        outcome.error.clone().into(),
        outcome.fault.clone().into(),
    ];
    Ok(work.change(sql, values).await? == 1)
}

/// A job that a worker holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeldJob {
    pub tenant: TenantId,
    pub id: JobId,
    pub worker: WorkerId,
    pub token: i64,
}

#[derive(Record)]
#[record(of = job, alias = "job")]
struct HeldRow {
    id: JobId,
    token: i64,
}

/// Writes the heartbeat of a worker and its jobs; returns the jobs that it holds, by ID and token.
pub async fn beat(work: &GlobalWork, worker: WorkerId, now: Timestamp) -> Result<Vec<(JobId, i64)>, Fault> {
    let sql = "INSERT INTO job_worker (id, started_at) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET beat = job_worker.beat + 1";
    work.change(sql, vec![worker.into(), now.micros().into()]).await?;
    work.lock_in_order(LOCKS, HELD_BY_WORKER, vec![worker.into()]).await?;
    let sql = format!("UPDATE job SET beat = beat + 1 WHERE {HELD_BY_WORKER} RETURNING {}", HeldRow::SELECT);
    let rows = work.records::<HeldRow>(&sql, vec![worker.into()]).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.token)).collect())
}

#[derive(Record)]
#[record(of = job_worker, alias = "job_worker")]
struct WorkerRow {
    id: WorkerId,
    beat: i64,
}

/// Returns the workers, with their heartbeats.
pub async fn workers(global: &Global) -> Result<Vec<(WorkerId, i64)>, Fault> {
    let sql = format!("SELECT {} FROM job_worker ORDER BY id", WorkerRow::SELECT);
    let rows = global.records::<WorkerRow>(&sql, vec![]).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.beat)).collect())
}

/// Removes a worker, unless it has sent a heartbeat since.
pub async fn remove_stale_worker(work: &GlobalWork, worker: WorkerId, beat: i64) -> Result<(), Fault> {
    work.change("DELETE FROM job_worker WHERE id = $1 AND beat = $2", vec![worker.into(), beat.into()]).await?;
    Ok(())
}

/// Releases the jobs of a worker that stops, and removes the worker.
pub async fn deregister_worker(work: &GlobalWork, worker: WorkerId) -> Result<(), Fault> {
    work.lock_in_order(LOCKS, HELD_BY_WORKER, vec![worker.into()]).await?;
    let sql = format!("UPDATE job SET state = 'WAITING', owner = NULL WHERE {HELD_BY_WORKER}");
    work.change(&sql, vec![worker.into()]).await?;
    work.change("DELETE FROM job_worker WHERE id = $1", vec![worker.into()]).await?;
    Ok(())
}

/// Whether the worker still holds the job; locks its row until the transaction ends, so that no
/// other worker takes it meanwhile.
pub async fn is_held(work: &Work, held: HeldJob) -> Result<bool, Fault> {
    let lock = work.backend().for_update("j");
    let sql =
        format!("SELECT 1 FROM job j WHERE $1 = $1 AND j.tenant_id = $2 AND j.id = $3 AND j.owner = $4 AND j.token = $5{lock}");
    let values = vec![held.tenant.into(), held.id.into(), held.worker.into(), held.token.into()];
    Ok(!work.rows(&sql, values).await?.is_empty())
}

/// Deletes at most `limit` jobs that ended well before a moment; returns their count.
pub async fn clear(work: &Work, before: Timestamp, limit: i64) -> Result<u64, Fault> {
    let sql = "DELETE FROM job WHERE tenant_id = $1 AND id IN (SELECT id FROM job WHERE tenant_id = $1 AND state = 'DONE'
               AND finished_at < $2 ORDER BY finished_at LIMIT $3)";
    work.execute(sql, vec![before.micros().into(), limit.into()]).await
}

/// The tenants that have such jobs.
pub async fn tenants_to_clear(global: &Global, before: Timestamp) -> Result<Vec<TenantId>, Fault> {
    let sql = "SELECT DISTINCT tenant_id FROM job WHERE state = 'DONE' AND finished_at < $1";
    global.rows(sql, vec![before.micros().into()]).await?.iter().map(Row::scalar).collect()
}
