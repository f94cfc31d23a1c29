//! Facts about the database, for `entrepot doctor`. Nothing here writes.

use entity::{
    prelude::Timestamp,
    record::{Record, Selected},
};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, QueryResult, Statement, Value};

use super::{Backend, Database, Fault, Row};

/// A Postgres, as its own views describe it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerFacts {
    /// As in 150020.
    pub version: i64,
    pub max_connections: i64,
    /// Connections that are kept for superusers.
    pub reserved_connections: i64,
    /// Connections of all databases of the server.
    pub open_connections: i64,
    /// A setting as the server writes it: on, off, local, remote_write or remote_apply.
    pub synchronous_commit: String,
    pub is_fsync_on: bool,
    /// A standby, which takes no writes.
    pub is_standby: bool,
    pub replicas: Vec<ReplicaFacts>,
    /// Seconds that the oldest transaction of this database has been open; 0 where there is none.
    pub oldest_transaction_seconds: i64,
    /// Transactions since the oldest row version of this database was last frozen.
    pub transaction_age: i64,
}

/// A replica that is connected, as its primary sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Record)]
pub struct ReplicaFacts {
    #[record(sql = "coalesce(nullif(application_name, ''), host(client_addr), 'a replica')")]
    pub name: String,
    /// Bytes of WAL that it has not replayed; null where this login may not see them.
    #[record(sql = "pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint")]
    pub lag_bytes: Option<i64>,
    /// Seconds that it is behind by its own reports; null where it is not, or this login may not see them.
    #[record(sql = "extract(epoch FROM replay_lag)::bigint")]
    pub lag_seconds: Option<i64>,
}

/// `ServerFacts` without the replicas.
#[derive(Record)]
struct ServerRow {
    #[record(sql = "current_setting('server_version_num')::bigint")]
    version: i64,
    #[record(sql = "current_setting('max_connections')::bigint")]
    max_connections: i64,
    #[record(sql = "current_setting('superuser_reserved_connections')::bigint")]
    reserved_connections: i64,
    #[record(sql = "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')")]
    open_connections: i64,
    #[record(sql = "current_setting('synchronous_commit')")]
    synchronous_commit: String,
    #[record(sql = "current_setting('fsync') = 'on'")]
    is_fsync_on: bool,
    #[record(sql = "pg_is_in_recovery()")]
    is_standby: bool,
    #[record(sql = "(SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::bigint FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend')")]
    oldest_transaction_seconds: i64,
    #[record(sql = "(SELECT age(datfrozenxid)::bigint FROM pg_database WHERE datname = current_database())")]
    transaction_age: i64,
}

impl Database {
    /// The clock of a Postgres; None where the database is a file of this machine.
    pub async fn server_clock(&self) -> Result<Option<Timestamp>, Fault> {
        if self.backend == Backend::Sqlite {
            return Ok(None);
        }
        let rows = self.inspected("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint", vec![]).await?;
        rows.first().map(|row| Ok(Timestamp(Row::scalar(row)?))).transpose()
    }

    /// The release of the SQLite that is built in, as in 3.51.3; None on Postgres.
    pub async fn sqlite_version(&self) -> Result<Option<String>, Fault> {
        if self.backend == Backend::Postgres {
            return Ok(None);
        }
        let rows = self.inspected("SELECT sqlite_version()", vec![]).await?;
        rows.first().map(Row::scalar).transpose()
    }

    /// A Postgres as its own views describe it; None on SQLite.
    pub async fn server_facts(&self) -> Result<Option<ServerFacts>, Fault> {
        if self.backend == Backend::Sqlite {
            return Ok(None);
        }
        let rows = self.inspected(&format!("SELECT {}", ServerRow::SELECT), vec![]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let row: ServerRow = Row::new(row).record()?;
        let mut facts = ServerFacts {
            version: row.version,
            max_connections: row.max_connections,
            reserved_connections: row.reserved_connections,
            open_connections: row.open_connections,
            synchronous_commit: row.synchronous_commit,
            is_fsync_on: row.is_fsync_on,
            is_standby: row.is_standby,
            replicas: Vec::new(),
            oldest_transaction_seconds: row.oldest_transaction_seconds,
            transaction_age: row.transaction_age,
        };
        // A standby has no position of its own to compare with.
        if !facts.is_standby {
            let sql = format!("SELECT {} FROM pg_stat_replication ORDER BY 1", ReplicaFacts::SELECT);
            for row in &self.inspected(&sql, vec![]).await? {
                facts.replicas.push(Row::new(row).record()?);
            }
        }
        Ok(Some(facts))
    }

    /// As the login of the URL: roles of requests see nothing of the server.
    pub(super) async fn inspected(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, Fault> {
        Ok(self.owner.query_all_raw(Statement::from_sql_and_values(self.backend.into(), sql, values)).await?)
    }
}

/// Whether this binary knows a migration of this name.
pub fn knows_schema(name: &str) -> bool {
    Migrator::migrations().iter().any(|migration| migration.name() == name)
}

/// The last migration that this binary knows.
pub fn schema_head() -> String {
    Migrator::migrations().last().map(|migration| migration.name().to_owned()).unwrap_or_default()
}
