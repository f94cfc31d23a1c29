//! `entrepot doctor`: checks everything that a deployment needs, and prints advice.

mod backup_place;
mod check;
mod rules;
mod probes;
mod partitions;
mod report;
mod settings;
mod tls;
mod unfinished;
mod wal_archive;

use platform::{
    clock::Clock,
    secrets::KeySource,
    storage::{Database, Fault, Pooling},
};
use tokio::time::timeout;

use super::{StartError, file_modes, print_stdout};
use crate::config::{DoctorArgs, ReportFormat, Serve};

use check::{CHECK_TIMEOUT, run_check, timed_out_finding};
use report::Finding;

/// Whether no check fails.
pub async fn run(args: DoctorArgs) -> Result<bool, StartError> {
    let findings = run_checks(&args).await;
    match args.format {
        ReportFormat::Json => print_stdout(&report::json(&findings))?,
        ReportFormat::Text => findings.iter().try_for_each(|finding| print_stdout(&finding.line()))?,
    }
    Ok(report::is_sound(&findings))
}

async fn run_checks(args: &DoctorArgs) -> Vec<Finding> {
    let (serve, clock) = (&args.serve, Clock::system());
    let source = serve.keys.source(&serve.database.database_url);
    let mut findings = settings::check_settings(serve);
    findings.extend(settings::find_unknown_variables(std::env::vars_os().filter_map(|(name, _)| name.into_string().ok())));
    findings.extend(run_check("disk", probes::disks(serve.clone())).await);
    findings.extend(run_check("modes", probes::modes(serve.database.database_url.clone(), source.clone())).await);
    if let Some(location) = serve.jobs.backups.backups.clone() {
        let database = file_modes::embedded(&serve.database.database_url).into_iter().next();
        findings.extend(run_check(backup_place::CHECK, backup_place::check_place(location, database)).await);
    }
    if let Some(files) = serve.tls.files() {
        findings.extend(run_check("tls", tls::check_certificate(files, clock.clone())).await);
    }
    if serve.redis.redis_url.is_some() {
        findings.extend(run_check("redis", probes::redis(serve.redis.clone(), clock.clone())).await);
    }
    let options = serve.database.options();
    let result = timeout(CHECK_TIMEOUT, Database::open(&serve.database.database_url, options)).await;
    match result {
        Ok(Ok(db)) => {
            findings.extend(of_database(args, &db, source, &clock).await);
            // A connection that hangs is left to the end of the process.
            drop(timeout(CHECK_TIMEOUT, db.close()).await);
        }
        Ok(Err(Fault::Pooled(reason))) => findings.push(rules::pooler(&Pooling::Transaction(reason))),
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
    let (versions, is_current) = probes::versions(db, CHECK_TIMEOUT).await;
    let mut findings = vec![versions];
    findings.extend(run_check(unfinished::RESTORE_CHECK, unfinished::restore(db.clone())).await);
    findings.extend(run_check("clock", probes::clock(db.clone(), clock.clone())).await);
    findings.extend(run_check("postgres", probes::server(db.clone(), args.nodes)).await);
    findings.extend(run_check("wal archive", wal_archive::check_archive(db.clone())).await);
    findings.extend(run_check("pooler", probes::pooler(db.clone())).await);
    findings.extend(run_check("hosts", probes::hosts(db.clone())).await);
    if !args.serve.replicas.urls.is_empty() {
        let (replicas, database) = (args.serve.replicas.clone(), args.serve.database.clone());
        findings.extend(run_check("replicas", probes::replicas(db.clone(), replicas, database)).await);
    }
    if !is_current {
        findings.push(Finding::warn(
            "tables",
            "keys, files, backups and jobs were not checked",
            "upgrade the older of the two, then run it again",
        ));
        return findings;
    }
    findings.extend(run_check(unfinished::COPY_CHECK, unfinished::copy(db.clone())).await);
    findings.extend(run_check("timeline", probes::timeline(db.clone())).await);
    findings.extend(run_check("row security", probes::row_security(db.clone())).await);
    findings.extend(run_check("keys", probes::keys(db.clone(), source.clone(), clock.clone())).await);
    let location = files_of(&args.serve);
    findings.extend(run_check("files", probes::files(db.clone(), source, clock.clone(), location)).await);
    findings.extend(run_check("backups", probes::backups(db.clone(), clock.clone(), args.serve.jobs.backups.clone())).await);
    findings.extend(probes::shipping(&args.serve.database.database_url, clock, &args.serve.jobs.backups));
    findings.extend(run_check("tenants", probes::tenants(db.clone())).await);
    findings.extend(run_check("partitions", partitions::check_partitions(db.clone(), clock.clone())).await);
    findings.extend(run_check("outgoing", probes::outgoing(db.clone())).await);
    findings.extend(run_check("jobs", probes::jobs(db.clone(), clock.clone())).await);
    findings
}

fn files_of(serve: &Serve) -> services::files::FileLocation {
    serve.jobs.files.resolve_location(&serve.database.database_url)
}
