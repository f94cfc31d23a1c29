//! Opening the database: SQLite with one writer and many readers, or Postgres with a pool.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
    time::Duration,
};

use entity::prelude::TenantId;
use sea_orm::{
    ConnectionTrait, DatabaseConnection, DbBackend, QueryResult, SqlxSqliteConnector, Statement,
    sqlx::{Connection, pool::PoolConnection, sqlite},
};

use super::{
    ActiveRowSecurity, Announcer, Extensions, Fault, RowSecurity, RowSecurityProof,
    coalesce::Lines,
    limits,
    postgres::{self, ConnectionPools},
    replicas::Replicas,
    row_polls::BUFFERED_ROWS,
    scoped::ReadKind,
    sessions::Bound,
    shipping,
    statements::Statements,
    transaction::Connections,
    writable::WriteHealth,
};

/// Database system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// Options of a database's connections; the default numbers suit one node on a small machine.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub readers: u32,
    pub writers: u32,
    pub row_security: RowSecurity,
    pub row_security_proof: RowSecurityProof,
    pub ledger_plans: LedgerPlans,
    /// ID of the process that copies the deployment, which distinguishes its own connections from
    /// others.
    pub copier: Option<uuid::Uuid>,
    /// Whether this process ships SQLite's write-ahead log, and so orders each checkpoint.
    pub ships_log: bool,
}
impl Default for Options {
    fn default() -> Self {
        Self {
            readers: 8,
            writers: 8,
            row_security: RowSecurity::default(),
            row_security_proof: RowSecurityProof::default(),
            ledger_plans: LedgerPlans::default(),
            copier: None,
            ships_log: false,
        }
    }
}
impl Options {
    /// Name of the connections in Postgres.
    pub(super) fn application(&self) -> String {
        self.copier.map_or_else(|| "entrepot".to_owned(), |copier| format!("entrepot copy {copier}"))
    }
}

/// Planning of the statements of the ledger's lanes in Postgres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LedgerPlans {
    /// Once, for whatever values, where this login may say so; else as the server sees fit, and the
    /// log says so.
    #[default]
    Auto,
    /// Once, for whatever values; a server that refuses ends the start.
    Generic,
    /// As the server sees fit.
    Server,
}

/// Treatment of an SQLite file that does not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    IsMade,
    IsRefused,
}

/// The open database. Cheap to clone, as a request has many handles of it: there is one reference
/// count instead of one for each part.
#[derive(Clone)]
pub struct Database(Arc<Opened>);

/// Parts of an open database. On SQLite `writer` is a single connection; on Postgres the two are
/// separate pools, so that a page of slow reads never keeps a lane from committing.
#[derive(Clone)]
pub struct Opened {
    pub(super) backend: Backend,
    /// Connection with the right to change tables; the only one that uses the login of the URL
    /// itself.
    pub(super) owner: DatabaseConnection,
    pub(super) writer: Connections,
    pub(super) reader: Connections,
    /// Writes of the deployment itself, which belong to no one tenant.
    pub(super) maintenance: Connections,
    /// Connections for the deployment's own proofs, whose statements are long.
    pub(super) proofs: Connections,
    /// Connections for single statements, on Postgres only.
    pub(super) doors: Option<ConnectionPools>,
    pub(super) active_row_security: ActiveRowSecurity,
    pub(super) announcer: Announcer,
    /// Queries that concurrent requests share.
    pub(super) lines: Lines,
    pub(super) extensions: Extensions,
    pub(super) write_health: WriteHealth,
    pub(super) statements: Arc<Statements>,
    /// Servers for reads that need not see the last commit.
    pub(super) replicas: Arc<OnceLock<Replicas>>,
}

impl Deref for Database {
    type Target = Opened;
    fn deref(&self) -> &Opened {
        &self.0
    }
}

impl From<Opened> for Database {
    fn from(opened: Opened) -> Self {
        Self(Arc::new(opened))
    }
}

/// Timeout of a statement's wait for a connection, after which the request is refused.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// Connections of a lane: one for the batch that is being written, and others for the reads of the
/// next one.
const CONNECTIONS_A_LANE: usize = 4;
/// Prepared statements kept for each connection: every statement of the hot paths, with room for
/// the filters of lists.
pub(super) const STATEMENT_CACHE: usize = 256;
/// Size to which SQLite truncates its write-ahead log when the log starts over, 64 MiB: the log
/// grows during a long read, and would stay that large. The first commit of the new log truncates
/// it behind its own frames and this size, where all frames have been checkpointed.
const WAL_SIZE_LIMIT_BYTES: &str = "67108864";

impl Database {
    /// Opens `sqlite://path`, an existing file, or `postgres://…`.
    pub async fn open(url: &str, options: Options) -> Result<Self, Fault> {
        Self::open_with_missing(url, options, Missing::IsRefused).await
    }

    /// Opens the database as `open` does, for a caller that migrates it next: a missing SQLite file
    /// is created.
    pub async fn make(url: &str, options: Options) -> Result<Self, Fault> {
        Self::open_with_missing(url, options, Missing::IsMade).await
    }

    async fn open_with_missing(url: &str, options: Options, missing: Missing) -> Result<Self, Fault> {
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
        if missing == Missing::IsRefused && !std::path::Path::new(path).exists() {
            return Err(Fault::Broken(format!("there is no database at {path}: `entrepot migrate` makes one")));
        }
        Self::open_sqlite(path, options, missing).await
    }

    async fn open_sqlite(path: &str, options: Options, missing: Missing) -> Result<Self, Fault> {
        let base = sqlite::SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(missing == Missing::IsMade)
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
        let first = first_of(&writer).await.map_err(|err| Fault::Broken(format!("cannot open the SQLite file {path}: {err}")))?;
        drop(first);
        let owner = SqlxSqliteConnector::from_sqlx_sqlite_pool(writer);
        let writer = Connections::Sqlite(owner.clone());
        let reader = Connections::Sqlite(SqlxSqliteConnector::from_sqlx_sqlite_pool(reader));
        let opened = Opened {
            backend: Backend::Sqlite,
            owner,
            maintenance: writer.clone(),
            writer,
            proofs: reader.clone(),
            reader,
            doors: None,
            active_row_security: ActiveRowSecurity::Embedded,
            announcer: Announcer::default(),
            lines: Lines::default(),
            extensions: Extensions::default(),
            write_health: WriteHealth::default(),
            statements: Arc::default(),
            replicas: Arc::default(),
        };
        Ok(opened.into())
    }

    /// Returns the same database with connections of its own, opened on first use: a connection
    /// belongs to the runtime that opened it. `lanes` tasks use them at a time, each for a few
    /// reads at once, and leave up to `aside` batches each to a task of its own. SQLite's
    /// connections have threads of their own and are shared.
    #[must_use]
    pub fn with_own_connections(&self, lanes: usize, aside: usize) -> Self {
        let mut apart = self.0.as_ref().clone();
        if let Connections::Postgres(writer) = &self.writer {
            apart.writer = Connections::Postgres(writer.others(lanes * (1 + aside), limits::LANES));
            apart.reader = apart.writer.clone();
            apart.doors = self.doors.as_ref().map(|doors| doors.others(lanes * (CONNECTIONS_A_LANE + aside)));
        }
        apart.into()
    }

    pub fn backend(&self) -> Backend {
        self.backend
    }
    /// Returns the announcer of committed events inside this process.
    pub fn announcer(&self) -> &Announcer {
        &self.announcer
    }

    /// Returns the values that later rooms keep with the database.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Runs a single statement that reads rows of a tenant, in no transaction.
    pub(super) async fn read(&self, tenant: TenantId, kind: ReadKind, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        match &self.doors {
            Some(doors) if kind.is_long() => doors.long.planned_rows(&Bound::Tenant(tenant), kind.workers(), statement).await,
            Some(doors) => self.active_row_security.reads(doors).rows(&Bound::Tenant(tenant), statement).await,
            None => self.reader.query(statement).await,
        }
    }
    /// Runs a single statement that reads rows of global tables, or of all tenants.
    pub(super) async fn query_all_tenants(&self, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        let _span = self.statements.note(&statement);
        match &self.doors {
            Some(doors) => doors.across.rows(&Bound::Tenant(TenantId::NIL), statement).await,
            None => self.reader.query(statement).await,
        }
    }
    /// Runs ANALYZE on Postgres tables that have just grown, or on all tables if none is named.
    /// Autovacuum does so once a minute; until then plans are made for the former few rows. A login
    /// that does not own the tables has to wait for it.
    pub async fn measure(&self, tables: &[&str]) -> Result<(), Fault> {
        if self.backend == Backend::Postgres {
            let sql = format!("ANALYZE {}", tables.join(", "));
            let measuring = tokio::time::timeout(limits::LONG.answer(), self.owner.execute_unprepared(&sql)).await;
            measuring.map_err(|_| Fault::Broken("Postgres did not measure its tables in time".to_owned()))??;
        }
        Ok(())
    }

    pub async fn close(self) -> Result<(), Fault> {
        if let Some(doors) = &self.doors {
            doors.forget();
        }
        if let Some(replicas) = self.replicas.get() {
            replicas.forget();
        }
        for connections in [&self.reader, &self.writer, &self.maintenance, &self.proofs] {
            connections.clone().close().await?;
        }
        self.owner.clone().close().await?;
        Ok(())
    }
}

impl From<Backend> for DbBackend {
    fn from(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::Sqlite,
            Backend::Postgres => Self::Postgres,
        }
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

/// SQLITE_BUSY.
fn is_busy(err: &sea_orm::sqlx::Error) -> bool {
    err.as_database_error().and_then(sea_orm::sqlx::error::DatabaseError::code).is_some_and(|code| code == "5")
}
