//! Facts about the database, for `entrepot doctor`. This module only reads.

use entity::{
    prelude::Timestamp,
    record::{Record, Selected},
};
use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DbErr, QueryResult, Statement, Value};

use super::{Backend, Database, Fault, Row, limits};

/// A Postgres server, from its own views.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServerFacts {
    /// Version number as in 150020.
    pub version: i64,
    pub max_connections: i64,
    /// Connections that are reserved for superusers.
    pub reserved_connections: i64,
    /// Connections of all databases of the server.
    pub open_connections: i64,
    /// The server's setting: on, off, local, remote_write or remote_apply.
    pub synchronous_commit: String,
    pub is_fsync_on: bool,
    /// True for a standby, which takes no writes.
    pub is_standby: bool,
    pub replicas: Vec<ReplicaFacts>,
    /// Seconds that the oldest transaction of this database has been open; 0 without one.
    pub oldest_transaction_seconds: i64,
    /// Transactions since the oldest row version of this database was last frozen.
    pub transaction_age: i64,
}

/// A connected replica, from its primary's view.
#[derive(Debug, Clone, Default, PartialEq, Eq, Record)]
pub struct ReplicaFacts {
    #[record(sql = "coalesce(nullif(application_name, ''), host(client_addr), 'a replica')")]
    pub name: String,
    /// Bytes of WAL that it has not replayed; None if this login may not see them.
    #[record(sql = "pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint")]
    pub lag_bytes: Option<i64>,
    /// Seconds of lag by its own reports; None without a lag, or if this login may not see them.
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
    /// Returns the clock of a Postgres; None for a file of this machine.
    pub async fn server_clock(&self) -> Result<Option<Timestamp>, Fault> {
        if self.backend == Backend::Sqlite {
            return Ok(None);
        }
        let rows = self.query_as_login("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint", vec![]).await?;
        rows.first().map(|row| Ok(Timestamp(Row::scalar(row)?))).transpose()
    }

    /// Returns the version of the built-in SQLite, as in 3.51.3; None on Postgres.
    pub async fn sqlite_version(&self) -> Result<Option<String>, Fault> {
        if self.backend == Backend::Postgres {
            return Ok(None);
        }
        let rows = self.query_as_login("SELECT sqlite_version()", vec![]).await?;
        rows.first().map(Row::scalar).transpose()
    }

    /// Returns the facts of a Postgres server from its own views; None on SQLite.
    pub async fn server_facts(&self) -> Result<Option<ServerFacts>, Fault> {
        if self.backend == Backend::Sqlite {
            return Ok(None);
        }
        let rows = self.query_as_login(&format!("SELECT {}", ServerRow::SELECT), vec![]).await?;
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
            for row in &self.query_as_login(&sql, vec![]).await? {
                facts.replicas.push(Row::new(row).record()?);
            }
        }
        Ok(Some(facts))
    }

    /// Queries with the login of the URL: the roles of requests may not see the server's state.
    pub(super) async fn query_as_login(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, Fault> {
        self.answer_to_login(self.owner.query_all_raw(Statement::from_sql_and_values(self.backend.into(), sql, values))).await
    }

    /// Waits for an answer on a connection of the login as long as a request's statement may take. These connections have no limits of their own: without
    /// this one, a server that is silent would be waited for without an end.
    pub(super) async fn answer_to_login<T>(&self, answer: impl Future<Output = Result<T, DbErr>>) -> Result<T, Fault> {
        let limit = limits::REQUESTS.answer();
        let answer = tokio::time::timeout(limit, answer).await;
        Ok(answer.map_err(|_| Fault::Broken(format!("the database gave the login no answer within {} s", limit.as_secs())))??)
    }
}

/// Whether this binary has a migration of this name.
pub fn knows_schema(name: &str) -> bool {
    Migrator::migrations().iter().any(|migration| migration.name() == name)
}

/// Returns the name of the last migration in this binary.
pub fn schema_head() -> String {
    Migrator::migrations().last().map(|migration| migration.name().to_owned()).unwrap_or_default()
}
