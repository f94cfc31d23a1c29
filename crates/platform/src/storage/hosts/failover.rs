//! Watch of a database's hosts, and the change to another one that takes writes.

use std::{
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, ConnectOptions, PgConnection, PgPool, postgres::PgConnectOptions},
};
use tokio::{
    sync::{Mutex, Notify, watch},
    time::{Instant, timeout},
};

use super::report::{Answer, HOST_TIMEOUT, choose_primary, count_writable, is_writable, request_reports};
use crate::{
    clock, metrics,
    storage::{Fault, connect_errors, sessions::is_lost, write_health::WriteHealth},
};

/// Duration of the first check of all hosts: a standby may be about to take over.
const FIRST_CHECK_TIMEOUT: Duration = Duration::from_secs(3);
/// Minimum time between two checks, however many connections fail.
const MIN_CHECK_INTERVAL: Duration = Duration::from_millis(100);
/// Interval at which the host that takes writes is checked when nothing else triggers a check.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The host that takes writes, and the number of changes so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Primary {
    pub(super) host: usize,
    pub(super) term: u64,
}

/// The hosts of a database. Clones share them.
#[derive(Clone)]
pub(super) struct Hosts(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) names: Vec<String>,
    /// The login of the URL at each.
    logins: Vec<PgConnectOptions>,
    /// The cluster that all are of.
    system: i64,
    primary: watch::Sender<Primary>,
    /// Latest timeline that was written to.
    newest: AtomicI64,
    /// Start of the last check of all hosts; the lock is held during a check.
    last_look: Mutex<Option<Instant>>,
    pub(super) suspected: Notify,
    /// sqlx's pool of the URL's own login.
    pub(super) owner: OnceLock<PgPool>,
    write_health: WriteHealth,
}

impl Hosts {
    /// Finds the host that takes writes, and watches it from now on.
    pub(super) async fn open(logins: &[PgConnectOptions], write_health: &WriteHealth) -> Result<Self, Fault> {
        let names: Vec<String> = logins.iter().map(name).collect();
        if let Some(duplicate) = names.iter().enumerate().find(|(index, name)| names[..*index].contains(name)) {
            return Err(Fault::Broken(format!("the database URL names {} twice: leave one of them out", duplicate.1)));
        }
        let deadline = Instant::now() + FIRST_CHECK_TIMEOUT;
        let (host, newest, system) = loop {
            let reports = request_reports(logins).await;
            let system = require_one_cluster(&names, &reports)?;
            if let (Some((host, timeline)), Some(system)) = (choose_primary(&reports, 0, 0), system) {
                warn_of_two_primaries(&reports);
                break (host, timeline, system);
            }
            if Instant::now() >= deadline {
                return Err(build_unwritable_fault(&names, reports));
            }
            clock::sleep(MIN_CHECK_INTERVAL).await;
        };
        let hosts = Self(Arc::new(Inner {
            names,
            logins: logins.to_vec(),
            system,
            primary: watch::Sender::new(Primary { host, term: 1 }),
            newest: AtomicI64::new(newest),
            last_look: Mutex::default(),
            suspected: Notify::new(),
            owner: OnceLock::new(),
            write_health: write_health.clone(),
        }));
        tracing::info!(host = hosts.0.names[host], "this host of the database takes writes");
        tokio::spawn(watch_primary(Arc::downgrade(&hosts.0)));
        Ok(hosts)
    }

    pub(super) fn primary(&self) -> Primary {
        *self.0.primary.borrow()
    }

    pub(super) async fn ends(&self, term: u64) {
        let mut primary = self.0.primary.subscribe();
        loop {
            let current = primary.borrow_and_update().term;
            if current != term || primary.changed().await.is_err() {
                return;
            }
        }
    }

    /// Queries all hosts for the one that takes writes, and uses it. Concurrent callers wait for
    /// the check under way.
    pub(super) async fn check_hosts(&self) {
        let arrival = Instant::now();
        let mut last_look = self.0.last_look.lock().await;
        if last_look.is_some_and(|last_start| last_start >= arrival || last_start.elapsed() < MIN_CHECK_INTERVAL) {
            return;
        }
        *last_look = Some(Instant::now());
        let reports = self.cluster_reports().await;
        warn_of_two_primaries(&reports);
        let (before, newest) = (self.primary(), self.0.newest.load(Ordering::Relaxed));
        if let Some((host, timeline)) = choose_primary(&reports, before.host, newest) {
            self.0.newest.store(timeline, Ordering::Relaxed);
            if host != before.host {
                self.switch_host(before, host);
            }
        }
    }

    /// Returns the reports of the hosts, with an error for a host of another cluster.
    pub(super) async fn cluster_reports(&self) -> Vec<Answer> {
        let mut reports = request_reports(&self.0.logins).await;
        for (report, name) in reports.iter_mut().zip(&self.0.names) {
            if report.as_ref().is_ok_and(|report| report.system != self.0.system) {
                tracing::error!(
                    host = name,
                    "this host of the database is of another Postgres cluster by now: nothing is written to it"
                );
                *report = Err(sqlx::Error::Protocol("of another Postgres cluster".to_owned()));
            }
        }
        reports
    }

    fn switch_host(&self, before: Primary, host: usize) {
        if let Some(owner) = self.0.owner.get() {
            owner.set_connect_options(self.0.logins[host].clone());
        }
        self.0.write_health.discard_connections();
        self.0.primary.send_replace(Primary { host, term: before.term + 1 });
        metrics::database_failover();
        tracing::warn!(
            from = self.0.names[before.host],
            to = self.0.names[host],
            "another host of the database takes writes: connections go there"
        );
    }
}

/// Pings the host that takes writes once a second, and checks all hosts if it does not answer or a
/// connection was lost. Otherwise a host that falls silent would be left only after the statements'
/// timeout, and one beside which another was promoted never.
async fn watch_primary(hosts: Weak<Inner>) {
    let mut watched: Option<(PgConnection, u64)> = None;
    loop {
        let suspected = {
            let Some(inner) = hosts.upgrade() else { return };
            timeout(CHECK_INTERVAL, inner.suspected.notified()).await.is_ok()
        };
        let Some(hosts) = hosts.upgrade().map(Hosts) else { return };
        let primary = hosts.primary();
        if suspected {
            hosts.check_hosts().await;
            continue;
        }
        let kept_session = watched.take().filter(|(_, term)| *term == primary.term);
        let check = async {
            let mut connection = match kept_session {
                Some((connection, _)) => connection,
                None => hosts.0.logins[primary.host].connect().await?,
            };
            let takes_writes = is_writable(&mut connection).await?;
            Ok::<_, sqlx::Error>(Some(connection).filter(|_| takes_writes))
        };
        watched = if let Ok(Ok(Some(connection))) = timeout(HOST_TIMEOUT, check).await {
            Some((connection, primary.term))
        } else {
            hosts.check_hosts().await;
            None
        };
    }
}

fn warn_of_two_primaries(reports: &[Answer]) {
    let hosts = count_writable(reports);
    if hosts > 1 {
        tracing::error!(
            hosts,
            "several hosts of the database take writes: the one that was promoted last is written to; stop the others"
        );
    }
}

fn name(login: &PgConnectOptions) -> String {
    format!("{}:{}", login.get_host(), login.get_port())
}

/// Returns the cluster of the hosts that answer.
fn require_one_cluster(names: &[String], reports: &[Answer]) -> Result<Option<i64>, Fault> {
    let mut first: Option<(&String, i64)> = None;
    for (name, report) in names.iter().zip(reports) {
        let Ok(report) = report else { continue };
        match first {
            None => first = Some((name, report.system)),
            Some((other, system)) if system != report.system => {
                return Err(Fault::Broken(format!(
                    "the hosts {other} and {name} of the database URL are of two Postgres clusters: name a primary and its standbys"
                )));
            }
            Some(_) => {}
        }
    }
    Ok(first.map(|(_, system)| system))
}

/// Returns the reason that the database is not opened. The error of a server that refuses the
/// login, or lacks the database, is preferred to those of unreachable ones.
fn build_unwritable_fault(names: &[String], reports: Vec<Answer>) -> Fault {
    let mut messages = Vec::new();
    for (name, report) in names.iter().zip(reports) {
        match report {
            Ok(_) => messages.push(format!("{name} is a standby, or may only be read")),
            Err(err) if err.as_database_error().is_some() && !is_lost(&err) => {
                return connect_errors::connect_fault(name, &DbErr::Conn(RuntimeErr::SqlxError(err.into())));
            }
            Err(err) => messages.push(format!("{name}: {err}")),
        }
    }
    Fault::Broken(format!("no host of the database takes writes: {}", messages.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::hosts::{
        login::{Login, host_left_error},
        report::{Report, no_answer_error},
    };

    fn logins() -> Vec<PgConnectOptions> {
        let login = || PgConnectOptions::new_without_pgpass().host("127.0.0.1");
        vec![login().port(1), login().port(2)]
    }

    /// Two hosts without a server, the first of which was found to take writes.
    fn hosts() -> Hosts {
        let logins = logins();
        Hosts(Arc::new(Inner {
            names: logins.iter().map(name).collect(),
            logins,
            system: 7,
            primary: watch::Sender::new(Primary { host: 0, term: 1 }),
            newest: AtomicI64::new(1),
            last_look: Mutex::default(),
            suspected: Notify::new(),
            owner: OnceLock::new(),
            write_health: WriteHealth::default(),
        }))
    }

    #[tokio::test]
    async fn what_belongs_to_a_host_that_was_left_ends() {
        let hosts = hosts();
        let login = Login::of(logins(), Some(hosts.clone()));
        assert!(login.is_current(1) && login.options().get_port() == 1);
        let waiting = tokio::spawn({
            let login = login.clone();
            async move { login.ends(1).await }
        });
        hosts.switch_host(hosts.primary(), 1);
        timeout(Duration::from_secs(5), waiting).await.expect("the wait to end").unwrap();
        assert!(!login.is_current(1) && login.is_current(2) && login.options().get_port() == 2);
        assert!(!hosts.0.write_health.holds(Duration::from_secs(1)), "older connections of pools go, too");
        timeout(Duration::from_secs(5), login.ends(1)).await.expect("who comes later learns it at once");
        assert!(timeout(Duration::from_millis(20), login.ends(2)).await.is_err(), "nobody has left the second");
    }

    #[tokio::test]
    async fn one_host_is_never_left_and_looks_at_nobody() {
        let login = Login::single_host(PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(1));
        assert!(login.is_current(0) && !login.may_fail_over(&host_left_error()));
        assert!(timeout(Duration::from_millis(20), login.ends(0)).await.is_err());
    }

    #[tokio::test]
    async fn nobody_who_answers_is_no_reason_to_go() {
        let hosts = hosts();
        hosts.check_hosts().await;
        assert_eq!(hosts.primary(), Primary { host: 0, term: 1 });
        let login = Login::of(logins(), Some(hosts));
        let err = login.connect().await.map(drop).unwrap_err();
        assert!(login.may_fail_over(&err), "{err}");
    }

    #[test]
    fn hosts_are_of_one_cluster() {
        let names = ["one:1".to_owned(), "two:2".to_owned()];
        let of = |system| Ok(Report { is_writable: false, timeline: 0, system });
        assert_eq!(require_one_cluster(&names, &[of(7), of(7)]).unwrap(), Some(7));
        assert_eq!(require_one_cluster(&names, &[Err(no_answer_error()), of(8)]).unwrap(), Some(8));
        let refusal = require_one_cluster(&names, &[of(7), of(8)]).unwrap_err().to_string();
        assert!(refusal.contains("one:1") && refusal.contains("two:2") && refusal.contains("two Postgres clusters"), "{refusal}");
        let nobody = build_unwritable_fault(&names, vec![of(7), Err(no_answer_error())]).to_string();
        assert!(nobody.contains("one:1 is a standby") && nobody.contains("two:2: "), "{nobody}");
    }
}
