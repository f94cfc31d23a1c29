//! Connections to Postgres for single statements.
//!
//! sqlx's pool sends a query of its own whenever a connection comes back, to be sure of it; for reads by key that doubles the round trips.
//! Here a connection comes back as it is when its statement has been answered to the end, and is closed otherwise: when the statement failed,
//! or when nobody waits for its answer any more. Transactions stay with the pool.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sea_orm::{
    DbErr, QueryResult, RuntimeErr, Statement,
    sqlx::{
        self, AssertSqlSafe, ConnectOptions, Executor, PgConnection, Postgres,
        postgres::{PgConnectOptions, PgRow},
    },
};
use sea_query_sqlx::SqlxValues;
use tokio::sync::Semaphore;

use super::Fault;

/// A number of connections, opened when they are first needed. Cheap to clone.
#[derive(Clone)]
pub(super) struct Sessions(Arc<Inner>);

struct Inner {
    options: PgConnectOptions,
    /// How long a statement waits for a connection before it is refused.
    patience: Duration,
    free: Semaphore,
    idle: Mutex<Vec<PgConnection>>,
}

impl Sessions {
    pub(super) fn new(options: PgConnectOptions, most: usize, patience: Duration) -> Self {
        Self(Arc::new(Inner { options, patience, free: Semaphore::new(most), idle: Mutex::default() }))
    }

    /// The same number of other connections: a connection belongs to the runtime that opened it.
    pub(super) fn others(&self, most: usize) -> Self {
        Self::new(self.0.options.clone(), most, self.0.patience)
    }

    /// The rows that a statement reads. One that meets a connection which has died since it was last used is asked again.
    pub(super) async fn rows(&self, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        let Statement { sql, values, .. } = statement;
        let values = values.map_or_else(Vec::new, |values| values.0);
        let query = || sqlx::query_with(AssertSqlSafe(sql.clone()), SqlxValues(sea_orm::sea_query::Values(values.clone())));
        let rows = match self.fetch(query()).await {
            Err(err) if is_lost(&err) => {
                self.forget();
                self.fetch(query()).await
            }
            answered => answered,
        };
        Ok(rows.map_err(|err| DbErr::Query(RuntimeErr::SqlxError(err.into())))?.into_iter().map(QueryResult::from).collect())
    }

    /// The rows that a statement answers with, sent once: whether it was carried out is not known when the connection breaks.
    pub(super) async fn fetch<'q, Q>(&self, query: Q) -> Result<Vec<PgRow>, sqlx::Error>
    where
        Q: sqlx::Execute<'q, Postgres> + 'q,
    {
        let Ok(Ok(_turn)) = tokio::time::timeout(self.0.patience, self.0.free.acquire()).await else {
            return Err(sqlx::Error::PoolTimedOut);
        };
        let idle = self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.0.options.connect().await?,
        };
        // If this future is dropped or fails here, so is the connection.
        let rows = match connection.fetch_all(query).await {
            // The server refused the statement; the connection is as good as before.
            Err(err @ sqlx::Error::Database(_)) if !is_lost(&err) => Err(err),
            Err(err) => return Err(err),
            rows => rows,
        };
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        rows
    }

    /// Closes what is idle.
    pub(super) fn forget(&self) {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Whether the connection has gone: it broke, or the server says that it is about to end it (class 57P).
fn is_lost(err: &sqlx::Error) -> bool {
    match err {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(err) => err.code().is_some_and(|code| code.starts_with("57P")),
        _ => false,
    }
}
