//! Connections to Postgres, each lent to one statement or one transaction at a time.
//!
//! sqlx's pool sends a query of its own whenever a connection comes back, to be sure of it, and waits for that answer without a limit: a server
//! that falls silent keeps its places for ever. Here a connection comes back as it is when what was asked has been answered to the end, and is
//! closed otherwise: when its statement failed with it, when nobody waits for the answer any more, and when no answer came in time.

mod broken;

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

use self::broken::{Silence, is_full, is_late, late};
pub(super) use self::broken::{is_away, is_lost};
use super::{
    Fault,
    dialect::listed,
    hosts::{Login, left},
    limits::Limits,
    postgres::{GENERIC, IDLE_LIMIT, OLDEST},
    writable::WriteHealth,
};

/// A number of connections, opened when they are first needed. Cheap to clone.
#[derive(Clone)]
pub(super) struct Sessions(Arc<Inner>);

struct Inner {
    login: Login,
    limits: Limits,
    free: Arc<Semaphore>,
    most: usize,
    binding: Binding,
    write_health: WriteHealth,
    /// The one that was used last stands last.
    idle: Mutex<Vec<Session>>,
}

/// Whom connections work for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binding {
    /// One tenant at a time.
    Tenant,
    /// Nobody in particular: policies let them through, or there are none.
    Nobody,
}

/// Whose rows a connection sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Bound {
    Tenant(TenantId),
    /// Some tenants', for the ledger's statements that are about several.
    Tenants(Arc<[TenantId]>),
}

impl Bound {
    /// The settings that the policies read: a tenant, and a list of tenants.
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
    /// As the server is set.
    AsSet,
    /// Each statement has one process.
    None,
}

/// An open connection.
struct Session {
    bound: Option<Bound>,
    workers: Workers,
    connection: PgConnection,
    /// False where it leads to a standby, which may be promoted while it is idle.
    may_stay: bool,
    /// Of the host that it leads to, where the database has several.
    term: u64,
    opened: Instant,
    /// When it was last heard of.
    since: Instant,
}

/// How long a connection is bound ahead: what takes longer is left to the statement that wants it, so that nothing else waits for it.
const AHEAD: Duration = Duration::from_millis(500);
/// The first pause between two tries to connect to a server that is starting.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(10);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_millis(200);

impl Sessions {
    /// Connections whose server keeps the limits.
    pub(super) fn new(login: &Login, most: usize, limits: Limits, binding: Binding, write_health: &WriteHealth) -> Self {
        Self(Arc::new(Inner {
            login: login.with(|options| limits.kept_by(options)),
            limits,
            free: Arc::new(Semaphore::new(most)),
            most,
            binding,
            write_health: write_health.clone(),
            idle: Mutex::default(),
        }))
    }

    /// Other connections like these, with limits of their own: a connection belongs to the runtime that opened it.
    pub(super) fn others(&self, most: usize, limits: Limits) -> Self {
        Self::new(&self.0.login, most, limits, self.0.binding, &self.0.write_health)
    }

    /// Others, on which a statement is planned once, for whatever values.
    pub(super) fn by_kept_plans(&self, most: usize, limits: Limits) -> Self {
        let login = self.0.login.with(|options| options.options([GENERIC]));
        Self::new(&login, most, limits, self.0.binding, &self.0.write_health)
    }

    pub(super) fn login(&self) -> &Login {
        &self.0.login
    }

    pub(super) fn limits(&self) -> Limits {
        self.0.limits
    }

    /// The rows that a statement reads. One that meets a connection which has died since it was last used is asked again.
    pub(super) async fn rows(&self, bound: &Bound, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        self.planned_rows(bound, Workers::AsSet, statement).await
    }

    /// The same, by a plan with parallel workers or without.
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

    /// The rows that a statement answers with, sent once: whether it was carried out is not known when the connection breaks.
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
        lent.give_back();
        rows
    }

    /// Binds an idle connection, so that a statement which comes later is sent at once. The statement looks for itself: where none is idle, or this
    /// takes long or fails, it binds another one.
    pub(super) async fn bind_ahead(&self, bound: &Bound) {
        let has = |idle: &[Session]| idle.is_empty() || idle.iter().any(|idle| idle.bound.as_ref() == Some(bound));
        if self.0.binding == Binding::Nobody || has(&self.idle()) {
            return;
        }
        // In a task of its own: a connection that is not waited for any more is not closed for that.
        let (sessions, bound) = (self.clone(), bound.clone());
        let binding = tokio::spawn(async move { sessions.bound(&bound).await.map(Lent::give_back) });
        drop(timeout(AHEAD, binding).await);
    }

    /// A connection that sees these rows.
    async fn bound(&self, bound: &Bound) -> Result<Lent, sqlx::Error> {
        let wanted = (self.0.binding == Binding::Tenant).then_some(bound);
        let mut lent = self.checkout(wanted).await?;
        if wanted.is_some() && lent.bound() != wanted {
            let (tenant, tenants) = bound.settings();
            let bind = sqlx::query("SELECT set_config('app.tenant_id', $1, false), set_config('app.tenant_ids', $2, false)");
            let bind = bind.bind(tenant).bind(tenants);
            lent.ask(self.0.limits.sign_of_life(), async |connection| connection.fetch_all(bind).await).await?;
            lent.bind(wanted);
        }
        Ok(lent)
    }

    /// A connection, bound as wanted where there is such a one: an idle one or a new one.
    pub(super) async fn checkout(&self, wanted: Option<&Bound>) -> Result<Lent, sqlx::Error> {
        let Ok(Ok(turn)) = timeout(self.0.limits.turn, self.0.free.clone().acquire_owned()).await else {
            return Err(sqlx::Error::PoolTimedOut);
        };
        let session = if let Some(session) = self.take(wanted) { session } else { self.connect().await? };
        Ok(Lent { home: self.clone(), session: Some(session), _turn: turn })
    }

    /// A new connection; while the server starts, nobody listens where it was a moment ago, or another host has yet to take over, it is waited for.
    async fn connect(&self) -> Result<Session, sqlx::Error> {
        let (began, outage, login) = (Instant::now(), self.0.write_health.outage(), &self.0.login);
        let (turn, limit) = (self.0.limits.turn, self.0.limits.sign_of_life());
        let (until, mut pause) = (began + limit, FIRST_PAUSE);
        loop {
            // Sooner than the limit: a request asks several times, one after the other, and all of that is to end before it does.
            if !outage.is_over(turn * 4 / 5).await || Instant::now() >= until {
                return Err(late("the database cannot be reached"));
            }
            let Ok(connected) = timeout_at(until, login.connect()).await else {
                outage.begin(began, login);
                return Err(late("no connection to the database in time"));
            };
            let Ok(tried) = timeout_at(until, self.admitted(connected)).await else {
                return Err(late("the timeline of the database was not known in time"));
            };
            match tried {
                Err(err) if is_away(&err) || login.may_move(&err) => outage.begin(began, login),
                Err(err) if is_full(&err) && Instant::now() + pause < began + turn => {
                    crate::clock::sleep(pause).await;
                    pause = (2 * pause).min(LONGEST_PAUSE);
                }
                tried => return tried,
            }
        }
    }

    /// A connection that was looked at, before anything is asked on it: its server may have been promoted, and lack commits.
    async fn admitted(&self, connected: Result<(PgConnection, u64), sqlx::Error>) -> Result<Session, sqlx::Error> {
        let (mut connection, term) = connected?;
        // Before the look: a server that is left meanwhile is left by this connection, too.
        let (opened, timeline, login) = (Instant::now(), self.0.write_health.timeline(), &self.0.login);
        let admitted = tokio::select! {
            biased;
            () = login.ends(term) => Err(left()),
            admitted = timeline.admits(login, self.0.limits, &mut connection) => admitted,
        };
        let may_stay = admitted.inspect_err(|err| {
            if is_lost(err) {
                login.suspect(term);
            }
        })?;
        Ok(Session { bound: None, workers: Workers::AsSet, connection, may_stay, term, opened, since: Instant::now() })
    }

    /// Looks again at the server, on an idle connection or a new one.
    pub(super) async fn look_at_timeline(&self) -> Result<(), sqlx::Error> {
        let mut lent = self.checkout(None).await?;
        let (timeline, login, limits) = (self.0.write_health.timeline().clone(), self.0.login.clone(), self.0.limits);
        lent.ask(limits.sign_of_life(), async |connection| timeline.admits(&login, limits, connection).await).await?;
        lent.give_back();
        Ok(())
    }

    /// An idle connection: one that is bound as wanted, or else the one that has been idle the longest.
    fn take(&self, wanted: Option<&Bound>) -> Option<Session> {
        let mut idle = self.idle();
        idle.retain(|idle| {
            let age = idle.opened.elapsed();
            idle.since.elapsed() < IDLE_LIMIT
                && age < OLDEST
                && self.0.write_health.holds(age)
                && self.0.write_health.is_heard_of(idle.since)
                && self.0.login.is_current(idle.term)
        });
        match idle.iter().rposition(|idle| idle.bound.as_ref() == wanted) {
            Some(index) => Some(idle.remove(index)),
            None if idle.is_empty() => None,
            None => Some(idle.remove(0)),
        }
    }

    /// How many connections are open, how many of those do nothing, and how many there may be. What is being opened counts as open.
    pub(super) fn connection_counts(&self) -> (usize, usize, usize) {
        let idle = self.idle().len();
        let busy = self.0.most - self.0.free.available_permits().min(self.0.most);
        (busy + idle, idle, self.0.most)
    }

    /// Closes what is idle.
    pub(super) fn forget(&self) {
        self.idle().clear();
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Session>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that somebody uses. It is closed when this is dropped, unless it was given back.
pub(super) struct Lent {
    home: Sessions,
    /// None once it is known to be of no more use.
    session: Option<Session>,
    _turn: OwnedSemaphorePermit,
}

impl Lent {
    pub(super) fn sign_of_life(&self) -> Duration {
        self.home.0.limits.sign_of_life()
    }
    pub(super) fn bound(&self) -> Option<&Bound> {
        self.session.as_ref().and_then(|session| session.bound.as_ref())
    }
    pub(super) fn bind(&mut self, bound: Option<&Bound>) {
        if let Some(session) = &mut self.session {
            session.bound = bound.cloned();
        }
    }

    /// Has the statements that follow planned so.
    async fn plan_with(&mut self, workers: Workers) -> Result<(), sqlx::Error> {
        if self.session.as_ref().is_none_or(|session| session.workers == workers) {
            return Ok(());
        }
        let sql = match workers {
            Workers::AsSet => "RESET max_parallel_workers_per_gather",
            Workers::None => "SET max_parallel_workers_per_gather = 0",
        };
        self.ask(self.sign_of_life(), async |connection| connection.execute(sql).await).await?;
        if let Some(session) = &mut self.session {
            session.workers = workers;
        }
        Ok(())
    }

    /// Asks something and waits for the answer, no longer than the limit, and no longer than its host is the one that takes writes. A connection that
    /// broke, that gave no answer in time, or whose answer nobody waits for any more, is closed.
    pub(super) async fn ask<T>(
        &mut self,
        limit: Duration,
        question: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>,
    ) -> Result<T, sqlx::Error> {
        // In here it is lost with this future.
        let Some(mut session) = self.session.take() else {
            return Err(io::Error::new(io::ErrorKind::NotConnected, "the connection to the database has gone").into());
        };
        let silence = Silence::begins(&self.home.0.write_health);
        let answer = tokio::select! {
            biased;
            // Nothing more is asked of a host that was left: a COMMIT that went there would be nobody's.
            () = self.home.0.login.ends(session.term) => Err(left()),
            answer = timeout(limit, question(&mut session.connection)) => {
                answer.unwrap_or_else(|_| Err(late("the database did not answer in time")))
            }
        };
        match &answer {
            Err(err) if is_lost(err) => {
                self.home.0.login.suspect(session.term);
                // Others that are idle may have ended with the same server, and are better not tried one after the other.
                self.home.0.write_health.lost(silence.began());
            }
            // The server refused the statement; the connection is as good as before.
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
    pub(super) fn give_back(mut self) {
        if let Some(session) = self.session.take().filter(|session| session.may_stay) {
            self.home.idle().push(session);
        }
    }
}
