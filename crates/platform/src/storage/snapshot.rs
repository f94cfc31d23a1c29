//! A tenant's rows as they were at one moment, whatever commits meanwhile.

use async_trait::async_trait;
use entity::prelude::TenantId;
use sea_orm::{ConnectionTrait, QueryResult, Statement};

use crate::slow::StatementTimer;

use super::{
    Backend, Database, Extensions, Fault, Reads,
    transaction::{Connections, Purpose, Transaction},
};

/// Consistent reads of one moment; ends when dropped. Holds a reader's connection: for audits and
/// exports; requests use `with_consistent_reads`, which limits them.
pub struct Snapshot {
    tenant: TenantId,
    backend: Backend,
    extensions: Extensions,
    transaction: Transaction,
}

impl Snapshot {
    pub(super) async fn begin(
        db: &Database,
        connections: &Connections,
        tenant: TenantId,
        purpose: Purpose,
    ) -> Result<Self, Fault> {
        let transaction = connections.begin(db.active_row_security.is_enforced().then_some(tenant), purpose).await?;
        Ok(Self::of_transaction(db, tenant, transaction))
    }

    /// Makes a snapshot of the rows that an open transaction sees.
    pub(super) fn of_transaction(db: &Database, tenant: TenantId, transaction: Transaction) -> Self {
        Self { tenant, backend: db.backend, extensions: db.extensions().clone(), transaction }
    }
    /// Returns the rows of a statement that the caller times.
    pub(super) async fn answer(&self, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        Ok(self.transaction.query_all_raw(statement).await?)
    }
    pub(super) fn into_parts(self) -> (TenantId, Transaction) {
        (self.tenant, self.transaction)
    }
}

#[async_trait]
impl Reads for Snapshot {
    fn tenant(&self) -> TenantId {
        self.tenant
    }
    fn backend(&self) -> Backend {
        self.backend
    }
    fn extensions(&self) -> &Extensions {
        &self.extensions
    }
    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        let _timer = StatementTimer::begin(&statement.sql);
        self.answer(statement).await
    }
}
