//! Metrics of a node. Only this module knows their names; rooms call a function each. Nothing is counted before `install`, so a node without a
//! listener for metrics has no cost.
//!
//! Labels never contain a tenant, a member or a product: their values come from fixed lists.

mod activity;
mod backups;
mod enabled;
mod exemplars;
mod exports;
mod faults;
mod jobs;
mod names;
mod open_metrics;
mod process;
mod replicas;
mod tls;
mod initial_values;

use std::{
    sync::{OnceLock, atomic::Ordering},
    time::Duration,
};

use metrics::{Histogram, counter, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, PrometheusHandle};

pub use activity::{ActivityGuard, count_work, work_done};
pub use backups::{
    backup_failures, backup_listing, backup_schedule, count_log_shipping_difference, count_log_shipping_failure,
    count_shipped_log, init_log_shipping, record_backup, record_backup_drill, set_log_shipping, set_log_shipping_lag,
    set_outgoing_held, set_revocations_listed_at,
};
pub use exports::count_export_run;
pub use faults::{count_panic, count_slow_operation, count_slow_statement, faults};
pub use jobs::{jobs, observe_job_run, set_job_failures};
pub use process::{Process, build_info, memory_limit, process, resident_bytes};
pub use replicas::{
    ServerUse, database_failover, database_host, forget_archive, partitions_ahead, record_archive_pending, replica,
    replica_reads, set_archive_failing,
};
pub use tls::tls_expiry;

use enabled::{ENABLED, is_enabled};

/// Histogram of the most frequent observation, one for each item that a subscriber gets: cached, to save the lookup.
static STREAM_LAG: OnceLock<Histogram> = OnceLock::new();

/// The figures as Prometheus reads them.
#[derive(Clone)]
pub struct MetricsHandle(PrometheusHandle);

impl MetricsHandle {
    /// Returns all metrics as text.
    pub fn text(&self) -> String {
        // Histograms aggregate their observations only during upkeep.
        self.0.run_upkeep();
        self.0.render()
    }

    /// Drains the buffers of the histograms, so that a node whose metrics are never read does not grow.
    pub fn run_upkeep(&self) {
        self.0.run_upkeep();
    }
}

/// Begins to count. Once a process.
pub fn install() -> Result<MetricsHandle, BuildError> {
    let handle = names::buckets()?.install_recorder()?;
    names::describe();
    initial_values::register();
    ENABLED.store(true, Ordering::Relaxed);
    Ok(MetricsHandle(handle))
}

/// Result of a cache lookup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    Hit,
    Miss,
}

impl Lookup {
    pub fn of<T>(value: Option<&T>) -> Self {
        if value.is_some() { Self::Hit } else { Self::Miss }
    }
}

/// Counts a lookup in a cache, by the cache's name.
pub fn count_lookup(cache: &'static str, lookup: Lookup) {
    if is_enabled() {
        let result = match lookup {
            Lookup::Hit => "hit",
            Lookup::Miss => "miss",
        };
        counter!(names::CACHE, "cache" => cache, "result" => result).increment(1);
    }
}

/// Observes an HTTP request that was answered, with its trace if recorded.
pub fn observe_request(method: &'static str, status: u16, took: Duration, trace_id: Option<u128>) {
    if is_enabled() {
        let status = names::status(status);
        histogram!(names::REQUEST, "method" => method, "status" => status).record(took);
        exemplars::store_exemplar(names::REQUEST, &[("method", method), ("status", status)], took, trace_id);
    }
}

/// Observes an operation that ran, or was refused just before.
pub fn observe_operation(kind: &'static str, outcome: &'static str, took: Duration, trace_id: Option<u128>) {
    count_work();
    if is_enabled() {
        histogram!(names::OPERATION, "type" => kind, "outcome" => outcome).record(took);
        exemplars::store_exemplar(names::OPERATION, &[("type", kind), ("outcome", outcome)], took, trace_id);
    }
}

/// Records the cost of an operation, in points.
pub fn cost(points: u32) {
    if is_enabled() {
        histogram!(names::COST).record(f64::from(points));
    }
}

/// Counts a document that was refused before execution.
pub fn count_refused_document(code: &'static str) {
    if is_enabled() {
        counter!(names::DOCUMENTS_REFUSED, "code" => code).increment(1);
    }
}

/// Refusals in the payloads of mutations.
pub fn user_errors(count: u32) {
    if is_enabled() && count > 0 {
        counter!(names::USER_ERRORS).increment(u64::from(count));
    }
}

/// Counts the use of a deprecated part of the schema. There are as many coordinates as deprecated parts.
pub fn count_deprecated_use(coordinate: &str) {
    if is_enabled() {
        counter!(names::DEPRECATED_USES, "coordinate" => coordinate.to_owned()).increment(1);
    }
}

/// Counts the check of a token, of a key, or of a request without either.
pub fn count_admission(outcome: &'static str) {
    if is_enabled() {
        counter!(names::ADMISSIONS, "result" => outcome).increment(1);
    }
}

/// Counts a request refused by a budget or a per-caller limit.
pub fn count_rate_limit_refusal(code: &'static str) {
    if is_enabled() {
        counter!(names::RATE_LIMIT_REFUSED, "code" => code).increment(1);
    }
}

/// Counts a request that was refused before it was read, because the node is overloaded.
pub fn count_shed_request(reason: &'static str) {
    if is_enabled() {
        counter!(names::REQUESTS_SHED, "reason" => reason).increment(1);
    }
}

/// Path by which a batch of commands was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WritePath {
    /// Decided ahead, written at a known head.
    Planned,
    /// Under locks.
    Locked,
}

impl WritePath {
    pub fn as_str(self) -> &'static str {
        if self == Self::Planned { "planned" } else { "locked" }
    }
}

/// A batch of commands was committed.
pub fn batch(way: WritePath, commands: usize, took: Duration, trace_id: Option<u128>) {
    if is_enabled() {
        let way = way.as_str();
        histogram!(names::BATCH_SIZE, "way" => way).record(commands as f64);
        histogram!(names::BATCH_SECONDS, "way" => way).record(took);
        exemplars::store_exemplar(names::BATCH_SECONDS, &[("way", way)], took, trace_id);
    }
}

/// Counts a batch that has to be decided again because another node wrote first.
pub fn count_overtaken_batch() {
    if is_enabled() {
        counter!(names::BATCH_OVERTAKEN).increment(1);
    }
}

/// Counts a command that found its lane full.
pub fn count_full_lane() {
    if is_enabled() {
        counter!(names::LANE_FULL).increment(1);
    }
}

/// Counts a batch that could not be planned ahead, or not be written as planned.
pub fn count_unplanned_batch() {
    if is_enabled() {
        counter!(names::BATCH_UNPLANNED).increment(1);
    }
}

/// Counts a tenant that was set aside because its batch takes long.
pub fn count_tenant_set_aside() {
    if is_enabled() {
        counter!(names::SET_ASIDE).increment(1);
    }
}

/// Sets the commands that wait in a lane, and the tenants that are set aside there.
pub fn lane(lane: usize, waiting: usize, set_aside: usize) {
    if is_enabled() {
        gauge!(names::LANE, "lane" => lane.to_string()).set(waiting as f64);
        gauge!(names::ASIDE, "lane" => lane.to_string()).set(set_aside as f64);
    }
}

/// Sets the attempted deliveries to webhook endpoints since the start, and the endpoints disabled by failures.
pub fn webhooks(delivered: u64, failed: u64, disabled: u64) {
    if is_enabled() {
        counter!(names::WEBHOOK_ATTEMPTS, "result" => "delivered").absolute(delivered);
        counter!(names::WEBHOOK_ATTEMPTS, "result" => "failed").absolute(failed);
        counter!(names::WEBHOOKS_DISABLED).absolute(disabled);
    }
}

/// Sets the statements sent to the database since the start.
pub fn statements(count: u64) {
    if is_enabled() {
        counter!(names::STATEMENTS).absolute(count);
    }
}

/// Sets the state of a pool of connections to the database: open ones, idle ones, and the maximum.
pub fn pool(pool: &'static str, open: usize, idle: usize, max: usize) {
    if is_enabled() {
        gauge!(names::POOL_OPEN, "pool" => pool).set(open as f64);
        gauge!(names::POOL_IDLE, "pool" => pool).set(idle as f64);
        gauge!(names::POOL_MAX, "pool" => pool).set(max as f64);
    }
}

/// Records the lag of this node's followers behind the journal, in events: of the tenant with the largest lag.
pub fn set_journal_lag(events: i64) {
    if is_enabled() {
        gauge!(names::JOURNAL_LAG).set(events as f64);
    }
}

/// Sets the number of tenants whose journal is followed on this node.
pub fn set_followed_tenants(tenants: usize) {
    if is_enabled() {
        gauge!(names::FOLLOWED).set(tenants as f64);
    }
}

/// Counts a change of another node that only the poll found: its hint was lost or is late.
pub fn count_found_by_poll() {
    if is_enabled() {
        counter!(names::FOUND_BY_POLL).increment(1);
    }
}

/// A hint to or from other nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    Sent,
    Heard,
    /// The hint could not be sent, or arrived faster than it could be processed.
    Lost,
}

pub fn count_hints(hint: Hint, count: u64) {
    if is_enabled() && count > 0 {
        let label = match hint {
            Hint::Sent => "sent",
            Hint::Heard => "heard",
            Hint::Lost => "lost",
        };
        counter!(names::HINTS, "what" => label).increment(count);
    }
}

/// Whether this node is connected to the Redis that it shares with others.
pub fn set_redis_connected(is_up: Connected) {
    if is_enabled() {
        gauge!(names::REDIS).set(if is_up == Connected::Yes { 1.0 } else { 0.0 });
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connected {
    Yes,
    No,
}

/// Observes an item of a stream that was passed to its connection: the time since its event was recorded. `lag` is not called if nothing is counted.
pub fn observe_stream_item(lag: impl FnOnce() -> Duration, trace_id: Option<u128>) {
    count_work();
    if is_enabled() {
        let lag = lag();
        STREAM_LAG.get_or_init(|| histogram!(names::STREAM_LAG)).record(lag);
        exemplars::store_exemplar(names::STREAM_LAG, &[], lag, trace_id);
    }
}

/// Counts a stream that ended because it could not be continued.
pub fn count_stream_reset(reason: &'static str) {
    if is_enabled() {
        counter!(names::STREAM_RESETS, "reason" => reason).increment(1);
    }
}

/// Source from which a stream reads missed events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatchUpSource {
    InMemory,
    InJournal,
}

/// Counts a stream that began to read events that it had missed.
pub fn count_stream_catchup(source: CatchUpSource) {
    if is_enabled() {
        let from = match source {
            CatchUpSource::InMemory => "memory",
            CatchUpSource::InJournal => "journal",
        };
        counter!(names::STREAM_CATCHUPS, "from" => from).increment(1);
    }
}

/// Counts a socket that was refused before its handshake.
pub fn count_refused_socket() {
    if is_enabled() {
        counter!(names::SOCKETS_REFUSED).increment(1);
    }
}

/// Gauge of open things: one is counted until this is dropped.
#[derive(Debug)]
pub struct Open(&'static str);

impl Open {
    pub fn socket() -> Self {
        Self::begin(names::SOCKETS)
    }

    pub fn subscription() -> Self {
        Self::begin(names::SUBSCRIPTIONS)
    }

    /// Counts an execution of a subscription, for one subscriber or for all with an equal one.
    pub fn execution() -> Self {
        Self::begin(names::EXECUTIONS)
    }

    fn begin(name: &'static str) -> Self {
        if is_enabled() {
            gauge!(name).increment(1.0);
        }
        Self(name)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if is_enabled() {
            gauge!(self.0).decrement(1.0);
        }
    }
}
