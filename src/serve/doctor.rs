//! `entrepot doctor`: checks everything that a deployment needs, and prints advice.

mod backup_place;
mod judge;
mod look;
mod partitions;
mod report;
mod settings;
mod tls;
mod unfinished;

use std::time::Duration;

use platform::{
    clock::Clock,
    secrets::KeySource,
    storage::{Database, Fault, Pooling},
};
use tokio::{runtime::Handle, time::timeout};

use super::{StartError, file_modes, say};
use crate::config::{DoctorArgs, ReportFormat, Serve};

use report::Finding;

/// Timeout of one check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);
/// Time beyond that for a check that blocks its thread, and so cannot end itself.
const BLOCKED_CHECK_GRACE: Duration = Duration::from_millis(200);

/// Whether no check fails.
pub async fn run(args: DoctorArgs) -> Result<bool, StartError> {
    let findings = run_checks(&args).await;
    match args.format {
        ReportFormat::Json => say(&report::json(&findings))?,
        ReportFormat::Text => findings.iter().try_for_each(|finding| say(&finding.line()))?,
    }
    Ok(report::is_sound(&findings))
}

async fn run_checks(args: &DoctorArgs) -> Vec<Finding> {
    let (serve, clock) = (&args.serve, Clock::system());
    let source = serve.keys.source(&serve.database.database_url);
    let mut findings = settings::judge(serve);
    findings.extend(settings::unread(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())));
    findings.extend(run_check("disk", look::disks(serve.clone())).await);
    findings.extend(run_check("modes", look::modes(serve.database.database_url.clone(), source.clone())).await);
    if let Some(place) = serve.jobs.backups.backups.clone() {
        let database = file_modes::embedded(&serve.database.database_url).into_iter().next();
        findings.extend(run_check(backup_place::CHECK, backup_place::check_place(place, database)).await);
    }
    if let Some(files) = serve.tls.files() {
        findings.extend(run_check("tls", tls::check_certificate(files, clock.clone())).await);
    }
    if serve.redis.redis_url.is_some() {
        findings.extend(run_check("redis", look::redis(serve.redis.clone(), clock.clone())).await);
    }
    let options = serve.database.options();
    let opened = timeout(CHECK_TIMEOUT, Database::open(&serve.database.database_url, options)).await;
    match opened {
        Ok(Ok(db)) => {
            findings.extend(of_database(args, &db, source, &clock).await);
            // A connection that hangs is left to the end of the process.
            drop(timeout(CHECK_TIMEOUT, db.close()).await);
        }
        Ok(Err(Fault::Pooled(seen))) => findings.push(judge::pooler(&Pooling::Transaction(seen))),
        Ok(Err(fault)) => {
            let advice = "check --database-url and that the server runs; an empty one needs `entrepot migrate`";
            findings.push(Finding::fail("database", fault.to_string(), advice));
        }
        Err(_) => findings.push(timed_out_finding("database")),
    }
    findings
}

/// Runs the checks that need the database. Tables are only checked if they are those of this
/// version.
async fn of_database(args: &DoctorArgs, db: &Database, source: KeySource, clock: &Clock) -> Vec<Finding> {
    let (versions, fits) = look::versions(db, CHECK_TIMEOUT).await;
    let mut findings = vec![versions];
    findings.extend(run_check(unfinished::RESTORE_CHECK, unfinished::restore(db.clone())).await);
    findings.extend(run_check("clock", look::clock(db.clone(), clock.clone())).await);
    findings.extend(run_check("postgres", look::server(db.clone(), args.nodes)).await);
    findings.extend(run_check("pooler", look::pooler(db.clone())).await);
    findings.extend(run_check("hosts", look::hosts(db.clone())).await);
    if !args.serve.replicas.urls.is_empty() {
        let (replicas, database) = (args.serve.replicas.clone(), args.serve.database.clone());
        findings.extend(run_check("replicas", look::replicas(db.clone(), replicas, database)).await);
    }
    if !fits {
        findings.push(Finding::warn(
            "tables",
            "keys, files, backups and jobs were not checked",
            "upgrade the older of the two, then run it again",
        ));
        return findings;
    }
    findings.extend(run_check(unfinished::COPY_CHECK, unfinished::copy(db.clone())).await);
    findings.extend(run_check("timeline", look::timeline(db.clone())).await);
    findings.extend(run_check("row security", look::row_security(db.clone())).await);
    findings.extend(run_check("keys", look::keys(db.clone(), source.clone(), clock.clone())).await);
    let place = files_of(&args.serve);
    findings.extend(run_check("files", look::files(db.clone(), source, clock.clone(), place)).await);
    findings.extend(run_check("backups", look::backups(db.clone(), clock.clone(), args.serve.jobs.backups.clone())).await);
    findings.extend(look::shipping(&args.serve.database.database_url, clock, &args.serve.jobs.backups));
    findings.extend(run_check("tenants", look::tenants(db.clone())).await);
    findings.extend(run_check("partitions", partitions::look(db.clone(), clock.clone())).await);
    findings.extend(run_check("outgoing", look::outgoing(db.clone())).await);
    findings.extend(run_check("jobs", look::jobs(db.clone(), clock.clone())).await);
    findings
}

fn files_of(serve: &Serve) -> services::files::FileLocation {
    serve.jobs.files.place(&serve.database.database_url)
}

/// Runs a check on a thread of its own, so that one which blocks its thread times out, too: a
/// machine with one processor would have no other thread to watch the time.
async fn run_check(check: &'static str, looking: impl Future<Output = Vec<Finding>> + Send + 'static) -> Vec<Finding> {
    within_time(CHECK_TIMEOUT, check, looking).await
}

async fn within_time(
    patience: Duration,
    check: &'static str,
    looking: impl Future<Output = Vec<Finding>> + Send + 'static,
) -> Vec<Finding> {
    let handle = Handle::current();
    let looked = tokio::task::spawn_blocking(move || handle.block_on(async move { timeout(patience, looking).await }));
    match timeout(patience + BLOCKED_CHECK_GRACE, looked).await {
        Ok(Ok(Ok(findings))) => findings,
        Ok(Err(error)) => vec![Finding::fail(check, format!("the check itself failed: {error}"), "report this as a bug")],
        Ok(Ok(Err(_))) | Err(_) => vec![timed_out_finding(check)],
    }
}

fn timed_out_finding(check: &'static str) -> Finding {
    Finding::fail(
        check,
        format!("no answer within {} s", CHECK_TIMEOUT.as_secs()),
        "see whether it hangs, or is out of reach from here",
    )
}

#[cfg(test)]
mod tests {
    use super::{report::Verdict, *};

    #[tokio::test]
    async fn a_check_that_hangs_fails() {
        let findings = within_time(Duration::from_millis(10), "redis", std::future::pending()).await;
        assert_eq!(findings.iter().map(|finding| finding.verdict).collect::<Vec<_>>(), [Verdict::Fail]);
        assert!(findings[0].line().contains("within 5 s"), "{findings:?}");
        assert_eq!(
            run_check("redis", async { vec![Finding::ok("redis", "it answers")] }).await,
            [Finding::ok("redis", "it answers")]
        );
    }

    #[tokio::test]
    async fn a_check_that_blocks_its_thread_fails() {
        let (hold, held) = std::sync::mpsc::channel::<()>();
        let blocks = async move { vec![Finding::ok("disk", format!("{:?}", held.recv_timeout(Duration::from_secs(5))))] };
        let findings = within_time(Duration::from_millis(10), "disk", blocks).await;
        drop(hold);
        assert_eq!(findings.iter().map(|finding| finding.verdict).collect::<Vec<_>>(), [Verdict::Fail], "{findings:?}");
    }
}
