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
    broken::{is_full, is_late, late},
    silence::Silence,
};
use super::{
    Fault,
    dialect::listed,
    hosts::{Login, left},
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
    most: usize,
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
            Self::Tenants(tenants) => (String::new(), listed(tenants)),
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
    pub(super) fn new(login: &Login, most: usize, limits: Limits, binding: Binding, write_health: &WriteHealth) -> Self {
        Self(Arc::new(Inner {
            login: login.with(|options| limits.apply_to_options(options)),
            limits,
            free: Arc::new(Semaphore::new(most)),
            most,
            binding,
            write_health: write_health.clone(),
            idle: Mutex::default(),
        }))
    }

    /// Returns other connections like these, with limits of their own: a connection belongs to the runtime that opened it.
    pub(super) fn others(&self, most: usize, limits: Limits) -> Self {
        Self::new(&self.0.login, most, limits, self.0.binding, &self.0.write_health)
    }

    /// Returns other connections, on which a statement is planned once, for all values.
    pub(super) fn with_cached_plans(&self, most: usize, limits: Limits) -> Self {
        let login = self.0.login.with(|options| options.options([GENERIC]));
        Self::new(&login, most, limits, self.0.binding, &self.0.write_health)
    }

    pub(super) fn login(&self) -> &Login {
        &self.0.login
    }

    pub(super) fn limits(&self) -> Limits {
        self.0.limits
    }

    /// Returns the rows of a statement. If its connection has died since its last use, the
    /// statement is sent again.
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
        let mut lent = self.bound(bound).await?;
        lent.plan_with(workers).await?;
        let rows = lent.ask(self.0.limits.answer(), async |connection| connection.fetch_all(query).await).await;
        lent.return_to_pool();
        rows
    }

    /// Binds an idle connection in advance, so that a later statement is sent at once. The statement checks again: if none
    /// is idle, or this takes long or fails, it binds another one.
    pub(super) async fn prebind_connection(&self, bound: &Bound) {
        let has = |idle: &[Session]| idle.is_empty() || idle.iter().any(|idle| idle.bound.as_ref() == Some(bound));
        if self.0.binding == Binding::Nobody || has(&self.idle()) {
            return;
        }
        // A task of its own: when the timeout ends the wait, the connection is not closed.
        let (sessions, bound) = (self.clone(), bound.clone());
        let binding = tokio::spawn(async move { sessions.bound(&bound).await.map(BorrowedConnection::return_to_pool) });
        drop(timeout(PREBIND_TIMEOUT, binding).await);
    }

    /// Returns a connection that sees these rows.
    async fn bound(&self, bound: &Bound) -> Result<BorrowedConnection, sqlx::Error> {
        let wanted = (self.0.binding == Binding::Tenant).then_some(bound);
        let mut lent = self.checkout(wanted).await?;
        if wanted.is_some() && lent.bound() != wanted {
            let (tenant, tenants) = bound.settings();
            let bind = sqlx::query("SELECT set_config('app.tenant_id', $1, false), set_config('app.tenant_ids', $2, false)");
            let bind = bind.bind(tenant).bind(tenants);
            lent.ask(self.0.limits.liveness_timeout(), async |connection| connection.fetch_all(bind).await).await?;
            lent.bind(wanted);
        }
        Ok(lent)
    }

    /// Returns an idle or a new connection, preferably one that is bound as wanted.
    pub(super) async fn checkout(&self, wanted: Option<&Bound>) -> Result<BorrowedConnection, sqlx::Error> {
        let Ok(Ok(turn)) = timeout(self.0.limits.turn, self.0.free.clone().acquire_owned()).await else {
            return Err(sqlx::Error::PoolTimedOut);
        };
        let session = if let Some(session) = self.take(wanted) { session } else { self.connect().await? };
        Ok(BorrowedConnection { home: self.clone(), session: Some(session), _turn: turn })
    }

    /// Opens a connection. Waits while the server starts, refuses connections for a moment, or
    /// another host has yet to take over.
    async fn connect(&self) -> Result<Session, sqlx::Error> {
        let (began, outage, login) = (Instant::now(), self.0.write_health.outage(), &self.0.login);
        let (turn, limit) = (self.0.limits.turn, self.0.limits.liveness_timeout());
        let (until, mut pause) = (began + limit, MIN_BACKOFF);
        loop {
            // Less than the limit: a request makes several attempts, one after the other, and all
            // of them must end before its own limit.
            if !outage.is_over(turn * 4 / 5).await || Instant::now() >= until {
                return Err(late("the database cannot be reached"));
            }
            let Ok(connected) = timeout_at(until, login.connect()).await else {
                outage.begin(began, login);
                return Err(late("no connection to the database in time"));
            };
            let Ok(tried) = timeout_at(until, self.admitted(connected)).await else {
                return Err(late("timeout while the timeline of the database was read"));
            };
            match tried {
                Err(err) if is_server_away(&err) || login.may_fail_over(&err) => outage.begin(began, login),
                Err(err) if is_full(&err) && Instant::now() + pause < began + turn => {
                    crate::clock::sleep(pause).await;
                    pause = (2 * pause).min(MAX_BACKOFF);
                }
                tried => return tried,
            }
        }
    }

    /// Returns the connection once its server's timeline was checked, before any statement: the
    /// server may have been promoted, and lack commits.
    async fn admitted(&self, connected: Result<(PgConnection, u64), sqlx::Error>) -> Result<Session, sqlx::Error> {
        let (mut connection, term) = connected?;
        // Begun before the check: if the server is left meanwhile, this connection is closed too.
        let (opened, timeline, login) = (Instant::now(), self.0.write_health.timeline(), &self.0.login);
        let admitted = tokio::select! {
            biased;
            () = login.ends(term) => Err(left()),
            admitted = timeline.admits(login, self.0.limits, &mut connection) => admitted,
        };
        let may_stay = admitted.inspect_err(|err| {
            if is_lost(err) {
                login.report_lost_connection(term);
            }
        })?;
        Ok(Session { bound: None, workers: Workers::AsSet, connection, may_stay, term, opened, since: Instant::now() })
    }

    /// Checks the server's timeline again, on an idle connection or a new one.
    pub(super) async fn check_timeline(&self) -> Result<(), sqlx::Error> {
        let mut lent = self.checkout(None).await?;
        let (timeline, login, limits) = (self.0.write_health.timeline().clone(), self.0.login.clone(), self.0.limits);
        lent.ask(limits.liveness_timeout(), async |connection| timeline.admits(&login, limits, connection).await).await?;
        lent.return_to_pool();
        Ok(())
    }

    /// Takes an idle connection: one that is bound as wanted, or else the one that has been idle the longest.
    fn take(&self, wanted: Option<&Bound>) -> Option<Session> {
        let mut idle = self.idle();
        idle.retain(|idle| {
            let age = idle.opened.elapsed();
            idle.since.elapsed() < IDLE_LIMIT
                && age < MAX_CONNECTION_AGE
                && self.0.write_health.holds(age)
                && self.0.write_health.is_usable_since(idle.since)
                && self.0.login.is_current(idle.term)
        });
        match idle.iter().rposition(|idle| idle.bound.as_ref() == wanted) {
            Some(index) => Some(idle.remove(index)),
            None if idle.is_empty() => None,
            None => Some(idle.remove(0)),
        }
    }

    /// Returns the numbers of open connections, of idle ones, and of those that may be open. A
    /// connection that is being opened counts as open.
    pub(super) fn connection_counts(&self) -> (usize, usize, usize) {
        let idle = self.idle().len();
        let busy = self.0.most - self.0.free.available_permits().min(self.0.most);
        (busy + idle, idle, self.0.most)
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
    async fn plan_with(&mut self, workers: Workers) -> Result<(), sqlx::Error> {
        if self.session.as_ref().is_none_or(|session| session.workers == workers) {
            return Ok(());
        }
        let sql = match workers {
            Workers::AsSet => "RESET max_parallel_workers_per_gather",
            Workers::None => "SET max_parallel_workers_per_gather = 0",
        };
        self.ask(self.liveness_timeout(), async |connection| connection.execute(sql).await).await?;
        if let Some(session) = &mut self.session {
            session.workers = workers;
        }
        Ok(())
    }

    /// Sends a statement and waits for the answer, at most for the limit, and only while its host
    /// is the one that takes writes. A connection that broke, that did not answer in time, or whose
    /// answer is no longer awaited, is closed.
    pub(super) async fn ask<T>(
        &mut self,
        limit: Duration,
        question: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        // Moved into this future, the connection is closed if the future is dropped.
        let Some(mut session) = self.session.take() else {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "the connection to the database has gone").into());
        };
        let silence = Silence::begins(&self.home.0.write_health);
        let answer = tokio::select! {
            biased;
            // No further statement goes to a former primary: a COMMIT there would be lost.
            () = self.home.0.login.ends(session.term) => Err(left()),
            answer = timeout(limit, question(&mut session.connection)) => {
                answer.unwrap_or_else(|_| Err(late("the database did not answer in time")))
            }
        };
        match &answer {
            Err(err) if is_lost(err) => {
                self.home.0.login.report_lost_connection(session.term);
                // Others that are idle may have ended with the same server, and are better not tried one after the other.
                self.home.0.write_health.lost(silence.began());
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
