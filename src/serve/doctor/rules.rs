//! Rules of the checks: from facts to findings, without looking at anything.

use entity::record::Record;
use platform::storage::{
    HostReport, HostState, Pooling, ReplicaFacts, ServerFacts, TimelineReport, Versions, replicas::ReplicaStatus,
};

use super::report::Finding;

/// Connections that a node under load opens (`docs/OPERATIONS.md`).
const CONNECTIONS_A_NODE: i64 = 96;
/// The release of SQLite that resets a WAL safely.
const SAFE_SQLITE: [u32; 3] = [3, 51, 3];
const DAY: i64 = 24 * 3600;

pub(super) fn versions(versions: &Versions, migration_count: usize) -> Finding {
    match (versions.mismatch(), versions.notice()) {
        (Some(reason), _) => Finding::fail("versions", reason, "`entrepot version --check` says which of the two is older"),
        (None, Some(notice)) => Finding::warn("versions", notice, "upgrade this binary"),
        (None, None) => Finding::ok("versions", format!("{} has all {migration_count} migrations", env!("CARGO_PKG_VERSION"))),
    }
}

pub(super) fn sqlite(version: &str) -> Finding {
    let parts: Vec<u32> = version.split('.').map_while(|part| part.parse().ok()).collect();
    if parts.as_slice() >= SAFE_SQLITE.as_slice() {
        return Finding::ok("sqlite", version);
    }
    let observation = format!("{version} can lose commits when a WAL is reset (fixed in 3.51.3)");
    Finding::fail("sqlite", observation, "use a binary of ours, which has a newer SQLite built in")
}

/// By how much another clock is ahead of this machine's.
pub(super) fn clock(check: &'static str, micros: i64) -> Finding {
    let seconds = micros as f64 / 1_000_000.0;
    let direction = if micros > 0 { "ahead of" } else { "behind" };
    let observation = format!("{:.1} s {direction} this machine", seconds.abs());
    let advice = "run chrony or systemd-timesyncd on both machines";
    match micros.unsigned_abs() {
        0..2_000_000 => Finding::ok(check, observation),
        2_000_000..30_000_000 => Finding::warn(check, observation, advice),
        _ => Finding::fail(check, observation, format!("tokens and leases go wrong: {advice}")),
    }
}

/// Free bytes where something is kept.
pub(super) fn disk(subject: &str, free: u64, total: u64) -> Finding {
    const MIB: u64 = 1 << 20;
    let hundredths = free.saturating_mul(100) / total.max(1);
    let observation = format!("{subject}: {} MiB free of {} MiB", free / MIB, total / MIB);
    if free < 256 * MIB || hundredths < 2 {
        Finding::fail("disk", observation, "free or add disk now: writes fail when it is full")
    } else if free < 2048 * MIB || hundredths < 10 {
        Finding::warn("disk", observation, "free or add disk; a backup or drill needs as much as the database has")
    } else {
        Finding::ok("disk", observation)
    }
}

/// Mode bits of a file that is one user's alone.
pub(super) fn mode(path: &str, mode: u32, is_key: bool) -> Finding {
    let mode = mode & 0o7777;
    let observation = format!("{path} has mode {mode:04o}");
    if mode.is_multiple_of(0o10) {
        return Finding::ok("modes", observation);
    }
    let advice = format!("every user of this machine can use it: chmod o= {path}");
    if is_key { Finding::fail("modes", observation, advice) } else { Finding::warn("modes", observation, advice) }
}

/// Returns the finding about the pooling of connections to Postgres.
pub(super) fn pooler(pooling: &Pooling) -> Finding {
    const CHECK: &str = "pooler";
    match pooling {
        Pooling::Session => Finding::ok(CHECK, "each connection keeps its session"),
        Pooling::Transaction(observation) => Finding::fail(
            CHECK,
            format!("a connection pooler in transaction mode is before Postgres: {observation}"),
            "give --database-url the address of Postgres itself, or of a pooler in session mode (PgBouncer: pool_mode = session)",
        ),
        Pooling::Unknown(reason) => {
            let observation = format!("it was not seen whether each connection keeps its session: {reason}");
            Finding::warn(CHECK, observation, "run it again; make room for two more connections of this login")
        }
    }
}

pub(super) fn postgres(facts: &ServerFacts, nodes: i64) -> Vec<Finding> {
    let mut findings =
        vec![version(facts.version), connections(facts, nodes), durability(facts), transactions(facts), age(facts)];
    if facts.is_standby {
        findings.push(Finding::fail(
            "replication",
            "this server is a standby, which takes no writes",
            "give --database-url the primary",
        ));
    } else if facts.replicas.is_empty() {
        findings.push(Finding::ok("replication", "no replica is connected"));
    }
    findings.extend(facts.replicas.iter().map(replica));
    findings
}

fn version(version: i64) -> Finding {
    let observation = format!("Postgres {}.{}", version / 10_000, version % 10_000);
    if version < 140_000 {
        return Finding::fail("postgres", observation, "upgrade it to 15 or newer: this release gets no fixes any more");
    }
    if version < 150_000 {
        return Finding::warn("postgres", observation, "upgrade it to 15 or newer, which the tests run on");
    }
    Finding::ok("postgres", observation)
}

fn connections(facts: &ServerFacts, nodes: i64) -> Finding {
    let usable = facts.max_connections - facts.reserved_connections;
    let needed_connections = nodes.saturating_mul(CONNECTIONS_A_NODE);
    let observation =
        format!("{} of {usable} connections are open; {nodes} node(s) open up to {needed_connections}", facts.open_connections);
    if facts.open_connections.saturating_mul(10) >= usable.saturating_mul(9) {
        Finding::fail("connections", observation, "raise max_connections, or find who holds them in pg_stat_activity")
    } else if needed_connections > usable {
        Finding::warn("connections", observation, "raise max_connections, or run fewer nodes")
    } else {
        Finding::ok("connections", observation)
    }
}

fn durability(facts: &ServerFacts) -> Finding {
    let ServerFacts { synchronous_commit, is_fsync_on, .. } = facts;
    let observation = format!("fsync {}, synchronous_commit {synchronous_commit}", if *is_fsync_on { "on" } else { "off" });
    if !is_fsync_on {
        Finding::fail("durability", observation, "set fsync = on: a crash of the machine destroys the database")
    } else if synchronous_commit == "off" {
        Finding::fail("durability", observation, "set synchronous_commit = on: a crash loses writes that were answered")
    } else {
        Finding::ok("durability", observation)
    }
}

fn transactions(facts: &ServerFacts) -> Finding {
    let seconds = facts.oldest_transaction_seconds;
    let observation = format!("the oldest has been open for {seconds} s");
    let advice = "find it in pg_stat_activity by xact_start; pg_terminate_backend ends it";
    match seconds {
        3600.. => Finding::fail("transactions", observation, format!("dead rows cannot be removed meanwhile: {advice}")),
        300.. => Finding::warn("transactions", observation, advice),
        _ => Finding::ok("transactions", observation),
    }
}

fn age(facts: &ServerFacts) -> Finding {
    let observation = format!("{} million transactions since the oldest row was frozen", facts.transaction_age / 1_000_000);
    match facts.transaction_age {
        1_500_000_000.. => {
            Finding::fail("wraparound", observation, "run VACUUM FREEZE now: Postgres stops writes at 2,147 million")
        }
        500_000_000.. => {
            Finding::warn("wraparound", observation, "find why autovacuum does not finish; old transactions and slots hold it")
        }
        _ => Finding::ok("wraparound", observation),
    }
}

fn replica(facts: &ReplicaFacts) -> Finding {
    let ReplicaFacts { name, lag_bytes, lag_seconds } = facts;
    let Some(bytes) = lag_bytes else {
        let observation = format!("{name} is connected, and this login may not see its lag");
        return Finding::warn("replication", observation, "GRANT pg_monitor to the login of --database-url");
    };
    let seconds = lag_seconds.unwrap_or_default();
    let observation = format!("{name} is {} MiB and {seconds} s behind", bytes / (1 << 20));
    if *bytes >= 1 << 30 || seconds >= 300 {
        Finding::fail("replication", observation, "look at its disk, its network and long queries on it; do not fail over to it")
    } else if *bytes >= 64 << 20 || seconds >= 30 {
        Finding::warn("replication", observation, "look again in a minute; then at its disk and long queries on it")
    } else {
        Finding::ok("replication", observation)
    }
}

/// A host of a database that has several.
pub(super) fn host(host: &HostReport) -> Finding {
    let HostReport { name, state } = host;
    match state {
        HostState::Primary => Finding::ok("hosts", format!("{name} takes writes, and connections go there")),
        HostState::Standby => Finding::ok("hosts", format!("{name} is a standby, or may only be read")),
        HostState::Rival => Finding::fail(
            "hosts",
            format!("{name} accepts writes in addition to the primary in use"),
            "stop it now; it is a former primary, so rejoin it as a standby (pg_rewind)",
        ),
        HostState::Away(reason) => Finding::warn(
            "hosts",
            format!("{name} does not answer: {reason}"),
            "start it, or leave it out of --database-url: without it no failover is possible",
        ),
    }
}

/// The timeline of the database, by which a promotion is noticed.
pub(super) fn timeline(report: &TimelineReport) -> Finding {
    match report {
        TimelineReport::Watched { timeline, is_synchronous: true } => {
            Finding::ok("timeline", format!("{timeline}; each commit waits for a standby"))
        }
        TimelineReport::Watched { timeline, is_synchronous: false } => {
            Finding::ok("timeline", format!("{timeline}; commits wait for no standby: a promotion begins a new epoch"))
        }
        TimelineReport::Refused(reason) => Finding::warn(
            "timeline",
            format!("Postgres does not say which timeline it writes: {reason}"),
            "run `entrepot epoch` after each failover that may have lost commits",
        ),
    }
}

/// A replica that nodes read from.
pub(super) fn read_replica(replica: &ReplicaStatus, staleness_seconds: u64) -> Finding {
    let ReplicaStatus { name, is_used, lag_bytes } = replica;
    match lag_bytes {
        None => Finding::fail(
            "replicas",
            format!("{name} does not answer as a replica"),
            "start it, or leave it out of --read-database-url",
        ),
        Some(bytes) if *is_used => Finding::ok("replicas", format!("{name} is read from, and {} KiB behind", bytes / 1024)),
        Some(bytes) => Finding::warn(
            "replicas",
            format!("{name} is more than {staleness_seconds} s behind, by {} KiB, so nodes do not read from it", bytes / 1024),
            "look at its disk, its network and long queries on it, and whether its replay is paused",
        ),
    }
}

/// Facts of the log of backups; ages in seconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct BackupFacts {
    pub backup_age: Option<i64>,
    pub drill_age: Option<i64>,
    /// Time between two, as this process is set.
    pub backup_every: i64,
    pub drill_every: Option<i64>,
    /// Whether the newest run that has ended failed.
    pub has_failed: bool,
    /// Whether a run began at a moment to come.
    pub is_ahead: bool,
}

pub(super) fn backups(facts: &BackupFacts) -> Vec<Finding> {
    let backup_finding = match facts.backup_age {
        None => {
            Finding::warn("backups", "there is none", "`entrepot backup run --backups …`, and `serve --backups …` from now on")
        }
        Some(age) => {
            let observation = format!("the newest is {} h old", age / 3600);
            let advice = "`entrepot backup log` says why; `entrepot backup run` makes one now";
            if age > (facts.backup_every.saturating_mul(2)).max(2 * DAY) {
                Finding::fail("backups", observation, advice)
            } else if age > facts.backup_every.saturating_mul(2) || facts.has_failed {
                let failed = if facts.has_failed { ", and the last run failed" } else { "" };
                Finding::warn("backups", format!("{observation}{failed}"), advice)
            } else {
                Finding::ok("backups", observation)
            }
        }
    };
    let advice = "`entrepot backup drill` restores the newest backup and proves it";
    let drill_finding = match (facts.drill_age, facts.drill_every) {
        (None, _) => Finding::warn("drill", "no backup was ever restored", advice),
        (Some(age), every) => {
            let observation = format!("the last was {} day(s) ago", age / DAY);
            let max_age = every.unwrap_or(30 * DAY).saturating_mul(2);
            if age > max_age { Finding::warn("drill", observation, advice) } else { Finding::ok("drill", observation) }
        }
    };
    let future_backup = facts.is_ahead.then(|| {
        let advice = "check the clocks; until that moment `restore` and `drill` need the ID of a backup";
        Finding::warn("backups", "one in the log has a start in the future: a clock was ahead, or this one is behind", advice)
    });
    [backup_finding, drill_finding].into_iter().chain(future_backup).collect()
}

/// Facts about the listed backups of a Postgres; in seconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ListedFacts {
    pub age: Option<i64>,
    /// Time between two, where it is given.
    pub every: Option<i64>,
    /// Whether the newest one has wrong page checksums.
    pub is_damaged: bool,
}

pub(super) fn listed_backups(facts: &ListedFacts) -> Finding {
    const CHECK: &str = "backups";
    let Some(age) = facts.age else {
        let advice = "run `pgbackrest backup`; if `pgbackrest info` lists one, check why the job backup.list fails";
        return Finding::warn(CHECK, "pgBackRest has listed none", advice);
    };
    let observation = format!("the newest that pgBackRest lists is {} h old", age / 3600);
    let advice = "check why the schedule of pgBackRest created none, and run `pgbackrest backup`; if `pgbackrest info` lists a newer one, check why the job backup.list fails";
    let max_age = facts.every.map_or(DAY + 2 * 3600, |every| every.saturating_mul(2));
    if age > max_age.max(2 * DAY) {
        Finding::fail(CHECK, observation, advice)
    } else if age > max_age {
        Finding::warn(CHECK, observation, advice)
    } else if facts.is_damaged {
        let advice = "`pgbackrest info --set=LABEL` names the pages: the cluster itself is damaged, so check its disk and keep older backups";
        Finding::warn(CHECK, format!("{observation}, and a later one has wrong page checksums"), advice)
    } else {
        Finding::ok(CHECK, observation)
    }
}

/// Whether a process ships the log, and for how many seconds its oldest segment has waited.
pub(super) fn shipping(is_shipped: bool, lag: Option<i64>) -> Finding {
    const PROMISED_SECONDS: i64 = 10;
    let observation = lag.map_or_else(|| "nothing waits".to_owned(), |lag| format!("a segment has waited for {lag} s"));
    if !is_shipped {
        return Finding::warn(
            "shipping",
            format!("no process ships the log, {observation}"),
            "start `entrepot serve` with --backup-ship-log",
        );
    }
    match lag {
        Some(lag) if lag > 30 * PROMISED_SECONDS => Finding::fail(
            "shipping",
            observation,
            "check the backups' store and the server's log; writes continue, and are lost with the disk",
        ),
        Some(lag) if lag > PROMISED_SECONDS => {
            Finding::warn("shipping", observation, "check the backups' store and the server's log")
        }
        _ => Finding::ok("shipping", format!("the log is shipped, {observation}")),
    }
}

/// Tenants that are suspended, by slug.
pub(super) fn tenants(suspended: &[&str]) -> Finding {
    if suspended.is_empty() {
        return Finding::ok("tenants", "none is suspended");
    }
    let advice = "`entrepot tenant list` says since when and why; `entrepot tenant resume SLUG` serves one again";
    Finding::warn("tenants", format!("suspended: {}", suspended.join(", ")), advice)
}

/// Background work that has stopped; `f` counts it.
#[derive(Debug, Clone, Copy, Default, Record)]
pub(super) struct JobFacts {
    #[record(sql = "f.dead")]
    pub dead: i64,
    /// Standing jobs that failed three times or more in a row.
    #[record(sql = "f.failing")]
    pub failing: i64,
    /// Queued jobs that have been due for ten minutes.
    #[record(sql = "f.overdue")]
    pub overdue: i64,
    #[record(sql = "f.workers")]
    pub workers: i64,
    /// Deliveries of webhooks that failed for good, up to a thousand.
    #[record(sql = "f.undelivered")]
    pub undelivered: i64,
}

pub(super) fn jobs(facts: &JobFacts) -> Vec<Finding> {
    let JobFacts { dead, failing, overdue, workers, undelivered } = *facts;
    let observation =
        format!("{workers} worker(s), {dead} dead job(s), {failing} standing job(s) that keep failing, {overdue} overdue");
    let job_finding = if failing > 0 {
        Finding::fail("jobs", observation, "the log of the workers says why")
    } else if overdue > 0 {
        Finding::warn("jobs", observation, "start `entrepot worker`, or more of them")
    } else if dead > 0 {
        Finding::warn("jobs", observation, "Query.jobs shows why; jobRetry starts one again when the cause is fixed")
    } else {
        Finding::ok("jobs", observation)
    };
    let deliveries = if undelivered == 0 {
        Finding::ok("deliveries", "no delivery of a webhook has failed for good")
    } else {
        let count = if undelivered >= 1000 { "1000 or more".to_owned() } else { undelivered.to_string() };
        let advice = "Query.webhookEndpointsList shows which receivers; deliver again when they answer";
        Finding::warn("deliveries", format!("{count} of webhooks failed for good"), advice)
    };
    vec![job_finding, deliveries]
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
