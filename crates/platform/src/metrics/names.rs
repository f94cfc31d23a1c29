//! Names and descriptions of the metrics, and the buckets of histograms.

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder};

pub const REQUEST: &str = "http_server_request_duration_seconds";
pub const REQUESTS_SHED: &str = "entrepot_requests_shed_total";
pub const OPERATION: &str = "entrepot_graphql_operation_duration_seconds";
pub const COST: &str = "entrepot_graphql_operation_cost_points";
pub const DOCUMENTS_REFUSED: &str = "entrepot_graphql_documents_refused_total";
pub const USER_ERRORS: &str = "entrepot_graphql_user_errors_total";
pub const DEPRECATED_USES: &str = "entrepot_graphql_deprecated_uses_total";
pub const ADMISSIONS: &str = "entrepot_auth_attempts_total";
pub const RATE_LIMIT_REFUSED: &str = "entrepot_budget_refusals_total";
pub const CACHE: &str = "entrepot_cache_lookups_total";
pub const BATCH_SIZE: &str = "entrepot_ledger_batch_size";
pub const BATCH_SECONDS: &str = "entrepot_ledger_commit_seconds";
pub const BATCH_OVERTAKEN: &str = "entrepot_ledger_batches_overtaken_total";
pub const BATCH_UNPLANNED: &str = "entrepot_ledger_batches_unplanned_total";
pub const SET_ASIDE: &str = "entrepot_ledger_tenants_set_aside_total";
pub const ASIDE: &str = "entrepot_ledger_tenants_aside";
pub const LANE_FULL: &str = "entrepot_ledger_lane_full_total";
pub const LANE: &str = "entrepot_ledger_queue_depth";
pub const PANICS: &str = "entrepot_panics_total";
pub const TRACES_DROPPED: &str = "entrepot_traces_dropped_total";
pub const STATEMENTS: &str = "entrepot_database_statements_total";
pub const SLOW_OPERATIONS: &str = "entrepot_slow_operations_total";
pub const SLOW_STATEMENTS: &str = "entrepot_slow_statements_total";
pub const POOL_OPEN: &str = "entrepot_database_connections_open";
pub const POOL_IDLE: &str = "entrepot_database_connections_idle";
pub const POOL_MAX: &str = "entrepot_database_connections_most";
pub const JOURNAL_LAG: &str = "entrepot_journal_lag_events";
pub const FOLLOWED: &str = "entrepot_journal_followed_tenants";
pub const FOUND_BY_POLL: &str = "entrepot_journal_found_by_poll_total";
pub const HINTS: &str = "entrepot_hints_total";
pub const REDIS: &str = "entrepot_redis_up";
pub const SOCKETS: &str = "entrepot_sockets";
pub const SUBSCRIPTIONS: &str = "entrepot_stream_subscriptions";
pub const EXECUTIONS: &str = "entrepot_stream_executions";
pub const STREAM_LAG: &str = "entrepot_stream_lag_seconds";
pub const STREAM_RESETS: &str = "entrepot_stream_resets_total";
pub const STREAM_CATCHUPS: &str = "entrepot_stream_catchups_total";
pub const SOCKETS_REFUSED: &str = "entrepot_sockets_turned_away_total";
pub const JOB_RUNS: &str = "entrepot_job_runs_total";
pub const JOB_SECONDS: &str = "entrepot_job_duration_seconds";
pub const JOB_FAILURES: &str = "entrepot_job_consecutive_failures";
pub const JOBS_DIED: &str = "entrepot_jobs_died_total";
pub const JOBS_TAKEN_OVER: &str = "entrepot_jobs_taken_over_total";
pub const JOBS_HELD: &str = "entrepot_jobs_held";
pub const WEBHOOK_ATTEMPTS: &str = "entrepot_webhook_attempts_total";
pub const WEBHOOKS_DISABLED: &str = "entrepot_webhooks_disabled_total";
pub const EXPORT_RUNS: &str = "entrepot_export_schedule_runs_total";
pub const BACKUP_LAST: &str = "entrepot_backup_last_success_timestamp_seconds";
pub const BACKUP_SECONDS: &str = "entrepot_backup_last_duration_seconds";
pub const BACKUP_BYTES: &str = "entrepot_backup_bytes";
pub const BACKUP_FAILURES: &str = "entrepot_backup_failures_total";
pub const BACKUP_INTERVAL: &str = "entrepot_backup_interval_seconds";
pub const DRILL_LAST: &str = "entrepot_backup_drill_last_success_timestamp_seconds";
pub const DRILL_INTERVAL: &str = "entrepot_backup_drill_interval_seconds";
pub const REVOCATIONS_LISTED: &str = "entrepot_revocations_listed_timestamp_seconds";
pub const SHIPPING_LAG: &str = "entrepot_wal_shipping_lag_seconds";
pub const SHIPPING_SPOOLED: &str = "entrepot_wal_shipping_spooled_bytes";
pub const SHIPPED_BYTES: &str = "entrepot_wal_shipped_bytes_total";
pub const SHIPPING_FAILURES: &str = "entrepot_wal_shipping_failures_total";
pub const SHIPPING_DIFFERENCES: &str = "entrepot_wal_shipping_differences_total";
pub const LOG_BYTES: &str = "entrepot_sqlite_wal_bytes";
pub const HOST_USED: &str = "entrepot_database_host_used";
pub const FAILOVERS: &str = "entrepot_database_failovers_total";
pub const REPLICA_READS: &str = "entrepot_replica_reads_total";
pub const REPLICA_USED: &str = "entrepot_replica_used";
pub const REPLICA_LAG: &str = "entrepot_replica_lag_bytes";
pub const PARTITIONS_AHEAD: &str = "entrepot_partitions_ahead";
pub const ARCHIVE_PENDING: &str = "entrepot_wal_archive_pending_segments";
pub const ARCHIVE_FAILING: &str = "entrepot_wal_archive_failing";
pub const TLS_EXPIRY: &str = "entrepot_tls_certificate_expiry_timestamp_seconds";
pub const OUTGOING_HELD: &str = "entrepot_outgoing_held";
pub const RESIDENT: &str = "process_resident_memory_bytes";
pub const OPEN_FILES: &str = "process_open_fds";
pub const MAX_FILES: &str = "process_max_fds";
pub const CPU_MILLISECONDS: &str = "entrepot_process_cpu_milliseconds_total";
pub const BUILD_INFO: &str = "entrepot_build_info";

/// Buckets of OpenTelemetry for HTTP servers, with finer ones below: a row by its key is returned
/// in less than a millisecond.
pub const SECONDS: [f64; 16] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 10.0];
/// Buckets of jobs: a poll that finds nothing takes a millisecond, an import of a million rows
/// minutes.
const JOBS: [f64; 9] = [0.001, 0.01, 0.1, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0];
const COMMANDS: [f64; 9] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
const POINTS: [f64; 9] = [1.0, 3.0, 10.0, 30.0, 100.0, 200.0, 300.0, 600.0, 1_000.0];

pub fn buckets() -> Result<PrometheusBuilder, BuildError> {
    let matcher = |name: &str| Matcher::Full(name.to_owned());
    PrometheusBuilder::new()
        .set_buckets_for_metric(matcher(REQUEST), &SECONDS)?
        .set_buckets_for_metric(matcher(OPERATION), &SECONDS)?
        .set_buckets_for_metric(matcher(BATCH_SECONDS), &SECONDS)?
        .set_buckets_for_metric(matcher(STREAM_LAG), &SECONDS)?
        .set_buckets_for_metric(matcher(JOB_SECONDS), &JOBS)?
        .set_buckets_for_metric(matcher(BATCH_SIZE), &COMMANDS)?
        .set_buckets_for_metric(matcher(COST), &POINTS)
}

pub fn describe() {
    describe_histogram!(REQUEST, Unit::Seconds, "Time from a request's head to its answer, by method and status");
    describe_counter!(REQUESTS_SHED, "Requests to GraphQL answered OVERLOADED before they were read, by reason: share or full");
    describe_histogram!(
        OPERATION,
        Unit::Seconds,
        "Time of a query or mutation, and of starting a subscription, by type and outcome: OK, PARTIAL or the first error's code"
    );
    describe_histogram!(COST, "Points that an operation cost");
    describe_counter!(DOCUMENTS_REFUSED, "Documents refused before anything ran, by code");
    describe_counter!(USER_ERRORS, "User errors in the payloads of mutations");
    describe_counter!(DEPRECATED_USES, "Operations that used something deprecated, by its coordinate in the schema");
    describe_counter!(ADMISSIONS, "Tokens and keys checked, by result");
    describe_counter!(RATE_LIMIT_REFUSED, "Operations refused by a rate limit or because of overload, by code");
    describe_counter!(CACHE, "Lookups in the caches of this node, by cache and result");
    describe_histogram!(BATCH_SIZE, "Commands that shared a transaction");
    describe_histogram!(BATCH_SECONDS, Unit::Seconds, "Time that a batch's transaction took");
    describe_counter!(BATCH_OVERTAKEN, "Batches decided again because another node or job wrote first");
    describe_counter!(
        BATCH_UNPLANNED,
        "Batches that could not be planned ahead or written as planned, and took the slower way with locks"
    );
    describe_counter!(SET_ASIDE, "Times that a batch took long and its lane went on with other tenants");
    describe_gauge!(ASIDE, "Tenants whose batch takes long, in a lane of the ledger");
    describe_counter!(LANE_FULL, "Commands answered OVERLOADED because their lane was full");
    describe_gauge!(LANE, "Commands that wait in a lane of the ledger");
    describe_counter!(PANICS, "Panics of any thread, those that were caught among them");
    describe_counter!(
        TRACES_DROPPED,
        "Spans of traces that were dropped: the queue was full, the collector did not take them, or too many operations failed or were slow"
    );
    describe_counter!(STATEMENTS, "Statements sent to the database by tenants' handles");
    describe_counter!(SLOW_OPERATIONS, "Operations that took as long as --slow-milliseconds, by type");
    describe_counter!(SLOW_STATEMENTS, "Statements outside of operations that took as long as --slow-milliseconds");
    describe_gauge!(POOL_OPEN, "Open connections to the database, by pool");
    describe_gauge!(POOL_IDLE, "Idle connections among them");
    describe_gauge!(POOL_MAX, "Most connections that a pool may open");
    describe_gauge!(JOURNAL_LAG, "Events that this node's followers had not received at the last poll, of the tenant with most");
    describe_gauge!(FOLLOWED, "Tenants whose journal is followed on this node");
    describe_counter!(FOUND_BY_POLL, "Changes of other nodes that only the poll found");
    describe_counter!(HINTS, "Hints between nodes: sent, received, lost");
    describe_gauge!(REDIS, "1 when the Redis that nodes share answers");
    describe_gauge!(SOCKETS, "Open sockets");
    describe_gauge!(SUBSCRIPTIONS, "Subscriptions that run");
    describe_gauge!(EXECUTIONS, "Subscriptions that are evaluated: equal ones share one execution");
    describe_histogram!(
        STREAM_LAG,
        Unit::Seconds,
        "Time from the commit of a change to its hand-over to a subscriber's connection, for live messages"
    );
    describe_counter!(STREAM_RESETS, "Streams that ended with RESET, by reason");
    describe_counter!(STREAM_CATCHUPS, "Times that a stream caught up with missed events, by their source");
    describe_counter!(SOCKETS_REFUSED, "Sockets refused before their handshake, with a time to retry after");
    describe_counter!(JOB_RUNS, "Runs of jobs that ended in this process, by result");
    describe_histogram!(JOB_SECONDS, Unit::Seconds, "Time that a run of a job took, by job and result");
    describe_gauge!(JOB_FAILURES, "Runs in a row in which a standing job of the deployment failed, by job");
    describe_counter!(JOBS_DIED, "Queued jobs that became dead letters");
    describe_counter!(JOBS_TAKEN_OVER, "Jobs taken from workers that showed no life any more");
    describe_gauge!(JOBS_HELD, "Jobs that this process holds");
    describe_counter!(WEBHOOK_ATTEMPTS, "Attempts to deliver to webhook endpoints, by result");
    describe_counter!(WEBHOOKS_DISABLED, "Webhook endpoints disabled after failed deliveries");
    describe_counter!(EXPORT_RUNS, "Runs of export schedules that have ended, by result");
    describe_backups();
    describe_shipping();
    describe_replicas();
    describe_process();
}

/// Describes the metrics of a process and of its environment.
fn describe_process() {
    describe_gauge!(
        PARTITIONS_AHEAD,
        "Months after the present one that have a part in each table of Postgres that is parted by month"
    );
    describe_gauge!(TLS_EXPIRY, Unit::Seconds, "When the certificate of the public listener expires, in seconds of Unix time");
    describe_gauge!(RESIDENT, Unit::Bytes, "Memory of the process");
    describe_gauge!(OPEN_FILES, "Open files and sockets of the process");
    describe_gauge!(MAX_FILES, "Files and sockets that the process may have open");
    describe_counter!(CPU_MILLISECONDS, "Processor time of the process, in milliseconds");
    describe_gauge!(BUILD_INFO, "1, by the version of the binary");
}

fn describe_shipping() {
    describe_gauge!(
        SHIPPING_LAG,
        Unit::Seconds,
        "Time since the backups had all commits in a restorable state: what is lost with the disk"
    );
    describe_gauge!(SHIPPING_SPOOLED, Unit::Bytes, "Segments of the write-ahead log that wait on the disk to be sent");
    describe_counter!(SHIPPED_BYTES, Unit::Bytes, "Segments of the write-ahead log that were sent, as stored");
    describe_counter!(SHIPPING_FAILURES, "Rounds, uploads, checkpoints and generations of the shipping that failed");
    describe_counter!(
        SHIPPING_DIFFERENCES,
        "Segments of the write-ahead log that read back as other bytes than those that were sent"
    );
    describe_gauge!(LOG_BYTES, Unit::Bytes, "Size of the file of SQLite's write-ahead log");
}

fn describe_backups() {
    describe_gauge!(OUTGOING_HELD, "1 while e-mails, webhooks, reports and exports are held after a restore");
    describe_gauge!(
        BACKUP_LAST,
        Unit::Seconds,
        "Start of the last completed backup, in seconds since 1970 UTC; 0 where backups are scheduled or listed and none has completed"
    );
    describe_gauge!(BACKUP_SECONDS, Unit::Seconds, "Time that the last backup took");
    describe_gauge!(BACKUP_BYTES, Unit::Bytes, "Bytes of the last backup as stored");
    describe_counter!(BACKUP_FAILURES, "Backups and drills in the log that failed, by kind");
    describe_gauge!(BACKUP_INTERVAL, Unit::Seconds, "Time between two backups of the schedule");
    describe_gauge!(
        DRILL_LAST,
        Unit::Seconds,
        "Start of the last drill that succeeded, in seconds since 1970 UTC; 0 where drills are scheduled and none has"
    );
    describe_gauge!(DRILL_INTERVAL, Unit::Seconds, "Time between two drills of the schedule");
    describe_gauge!(
        REVOCATIONS_LISTED,
        Unit::Seconds,
        "When all revocations were last written to the backups' store, in seconds since 1970 UTC; 0 where that is scheduled and has never succeeded"
    );
}

fn describe_replicas() {
    describe_gauge!(HOST_USED, "1 for the host of the database that is written to, 0 for its others");
    describe_counter!(FAILOVERS, "Times that another host of the database was found to take writes, and connections went there");
    describe_counter!(
        REPLICA_READS,
        "Requests whose reads may go to a replica, by where they went and why: fresh, or down, stale, behind, failed, unknown"
    );
    describe_gauge!(REPLICA_USED, "1 when reads go to a replica, 0 while it does not answer or is too far behind");
    describe_gauge!(ARCHIVE_PENDING, "Complete segments of Postgres' log that are not archived");
    describe_gauge!(ARCHIVE_FAILING, "1 when Postgres' last attempt to archive a segment of its log failed, else 0");
    describe_gauge!(REPLICA_LAG, Unit::Bytes, "WAL of the primary that a replica had not replayed at its last answer");
}

/// Returns a status as a label: those that occur, and one for any other of a later version.
pub fn status(status: u16) -> &'static str {
    match status {
        101 => "101",
        200 => "200",
        204 => "204",
        400 => "400",
        401 => "401",
        403 => "403",
        404 => "404",
        405 => "405",
        406 => "406",
        408 => "408",
        413 => "413",
        415 => "415",
        429 => "429",
        500 => "500",
        503 => "503",
        504 => "504",
        _ => "other",
    }
}
