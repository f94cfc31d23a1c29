//! Login to a database, and the choice of its host.

use std::{future::pending, io};

use sea_orm::sqlx::{self, ConnectOptions, PgConnection, PgPool, postgres::PgConnectOptions};
use tokio::time::timeout;

use super::{
    failover::Hosts,
    report::{HOST_TIMEOUT, is_writable, no_answer_error},
};
use crate::storage::{Fault, sessions::is_lost, write_health::WriteHealth};

/// Login to one host, or to the one of several that takes writes. Cheap enough to clone.
#[derive(Clone)]
pub(in crate::storage) struct Login {
    /// Options of each host, in the order of the URL.
    all: Vec<PgConnectOptions>,
    /// None for a single host.
    hosts: Option<Hosts>,
}

impl Login {
    pub(super) fn of(host_options: Vec<PgConnectOptions>, hosts: Option<Hosts>) -> Self {
        Self { all: host_options, hosts }
    }

    /// At one host.
    pub(in crate::storage) fn single_host(options: PgConnectOptions) -> Self {
        Self::of(vec![options], None)
    }

    /// Finds the host that takes writes; a single host is not queried yet.
    ///
    /// # Errors
    /// None of several hosts takes writes, or they are not of one cluster.
    pub(in crate::storage) async fn at(host_options: Vec<PgConnectOptions>, write_health: &WriteHealth) -> Result<Self, Fault> {
        let hosts = if host_options.len() > 1 { Some(Hosts::open(&host_options, write_health).await?) } else { None };
        Ok(Self::of(host_options, hosts))
    }

    /// Returns the same login with changed options.
    pub(in crate::storage) fn with(&self, transform: impl Fn(PgConnectOptions) -> PgConnectOptions) -> Self {
        Self { all: self.all.iter().cloned().map(transform).collect(), hosts: self.hosts.clone() }
    }

    /// Returns the hosts, if there are several.
    pub(super) fn hosts(&self) -> Option<&Hosts> {
        self.hosts.as_ref()
    }

    /// Returns the options of the current host.
    pub(in crate::storage) fn options(&self) -> &PgConnectOptions {
        &self.all[self.hosts.as_ref().map_or(0, |hosts| hosts.primary().host)]
    }

    /// Makes a pool of sqlx follow the host that takes writes.
    pub(in crate::storage) fn attach_pool(&self, pool: &PgPool) {
        if let Some(Hosts(inner)) = &self.hosts {
            // Only one such pool exists, created right after this.
            let _ = inner.owner.set(pool.clone());
            pool.set_connect_options(self.options().clone());
        }
    }

    /// Opens a connection, and returns it with its host's term: 0 for a single host.
    pub(in crate::storage) async fn connect(&self) -> Result<(PgConnection, u64), sqlx::Error> {
        let Some(hosts) = &self.hosts else { return Ok((self.options().connect().await?, 0)) };
        let primary = hosts.primary();
        let attempt = async {
            let mut connection = self.all[primary.host].connect().await?;
            let takes_writes = is_writable(&mut connection).await?;
            Ok::<_, sqlx::Error>(Some(connection).filter(|_| takes_writes))
        };
        let error: sqlx::Error = match timeout(HOST_TIMEOUT, attempt).await {
            Ok(Ok(Some(connection))) if hosts.primary() == primary => return Ok((connection, primary.term)),
            Ok(Ok(Some(_))) => return Err(host_left_error()),
            Ok(Ok(None)) => io::Error::new(io::ErrorKind::NotConnected, "this host of the database takes no writes").into(),
            Ok(Err(err)) => err,
            Err(_) => no_answer_error(),
        };
        hosts.check_hosts().await;
        Err(if hosts.primary() == primary { error } else { host_left_error() })
    }

    /// Whether a connection that could not be opened may be, in a moment, to another host.
    pub(in crate::storage) fn may_fail_over(&self, err: &sqlx::Error) -> bool {
        self.hosts.is_some() && is_lost(err)
    }

    /// Whether connections of that term lead to the host that takes writes.
    pub(in crate::storage) fn is_current(&self, term: u64) -> bool {
        self.hosts.as_ref().is_none_or(|hosts| hosts.primary().term == term)
    }

    /// Ends when another host than that of the term takes writes; never for a single host.
    pub(in crate::storage) async fn ends(&self, term: u64) {
        match &self.hosts {
            None => pending().await,
            Some(hosts) => hosts.ends(term).await,
        }
    }

    /// Reports that a connection of that term was lost: the hosts are checked soon.
    pub(in crate::storage) fn report_lost_connection(&self, term: u64) {
        if let Some(hosts) = self.hosts.as_ref().filter(|_| self.is_current(term)) {
            hosts.0.suspected.notify_one();
        }
    }
}

/// Returns the error of a connection whose host was left.
pub(in crate::storage) fn host_left_error() -> sqlx::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "another host of the database takes writes by now").into()
}
