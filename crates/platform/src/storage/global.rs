//! Writes to the few tables that belong to no tenant: users, credentials, sessions, keys.

use async_trait::async_trait;
use sea_orm::{QueryResult, Statement, Value};

use super::{Backend, Fault, Global, Reads, Row, Work};
use entity::{prelude::TenantId, record::Record};

/// Reads of global tables, committed or inside a transaction. Parameters are only the caller's: no
/// tenant comes first.
#[async_trait]
pub trait GlobalReads: Send + Sync {
    fn backend(&self) -> Backend;
    async fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, Fault>;
    /// Returns the rows of a raw statement whose select list is that of `R`.
    async fn records<R: Record + Send>(&self, sql: &str, values: Vec<Value>) -> Result<Vec<R>, Fault>
    where
        Self: Sized,
    {
        self.rows(sql, values).await?.iter().map(|row| Row::new(row).record()).collect()
    }
}

#[async_trait]
impl GlobalReads for Global {
    fn backend(&self) -> Backend {
        self.db.backend
    }
    async fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, Fault> {
        Self::rows(self, sql, values).await
    }
}

/// An open transaction on global tables; rolled back unless committed.
pub struct GlobalWork(Work);

impl Global {
    pub async fn begin(&self) -> Result<GlobalWork, Fault> {
        Ok(GlobalWork(self.maintenance_for(TenantId::NIL).await?))
    }
}

impl From<Work> for GlobalWork {
    /// Wraps a transaction of the deployment's own (`Global::steward_for`) on a tenant's rows that
    /// changes global ones too.
    fn from(work: Work) -> Self {
        work.assert_stewards();
        Self(work)
    }
}

impl GlobalWork {
    /// Runs a statement that changes rows; how many it changed.
    pub async fn change(&self, sql: &str, values: Vec<Value>) -> Result<usize, Fault> {
        Ok(self.rows(&format!("{sql} RETURNING 1"), values).await?.len())
    }
    /// Returns the same transaction for its tenant's rows.
    pub fn tenant(&self) -> &Work {
        &self.0
    }
    /// Turns it into a transaction for its tenant's rows.
    pub fn into_tenant(self) -> Work {
        self.0
    }
    pub async fn commit(self) -> Result<(), Fault> {
        self.0.commit().await
    }
    pub async fn rollback(self) -> Result<(), Fault> {
        self.0.rollback().await
    }
}

#[async_trait]
impl GlobalReads for GlobalWork {
    fn backend(&self) -> Backend {
        Reads::backend(&self.0)
    }
    async fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<QueryResult>, Fault> {
        self.0.query(Statement::from_sql_and_values(Reads::backend(&self.0).into(), sql, values)).await
    }
}
