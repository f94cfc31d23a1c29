//! A tenant's rows as they were at one moment, whatever commits meanwhile.

use async_trait::async_trait;
use entity::prelude::TenantId;
use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, IsolationLevel, QueryResult, Statement,
    TransactionTrait,
};

use super::{Backend, Database, Fault, Global, Reads, Shelf, TenantScope, wall};

/// Many reads that agree with each other; ends when dropped. Holds a reader's connection: for audits and exports, not for requests.
pub struct Snapshot {
    tenant: TenantId,
    backend: Backend,
    shelf: Shelf,
    transaction: DatabaseTransaction,
}

impl TenantScope {
    pub async fn snapshot(&self) -> Result<Snapshot, Fault> {
        Snapshot::begin(self.database(), &self.database().reader, self.tenant()).await
    }
}

impl Global {
    /// The same for the deployment's own proofs: their statements are long, and Postgres plans them freely where no policy stands before
    /// them. Only the statements themselves keep to the tenant.
    pub async fn snapshot_for(&self, tenant: TenantId) -> Result<Snapshot, Fault> {
        let reader = if self.db.backend == Backend::Sqlite { &self.db.reader } else { &self.db.steward };
        Snapshot::begin(&self.db, reader, tenant).await
    }
}

impl Snapshot {
    #[expect(clippy::disallowed_methods, reason = "storage is where transactions begin")]
    async fn begin(db: &Database, reader: &DatabaseConnection, tenant: TenantId) -> Result<Self, Fault> {
        let transaction = match db.backend {
            // A deferred transaction keeps the write-ahead log's state of its first read.
            Backend::Sqlite => reader.begin().await?,
            Backend::Postgres => {
                reader.begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly)).await?
            }
        };
        if db.wall.stands() {
            wall::bind(&transaction, tenant).await?;
        }
        Ok(Self { tenant, backend: db.backend, shelf: db.shelf().clone(), transaction })
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
    fn shelf(&self) -> &Shelf {
        &self.shelf
    }
    async fn query(&self, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        Ok(self.transaction.query_all_raw(statement).await?)
    }
}
