//! Settings that contradict each other, and those that no flag reads.

use std::collections::BTreeSet;

use clap::CommandFactory;
use services::files::FileLocation;

use super::report::Finding;
use crate::config::{Cli, KeyArgs, Registration, RunJobs, Serve};

const CHECK: &str = "settings";
/// Read without a flag: the filter of log lines.
const LOG: &str = "ENTREPOT_LOG";

pub(super) fn check_settings(args: &Serve) -> Vec<Finding> {
    let mut findings = Vec::new();
    check_accounts(args, &mut findings);
    keys(&args.keys, &mut findings);
    places(args, &mut findings);
    check_front(args, &mut findings);
    idle(args, &mut findings);
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, "none contradicts another"));
    }
    findings
}

/// Warns of each variable `ENTREPOT_…` among these names that no flag of any command reads: a misspelled setting has no other effect.
///
/// Kubernetes gives each container variables of the services of its namespace, such as `ENTREPOT_SERVICE_HOST` and `ENTREPOT_PORT_80_TCP`: they are left out.
pub(super) fn find_unknown_variables(names: impl Iterator<Item = String>) -> Vec<Finding> {
    let mut known_names = BTreeSet::from([LOG.to_owned()]);
    add_variables(&Cli::command(), &mut known_names);
    let is_of_cluster = |name: &str| name.contains("_SERVICE_") || name.ends_with("_PORT") || name.contains("_PORT_");
    let unknown_names: BTreeSet<String> =
        names.filter(|name| name.starts_with("ENTREPOT_") && !known_names.contains(name) && !is_of_cluster(name)).collect();
    unknown_names
        .into_iter()
        .map(|name| Finding::warn(CHECK, format!("no flag reads {name}"), "look for its name in `entrepot serve --help`"))
        .collect()
}

/// Adds the variables that flags of this command and of those below it read.
fn add_variables(command: &clap::Command, known_names: &mut BTreeSet<String>) {
    known_names.extend(command.get_arguments().filter_map(|flag| flag.get_env()?.to_str().map(str::to_owned)));
    command.get_subcommands().for_each(|subcommand| add_variables(subcommand, known_names));
}

fn check_accounts(args: &Serve, findings: &mut Vec<Finding>) {
    if args.registration == Some(Registration::Verified) && !args.emails.mail.is_configured() {
        let observation = "--registration verified sends e-mails, and --mail is none";
        findings.push(Finding::fail(CHECK, observation, "give --mail, or --registration closed"));
    }
    if args.registration == Some(Registration::Open) && args.is_publicly_reachable() {
        let observation = "--registration open reveals to strangers which addresses have an account";
        findings.push(Finding::warn(CHECK, observation, "use --registration verified"));
    }
    if args.emails.mail.is_configured() && args.is_publicly_reachable() && args.emails.public_url.is_none() {
        let observation = "e-mails have links to the listen address: --public-url is not given";
        findings.push(Finding::warn(CHECK, observation, "give --public-url the address of your site"));
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

/// Keys that are given in several ways: one of them counts.
fn keys(args: &KeyArgs, findings: &mut Vec<Finding>) {
    let is_given = args.keys.as_ref().is_some_and(|keys| !keys.trim().is_empty());
    let mut sources = vec![(is_given, "ENTREPOT_KEYS")];
    #[cfg(feature = "aws-secrets")]
    sources.push((args.aws.keys_aws_secret.is_some(), "--keys-aws-secret"));
    sources.extend([(args.keys_command.is_some(), "--keys-command"), (args.keys_file.is_some(), "--keys-file")]);
    let sources: Vec<&str> = sources.into_iter().filter_map(|(is_given, name)| is_given.then_some(name)).collect();
    if let [effective, others @ ..] = &sources[..]
        && !others.is_empty()
    {
        let observation = format!("keys are given by {effective} and by {}, which is not read", others.join(" and "));
        findings.push(Finding::warn(CHECK, observation, format!("leave out all but one: the keys are those of {effective}")));
    }
}

fn places(args: &Serve, findings: &mut Vec<Finding>) {
    let (url, backups) = (&args.database.database_url, &args.jobs.backups.backups);
    let is_embedded = url.starts_with("sqlite:");
    if backups.as_ref().is_some_and(|backups| args.jobs.files.is_same_location(url, backups)) {
        findings.push(Finding::fail(
            CHECK,
            "--backups and --files are the same place",
            "give backups a place of their own, on another disk",
        ));
    }
    if args.jobs.backups.shipping.backup_ship_log && !is_embedded {
        let observation = "--backup-ship-log ships the log of an embedded database, and this one is Postgres";
        findings.push(Finding::fail(CHECK, observation, "leave it out, and archive the log with pgBackRest (docs/backups.md)"));
    }
    if backups.is_some() && args.run_jobs == RunJobs::Off {
        let observation = "--backups is given with --jobs off: this process makes none";
        findings.push(Finding::warn(CHECK, observation, "give it to `entrepot worker`"));
    }
    if !is_embedded && args.jobs.files.place.is_none() {
        let observation = "files are kept in the folder where the process is started: --files is not given";
        findings.push(Finding::warn(CHECK, observation, "give all nodes and workers the same --files"));
    }
    if is_embedded && matches!(args.jobs.files.place, Some(FileLocation::Bucket { .. })) && backups.is_none() {
        let observation = "files are in a bucket, and the database that names them is on this disk without --backups";
        findings.push(Finding::warn(CHECK, observation, "give --backups"));
    }
}

fn check_front(args: &Serve, findings: &mut Vec<Finding>) {
    if !args.proxies.is_empty() && args.drain_seconds == 0 {
        let observation = "--drain-seconds is 0 behind a proxy: requests fail while it still sends some to a node that stops";
        findings.push(Finding::warn(CHECK, observation, "set it to two of the proxy's probes"));
    }
    if !args.listen.ip().is_loopback() && args.proxies.is_empty() && args.tls.files().is_none() {
        let observation =
            "it listens for other machines without --proxy: a proxy in front hides the clients' addresses from rate limits";
        findings.push(Finding::warn(
            CHECK,
            observation,
            "name the proxy with --proxy, if there is one; without one, serve TLS with --tls-certificate",
        ));
    }
    if args.tls.files().is_some() && args.emails.public_url.as_ref().is_some_and(|url| url.starts_with("http://")) {
        let observation = "--tls-certificate is given, and --public-url is plain http: links lead to a port that answers 400";
        findings.push(Finding::warn(CHECK, observation, "use https"));
    }
    if args.only_trusted && args.graphiql {
        let observation = "--only-trusted refuses what --graphiql sends";
        findings.push(Finding::warn(CHECK, observation, "set --graphiql false"));
    }
}

/// Settings without effect.
fn idle(args: &Serve, findings: &mut Vec<Finding>) {
    for setting in args.jobs.backups.find_unused().into_iter().chain(args.metrics_server.find_unused()) {
        let advice = format!("give {}, or leave {} out", setting.needs, setting.name);
        findings.push(Finding::warn(CHECK, setting.to_string(), advice));
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::{super::report::Verdict, *};
    use crate::config::Command;

    fn judged(flags: &[&str]) -> Vec<Finding> {
        let cli = Cli::try_parse_from([&["entrepot", "doctor"], flags].concat()).unwrap();
        let Command::Doctor(args) = cli.command else { panic!("another command") };
        check_settings(&args.serve)
    }

    #[test]
    fn a_variable_that_no_flag_reads_is_found() {
        let cluster = ["ENTREPOT_SERVICE_HOST", "ENTREPOT_PORT", "ENTREPOT_METRICS_PORT_9090_TCP"];
        let known = ["ENTREPOT_LISTEN", "ENTREPOT_LOG", "ENTREPOT_LOG_FORMAT", "ENTREPOT_BACKUPS", "PATH"];
        let names = [&known[..], &cluster, &["ENTREPOT_LISTN"]].concat();
        let findings = find_unknown_variables(names.into_iter().map(str::to_owned));
        let seen: Vec<_> = findings.iter().map(|finding| (finding.verdict, finding.seen.as_str())).collect();
        assert_eq!(seen, [(Verdict::Warn, "no flag reads ENTREPOT_LISTN")]);
    }

    #[test]
    fn settings_that_contradict_each_other_are_found() {
        let quiet = judged(&[]);
        assert!(quiet.iter().all(|finding| finding.verdict == Verdict::Ok), "{quiet:?}");
        let postgres = ["--database-url", "postgres://localhost/it", "--files", "s3://bucket"];
        let on_postgres = [&postgres[..], &["--backups", "file:b", "--backup-ship-log"]].concat();
        for (flags, verdict, words) in [
            (&["--registration", "verified"][..], Verdict::Fail, "--mail is none"),
            (&["--registration", "open", "--proxy", "10.0.0.1"][..], Verdict::Warn, "reveals to strangers"),
            (&["--files", "file:a", "--backups", "file:a"][..], Verdict::Fail, "the same place"),
            (&["--files", "file:a", "--backups", "file:./a"][..], Verdict::Fail, "the same place"),
            (&["--backup-every", "6h"][..], Verdict::Warn, "--backup-every has no effect without --backups"),
            (&["--backup-drill-every", "off"][..], Verdict::Warn, "--backup-drill-every has no effect"),
            (&["--backup-keep", "30"][..], Verdict::Warn, "--backup-keep has no effect"),
            (&["--profile-token", "0123456789abcdef"][..], Verdict::Warn, "has no effect without --metrics-listen"),
            (&["--keys-file", "a", "--keys-command", "b"][..], Verdict::Warn, "by --keys-command and by --keys-file"),
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
