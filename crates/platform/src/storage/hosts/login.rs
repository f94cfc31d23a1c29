//! Who logs in to a database, and at which of its hosts.

use std::{future::pending, io};

use sea_orm::sqlx::{self, ConnectOptions, PgConnection, PgPool, postgres::PgConnectOptions};
use tokio::time::timeout;

use super::{
    Hosts,
    report::{PATIENCE, is_writable, silent},
};
use crate::storage::{Fault, sessions::is_lost, writable::WriteHealth};

/// Who logs in and where: at one host, or at the one of several that takes writes. Cheap enough to clone.
#[derive(Clone)]
pub(in crate::storage) struct Login {
    /// One for each host, in the order of the URL.
    all: Vec<PgConnectOptions>,
    /// None where there is one host.
    hosts: Option<Hosts>,
}

impl Login {
    pub(super) fn of(all: Vec<PgConnectOptions>, hosts: Option<Hosts>) -> Self {
        Self { all, hosts }
    }

    /// At one host.
    pub(in crate::storage) fn alone(options: PgConnectOptions) -> Self {
        Self::of(vec![options], None)
    }

    /// At the one of these hosts that takes writes; with one, nobody is asked yet.
    ///
    /// # Errors
    /// Of several none takes writes, or they are not of one cluster.
    pub(in crate::storage) async fn at(all: Vec<PgConnectOptions>, write_health: &WriteHealth) -> Result<Self, Fault> {
        let hosts = if all.len() > 1 { Some(Hosts::open(&all, write_health).await?) } else { None };
        Ok(Self::of(all, hosts))
    }

    /// The same login that asks for something else, too.
    pub(in crate::storage) fn with(&self, ask: impl Fn(PgConnectOptions) -> PgConnectOptions) -> Self {
        Self { all: self.all.iter().cloned().map(ask).collect(), hosts: self.hosts.clone() }
    }

    /// The hosts, where there are several.
    pub(super) fn hosts(&self) -> Option<&Hosts> {
        self.hosts.as_ref()
    }

    /// The options of the host that connections go to now.
    pub(in crate::storage) fn options(&self) -> &PgConnectOptions {
        &self.all[self.hosts.as_ref().map_or(0, |hosts| hosts.primary().host)]
    }

    /// Has a pool of sqlx connect to the host that takes writes, also when that is another one.
    pub(in crate::storage) fn lead(&self, pool: &PgPool) {
        if let Some(Hosts(inner)) = &self.hosts {
            // There is one such pool, made right after this.
            let _ = inner.owner.set(pool.clone());
            pool.set_connect_options(self.options().clone());
        }
    }

    /// A connection, and the term of the host that it leads to: 0 where there is one host.
    pub(in crate::storage) async fn connect(&self) -> Result<(PgConnection, u64), sqlx::Error> {
        let Some(hosts) = &self.hosts else { return Ok((self.options().connect().await?, 0)) };
        let primary = hosts.primary();
        let connecting = async {
            let mut connection = self.all[primary.host].connect().await?;
            let takes_writes = is_writable(&mut connection).await?;
            Ok::<_, sqlx::Error>(Some(connection).filter(|_| takes_writes))
        };
        let failed: sqlx::Error = match timeout(PATIENCE, connecting).await {
            Ok(Ok(Some(connection))) if hosts.primary() == primary => return Ok((connection, primary.term)),
            Ok(Ok(Some(_))) => return Err(left()),
            Ok(Ok(None)) => io::Error::new(io::ErrorKind::NotConnected, "this host of the database takes no writes").into(),
            Ok(Err(err)) => err,
            Err(_) => silent(),
        };
        hosts.look().await;
        Err(if hosts.primary() == primary { failed } else { left() })
    }

    /// Whether a connection that could not be opened may be, in a moment, to another host.
    pub(in crate::storage) fn may_move(&self, err: &sqlx::Error) -> bool {
        self.hosts.is_some() && is_lost(err)
    }

    /// Whether connections of that term lead to the host that takes writes.
    pub(in crate::storage) fn is_current(&self, term: u64) -> bool {
        self.hosts.as_ref().is_none_or(|hosts| hosts.primary().term == term)
    }

    /// Ends when another host than that of the term takes writes; never, where there is one host.
    pub(in crate::storage) async fn ends(&self, term: u64) {
        match &self.hosts {
            None => pending().await,
            Some(hosts) => hosts.ends(term).await,
        }
    }

    /// A connection of that term was lost: hosts are looked at soon.
    pub(in crate::storage) fn suspect(&self, term: u64) {
        if let Some(hosts) = self.hosts.as_ref().filter(|_| self.is_current(term)) {
            hosts.0.suspected.notify_one();
        }
    }
}

/// What a connection meets whose host was left.
pub(in crate::storage) fn left() -> sqlx::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "another host of the database takes writes by now").into()
}
