//! Settings that contradict each other.

use services::files::FileLocation;

use super::report::Finding;
use crate::config::{Registration, RunJobs, Serve};

const CHECK: &str = "settings";

pub(super) fn judge(args: &Serve) -> Vec<Finding> {
    let mut findings = Vec::new();
    people(args, &mut findings);
    places(args, &mut findings);
    front(args, &mut findings);
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, "none contradicts another"));
    }
    findings
}

fn people(args: &Serve, findings: &mut Vec<Finding>) {
    if args.registration == Some(Registration::Verified) && !args.emails.mail.is_there() {
        let seen = "--registration verified sends e-mail, and --mail is none";
        findings.push(Finding::fail(CHECK, seen, "give --mail, or --registration closed"));
    }
    if args.registration == Some(Registration::Open) && args.is_reached_by_strangers() {
        let seen = "--registration open tells strangers which addresses have an account";
        findings.push(Finding::warn(CHECK, seen, "use --registration verified"));
    }
    if args.emails.mail.is_there() && args.is_reached_by_strangers() && args.emails.public_url.is_none() {
        let seen = "e-mail leaves with links to the address that is listened on: --public-url is not given";
        findings.push(Finding::warn(CHECK, seen, "give --public-url the address of your site"));
    }
    if args
        .emails
        .public_url
        .as_ref()
        .is_some_and(|url| url.starts_with("http://") && !url.contains("//localhost") && !url.contains("//127."))
    {
        findings.push(Finding::warn(CHECK, "--public-url is plain http: links that set passwords can be read", "use https"));
    }
}

fn places(args: &Serve, findings: &mut Vec<Finding>) {
    let (url, backups) = (&args.database.database_url, &args.jobs.backups.backups);
    let is_embedded = url.starts_with("sqlite:");
    if backups.as_ref().is_some_and(|backups| *backups == args.jobs.files.place(url)) {
        findings.push(Finding::fail(
            CHECK,
            "--backups and --files are the same place",
            "give backups a place of their own, on another disk",
        ));
    }
    if args.jobs.backups.shipping.backup_ship_log && !is_embedded {
        let seen = "--backup-ship-log ships the log of an embedded database, and this one is Postgres";
        findings.push(Finding::fail(CHECK, seen, "leave it out, and archive the log with pgBackRest (docs/backups.md)"));
    }
    if backups.is_some() && args.run_jobs == RunJobs::Off {
        let seen = "--backups is given with --jobs off: this process makes none";
        findings.push(Finding::warn(CHECK, seen, "give it to `entrepot worker`"));
    }
    if !is_embedded && args.jobs.files.place.is_none() {
        let seen = "files are kept in the folder where the process is started: --files is not given";
        findings.push(Finding::warn(CHECK, seen, "give all nodes and workers the same --files"));
    }
    if is_embedded && matches!(args.jobs.files.place, Some(FileLocation::Bucket { .. })) && backups.is_none() {
        let seen = "files are in a bucket, and the database that names them is on this disk without --backups";
        findings.push(Finding::warn(CHECK, seen, "give --backups"));
    }
}

fn front(args: &Serve, findings: &mut Vec<Finding>) {
    if !args.proxies.is_empty() && args.drain_seconds == 0 {
        let seen = "--drain-seconds is 0 behind a proxy: requests fail while it still sends some to a node that stops";
        findings.push(Finding::warn(CHECK, seen, "set it to two of the proxy's probes"));
    }
    if !args.listen.ip().is_loopback() && args.proxies.is_empty() && args.tls.files().is_none() {
        let seen =
            "it listens for other machines without --proxy: a proxy in front hides the clients' addresses from rate limits";
        findings.push(Finding::warn(
            CHECK,
            seen,
            "name the proxy with --proxy, if there is one; without one, serve TLS with --tls-certificate",
        ));
    }
    if args.tls.files().is_some() && args.emails.public_url.as_ref().is_some_and(|url| url.starts_with("http://")) {
        let seen = "--tls-certificate is given, and --public-url is plain http: links lead to a port that answers 400";
        findings.push(Finding::warn(CHECK, seen, "use https"));
    }
    if args.only_trusted && args.graphiql {
        let seen = "--only-trusted refuses what --graphiql sends";
        findings.push(Finding::warn(CHECK, seen, "set --graphiql false"));
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{super::report::Verdict, *};
    use crate::config::{Cli, Command};

    fn judged(flags: &[&str]) -> Vec<Finding> {
        let cli = Cli::try_parse_from([&["entrepot", "doctor"], flags].concat()).unwrap();
        let Command::Doctor(args) = cli.command else { panic!("another command") };
        judge(&args.serve)
    }

    #[test]
    fn settings_that_contradict_each_other_are_found() {
        let quiet = judged(&[]);
        assert!(quiet.iter().all(|finding| finding.verdict == Verdict::Ok), "{quiet:?}");
        let postgres = ["--database-url", "postgres://localhost/it", "--files", "s3://bucket"];
        let on_postgres = [&postgres[..], &["--backups", "file:b", "--backup-ship-log"]].concat();
        for (flags, verdict, words) in [
            (&["--registration", "verified"][..], Verdict::Fail, "--mail is none"),
            (&["--registration", "open", "--proxy", "10.0.0.1"][..], Verdict::Warn, "tells strangers"),
            (&["--files", "file:a", "--backups", "file:a"][..], Verdict::Fail, "the same place"),
            (&on_postgres[..], Verdict::Fail, "this one is Postgres"),
            (&["--backups", "file:b", "--jobs", "off"][..], Verdict::Warn, "--jobs off"),
            (&postgres[..2], Verdict::Warn, "--files is not given"),
            (&["--public-url", "http://shop.example"][..], Verdict::Warn, "plain http"),
            (&["--proxy", "10.0.0.1"][..], Verdict::Warn, "--drain-seconds is 0"),
            (&["--listen", "0.0.0.0:8080"][..], Verdict::Warn, "without --proxy"),
            (&["--tls-certificate", "a", "--tls-key", "b", "--public-url", "http://localhost"][..], Verdict::Warn, "answers 400"),
            (&["--trusted-documents", "a.json", "--only-trusted"][..], Verdict::Warn, "--graphiql"),
        ] {
            let findings = judged(flags);
            let found = findings.iter().find(|finding| finding.seen.contains(words));
            assert_eq!(found.map(|finding| finding.verdict), Some(verdict), "{flags:?}: {findings:?}");
        }
    }
}
