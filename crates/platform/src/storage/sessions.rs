//! Connections to Postgres, each lent to one statement or one transaction at a time.
//!
//! sqlx's pool sends a query of its own whenever a connection is returned, to check it, and waits
//! for that answer without a limit: a silent server keeps the pool's places for ever. Here a
//! connection is returned unchecked if its last answer was read to the end, and is closed
//! otherwise: when a statement failed with the connection, when no task waits for the answer any
//! more, and when no answer came in time.

mod broken;
mod silence;

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use entity::prelude::TenantId;
use sea_orm::{
    DbErr, QueryResult, RuntimeErr, Statement,
    sqlx::{self, AssertSqlSafe, Executor, PgConnection, Postgres, postgres::PgRow},
};
use sea_query_sqlx::SqlxValues;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout, timeout_at},
};

pub(super) use self::broken::{is_lost, is_server_away};
use self::{
    broken::{is_full, is_late, timeout_error},
    silence::Silence,
};
use super::{
    Fault,
    dialect::join_ids,
    hosts::{Login, host_left_error},
    limits::Limits,
    pool_limits::{IDLE_LIMIT, MAX_BACKOFF, MAX_CONNECTION_AGE, MIN_BACKOFF},
    postgres::GENERIC,
    write_health::WriteHealth,
};

/// A limited number of connections, opened on demand. Cheap to clone.
#[derive(Clone)]
pub(super) struct Sessions(Arc<Inner>);

struct Inner {
    login: Login,
    limits: Limits,
    free: Arc<Semaphore>,
    max_connections: usize,
    binding: Binding,
    write_health: WriteHealth,
    /// Idle connections; the most recently used is last.
    idle: Mutex<Vec<Session>>,
}

/// Tenants that connections are bound to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binding {
    /// Bound to one tenant at a time.
    Tenant,
    /// Bound to no tenant: policies admit the role, or there are none.
    Nobody,
}

/// Tenants whose rows a connection sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bound {
    Tenant(TenantId),
    /// Several tenants, for the ledger's statements about more than one.
    Tenants(Arc<[TenantId]>),
}

impl Bound {
    /// Returns the settings that the policies read: a tenant, and a list of tenants.
    fn settings(&self) -> (String, String) {
        match self {
            Self::Tenant(tenant) => (tenant.uuid().to_string(), String::new()),
            Self::Tenants(tenants) => (String::new(), join_ids(tenants)),
        }
    }
}

/// Whether statements are planned with parallel workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Workers {
    /// The server's setting.
    AsSet,
    /// No parallel workers: each statement has one process.
    None,
}

/// An open connection.
struct Session {
    bound: Option<Bound>,
    workers: Workers,
    connection: PgConnection,
    /// False if it leads to a standby, which may be promoted while the connection is idle.
    may_stay: bool,
    /// Term of the host that it leads to, if the database has several.
    term: u64,
    opened: Instant,
    /// Time of the last response.
    since: Instant,
}

/// Timeout of binding a connection ahead: a slower binding is left to the statement that needs it,
/// so that nothing else waits for it.
const PREBIND_TIMEOUT: Duration = Duration::from_millis(500);

impl Sessions {
    /// Creates the connections; their server enforces the limits.
    pub(super) fn new(login: &Login, limit: usize, limits: Limits, binding: Binding, write_health: &WriteHealth) -> Self {
        Self(Arc::new(Inner {
            login: login.with(|options| limits.apply_to_options(options)),
            limits,
            free: Arc::new(Semaphore::new(limit)),
            max_connections: limit,
            binding,
            write_health: write_health.clone(),
            idle: Mutex::default(),
        }))
    }

    /// Returns other connections like these, with limits of their own: a connection belongs to the runtime that opened it.
    pub(super) fn with_limit(&self, limit: usize, limits: Limits) -> Self {
        Self::new(&self.0.login, limit, limits, self.0.binding, &self.0.write_health)
    }

    /// Returns other connections, on which a statement is planned once, for all values.
    pub(super) fn with_cached_plans(&self, limit: usize, limits: Limits) -> Self {
        let login = self.0.login.with(|options| options.options([GENERIC]));
        Self::new(&login, limit, limits, self.0.binding, &self.0.write_health)
    }

    pub(super) fn login(&self) -> &Login {
        &self.0.login
    }

    pub(super) fn limits(&self) -> Limits {
        self.0.limits
    }

    /// Returns the rows of a statement. If its connection has died since its last use, the statement is sent again.
    pub(super) async fn rows(&self, bound: &Bound, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        self.planned_rows(bound, Workers::AsSet, statement).await
    }

    /// Does the same, with or without parallel workers.
    pub(super) async fn planned_rows(
        &self,
        bound: &Bound,
        workers: Workers,
        statement: Statement,
    ) -> Result<Vec<QueryResult>, Fault> {
        let Statement { sql, values, .. } = statement;
        let values = values.map_or_else(Vec::new, |values| values.0);
        let query = || sqlx::query_with(AssertSqlSafe(sql.clone()), SqlxValues(sea_orm::sea_query::Values(values.clone())));
        let rows = match self.fetch_planned(bound, workers, query()).await {
            Err(err) if is_lost(&err) && !is_late(&err) => self.fetch_planned(bound, workers, query()).await,
            answered => answered,
        };
        Ok(rows.map_err(|err| DbErr::Query(RuntimeErr::SqlxError(err.into())))?.into_iter().map(QueryResult::from).collect())
    }

    /// Returns the rows of a statement that is sent once: its outcome is unknown if the connection breaks.
    pub(super) async fn fetch<'q, Q>(&self, bound: &Bound, query: Q) -> Result<Vec<PgRow>, sqlx::Error>
    where
        Q: sqlx::Execute<'q, Postgres> + 'q,
    {
        self.fetch_planned(bound, Workers::AsSet, query).await
    }

    async fn fetch_planned<'q, Q>(&self, bound: &Bound, workers: Workers, query: Q) -> Result<Vec<PgRow>, sqlx::Error>
    where
        Q: sqlx::Execute<'q, Postgres> + 'q,
    {
        let mut borrowed = self.bound(bound).await?;
        borrowed.set_workers(workers).await?;
        let rows = borrowed.run_within(self.0.limits.answer(), async |connection| connection.fetch_all(query).await).await;
        borrowed.return_to_pool();
        rows
    }

    /// Binds an idle connection in advance, so that a later statement is sent at once. The statement checks again: if none
    /// is idle, or this takes long or fails, it binds another one.
    pub(super) async fn prebind_connection(&self, bound: &Bound) {
        let has_bound = |idle: &[Session]| idle.is_empty() || idle.iter().any(|idle| idle.bound.as_ref() == Some(bound));
        if self.0.binding == Binding::Nobody || has_bound(&self.idle()) {
            return;
        }
        // A task of its own: when the timeout ends the wait, the connection is not closed.
        let (sessions, bound) = (self.clone(), bound.clone());
        let binding = tokio::spawn(async move { sessions.bound(&bound).await.map(BorrowedConnection::return_to_pool) });
        drop(timeout(PREBIND_TIMEOUT, binding).await);
    }

    /// Returns a connection that sees these rows.
    async fn bound(&self, bound: &Bound) -> Result<BorrowedConnection, sqlx::Error> {
        let requested_bound = (self.0.binding == Binding::Tenant).then_some(bound);
        let mut borrowed = self.checkout(requested_bound).await?;
        if requested_bound.is_some() && borrowed.bound() != requested_bound {
            let (tenant, tenants) = bound.settings();
            let bind = sqlx::query("SELECT set_config('app.tenant_id', $1, false), set_config('app.tenant_ids', $2, false)");
            let bind = bind.bind(tenant).bind(tenants);
            borrowed.run_within(self.0.limits.liveness_timeout(), async |connection| connection.fetch_all(bind).await).await?;
            borrowed.bind(requested_bound);
        }
        Ok(borrowed)
    }

    /// Returns an idle or a new connection, preferably one that is bound as wanted.
    pub(super) async fn checkout(&self, requested_bound: Option<&Bound>) -> Result<BorrowedConnection, sqlx::Error> {
        let Ok(Ok(permit)) = timeout(self.0.limits.turn, self.0.free.clone().acquire_owned()).await else {
            return Err(sqlx::Error::PoolTimedOut);
        };
        let session = if let Some(session) = self.take(requested_bound) { session } else { self.connect().await? };
        Ok(BorrowedConnection { home: self.clone(), session: Some(session), _turn: permit })
    }

    /// Opens a connection. Waits while the server starts, refuses connections for a moment, or
    /// another host has yet to take over.
    async fn connect(&self) -> Result<Session, sqlx::Error> {
        let (start, outage, login) = (Instant::now(), self.0.write_health.outage(), &self.0.login);
        let (turn_limit, limit) = (self.0.limits.turn, self.0.limits.liveness_timeout());
        let (deadline, mut pause) = (start + limit, MIN_BACKOFF);
        loop {
            // Less than the limit: a request makes several attempts, one after the other, and all
            // of them must end before its own limit.
            if !outage.is_over(turn_limit * 4 / 5).await || Instant::now() >= deadline {
                return Err(timeout_error("the database cannot be reached"));
            }
            let Ok(connection) = timeout_at(deadline, login.connect()).await else {
                outage.begin(start, login);
                return Err(timeout_error("no connection to the database in time"));
            };
            let Ok(result) = timeout_at(deadline, self.admit_connection(connection)).await else {
                return Err(timeout_error("timeout while the timeline of the database was read"));
            };
            match result {
                Err(err) if is_server_away(&err) || login.may_fail_over(&err) => outage.begin(start, login),
                Err(err) if is_full(&err) && Instant::now() + pause < start + turn_limit => {
                    crate::clock::sleep(pause).await;
                    pause = (2 * pause).min(MAX_BACKOFF);
                }
                result => return result,
            }
        }
    }

    /// Returns the connection once its server's timeline was checked, before any statement: the
    /// server may have been promoted, and lack commits.
    async fn admit_connection(&self, connected: Result<(PgConnection, u64), sqlx::Error>) -> Result<Session, sqlx::Error> {
        let (mut connection, term) = connected?;
        // Begun before the check: if the server is left meanwhile, this connection is closed too.
        let (opened, timeline, login) = (Instant::now(), self.0.write_health.timeline(), &self.0.login);
        let check_result = tokio::select! {
            biased;
            () = login.ends(term) => Err(host_left_error()),
            check_result = timeline.check_connection(login, self.0.limits, &mut connection) => check_result,
        };
        let may_stay = check_result.inspect_err(|err| {
            if is_lost(err) {
                login.report_lost_connection(term);
            }
        })?;
        Ok(Session { bound: None, workers: Workers::AsSet, connection, may_stay, term, opened, since: Instant::now() })
    }

    /// Checks the server's timeline again, on an idle connection or a new one.
    pub(super) async fn check_timeline(&self) -> Result<(), sqlx::Error> {
        let mut borrowed = self.checkout(None).await?;
        let (timeline, login, limits) = (self.0.write_health.timeline().clone(), self.0.login.clone(), self.0.limits);
        borrowed
            .run_within(limits.liveness_timeout(), async |connection| timeline.check_connection(&login, limits, connection).await)
            .await?;
        borrowed.return_to_pool();
        Ok(())
    }

    /// Takes an idle connection: one that is bound as wanted, or else the one that has been idle the longest.
    fn take(&self, requested_bound: Option<&Bound>) -> Option<Session> {
        let mut idle = self.idle();
        idle.retain(|idle| {
            let age = idle.opened.elapsed();
            idle.since.elapsed() < IDLE_LIMIT
                && age < MAX_CONNECTION_AGE
                && self.0.write_health.holds(age)
                && self.0.write_health.is_usable_since(idle.since)
                && self.0.login.is_current(idle.term)
        });
        match idle.iter().rposition(|idle| idle.bound.as_ref() == requested_bound) {
            Some(index) => Some(idle.remove(index)),
            None if idle.is_empty() => None,
            None => Some(idle.remove(0)),
        }
    }

    /// Returns the numbers of open connections, of idle ones, and of those that may be open. A
    /// connection that is being opened counts as open.
    pub(super) fn connection_counts(&self) -> (usize, usize, usize) {
        let idle = self.idle().len();
        let busy = self.0.max_connections - self.0.free.available_permits().min(self.0.max_connections);
        (busy + idle, idle, self.0.max_connections)
    }

    /// Closes idle connections.
    pub(super) fn forget(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection in use. It is closed when this is dropped, unless it was given back.
pub(super) struct BorrowedConnection {
    home: Sessions,
    /// None once it is known to be unusable.
    session: Option<Session>,
    _turn: OwnedSemaphorePermit,
}

impl BorrowedConnection {
    pub(super) fn liveness_timeout(&self) -> Duration {
        self.home.0.limits.liveness_timeout()
    }
    pub(super) fn bound(&self) -> Option<&Bound> {
        self.session.as_ref().and_then(|session| session.bound.as_ref())
    }
    pub(super) fn bind(&mut self, bound: Option<&Bound>) {
        if let Some(session) = &mut self.session {
            session.bound = bound.cloned();
        }
    }

    /// Sets the parallel workers of the following statements.
    async fn set_workers(&mut self, workers: Workers) -> Result<(), sqlx::Error> {
        if self.session.as_ref().is_none_or(|session| session.workers == workers) {
            return Ok(());
        }
        let sql = match workers {
            Workers::AsSet => "RESET max_parallel_workers_per_gather",
            Workers::None => "SET max_parallel_workers_per_gather = 0",
        };
        self.run_within(self.liveness_timeout(), async |connection| connection.execute(sql).await).await?;
        if let Some(session) = &mut self.session {
            session.workers = workers;
        }
        Ok(())
    }

    /// Sends a statement and waits for the answer, at most for the limit, and only while its host is the one that takes writes.
    /// A connection that broke, that did not answer in time, or whose answer is no longer awaited, is closed.
    pub(super) async fn run_within<T>(
        &mut self,
        limit: Duration,
        question: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        // Moved into this future, the connection is closed if the future is dropped.
        let Some(mut session) = self.session.take() else {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "the connection to the database has gone").into());
        };
        let silence = Silence::begin(&self.home.0.write_health);
        let answer = tokio::select! {
            biased;
            // No further statement goes to a former primary: a COMMIT there would be lost.
            () = self.home.0.login.ends(session.term) => Err(host_left_error()),
            answer = timeout(limit, question(&mut session.connection)) => {
                answer.unwrap_or_else(|_| Err(timeout_error("the database did not answer in time")))
            }
        };
        match &answer {
            Err(err) if is_lost(err) => {
                self.home.0.login.report_lost_connection(session.term);
                // Others that are idle may have ended with the same server, and are better not tried one after the other.
                self.home.0.write_health.record_loss(silence.started_at());
            }
            // The server refused the statement; the connection is still usable.
            Err(sqlx::Error::Database(_)) | Ok(_) => {
                silence.ends();
                session.since = Instant::now();
                self.session = Some(session);
            }
            Err(_) => silence.ends(),
        }
        answer
    }

    /// Lends it to the next.
    pub(super) fn return_to_pool(mut self) {
        if let Some(session) = self.session.take().filter(|session| session.may_stay) {
            self.home.idle().push(session);
        }
    }
}
