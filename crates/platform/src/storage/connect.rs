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
    postgres::{self, Doors},
    replicas::Replicas,
    row_polls::BUFFERED_ROWS,
    scoped::ReadKind,
    sessions::Bound,
    shipping,
    statements::Statements,
    transaction::Connections,
    writable::WriteHealth,
};

/// Which of the two databases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    Sqlite,
    Postgres,
}

/// How many connections; the defaults suit one node on a small machine.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub readers: u32,
    pub writers: u32,
    pub row_security: RowSecurity,
    pub row_security_proof: RowSecurityProof,
    pub ledger_plans: LedgerPlans,
    /// The process that copies the deployment, so that it tells its own connections from others'.
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
    /// What Postgres calls the connections.
    pub(super) fn application(&self) -> String {
        self.copier.map_or_else(|| "entrepot".to_owned(), |copier| format!("entrepot copy {copier}"))
    }
}

/// How Postgres plans the statements of the ledger's lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LedgerPlans {
    /// Once, for whatever values, where this login may say so; else as the server sees fit, and the log says so.
    #[default]
    Auto,
    /// Once, for whatever values; a server that refuses ends the start.
    Generic,
    /// As the server sees fit.
    Server,
}

/// What becomes of an SQLite file that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    IsMade,
    IsRefused,
}

/// The open database. Cheap to clone, for a request has many handles of it: one thing is counted, and not each of its parts.
#[derive(Clone)]
pub struct Database(Arc<Opened>);

/// What an open database is. On SQLite `writer` is a single connection; on Postgres the two are separate pools,
/// so that a page of slow reads never keeps a lane from committing.
#[derive(Clone)]
pub struct Opened {
    pub(super) backend: Backend,
    /// Who may change tables; the only one that comes as the login of the URL itself.
    pub(super) owner: DatabaseConnection,
    pub(super) writer: Connections,
    pub(super) reader: Connections,
    /// Writes of the deployment itself, which belong to no one tenant.
    pub(super) maintenance: Connections,
    /// The deployment's own proofs, whose statements are long.
    pub(super) proofs: Connections,
    /// On Postgres, connections for single statements.
    pub(super) doors: Option<Doors>,
    pub(super) active_row_security: ActiveRowSecurity,
    pub(super) announcer: Announcer,
    /// What many requests ask together.
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

/// How long a statement waits for a connection before the request is refused.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
/// A batch that is being written, and the reads for the next one.
const CONNECTIONS_A_LANE: usize = 4;
/// Prepared statements kept a connection: every statement of the hot paths, with room for the filters of lists.
pub(super) const STATEMENT_CACHE: usize = 256;
/// Bytes that SQLite keeps of a write-ahead log that is begun anew, 64 MiB: the log grows while a long read lasts, and would stay that large.
/// It is cut by the first commit of the new log, behind its frames and this size, where only frames are that were checkpointed.
const LOG_KEPT: &str = "67108864";

impl Database {
    /// Opens `sqlite://path`, a file that is there, or `postgres://…`.
    pub async fn open(url: &str, options: Options) -> Result<Self, Fault> {
        Self::open_or(url, options, Missing::IsRefused).await
    }

    /// The same for who migrates it next: an SQLite file that is missing is made.
    pub async fn make(url: &str, options: Options) -> Result<Self, Fault> {
        Self::open_or(url, options, Missing::IsMade).await
    }

    async fn open_or(url: &str, options: Options, missing: Missing) -> Result<Self, Fault> {
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
            .pragma("journal_size_limit", LOG_KEPT);
        // Where the log is shipped, whoever ships it orders the checkpoints.
        let is_shipped = options.ships_log || shipping::is_shipped(std::path::Path::new(path));
        let base = if is_shipped { base.pragma("wal_autocheckpoint", "0") } else { base };
        let base = sea_orm::sqlx::ConnectOptions::disable_statement_logging(base);
        let pool = |max: u32, connect: sqlite::SqliteConnectOptions| {
            sqlite::SqlitePoolOptions::new()
                .max_connections(max)
                .test_before_acquire(false)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .max_lifetime(None)
                // With a time limit sqlx 0.9 starts a task that counts idle connections, and one that is taken while it is put back counts as
                // nearly all there could be: the task then looks for them without an end.
                .idle_timeout(None)
                .after_release(|connection, _| Box::pin(is_at_rest(connection)))
                .connect_lazy_with(connect)
        };
        // 16 MiB of pages for the writer, 2 MiB a reader, which takes as much again for a large sort and keeps it; the system's cache stands behind them.
        let writer = pool(1, base.clone().pragma("cache_size", "-16384"));
        let reader = pool(options.readers, base.pragma("query_only", "on").pragma("cache_size", "-2048"));
        // The first connection turns WAL on, and may make the file, before a reader could find it without.
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

    /// The same database with connections of its own, opened by whoever first uses them: a connection belongs to the runtime that opened it.
    /// `lanes` tasks use them at a time, each for a few reads at once, and leave up to `aside` batches each to a task of its own. SQLite's
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
    /// Where committed events are announced inside this process.
    pub fn announcer(&self) -> &Announcer {
        &self.announcer
    }

    /// What later rooms leave with the database.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// The rows of a tenant that a single statement reads, in no transaction.
    pub(super) async fn read(&self, tenant: TenantId, kind: ReadKind, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        match &self.doors {
            Some(doors) if kind.is_long() => doors.long.planned_rows(&Bound::Tenant(tenant), kind.workers(), statement).await,
            Some(doors) => self.active_row_security.reads(doors).rows(&Bound::Tenant(tenant), statement).await,
            None => self.reader.query(statement).await,
        }
    }
    /// The rows of global tables, or of all tenants, that a single statement reads.
    pub(super) async fn read_across(&self, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        let _span = self.statements.note(&statement);
        match &self.doors {
            Some(doors) => doors.across.rows(&Bound::Tenant(TenantId::NIL), statement).await,
            None => self.reader.query(statement).await,
        }
    }
    /// Has Postgres measure tables that have just grown, all where none is named. It does so by itself, once a minute; until then its plans are
    /// for the few rows that there were. A login that does not own the tables waits that minute.
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

/// Whether a connection that comes back is in no transaction any more. SQLite ends one by itself that meets a full disk
/// (sqlite.org/lang_transaction.html); sqlx's own ROLLBACK then fails, it still counts that one as open, and of all that come after it makes
/// savepoints, of which one that was rolled back keeps the others from ever being committed. Such a connection is closed.
async fn is_at_rest(connection: &mut sqlite::SqliteConnection) -> Result<bool, sea_orm::sqlx::Error> {
    if connection.is_in_transaction() {
        // The rollback of a transaction that was dropped is in its queue before this.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// Tries to turn WAL on, and the time between two: SQLite does not wait for whoever is doing so at the same moment.
const TRIES: u32 = 200;
const BETWEEN: Duration = Duration::from_millis(50);

async fn first_of(writer: &sqlite::SqlitePool) -> Result<PoolConnection<sqlite::Sqlite>, sea_orm::sqlx::Error> {
    let mut tries = 1;
    loop {
        match writer.acquire().await {
            Err(err) if is_busy(&err) && tries < TRIES => tries += 1,
            done => return done,
        }
        crate::clock::sleep(BETWEEN).await;
    }
}

/// SQLITE_BUSY.
fn is_busy(err: &sea_orm::sqlx::Error) -> bool {
    err.as_database_error().and_then(sea_orm::sqlx::error::DatabaseError::code).is_some_and(|code| code == "5")
}
