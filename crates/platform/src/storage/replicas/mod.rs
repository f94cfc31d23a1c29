//! Replicas of a Postgres, which take reads of requests off their primary.
//!
//! A replica is behind by a moment. A read states with `Freshness` how old the rows may be; it goes
//! to a replica that is known to have replayed enough, or else to the primary, which is the
//! default. Replicas are sampled, not queried for each read: a replica's replayed position only
//! rises, so an old sample errs on the safe side. `docs/decisions/0146-read-replicas.md`.

mod address;
mod flushes;
mod freshness;
mod pool;
mod probe;
mod replica_set;
mod route;
mod sampler;
mod state;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use entity::{prelude::TenantId, record::Selected};
use sea_orm::{DbBackend, Statement};
use tokio::time::Instant;

use self::{
    address::DatabaseAddress,
    flushes::Flushes,
    pool::Replica,
    probe::Probe,
    replica_set::Inner,
    sampler::{follow_primary, follow_replica},
};
use super::{Database, Fault, Row, hosts::split_hosts, postgres};

pub use freshness::{Freshness, Position};
pub(super) use pool::ReplicaPools;
pub(super) use replica_set::Replicas;
pub use route::{ReadRoute, age, with_read_route};
pub(super) use route::{current, switch_to_primary};

/// Options of the replicas.
#[derive(Debug, Clone, Copy)]
pub struct ReplicaOptions<'a> {
    /// URL of the replicas' primary database. If it has several hosts, a replica that takes writes
    /// is used once it takes none.
    pub primary: &'a str,
    /// Maximum lag: a replica that is further behind is not used.
    pub staleness: Duration,
    /// Connections to each replica, besides those for long reads.
    pub readers: u32,
}

/// Status of a replica on this node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaStatus {
    /// Host, port and database of the replica.
    pub name: String,
    /// Whether reads go there now: it answers, and is not too far behind.
    pub is_used: bool,
    /// Bytes of the primary's WAL that it has not replayed; None while it does not answer.
    pub lag_bytes: Option<i64>,
}

impl Database {
    /// Sends reads that may be a little old to replicas, from now on and in all clones. A replica
    /// that does not answer yet is used once it does.
    ///
    /// # Errors
    /// The URLs cannot be those of replicas of this database.
    pub async fn read_from(&self, urls: &[String], options: ReplicaOptions<'_>) -> Result<(), Fault> {
        if urls.is_empty() {
            return Ok(());
        }
        let Some(connection_pools) = &self.connection_pools else {
            return Err(Fault::Broken(
                "an SQLite database has no replicas: leave --read-database-url out, or give --database-url a Postgres".to_owned(),
            ));
        };
        let may_take_over = self.hosts().len() > 1;
        let addresses = parse_addresses(urls, options.primary)?;
        let system = self.system().await?;
        let (mut all, mut probes) = (Vec::new(), Vec::new());
        for (url, address) in urls.iter().zip(addresses) {
            let (pools, login) = postgres::replica(self, url, options.readers as usize).await?;
            let mut probe = Probe::new(login);
            let replica = Replica::new(address.to_string(), pools);
            replica.admit(&mut probe, system, may_take_over).await?;
            all.push(Arc::new(replica));
            probes.push(probe);
        }
        let flushes = Mutex::new(Flushes::new(options.staleness));
        let inner = Arc::new(Inner { all, system, staleness: options.staleness, flushes });
        tokio::spawn(follow_primary(Arc::downgrade(&inner), connection_pools.across.clone()));
        for (replica, probe) in inner.all.iter().zip(probes) {
            tokio::spawn(follow_replica(Arc::downgrade(&inner), Arc::downgrade(replica), probe));
        }
        self.replicas.set(Replicas(inner)).map_err(|_| Fault::Broken("the replicas of a database are named once".to_owned()))
    }

    /// Returns the ID of the cluster: a replica has that of its primary.
    async fn system(&self) -> Result<i64, Fault> {
        let sql = "SELECT system_identifier FROM pg_control_system()";
        let rows = self.query_all_tenants(Statement::from_string(DbBackend::Postgres, sql)).await?;
        let row = rows.first().ok_or_else(|| Fault::Broken("Postgres did not say which cluster it is".to_owned()))?;
        Row::scalar(row)
    }

    /// Whether reads may go to replicas.
    pub fn has_replicas(&self) -> bool {
        self.replicas.get().is_some()
    }

    /// Returns the maximum age of reads on a replica; `None` without replicas.
    pub fn replica_staleness(&self) -> Option<Duration> {
        self.replicas.get().map(|replicas| replicas.0.staleness)
    }

    /// Returns the route of a request's reads, whose replica is chosen at the first read; None
    /// without replicas.
    pub fn read_route(&self, freshness: Freshness, session: u128) -> Option<Arc<ReadRoute>> {
        self.replicas.get().map(|replicas| Arc::new(ReadRoute::new(replicas.clone(), freshness, session)))
    }

    /// Returns a position behind everything committed before the call; None without replicas.
    /// Concurrent calls share one statement, which begins after all of them.
    pub async fn position(&self) -> Result<Option<Position>, Fault> {
        if !self.has_replicas() {
            return Ok(None);
        }
        let load = |_: Vec<()>| async {
            let position = format!("SELECT {}", Position::SELECT);
            let rows = self.query_all_tenants(Statement::from_string(DbBackend::Postgres, position)).await?;
            let row = rows.first().ok_or_else(|| Fault::Broken("Postgres did not say where its WAL ends".to_owned()))?;
            let position: Position = Row::new(row).record()?;
            Ok(std::collections::HashMap::from([((), position)]))
        };
        let scope = self.tenant(TenantId::NIL).with_freshness(Freshness::Primary);
        Ok(scope.coalesce(vec![()], load).await?.remove(&()))
    }

    /// Returns the status of the replicas on this node.
    pub fn replicas(&self) -> Vec<ReplicaStatus> {
        let Some(Replicas(inner)) = self.replicas.get() else { return Vec::new() };
        let (now, flushed) = (Instant::now(), inner.flushes().last());
        let status = |replica: &Arc<Replica>| {
            let state = replica.state();
            ReplicaStatus {
                name: replica.name.clone(),
                is_used: state.fits(Freshness::Bounded(inner.staleness), inner.staleness, now).is_ok(),
                lag_bytes: flushed.filter(|_| state.is_up).map(|flushed| (flushed - state.replayed).max(0)),
            }
        };
        inner.all.iter().map(status).collect()
    }
}

/// Returns the addresses of replicas, all distinct. None may be a single-host primary's; if the
/// primary has several hosts, the standbys may be read from.
fn parse_addresses(urls: &[String], primary: &str) -> Result<Vec<DatabaseAddress>, Fault> {
    let mut hosts = split_hosts(primary)?;
    let primary = hosts.pop().filter(|_| hosts.is_empty()).map(|url| DatabaseAddress::of(&url)).transpose()?;
    let mut addresses = Vec::with_capacity(urls.len());
    for url in urls {
        let address = DatabaseAddress::of(url)?;
        if primary.as_ref() == Some(&address) {
            return Err(Fault::Broken(format!(
                "--read-database-url {address} is the database itself: leave it out, or name a replica"
            )));
        }
        if addresses.contains(&address) {
            return Err(Fault::Broken(format!("--read-database-url {address} is given twice: leave one of them out")));
        }
        addresses.push(address);
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_are_several_and_none_of_them_is_the_primary() {
        let primary = "postgres://ann@db/entrepot";
        let of = |urls: &[&str]| {
            let urls: Vec<String> = urls.iter().map(|url| (*url).to_owned()).collect();
            parse_addresses(&urls, primary).map(|addresses| addresses.len()).map_err(|fault| fault.to_string())
        };
        assert_eq!(of(&["postgres://ann@one/entrepot", "postgres://ann@two/entrepot"]), Ok(2));
        let same = of(&["postgres://ann@one/entrepot", "postgres://bob@db:5432/entrepot"]).unwrap_err();
        assert!(same.contains("is the database itself"), "{same}");
        let twice = of(&["postgres://ann@one/entrepot", "postgres://ann@one/entrepot"]).unwrap_err();
        assert!(twice.contains("is given twice"), "{twice}");
        let hosts = "postgres://ann@one,two/entrepot?target_session_attrs=read-write";
        let standbys = ["postgres://ann@one/entrepot", "postgres://ann@two/entrepot"].map(str::to_owned);
        assert_eq!(
            parse_addresses(&standbys, hosts).map(|addresses| addresses.len()).unwrap(),
            2,
            "whichever of them is a standby"
        );
        assert!(of(&["sqlite://entrepot.sqlite"]).is_err());
    }
}
