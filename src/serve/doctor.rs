//! `entrepot doctor`: looks at everything that a deployment rests on, and says what to do.

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

/// How long one check may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much longer one is waited for that blocks its thread, and so cannot end itself.
const SLACK: Duration = Duration::from_millis(200);

/// Whether no check fails.
pub async fn run(args: DoctorArgs) -> Result<bool, StartError> {
    let findings = examined(&args).await;
    match args.format {
        ReportFormat::Json => say(&report::json(&findings))?,
        ReportFormat::Text => findings.iter().try_for_each(|finding| say(&finding.line()))?,
    }
    Ok(report::is_sound(&findings))
}

async fn examined(args: &DoctorArgs) -> Vec<Finding> {
    let (serve, clock) = (&args.serve, Clock::system());
    let source = serve.keys.source(&serve.database.database_url);
    let mut findings = settings::judge(serve);
    findings.extend(settings::unread(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())));
    findings.extend(within("disk", look::disks(serve.clone())).await);
    findings.extend(within("modes", look::modes(serve.database.database_url.clone(), source.clone())).await);
    if let Some(place) = serve.jobs.backups.backups.clone() {
        let database = file_modes::embedded(&serve.database.database_url).into_iter().next();
        findings.extend(within(backup_place::CHECK, backup_place::look(place, database)).await);
    }
    if let Some(files) = serve.tls.files() {
        findings.extend(within("tls", tls::look(files, clock.clone())).await);
    }
    if serve.redis.redis_url.is_some() {
        findings.extend(within("redis", look::redis(serve.redis.clone(), clock.clone())).await);
    }
    let options = serve.database.options();
    let opened = timeout(PATIENCE, Database::open(&serve.database.database_url, options)).await;
    match opened {
        Ok(Ok(db)) => {
            findings.extend(of_database(args, &db, source, &clock).await);
            // A connection that hangs is left to the end of the process.
            drop(timeout(PATIENCE, db.close()).await);
        }
        Ok(Err(Fault::Pooled(seen))) => findings.push(judge::pooler(&Pooling::Transaction(seen))),
        Ok(Err(fault)) => {
            let advice = "check --database-url and that the server runs; an empty one needs `entrepot migrate`";
            findings.push(Finding::fail("database", fault.to_string(), advice));
        }
        Err(_) => findings.push(late("database")),
    }
    findings
}

/// What needs the database. Tables are looked at only where they are those of this version.
async fn of_database(args: &DoctorArgs, db: &Database, source: KeySource, clock: &Clock) -> Vec<Finding> {
    let (versions, fits) = look::versions(db, PATIENCE).await;
    let mut findings = vec![versions];
    findings.extend(within(unfinished::RESTORE, unfinished::restore(db.clone())).await);
    findings.extend(within("clock", look::clock(db.clone(), clock.clone())).await);
    findings.extend(within("postgres", look::server(db.clone(), args.nodes)).await);
    findings.extend(within("pooler", look::pooler(db.clone())).await);
    findings.extend(within("hosts", look::hosts(db.clone())).await);
    if !args.serve.replicas.urls.is_empty() {
        let (replicas, database) = (args.serve.replicas.clone(), args.serve.database.clone());
        findings.extend(within("replicas", look::replicas(db.clone(), replicas, database)).await);
    }
    if !fits {
        findings.push(Finding::warn(
            "tables",
            "keys, files, backups and jobs were not looked at",
            "bring the versions together, then run it again",
        ));
        return findings;
    }
    findings.extend(within(unfinished::COPY, unfinished::copy(db.clone())).await);
    findings.extend(within("timeline", look::timeline(db.clone())).await);
    findings.extend(within("row security", look::row_security(db.clone())).await);
    findings.extend(within("keys", look::keys(db.clone(), source.clone(), clock.clone())).await);
    let place = files_of(&args.serve);
    findings.extend(within("files", look::files(db.clone(), source, clock.clone(), place)).await);
    findings.extend(within("backups", look::backups(db.clone(), clock.clone(), args.serve.jobs.backups.clone())).await);
    findings.extend(look::shipping(&args.serve.database.database_url, clock, &args.serve.jobs.backups));
    findings.extend(within("tenants", look::tenants(db.clone())).await);
    findings.extend(within("partitions", partitions::look(db.clone(), clock.clone())).await);
    findings.extend(within("outgoing", look::outgoing(db.clone())).await);
    findings.extend(within("jobs", look::jobs(db.clone(), clock.clone())).await);
    findings
}

fn files_of(serve: &Serve) -> services::files::FileLocation {
    serve.jobs.files.place(&serve.database.database_url)
}

/// Runs a check on a thread of its own, so that one which blocks it ends as late, too: a machine of one processor has no other to look at the time.
async fn within(check: &'static str, looking: impl Future<Output = Vec<Finding>> + Send + 'static) -> Vec<Finding> {
    within_time(PATIENCE, check, looking).await
}

async fn within_time(
    patience: Duration,
    check: &'static str,
    looking: impl Future<Output = Vec<Finding>> + Send + 'static,
) -> Vec<Finding> {
    let handle = Handle::current();
    let looked = tokio::task::spawn_blocking(move || handle.block_on(async move { timeout(patience, looking).await }));
    match timeout(patience + SLACK, looked).await {
        Ok(Ok(Ok(findings))) => findings,
        Ok(Err(error)) => vec![Finding::fail(check, format!("the check itself failed: {error}"), "report this as a bug")],
        Ok(Ok(Err(_))) | Err(_) => vec![late(check)],
    }
}

fn late(check: &'static str) -> Finding {
    Finding::fail(
        check,
        format!("no answer within {} s", PATIENCE.as_secs()),
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
            within("redis", async { vec![Finding::ok("redis", "it answers")] }).await,
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
