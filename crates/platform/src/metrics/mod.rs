//! What a node can say of itself in numbers. The one place that knows the names; rooms call a function each. Nothing is counted before
//! `install`, so that a node without a listener for figures pays for none.
//!
//! No label ever names a tenant, a member or a product: labels are words from lists of ours.

mod activity;
mod backups;
mod exemplars;
mod exports;
mod faults;
mod names;
mod open_metrics;
mod process;
mod replicas;
mod tls;
mod zero;

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use metrics::{Histogram, counter, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, PrometheusHandle};

pub use activity::{Working, work_done, worked};
pub use backups::{
    backup_drilled, backup_failures, backup_listing, backup_made, backup_schedule, log_shipped, log_shipping,
    log_shipping_begins, log_shipping_differs, log_shipping_failed, outgoing_held, revocations_listed,
};
pub use exports::export_run;
pub use faults::{faults, panicked, slow_operation, slow_statement};
pub use process::{Process, build_info, memory_limit, process, resident_bytes};
pub use replicas::{Used, database_failover, database_host, partitions_ahead, replica, replica_reads};
pub use tls::tls_expiry;

static COUNTS: AtomicBool = AtomicBool::new(false);
/// Observed for each item that a subscriber gets, of which there are more than of anything else: kept, and not looked up each time.
static STREAM_LAG: OnceLock<Histogram> = OnceLock::new();

fn counts() -> bool {
    COUNTS.load(Ordering::Relaxed)
}

/// The figures as Prometheus reads them.
#[derive(Clone)]
pub struct MetricsHandle(PrometheusHandle);

impl MetricsHandle {
    /// All of them, as text.
    pub fn text(&self) -> String {
        // Histograms gather what was observed since the last look only when somebody looks.
        self.0.run_upkeep();
        self.0.render()
    }

    /// What histograms have gathered is put away, so that a node that nobody reads the figures of does not grow.
    pub fn tidy(&self) {
        self.0.run_upkeep();
    }
}

/// Begins to count. Once a process.
pub fn install() -> Result<MetricsHandle, BuildError> {
    let handle = names::buckets()?.install_recorder()?;
    names::describe();
    zero::register();
    COUNTS.store(true, Ordering::Relaxed);
    Ok(MetricsHandle(handle))
}

/// Whether something was found where it was looked for first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    Hit,
    Miss,
}

impl Lookup {
    pub fn of<T>(found: Option<&T>) -> Self {
        if found.is_some() { Self::Hit } else { Self::Miss }
    }
}

/// A look into something remembered, named by what it remembers.
pub fn looked_up(cache: &'static str, lookup: Lookup) {
    if counts() {
        let result = match lookup {
            Lookup::Hit => "hit",
            Lookup::Miss => "miss",
        };
        counter!(names::CACHE, "cache" => cache, "result" => result).increment(1);
    }
}

/// A request over HTTP was answered, in this trace if it is recorded.
pub fn answered(method: &'static str, status: u16, took: Duration, trace_id: Option<u128>) {
    if counts() {
        let status = names::status(status);
        histogram!(names::REQUEST, "method" => method, "status" => status).record(took);
        exemplars::observed(names::REQUEST, &[("method", method), ("status", status)], took, trace_id);
    }
}

/// An operation ran, or was refused when it was about to.
pub fn operated(kind: &'static str, outcome: &'static str, took: Duration, trace_id: Option<u128>) {
    worked();
    if counts() {
        histogram!(names::OPERATION, "type" => kind, "outcome" => outcome).record(took);
        exemplars::observed(names::OPERATION, &[("type", kind), ("outcome", outcome)], took, trace_id);
    }
}

/// What an operation came to, in points.
pub fn cost(points: u32) {
    if counts() {
        histogram!(names::COST).record(f64::from(points));
    }
}

/// A document was refused before anything ran.
pub fn document_refused(code: &'static str) {
    if counts() {
        counter!(names::DOCUMENTS_REFUSED, "code" => code).increment(1);
    }
}

/// Refusals in the payloads of mutations.
pub fn user_errors(count: u32) {
    if counts() && count > 0 {
        counter!(names::USER_ERRORS).increment(u64::from(count));
    }
}

/// An operation used something deprecated. Coordinates are the schema's, of which there are as many as it has deprecated parts.
pub fn deprecated_use(coordinate: &str) {
    if counts() {
        counter!(names::DEPRECATED_USES, "coordinate" => coordinate.to_owned()).increment(1);
    }
}

/// A token or a key was looked at, or its absence.
pub fn admitted(outcome: &'static str) {
    if counts() {
        counter!(names::ADMISSIONS, "result" => outcome).increment(1);
    }
}

/// Somebody was kept out by a budget, or by a crowd of their own.
pub fn rate_limit_refused(code: &'static str) {
    if counts() {
        counter!(names::RATE_LIMIT_REFUSED, "code" => code).increment(1);
    }
}

/// A request was refused before it was read, as the node is in overload.
pub fn request_shed(reason: &'static str) {
    if counts() {
        counter!(names::REQUESTS_SHED, "reason" => reason).increment(1);
    }
}

/// How a batch of commands was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Decided ahead, written at a known head.
    Planned,
    /// Under locks.
    Locked,
}

impl Way {
    pub fn as_str(self) -> &'static str {
        if self == Self::Planned { "planned" } else { "locked" }
    }
}

/// A batch of commands was committed.
pub fn batch(way: Way, commands: usize, took: Duration, trace_id: Option<u128>) {
    if counts() {
        let way = way.as_str();
        histogram!(names::BATCH_SIZE, "way" => way).record(commands as f64);
        histogram!(names::BATCH_SECONDS, "way" => way).record(took);
        exemplars::observed(names::BATCH_SECONDS, &[("way", way)], took, trace_id);
    }
}

/// Somebody else wrote first, and a batch has to be decided again.
pub fn batch_overtaken() {
    if counts() {
        counter!(names::BATCH_OVERTAKEN).increment(1);
    }
}

/// A command found its lane full.
pub fn lane_full() {
    if counts() {
        counter!(names::LANE_FULL).increment(1);
    }
}

/// A batch could not be planned ahead, or not be written as it was planned.
pub fn batch_unplanned() {
    if counts() {
        counter!(names::BATCH_UNPLANNED).increment(1);
    }
}

/// A lane went on without a tenant whose batch takes long.
pub fn tenant_set_aside() {
    if counts() {
        counter!(names::SET_ASIDE).increment(1);
    }
}

/// Commands that wait in a lane, and tenants that are set aside there.
pub fn lane(lane: usize, waiting: usize, aside: usize) {
    if counts() {
        gauge!(names::LANE, "lane" => lane.to_string()).set(waiting as f64);
        gauge!(names::ASIDE, "lane" => lane.to_string()).set(aside as f64);
    }
}

/// Jobs of this process since its start: runs that went well and that failed, dead letters, those taken over, and those held now.
pub fn jobs(ran: u64, failed: u64, died: u64, taken_over: u64, held: u64) {
    if counts() {
        counter!(names::JOB_RUNS, "result" => "done").absolute(ran);
        counter!(names::JOB_RUNS, "result" => "failed").absolute(failed);
        counter!(names::JOBS_DIED).absolute(died);
        counter!(names::JOBS_TAKEN_OVER).absolute(taken_over);
        gauge!(names::JOBS_HELD).set(held as f64);
    }
}

/// A run of a job ended in this process.
pub fn job_ran(job: &'static str, is_failed: bool, took: Duration) {
    if counts() {
        let result = if is_failed { "failed" } else { "done" };
        histogram!(names::JOB_SECONDS, "job" => job, "result" => result).record(took);
    }
}

/// Attempts to deliver to webhook endpoints since the start, and endpoints disabled by them.
pub fn webhooks(delivered: u64, failed: u64, disabled: u64) {
    if counts() {
        counter!(names::WEBHOOK_ATTEMPTS, "result" => "delivered").absolute(delivered);
        counter!(names::WEBHOOK_ATTEMPTS, "result" => "failed").absolute(failed);
        counter!(names::WEBHOOKS_DISABLED).absolute(disabled);
    }
}

/// Statements sent to the database since the start.
pub fn statements(count: u64) {
    if counts() {
        counter!(names::STATEMENTS).absolute(count);
    }
}

/// A pool of connections to the database: those that are open, and those of them that do nothing.
pub fn pool(pool: &'static str, open: usize, idle: usize, most: usize) {
    if counts() {
        gauge!(names::POOL_OPEN, "pool" => pool).set(open as f64);
        gauge!(names::POOL_IDLE, "pool" => pool).set(idle as f64);
        gauge!(names::POOL_MOST, "pool" => pool).set(most as f64);
    }
}

/// How far the journal is ahead of what followers on this node have been told, in events: of the tenant where that is most.
pub fn journal_lag(events: i64) {
    if counts() {
        gauge!(names::JOURNAL_LAG).set(events as f64);
    }
}

/// Tenants whose journal somebody follows on this node.
pub fn followed(tenants: usize) {
    if counts() {
        gauge!(names::FOLLOWED).set(tenants as f64);
    }
}

/// A change of another node was heard of by the poll alone: its hint was lost or is late.
pub fn found_by_poll() {
    if counts() {
        counter!(names::FOUND_BY_POLL).increment(1);
    }
}

/// A hint to or from other nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    Sent,
    Heard,
    /// It could not be sent, or came faster than it could be taken.
    Lost,
}

pub fn hints(hint: Hint, count: u64) {
    if counts() && count > 0 {
        let what = match hint {
            Hint::Sent => "sent",
            Hint::Heard => "heard",
            Hint::Lost => "lost",
        };
        counter!(names::HINTS, "what" => what).increment(count);
    }
}

/// Whether this node is connected to the Redis that it shares with others.
pub fn redis(is_up: Connected) {
    if counts() {
        gauge!(names::REDIS).set(if is_up == Connected::Yes { 1.0 } else { 0.0 });
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connected {
    Yes,
    No,
}

/// An item of a stream was handed to its connection, so long after what it tells was recorded. Where nothing is counted nobody reads the time.
pub fn stream_item(lag: impl FnOnce() -> Duration, trace_id: Option<u128>) {
    worked();
    if counts() {
        let lag = lag();
        STREAM_LAG.get_or_init(|| histogram!(names::STREAM_LAG)).record(lag);
        exemplars::observed(names::STREAM_LAG, &[], lag, trace_id);
    }
}

/// A stream ended because it could not be gone on with.
pub fn stream_reset(reason: &'static str) {
    if counts() {
        counter!(names::STREAM_RESETS, "reason" => reason).increment(1);
    }
}

/// Where a stream finds what it has missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missed {
    InMemory,
    InJournal,
}

/// A stream began to read up what it had missed.
pub fn stream_catchup(missed: Missed) {
    if counts() {
        let from = match missed {
            Missed::InMemory => "memory",
            Missed::InJournal => "journal",
        };
        counter!(names::STREAM_CATCHUPS, "from" => from).increment(1);
    }
}

/// A socket was turned away before its handshake.
pub fn socket_turned_away() {
    if counts() {
        counter!(names::TURNED_AWAY).increment(1);
    }
}

/// Something that is open now, counted until it is dropped.
#[derive(Debug)]
pub struct Open(&'static str);

impl Open {
    pub fn socket() -> Self {
        Self::begin(names::SOCKETS)
    }

    pub fn subscription() -> Self {
        Self::begin(names::SUBSCRIPTIONS)
    }

    /// A subscription that is worked out, for one subscriber or for all who ask for the same.
    pub fn execution() -> Self {
        Self::begin(names::EXECUTIONS)
    }

    fn begin(name: &'static str) -> Self {
        if counts() {
            gauge!(name).increment(1.0);
        }
        Self(name)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if counts() {
            gauge!(self.0).decrement(1.0);
        }
    }
}
