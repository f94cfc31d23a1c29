//! Opening the database: SQLite with one writer and many readers, or Postgres with a pool.

use std::{sync::Arc, time::Duration};

use sea_orm::{
    SqlxSqliteConnector,
    sqlx::{Connection, pool::PoolConnection, sqlite},
};

use super::{
    ActiveRowSecurity, Announcer, Backend, Database, Extensions, Fault, Options,
    coalesce::LoadQueues,
    database::OpenDatabase,
    pool_limits::{ACQUIRE_TIMEOUT, STATEMENT_CACHE},
    postgres,
    row_polls::BUFFERED_ROWS,
    shipping,
    transaction::Connections,
    write_health::WriteHealth,
};

/// Treatment of an SQLite file that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OnMissingFile {
    IsMade,
    IsRefused,
}

/// Size to which SQLite truncates its write-ahead log when the log starts over, 64 MiB: the log
/// grows during a long read, and would stay that large. The first commit of the new log truncates
/// it behind its own frames and this size, where all frames have been checkpointed.
const WAL_SIZE_LIMIT_BYTES: &str = "67108864";

impl Database {
    /// Opens `sqlite://path`, an existing file, or `postgres://…`.
    pub async fn open(url: &str, options: Options) -> Result<Self, Fault> {
        Self::open_with_missing(url, options, OnMissingFile::IsRefused).await
    }

    /// Opens the database as `open` does, for a caller that migrates it next: a missing SQLite file
    /// is created.
    pub async fn make(url: &str, options: Options) -> Result<Self, Fault> {
        Self::open_with_missing(url, options, OnMissingFile::IsMade).await
    }

    async fn open_with_missing(url: &str, options: Options, missing: OnMissingFile) -> Result<Self, Fault> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return postgres::open(&url.replacen("postgresql://", "postgres://", 1), options).await;
        }
        let Some(path) = url.strip_prefix("sqlite:") else {
            return Err(Fault::Broken("the database URL must begin with sqlite: or postgres:".to_owned()));
        };
        let path = path.trim_start_matches("//");
        if path.is_empty() || path.contains(":memory:") {
            return Err(Fault::Broken("SQLite needs a file: sqlite://path/to/entrepot.sqlite".to_owned()));
        }
        if path.contains('?') {
            return Err(Fault::Broken(format!(
                "an SQLite database is a path and nothing after it: \"{path}\" has a question mark"
            )));
        }
        if missing == OnMissingFile::IsRefused && !std::path::Path::new(path).exists() {
            return Err(Fault::Broken(format!("there is no database at {path}: `entrepot migrate` makes one")));
        }
        Self::open_sqlite(path, options, missing).await
    }

    async fn open_sqlite(path: &str, options: Options, missing: OnMissingFile) -> Result<Self, Fault> {
        let base = sqlite::SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(missing == OnMissingFile::IsMade)
            .journal_mode(sqlite::SqliteJournalMode::Wal)
            .synchronous(sqlite::SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(ACQUIRE_TIMEOUT)
            .statement_cache_capacity(STATEMENT_CACHE)
            .row_buffer_size(BUFFERED_ROWS)
            .pragma("journal_size_limit", WAL_SIZE_LIMIT_BYTES);
        // If the log is shipped, the shipping process orders the checkpoints.
        let is_shipped = options.ships_log || shipping::is_shipped(std::path::Path::new(path));
        let base = if is_shipped { base.pragma("wal_autocheckpoint", "0") } else { base };
        let base = sea_orm::sqlx::ConnectOptions::disable_statement_logging(base);
        let pool = |max: u32, connect: sqlite::SqliteConnectOptions| {
            sqlite::SqlitePoolOptions::new()
                .max_connections(max)
                .test_before_acquire(false)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .max_lifetime(None)
                // With a time limit sqlx 0.9 starts a task that counts idle connections. If one is
                // taken while it is put back, the count wraps to nearly the maximum, and the task
                // searches without an end.
                .idle_timeout(None)
                .after_release(|connection, _| Box::pin(has_no_transaction(connection)))
                .connect_lazy_with(connect)
        };
        // The writer has 16 MiB of pages, each reader 2 MiB and as much again, for good, after a
        // large sort; the operating system's cache is the next level.
        let writer = pool(1, base.clone().pragma("cache_size", "-16384"));
        let reader = pool(options.readers, base.pragma("query_only", "on").pragma("cache_size", "-2048"));
        // The first connection turns WAL on, and may create the file, before a reader could open it
        // without WAL.
        let first = first_of(&writer).await.map_err(|err| open_fault(path, &err))?;
        drop(first);
        let owner = SqlxSqliteConnector::from_sqlx_sqlite_pool(writer);
        let writer = Connections::Sqlite(owner.clone());
        let reader = Connections::Sqlite(SqlxSqliteConnector::from_sqlx_sqlite_pool(reader));
        let opened = OpenDatabase {
            backend: Backend::Sqlite,
            owner,
            maintenance: writer.clone(),
            writer,
            proofs: reader.clone(),
            reader,
            connection_pools: None,
            active_row_security: ActiveRowSecurity::Embedded,
            announcer: Announcer::default(),
            lines: LoadQueues::default(),
            extensions: Extensions::default(),
            write_health: WriteHealth::default(),
            statements: Arc::default(),
            replicas: Arc::default(),
        };
        Ok(opened.into())
    }
}

/// Whether a connection returned to the pool is in no transaction. SQLite itself ends a transaction
/// that meets a full disk (sqlite.org/lang_transaction.html). The ROLLBACK of sqlx then fails, sqlx
/// still counts the transaction as open and makes savepoints of all later ones, and one that is
/// rolled back prevents all others from ever being committed. Such a connection is closed.
async fn has_no_transaction(connection: &mut sqlite::SqliteConnection) -> Result<bool, sea_orm::sqlx::Error> {
    if connection.is_in_transaction() {
        // The rollback of a transaction that was dropped is in its queue before this.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// Tries to turn WAL on, and the time between two: SQLite does not wait if another connection is
/// doing so at the same moment.
const WAL_ATTEMPTS: u32 = 200;
const WAL_RETRY_INTERVAL: Duration = Duration::from_millis(50);

async fn first_of(writer: &sqlite::SqlitePool) -> Result<PoolConnection<sqlite::Sqlite>, sea_orm::sqlx::Error> {
    let mut tries = 1;
    loop {
        match writer.acquire().await {
            Err(err) if is_busy(&err) && tries < WAL_ATTEMPTS => tries += 1,
            done => return done,
        }
        crate::clock::sleep(WAL_RETRY_INTERVAL).await;
    }
}

/// Returns the reason that an SQLite file was not opened.
fn open_fault(path: &str, err: &sea_orm::sqlx::Error) -> Fault {
    let reason = if is_busy(err) || matches!(err, sea_orm::sqlx::Error::PoolTimedOut) {
        "another program has locked it, or the machine is busy; try again".to_owned()
    } else {
        err.to_string()
    };
    Fault::Broken(format!("cannot open the SQLite file {path}: {reason}"))
}

/// SQLITE_BUSY.
fn is_busy(err: &sea_orm::sqlx::Error) -> bool {
    err.as_database_error().and_then(sea_orm::sqlx::error::DatabaseError::code).is_some_and(|code| code == "5")
}
