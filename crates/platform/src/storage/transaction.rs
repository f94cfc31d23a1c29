//! An open transaction of either database, and its begin.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use entity::prelude::TenantId;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, IsolationLevel,
    QueryResult, RuntimeErr, SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
    sqlx::{self, AssertSqlSafe, Executor, PgConnection, postgres::PgArguments},
};
use sea_query_sqlx::SqlxValues;
use tokio::sync::Mutex;

use super::{
    Fault, limits,
    row_polls::poll_at_intervals,
    sessions::{BorrowedConnection, Bound, Sessions, is_lost},
};

/// Connections on which transactions begin.
#[derive(Clone)]
pub(super) enum Connections {
    Sqlite(DatabaseConnection),
    Postgres(Sessions),
}

/// Purpose of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Write,
    /// Reads that agree with each other.
    Snapshot,
    /// A snapshot for a request: statements have the limit of requests.
    Moment,
}

impl Connections {
    /// Begins a transaction, on Postgres bound to a tenant if row security is on. A connection that
    /// has died since its last use is replaced: no statement was sent on it yet.
    #[expect(clippy::disallowed_methods, reason = "storage is where transactions begin")]
    pub(super) async fn begin(&self, bound: Option<TenantId>, purpose: Purpose) -> Result<Transaction, Fault> {
        match (self, purpose) {
            // On SQLite a writer takes the write lock at once: a read that turns into a write later
            // would fail with SQLITE_BUSY.
            (Self::Sqlite(pool), Purpose::Write) => {
                let mode = Some(SqliteTransactionMode::Immediate);
                let options = TransactionOptions { sqlite_transaction_mode: mode, ..TransactionOptions::default() };
                Ok(Transaction::Sqlite(pool.begin_with_options(options).await?))
            }
            // A deferred transaction keeps the state of the write-ahead log at its first read.
            (Self::Sqlite(pool), Purpose::Snapshot | Purpose::Moment) => Ok(Transaction::Sqlite(pool.begin().await?)),
            (Self::Postgres(sessions), _) => {
                let result = match PgTransaction::begin(sessions, bound, purpose).await {
                    Err(err) if is_lost(&err) => PgTransaction::begin(sessions, bound, purpose).await,
                    result => result,
                };
                Ok(Transaction::Postgres(result.map_err(|err| DbErr::Conn(RuntimeErr::SqlxError(err.into())))?))
            }
        }
    }

    /// Returns the rows of a single statement; on Postgres it is bound to the nil tenant.
    pub(super) async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        match self {
            Self::Sqlite(pool) => Ok(poll_at_intervals(pool.query_all_raw(statement)).await?),
            Self::Postgres(sessions) => sessions.rows(&Bound::Tenant(TenantId::NIL), statement).await,
        }
    }

    /// Returns the numbers of open connections, of idle ones, and of those that may be open.
    pub(super) fn connection_counts(&self) -> (usize, usize, usize) {
        match self {
            Self::Sqlite(pool) => {
                let pool = pool.get_sqlite_connection_pool();
                (pool.size() as usize, pool.num_idle(), pool.options().get_max_connections() as usize)
            }
            Self::Postgres(sessions) => sessions.connection_counts(),
        }
    }

    pub(super) async fn close(self) -> Result<(), Fault> {
        match self {
            Self::Sqlite(pool) => Ok(pool.close().await?),
            Self::Postgres(sessions) => {
                sessions.forget();
                Ok(())
            }
        }
    }
}

/// An open transaction: rolled back unless committed.
pub(super) enum Transaction {
    Sqlite(DatabaseTransaction),
    Postgres(PgTransaction),
}

impl Transaction {
    #[expect(clippy::disallowed_methods, reason = "storage is where transactions commit")]
    pub(super) async fn commit(self) -> Result<(), DbErr> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await.map_err(exec),
        }
    }

    /// Runs a statement of Postgres with arguments that sea-orm has no values for: arrays with nulls.
    pub(super) async fn execute_with(&self, sql: String, arguments: PgArguments) -> Result<u64, DbErr> {
        match self {
            Self::Sqlite(_) => Err(DbErr::Custom("a statement of Postgres was sent to SQLite".to_owned())),
            Self::Postgres(open) => {
                let query = sqlx::query_with(AssertSqlSafe(sql), arguments);
                let result = open.run_on_connection(async |connection| connection.execute(query).await).await;
                result.map(|outcome| outcome.rows_affected()).map_err(exec)
            }
        }
    }

    /// Rolls back at once, instead of when the connection is next used.
    pub(super) async fn rollback(self) -> Result<(), DbErr> {
        match self {
            Self::Sqlite(transaction) => transaction.rollback().await,
            Self::Postgres(mut transaction) => match transaction.end("ROLLBACK").await {
                // With its connection the transaction has gone as well.
                Err(err) if !is_lost(&err) => Err(exec(err)),
                _ => Ok(()),
            },
        }
    }
}

/// Transaction on Postgres. Each statement has a limit; a connection that does not answer within it
/// is closed, and the transaction with it.
pub(super) struct PgTransaction {
    open: Mutex<Open>,
    limit: Duration,
}

struct Open {
    /// None once the transaction has ended.
    borrowed: Option<BorrowedConnection>,
    /// True if a statement was refused: the transaction can no longer be committed.
    has_failed: bool,
}

impl fmt::Debug for PgTransaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PgTransaction")
    }
}

impl PgTransaction {
    async fn begin(sessions: &Sessions, bound: Option<TenantId>, purpose: Purpose) -> Result<Self, sqlx::Error> {
        let mut borrowed = sessions.checkout(None).await?;
        let mut sql = match purpose {
            Purpose::Write => "BEGIN".to_owned(),
            Purpose::Snapshot | Purpose::Moment => {
                format!("BEGIN ISOLATION LEVEL {}, {}", IsolationLevel::RepeatableRead, AccessMode::ReadOnly)
            }
        };
        if purpose == Purpose::Moment {
            // A request that gives up leaves its statement running, and the limit of snapshots is
            // an hour.
            sql += &format!("; SET LOCAL statement_timeout = {}", limits::REQUESTS.statement.as_millis());
        }
        if let Some(tenant) = bound {
            // A UUID has only hexadecimal digits and hyphens. The binding ends with the
            // transaction.
            sql += &format!("; SELECT set_config('app.tenant_id', '{}', true)", tenant.uuid());
        }
        let begin = async |connection: &mut PgConnection| connection.execute(AssertSqlSafe(sql)).await;
        borrowed.run_within(sessions.limits().liveness_timeout(), begin).await?;
        Ok(Self { open: Mutex::new(Open { borrowed: Some(borrowed), has_failed: false }), limit: sessions.limits().answer() })
    }

    async fn run_on_connection<T>(
        &self,
        question: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        let mut open = self.open.lock().await;
        let Open { borrowed: connection, has_failed } = &mut *open;
        let Some(connection) = connection else { return Err(sqlx::Error::PoolClosed) };
        let answer = connection.run_within(self.limit, question).await;
        *has_failed |= answer.is_err();
        answer
    }

    async fn commit(mut self) -> Result<(), sqlx::Error> {
        if self.open.get_mut().has_failed {
            // Postgres would answer COMMIT without an error, and roll back.
            self.end("ROLLBACK").await?;
            return Err(sqlx::Error::Protocol("a statement of the transaction failed: nothing of it was committed".to_owned()));
        }
        self.end("COMMIT").await
    }

    async fn end(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        let limit = self.limit;
        let Some(mut borrowed) = self.open.get_mut().borrowed.take() else { return Ok(()) };
        borrowed.run_within(limit, async |connection| connection.execute(sql).await).await?;
        borrowed.return_to_pool();
        Ok(())
    }
}

impl Drop for PgTransaction {
    fn drop(&mut self) {
        let Some(mut borrowed) = self.open.get_mut().borrowed.take() else { return };
        // Without a runtime the connection is closed, which undoes it too.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let limit = borrowed.liveness_timeout();
            runtime.spawn(async move {
                if borrowed.run_within(limit, async |connection| connection.execute("ROLLBACK").await).await.is_ok() {
                    borrowed.return_to_pool();
                }
            });
        }
    }
}

fn exec(err: sqlx::Error) -> DbErr {
    DbErr::Exec(RuntimeErr::SqlxError(err.into()))
}
fn query(err: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(err.into()))
}

fn to_query(statement: Statement) -> sqlx::query::Query<'static, sqlx::Postgres, SqlxValues> {
    let values = statement.values.unwrap_or_else(|| sea_orm::sea_query::Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql), SqlxValues(values))
}

#[async_trait]
impl ConnectionTrait for PgTransaction {
    fn get_database_backend(&self) -> DbBackend {
        DbBackend::Postgres
    }
    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let result = self.run_on_connection(async |connection| connection.execute(to_query(statement)).await).await;
        result.map(ExecResult::from).map_err(exec)
    }
    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        let sql = AssertSqlSafe(sql.to_owned());
        self.run_on_connection(async |connection| connection.execute(sql).await).await.map(ExecResult::from).map_err(exec)
    }
    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let result = self.run_on_connection(async |connection| connection.fetch_optional(to_query(statement)).await).await;
        result.map(|row| row.map(QueryResult::from)).map_err(query)
    }
    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let result = self.run_on_connection(async |connection| connection.fetch_all(to_query(statement)).await).await;
        result.map(|rows| rows.into_iter().map(QueryResult::from).collect()).map_err(query)
    }
}

#[async_trait]
impl ConnectionTrait for Transaction {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Sqlite(open) => open.get_database_backend(),
            Self::Postgres(open) => open.get_database_backend(),
        }
    }
    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Sqlite(open) => open.execute_raw(statement).await,
            Self::Postgres(open) => open.execute_raw(statement).await,
        }
    }
    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Sqlite(open) => open.execute_unprepared(sql).await,
            Self::Postgres(open) => open.execute_unprepared(sql).await,
        }
    }
    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Sqlite(open) => open.query_one_raw(statement).await,
            Self::Postgres(open) => open.query_one_raw(statement).await,
        }
    }
    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Sqlite(open) => poll_at_intervals(open.query_all_raw(statement)).await,
            Self::Postgres(open) => open.query_all_raw(statement).await,
        }
    }
}
