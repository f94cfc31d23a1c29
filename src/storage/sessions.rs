//! Connections to Postgres for single statements.
//!
//! sqlx's pool sends a query of its own whenever a connection comes back, to be sure of it; for reads by key that doubles the round trips.
//! Here a connection comes back as it is when its statement has been answered to the end, and is closed otherwise: when the statement failed,
//! or when nobody waits for its answer any more. Transactions stay with the pool.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use entity::prelude::TenantId;
use sea_orm::{
    DbErr, QueryResult, RuntimeErr, Statement,
    sqlx::{
        self, AssertSqlSafe, ConnectOptions, Executor, PgConnection, Postgres,
        postgres::{PgConnectOptions, PgRow},
    },
};
use sea_query_sqlx::SqlxValues;
use tokio::{sync::Semaphore, time::Instant};

use super::{Fault, postgres::IDLE_LIMIT};

/// A number of connections, opened when they are first needed. Cheap to clone.
#[derive(Clone)]
pub(super) struct Sessions(Arc<Inner>);

struct Inner {
    options: PgConnectOptions,
    /// How long a statement waits for a connection before it is refused.
    patience: Duration,
    free: Semaphore,
    most: usize,
    binding: Binding,
    /// The one that was used last stands last.
    idle: Mutex<Vec<Idle>>,
}

/// Whom connections work for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binding {
    /// One tenant at a time.
    Tenant,
    /// Nobody in particular: policies let them through, or there are none.
    Nobody,
}

struct Idle {
    bound: Option<TenantId>,
    connection: PgConnection,
    since: Instant,
}

impl Sessions {
    pub(super) fn new(options: PgConnectOptions, most: usize, patience: Duration, binding: Binding) -> Self {
        Self(Arc::new(Inner { options, patience, free: Semaphore::new(most), most, binding, idle: Mutex::default() }))
    }

    /// Other connections like these: a connection belongs to the runtime that opened it.
    pub(super) fn others(&self, most: usize) -> Self {
        Self::new(self.0.options.clone(), most, self.0.patience, self.0.binding)
    }

    /// Other connections, on which a statement is planned once, for whatever values.
    pub(super) fn by_kept_plans(&self, most: usize) -> Self {
        let options = self.0.options.clone().options([("plan_cache_mode", "force_generic_plan")]);
        Self::new(options, most, self.0.patience, self.0.binding)
    }

    /// The rows that a statement of a tenant reads. One that meets a connection which has died since it was last used is asked again.
    pub(super) async fn rows(&self, tenant: TenantId, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        let Statement { sql, values, .. } = statement;
        let values = values.map_or_else(Vec::new, |values| values.0);
        let query = || sqlx::query_with(AssertSqlSafe(sql.clone()), SqlxValues(sea_orm::sea_query::Values(values.clone())));
        let rows = match self.fetch(tenant, query()).await {
            Err(err) if is_lost(&err) => {
                self.forget();
                self.fetch(tenant, query()).await
            }
            answered => answered,
        };
        Ok(rows.map_err(|err| DbErr::Query(RuntimeErr::SqlxError(err.into())))?.into_iter().map(QueryResult::from).collect())
    }

    /// The rows that a statement answers with, sent once: whether it was carried out is not known when the connection breaks.
    pub(super) async fn fetch<'q, Q>(&self, tenant: TenantId, query: Q) -> Result<Vec<PgRow>, sqlx::Error>
    where
        Q: sqlx::Execute<'q, Postgres> + 'q,
    {
        let Ok(Ok(_turn)) = tokio::time::timeout(self.0.patience, self.0.free.acquire()).await else {
            return Err(sqlx::Error::PoolTimedOut);
        };
        let wanted = (self.0.binding == Binding::Tenant).then_some(tenant);
        let (bound, mut connection) = match self.take(wanted) {
            Some(idle) => (idle.bound, idle.connection),
            None => (None, self.0.options.connect().await?),
        };
        if let Some(tenant) = wanted
            && bound != wanted
        {
            bind(&mut connection, tenant).await?;
        }
        // If this future is dropped or fails here, so is the connection.
        let rows = match connection.fetch_all(query).await {
            // The server refused the statement; the connection is as good as before.
            Err(err @ sqlx::Error::Database(_)) if !is_lost(&err) => Err(err),
            Err(err) => return Err(err),
            rows => rows,
        };
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).push(Idle {
            bound: wanted,
            connection,
            since: Instant::now(),
        });
        rows
    }

    /// An idle connection: one that is bound as wanted, or else the one that has been idle the longest.
    fn take(&self, wanted: Option<TenantId>) -> Option<Idle> {
        let mut idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|idle| idle.since.elapsed() < IDLE_LIMIT);
        match idle.iter().rposition(|idle| idle.bound == wanted) {
            Some(index) => Some(idle.remove(index)),
            None if idle.is_empty() => None,
            None => Some(idle.remove(0)),
        }
    }

    /// How many connections are open, how many of those do nothing, and how many there may be. What is being opened counts as open.
    pub(super) fn standing(&self) -> (usize, usize, usize) {
        let idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).len();
        let busy = self.0.most - self.0.free.available_permits().min(self.0.most);
        (busy + idle, idle, self.0.most)
    }

    /// Closes what is idle.
    pub(super) fn forget(&self) {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

async fn bind(connection: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    let bind = sqlx::query("SELECT set_config('app.tenant_id', $1, false)").bind(tenant.uuid().to_string());
    connection.fetch_all(bind).await.map(drop)
}

/// Whether the connection has gone: it broke, or the server says that it is about to end it (class 57P), or that it takes no writes any more
/// (25006), as one does that another has taken over from.
fn is_lost(err: &sqlx::Error) -> bool {
    match err {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(err) => err.code().is_some_and(|code| code.starts_with("57P") || code == "25006"),
        _ => false,
    }
}
