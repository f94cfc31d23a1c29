//! A database of several hosts, one of which takes writes until another takes over from it.
//!
//! sqlx knows one host. Here all hosts are asked at once which of them takes writes, when the database is opened and whenever the one that did may no
//! longer: a connection to it broke, could not be opened, or it shows no life. Once another is found, connections to the former end, with the questions
//! that are on their way there. `docs/decisions/0164-failover.md`.

mod login;
mod report;
mod status;
mod url;

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

use self::report::{Answer, PATIENCE, chosen, is_writable, reports, writable};
use super::{Fault, postgres, sessions::is_lost, writable::WriteHealth};
use crate::{clock, metrics};

pub use self::status::{HostReport, HostState, HostStatus};
pub(super) use self::{
    login::{Login, left},
    url::each,
};

/// How long the first look goes on for: a standby may be on its way to take over.
const FIRST: Duration = Duration::from_secs(3);
/// Between two looks: however many connections fail at a time, hosts are asked no more often.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);
/// How often the host that takes writes is asked for a sign of life, with nobody else asking.
const EVERY: Duration = Duration::from_secs(1);

/// The host that takes writes, and how often that has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Primary {
    host: usize,
    term: u64,
}

/// The hosts of a database. Clones share them.
#[derive(Clone)]
struct Hosts(Arc<Inner>);

struct Inner {
    names: Vec<String>,
    /// The login of the URL at each.
    logins: Vec<PgConnectOptions>,
    /// The cluster that all are of.
    system: i64,
    primary: watch::Sender<Primary>,
    /// The latest timeline that was written to.
    newest: AtomicI64,
    /// When the last look at all hosts began; whoever looks holds it.
    last_look: Mutex<Option<Instant>>,
    suspected: Notify,
    /// sqlx's pool of the URL's own login.
    owner: OnceLock<PgPool>,
    write_health: WriteHealth,
}

impl Hosts {
    /// Finds the host that takes writes, and watches it from now on.
    async fn open(logins: &[PgConnectOptions], write_health: &WriteHealth) -> Result<Self, Fault> {
        let names: Vec<String> = logins.iter().map(name).collect();
        if let Some(twice) = names.iter().enumerate().find(|(index, name)| names[..*index].contains(name)) {
            return Err(Fault::Broken(format!("the database URL names {} twice: leave one of them out", twice.1)));
        }
        let until = Instant::now() + FIRST;
        let (host, newest, system) = loop {
            let reports = reports(logins).await;
            let system = one_system(&names, &reports)?;
            if let (Some((host, timeline)), Some(system)) = (chosen(&reports, 0, 0), system) {
                tell_rivals(&reports);
                break (host, timeline, system);
            }
            if Instant::now() >= until {
                return Err(unwritable(&names, reports));
            }
            clock::sleep(BETWEEN_LOOKS).await;
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

    fn primary(&self) -> Primary {
        *self.0.primary.borrow()
    }

    async fn ends(&self, term: u64) {
        let mut primary = self.0.primary.subscribe();
        loop {
            let current = primary.borrow_and_update().term;
            if current != term || primary.changed().await.is_err() {
                return;
            }
        }
    }

    /// Asks all hosts which of them takes writes, and goes there. Whoever comes while others look waits for what they find.
    async fn look(&self) {
        let came = Instant::now();
        let mut last_look = self.0.last_look.lock().await;
        if last_look.is_some_and(|began| began >= came || began.elapsed() < BETWEEN_LOOKS) {
            return;
        }
        *last_look = Some(Instant::now());
        let reports = self.own_reports().await;
        tell_rivals(&reports);
        let (before, newest) = (self.primary(), self.0.newest.load(Ordering::Relaxed));
        if let Some((host, timeline)) = chosen(&reports, before.host, newest) {
            self.0.newest.store(timeline, Ordering::Relaxed);
            if host != before.host {
                self.go(before, host);
            }
        }
    }

    /// What hosts answer that are of this cluster.
    async fn own_reports(&self) -> Vec<Answer> {
        let mut reports = reports(&self.0.logins).await;
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

    fn go(&self, before: Primary, host: usize) {
        if let Some(owner) = self.0.owner.get() {
            owner.set_connect_options(self.0.logins[host].clone());
        }
        self.0.write_health.leave();
        self.0.primary.send_replace(Primary { host, term: before.term + 1 });
        metrics::database_failover();
        tracing::warn!(
            from = self.0.names[before.host],
            to = self.0.names[host],
            "another host of the database takes writes: connections go there"
        );
    }
}

/// Asks the host that takes writes for a sign of life once a second, and looks at all of them when there is none or a connection was lost. A host
/// that falls silent would else be left when the time of the statements there is over, and one that was promoted beside it never.
async fn watch_primary(hosts: Weak<Inner>) {
    let mut watched: Option<(PgConnection, u64)> = None;
    loop {
        let suspected = {
            let Some(inner) = hosts.upgrade() else { return };
            timeout(EVERY, inner.suspected.notified()).await.is_ok()
        };
        let Some(hosts) = hosts.upgrade().map(Hosts) else { return };
        let primary = hosts.primary();
        if suspected {
            hosts.look().await;
            continue;
        }
        let mine = watched.take().filter(|(_, term)| *term == primary.term);
        let asked = async {
            let mut connection = match mine {
                Some((connection, _)) => connection,
                None => hosts.0.logins[primary.host].connect().await?,
            };
            let takes_writes = is_writable(&mut connection).await?;
            Ok::<_, sqlx::Error>(Some(connection).filter(|_| takes_writes))
        };
        watched = if let Ok(Ok(Some(connection))) = timeout(PATIENCE, asked).await {
            Some((connection, primary.term))
        } else {
            hosts.look().await;
            None
        };
    }
}

fn tell_rivals(reports: &[Answer]) {
    let hosts = writable(reports);
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

/// The cluster of the hosts that answer.
fn one_system(names: &[String], reports: &[Answer]) -> Result<Option<i64>, Fault> {
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

/// Why the database is not opened. A server that lets nobody in, or lacks the database, says more than those that are away.
fn unwritable(names: &[String], reports: Vec<Answer>) -> Fault {
    let mut said = Vec::new();
    for (name, report) in names.iter().zip(reports) {
        match report {
            Ok(_) => said.push(format!("{name} is a standby, or may only be read")),
            Err(err) if err.as_database_error().is_some() && !is_lost(&err) => {
                return postgres::refused(name, &DbErr::Conn(RuntimeErr::SqlxError(err.into())));
            }
            Err(err) => said.push(format!("{name}: {err}")),
        }
    }
    Fault::Broken(format!("no host of the database takes writes: {}", said.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::{
        report::{Report, silent},
        *,
    };

    fn logins() -> Vec<PgConnectOptions> {
        let login = || PgConnectOptions::new_without_pgpass().host("127.0.0.1");
        vec![login().port(1), login().port(2)]
    }

    /// Two hosts that nobody listens at, of which the first was found to take writes.
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
        hosts.go(hosts.primary(), 1);
        timeout(Duration::from_secs(5), waiting).await.expect("the wait to end").unwrap();
        assert!(!login.is_current(1) && login.is_current(2) && login.options().get_port() == 2);
        assert!(!hosts.0.write_health.holds(Duration::from_secs(1)), "older connections of pools go, too");
        timeout(Duration::from_secs(5), login.ends(1)).await.expect("who comes later learns it at once");
        assert!(timeout(Duration::from_millis(20), login.ends(2)).await.is_err(), "nobody has left the second");
    }

    #[tokio::test]
    async fn one_host_is_never_left_and_looks_at_nobody() {
        let login = Login::alone(PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(1));
        assert!(login.is_current(0) && !login.may_move(&left()));
        assert!(timeout(Duration::from_millis(20), login.ends(0)).await.is_err());
    }

    #[tokio::test]
    async fn nobody_who_answers_is_no_reason_to_go() {
        let hosts = hosts();
        hosts.look().await;
        assert_eq!(hosts.primary(), Primary { host: 0, term: 1 });
        let login = Login::of(logins(), Some(hosts));
        let err = login.connect().await.map(drop).unwrap_err();
        assert!(login.may_move(&err), "{err}");
    }

    #[test]
    fn hosts_are_of_one_cluster() {
        let names = ["one:1".to_owned(), "two:2".to_owned()];
        let of = |system| Ok(Report { is_writable: false, timeline: 0, system });
        assert_eq!(one_system(&names, &[of(7), of(7)]).unwrap(), Some(7));
        assert_eq!(one_system(&names, &[Err(silent()), of(8)]).unwrap(), Some(8));
        let refused = one_system(&names, &[of(7), of(8)]).unwrap_err().to_string();
        assert!(refused.contains("one:1") && refused.contains("two:2") && refused.contains("two Postgres clusters"), "{refused}");
        let nobody = unwritable(&names, vec![of(7), Err(silent())]).to_string();
        assert!(nobody.contains("one:1 is a standby") && nobody.contains("two:2: "), "{nobody}");
    }
}
