//! Data that the checks read. Nothing is written but the file store's own mark, which is overwritten.

use std::{path::Path, sync::Arc, time::Duration};

use entity::{prelude::*, record::Selected};
use iam::{identity::file_store_mark, tenancy::suspension};
use platform::{
    clock::{Clock, rfc3339, sleep},
    jobs::outgoing_hold,
    plurals,
    rate_limit::redis_time,
    secrets::{self, KeyRing, KeySource, Keys},
    storage::{ActiveRowSecurity, Backend, Database, Fault, SUSPENDED, is_shipped},
};
use services::{
    backups::{BackupLog, MAX_CLOCK_SKEW_SECONDS, waiting_since},
    files::{FileLocation, Store},
};
use tokio::time::timeout;

use super::{
    check::timed_out_finding,
    report::Finding,
    rules::{self, BackupFacts, JobFacts, ListedFacts},
};
use crate::{
    config::{BackupJobArgs, DatabaseArgs, RedisArgs, ReplicaArgs, Serve},
    serve::{backup::load_keys, file_modes, keys::sealed_columns},
};

/// Longest time to count sealed values. A large database has more than that.
const COUNT_TIMEOUT: Duration = Duration::from_secs(3);
/// Time that replicas are sampled before they are judged.
const SAMPLE_TIME: Duration = Duration::from_secs(1);
/// Runs of backups and drills that are checked.
const MAX_RUNS: i64 = 20;
/// Suspended tenants that are named.
const MAX_LISTED_TENANTS: i64 = 20;

/// A fault as a finding.
pub(super) fn of_fault(check: &'static str, fault: &Fault) -> Vec<Finding> {
    vec![Finding::fail(check, fault.to_string(), "see the log of the database")]
}

/// Returns the finding about the database's migrations, and whether its tables are those of this version.
pub(super) async fn versions(db: &Database, time_limit: Duration) -> (Finding, bool) {
    match timeout(time_limit, db.versions()).await {
        Ok(Ok(versions)) => (rules::versions(&versions, Database::all_migrations()), versions.mismatch().is_none()),
        Ok(Err(fault)) => (Finding::fail("versions", fault.to_string(), "see the log of the database"), false),
        Err(_) => (timed_out_finding("versions"), false),
    }
}

pub(super) async fn clock(db: Database, clock: Clock) -> Vec<Finding> {
    let sent_at = clock.now();
    match db.server_clock().await {
        Ok(None) => vec![Finding::ok("clock", "the database is a file of this machine")],
        Ok(Some(server)) => vec![rules::clock("clock", clock_lead(server, sent_at, clock.now()))],
        Err(fault) => of_fault("clock", &fault),
    }
}

/// Microseconds that another clock is ahead of the middle of the time that it took to ask it.
fn clock_lead(other: Timestamp, before: Timestamp, after: Timestamp) -> i64 {
    let middle = before.micros().saturating_add(after.micros().saturating_sub(before.micros()) / 2);
    other.micros().saturating_sub(middle)
}

/// Whether connections of a Postgres keep their sessions.
pub(super) async fn pooler(db: Database) -> Vec<Finding> {
    db.pooling().await.iter().map(rules::pooler).collect()
}

/// The hosts of the database, where it has several.
pub(super) async fn hosts(db: Database) -> Vec<Finding> {
    db.query_hosts().await.iter().map(rules::host).collect()
}

/// The replicas that nodes read from, as a node would find them a moment after its start.
pub(super) async fn replicas(db: Database, args: ReplicaArgs, database: DatabaseArgs) -> Vec<Finding> {
    let options = args.options(&database.database_url, &database.options());
    if let Err(fault) = db.read_from(&args.urls, options).await {
        return vec![Finding::fail("replicas", fault.to_string(), "correct --read-database-url: a node does not start with it")];
    }
    sleep(SAMPLE_TIME).await;
    db.replicas().iter().map(|replica| rules::read_replica(replica, args.staleness_seconds)).collect()
}

/// The server itself, or the SQLite that is built in.
pub(super) async fn server(db: Database, nodes: i64) -> Vec<Finding> {
    match (db.server_facts().await, db.sqlite_version().await) {
        (Ok(Some(facts)), _) => rules::postgres(&facts, nodes),
        (Ok(None), Ok(version)) => version.iter().map(|version| rules::sqlite(version)).collect(),
        (Err(fault), _) | (_, Err(fault)) => of_fault("postgres", &fault),
    }
}

pub(super) async fn row_security(db: Database) -> Vec<Finding> {
    const CHECK: &str = "row security";
    let proof = match db.prove_row_security().await {
        Ok(advice) => advice,
        Err(fault) => {
            return vec![Finding::fail(CHECK, fault.to_string(), "run `entrepot migrate` with the login that owns the tables")];
        }
    };
    let observation = db.active_row_security().to_string();
    vec![match (db.active_row_security(), proof) {
        (ActiveRowSecurity::Embedded, _) => Finding::ok(CHECK, "an embedded database has none and needs none"),
        (ActiveRowSecurity::None(_), _) => {
            Finding::warn(CHECK, observation, "allow the login to create its roles, and do not change --row-security")
        }
        (_, Some(advice)) => Finding::warn(CHECK, observation, advice),
        (_, None) => Finding::ok(CHECK, observation),
    }]
}

pub(super) async fn redis(args: RedisArgs, clock: Clock) -> Vec<Finding> {
    const ADVICE: &str = "check --redis-url and that Redis runs; without it each node counts rate limits by itself";
    let client = match args.client() {
        Ok(Some(client)) => client,
        Ok(None) => return Vec::new(),
        Err(error) => return vec![Finding::fail("redis", error.to_string(), "correct --redis-url and its TLS files")],
    };
    let sent_at = clock.now();
    match redis_time(&client).await {
        Ok(time) => {
            vec![Finding::ok("redis", "it answers"), rules::clock("clock of redis", clock_lead(time, sent_at, clock.now()))]
        }
        Err(error) => vec![Finding::fail("redis", error.to_string(), ADVICE)],
    }
}

/// Checks the given keys; missing ones are not created.
pub(super) async fn keys(db: Database, source: KeySource, clock: Clock) -> Vec<Finding> {
    const ADVICE: &str =
        "restore the key file from your copy, or name it with --keys-file; the sealed values are lost without it";
    match secrets::check_master_keys(&db, &source, &clock).await {
        Ok(0) => return vec![Finding::ok("keys", "nothing is sealed yet")],
        Ok(_) => {}
        Err(fault) => return vec![Finding::fail("keys", fault.to_string(), ADVICE)],
    }
    let keys = match load_keys(&source, &clock) {
        Ok(keys) => keys,
        Err(fault) => return vec![Finding::fail("keys", fault.to_string(), ADVICE)],
    };
    let sealing_key_id = &keys.first().id;
    let sealed_counts = match timeout(COUNT_TIMEOUT, secrets::count(&db, &sealed_columns())).await {
        Ok(Ok(sealed_counts)) => sealed_counts,
        Ok(Err(fault)) => return of_fault("keys", &fault),
        Err(_) => {
            let observation = format!(
                "{sealing_key_id} seals, and each key of the database opens; more values than were counted in {} s",
                COUNT_TIMEOUT.as_secs()
            );
            return vec![Finding::ok("keys", observation)];
        }
    };
    let missing: Vec<&str> =
        sealed_counts.by_key.keys().map(String::as_str).filter(|id| !id.is_empty() && keys.get(id).is_none()).collect();
    let values: u64 = sealed_counts.by_key.values().sum();
    vec![if !missing.is_empty() {
        Finding::fail("keys", format!("rows are sealed under {}, which is not among the keys given", missing.join(", ")), ADVICE)
    } else if let Some(unsealed_count) = sealed_counts.by_key.get("") {
        Finding::warn(
            "keys",
            plurals::pluralize(unsealed_count, "value is not sealed", "values are not sealed"),
            "run `entrepot keys rotate`",
        )
    } else {
        Finding::ok("keys", format!("{sealing_key_id} seals, and the keys given open all {values} values"))
    }]
}

pub(super) async fn files(db: Database, source: KeySource, clock: Clock, location: FileLocation) -> Vec<Finding> {
    const ADOPT: &str = "give all nodes and workers the same --files; if the files are lost, run `entrepot files adopt`";
    let mark = match load_keys(&source, &clock) {
        Ok(keys) => file_store_mark(&db, &ring_of(keys, clock)).await,
        Err(_) => return vec![Finding::warn("files", "their mark cannot be read without the keys", "see the check keys")],
    };
    let mark = match mark {
        Ok(Some(mark)) => mark,
        Ok(None) => return vec![Finding::ok("files", format!("{location} has no mark yet: the first node creates it"))],
        Err(fault) => return of_fault("files", &fault),
    };
    if let FileLocation::Folder(folder) = &location
        && !folder.is_dir()
    {
        return vec![Finding::fail("files", format!("there is no folder {}", folder.display()), ADOPT)];
    }
    let mark_result = match Store::open(&location) {
        Ok(store) => store.verify_mark(&mark).await,
        Err(error) => Err(error),
    };
    vec![match mark_result {
        Ok(true) => Finding::ok("files", format!("{location} has the mark of this deployment and takes writes")),
        Ok(false) => Finding::fail("files", format!("{location} has no mark of this deployment"), ADOPT),
        Err(error) => {
            Finding::fail("files", format!("{location}: {error}"), "check that it exists and that this user may write to it")
        }
    }]
}

/// A ring that cannot be written to.
fn ring_of(keys: Keys, clock: Clock) -> KeyRing {
    let store = Arc::new(secrets::EnvironmentKeys(keys.text()));
    KeyRing::new(keys, clock, store)
}

pub(super) async fn backups(db: Database, clock: Clock, args: BackupJobArgs) -> Vec<Finding> {
    let findings = match (db.backend(), &args.pgbackrest_info) {
        (Backend::Postgres, None) if args.backups.is_none() => {
            let observation = "Postgres is backed up by its own tools: ask `pgbackrest info`, or give --pgbackrest-info or --backups as the workers have it";
            return vec![Finding::ok("backups", observation)];
        }
        (Backend::Postgres, Some(_)) if args.backups.is_none() => {
            listed_facts(&db, &clock, &args).await.map(|facts| vec![rules::listed_backups(&facts)])
        }
        _ => backup_facts(&db, &clock, &args).await.map(|facts| rules::backups(&facts)),
    };
    findings.unwrap_or_else(|fault| of_fault("backups", &fault))
}

/// Seconds from a moment to another one.
fn age(since: Timestamp, now: Timestamp) -> i64 {
    now.micros().saturating_sub(since.micros()).max(0) / 1_000_000
}

fn seconds(every: Duration) -> i64 {
    i64::try_from(every.as_secs()).unwrap_or(i64::MAX)
}

async fn listed_facts(db: &Database, clock: &Clock, args: &BackupJobArgs) -> Result<ListedFacts, Fault> {
    let log = BackupLog::new(db.clone(), clock.clone());
    let latest_success = log.last_success(BackupKind::Backup).await?;
    // Rows are ordered by the start of the backup.
    let is_damaged = log.last_runs(1).await?.iter().any(|run| run.state == BackupState::Failed);
    let every = args.pgbackrest_every.map(seconds);
    Ok(ListedFacts { age: latest_success.map(|run| age(run.started_at, clock.now())), every, is_damaged })
}

async fn backup_facts(db: &Database, clock: &Clock, args: &BackupJobArgs) -> Result<BackupFacts, Fault> {
    let (log, now) = (BackupLog::new(db.clone(), clock.clone()), clock.now());
    let runs = log.last_runs(MAX_RUNS).await?;
    Ok(BackupFacts {
        backup_age: log.last_success(BackupKind::Backup).await?.map(|run| age(run.started_at, now)),
        drill_age: log.last_success(BackupKind::Drill).await?.map(|run| age(run.started_at, now)),
        backup_every: seconds(args.backup_interval()),
        drill_every: args.drill_interval().map(seconds),
        has_failed: runs
            .iter()
            .rev()
            .find(|run| run.state != BackupState::Running)
            .is_some_and(|run| run.state == BackupState::Failed),
        is_ahead: runs.iter().any(|run| run.started_at > now.plus_seconds(MAX_CLOCK_SKEW_SECONDS)),
    })
}

/// Returns the finding about the shipping of the log, if it is configured.
pub(super) fn shipping(database_url: &str, clock: &Clock, args: &BackupJobArgs) -> Vec<Finding> {
    let file = file_modes::embedded(database_url).into_iter().next().filter(|_| args.shipping.backup_ship_log);
    let Some(file) = file else { return Vec::new() };
    match waiting_since(&file) {
        Ok(since) => {
            let lag = since.map(|since| clock.now().micros().saturating_sub(since).max(0) / 1_000_000);
            vec![rules::shipping(is_shipped(&file), lag)]
        }
        Err(error) => vec![Finding::fail(
            "shipping",
            format!("the segments waiting next to {} cannot be read: {error}", file.display()),
            "run it as the user of the server",
        )],
    }
}

/// Tenants that the operator has suspended.
pub(super) async fn tenants(db: Database) -> Vec<Finding> {
    match suspension::list_suspended(&db.global(), MAX_LISTED_TENANTS).await {
        Ok(suspended_tenants) => {
            let slugs: Vec<&str> = suspended_tenants.iter().map(|tenant| tenant.slug.as_str()).collect();
            vec![rules::tenants(&slugs)]
        }
        Err(fault) => of_fault("tenants", &fault),
    }
}

/// Whether a promotion of the database is noticed, and whether its commits wait for a standby.
pub(super) async fn timeline(db: Database) -> Vec<Finding> {
    match db.check_timeline().await {
        Ok(report) => report.iter().map(rules::timeline).collect(),
        Err(fault) => of_fault("timeline", &fault),
    }
}

/// Checks whether outgoing messages are held, as they are after a restore.
pub(super) async fn outgoing(db: Database) -> Vec<Finding> {
    const CHECK: &str = "outgoing";
    const ADVICE: &str =
        "`entrepot resume --dry-run` lists what waits; `entrepot resume` sends it, with --drop-pending it does not";
    match outgoing_hold(&db.global()).await {
        Ok(None) => vec![Finding::ok(CHECK, "nothing is held")],
        Ok(Some(hold)) => {
            let since = rfc3339(hold.held_at);
            let observation = format!("e-mails, webhooks, reports and exports are held since {since}: {}", hold.reason);
            vec![Finding::warn(CHECK, observation, ADVICE)]
        }
        Err(fault) => of_fault(CHECK, &fault),
    }
}

pub(super) async fn jobs(db: Database, clock: Clock) -> Vec<Finding> {
    match job_facts(&db, &clock).await {
        Ok(facts) => rules::jobs(&facts),
        Err(fault) => of_fault("jobs", &fault),
    }
}

async fn job_facts(db: &Database, clock: &Clock) -> Result<JobFacts, Fault> {
    let sql = format!(
        "SELECT {} FROM (SELECT (SELECT count(*) FROM job WHERE state = 'DEAD') AS dead,
        (SELECT count(*) FROM job WHERE period IS NOT NULL AND failures >= 3) AS failing,
        (SELECT count(*) FROM job WHERE period IS NULL AND state = 'WAITING' AND due_at <= $1 AND tenant_id NOT IN {SUSPENDED}) AS overdue,
        (SELECT count(*) FROM job_worker) AS workers,
        (SELECT count(*) FROM (SELECT 1 FROM webhook_delivery WHERE state = 'FAILED' LIMIT 1000) q) AS undelivered) f",
        JobFacts::SELECT
    );
    let mut facts = db.global().records::<JobFacts>(&sql, vec![clock.now().plus_seconds(-600).micros().into()]).await?;
    Ok(facts.pop().unwrap_or_default())
}

/// Free disk of the folders of an embedded database, of stored files and of backups.
pub(super) async fn disks(serve: Serve) -> Vec<Finding> {
    let url = &serve.database.database_url;
    let mut folders = Vec::new();
    if let Some(file) = file_modes::embedded(url).first() {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        folders.push(("database", folder.to_owned()));
    }
    if let FileLocation::Folder(folder) = serve.jobs.files.resolve_location(url)
        && folder.is_dir()
    {
        folders.push(("files", folder));
    }
    if let Some(FileLocation::Folder(folder)) = &serve.jobs.backups.backups
        && folder.is_dir()
    {
        folders.push(("backups", folder.clone()));
    }
    folders.iter().map(|(subject, folder)| disk(subject, folder)).collect()
}

#[cfg(unix)]
fn disk(subject: &str, folder: &Path) -> Finding {
    match rustix::fs::statvfs(folder) {
        Ok(stats) => rules::disk(
            &format!("{subject} in {}", folder.display()),
            stats.f_bavail.saturating_mul(stats.f_frsize),
            stats.f_blocks.saturating_mul(stats.f_frsize),
        ),
        Err(error) => Finding::fail("disk", format!("{}: {error}", folder.display()), "check that the folder exists"),
    }
}

#[cfg(not(unix))]
fn disk(subject: &str, folder: &Path) -> Finding {
    Finding::ok("disk", format!("{subject} in {}: not checked on this system", folder.display()))
}

/// Returns the findings about other users' access to the database's files and the keys.
#[cfg(unix)]
pub(super) async fn modes(database_url: String, source: KeySource) -> Vec<Finding> {
    use std::os::unix::fs::MetadataExt;

    let mut files: Vec<_> = file_modes::embedded(&database_url).into_iter().map(|file| (file, false)).collect();
    if let KeySource::File(file) = source {
        files.push((file, true));
    }
    let findings = files.iter().filter_map(|(path, is_key)| {
        let mode = std::fs::metadata(path).ok()?.mode();
        Some(rules::mode(&path.display().to_string(), mode, *is_key))
    });
    findings.collect()
}

#[cfg(not(unix))]
pub(super) async fn modes(_database_url: String, _source: KeySource) -> Vec<Finding> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_compared_with_the_middle_of_asking_it() {
        let at = |seconds: i64| Timestamp(seconds * 1_000_000);
        assert_eq!(clock_lead(at(15), at(10), at(20)), 0);
        assert_eq!(clock_lead(at(20), at(10), at(20)), 5_000_000);
        assert_eq!(clock_lead(at(5), at(10), at(20)), -10_000_000);
    }
}
