//! A tenant's rows as they were at one moment, whatever commits meanwhile.

use async_trait::async_trait;
use entity::prelude::TenantId;
use sea_orm::{AccessMode, ConnectionTrait, DatabaseTransaction, IsolationLevel, QueryResult, Statement, TransactionTrait};

use super::{Backend, Fault, Reads, Shelf, TenantScope, wall};

/// Many reads that agree with each other; ends when dropped. Holds a reader's connection: for audits and exports, not for requests.
pub struct Snapshot {
    tenant: TenantId,
    backend: Backend,
    shelf: Shelf,
    transaction: DatabaseTransaction,
}

impl TenantScope {
    #[expect(clippy::disallowed_methods, reason = "storage is where transactions begin")]
    pub async fn snapshot(&self) -> Result<Snapshot, Fault> {
        let reader = &self.database().reader;
        let transaction = match self.backend() {
            // A deferred transaction keeps the write-ahead log's state of its first read.
            Backend::Sqlite => reader.begin().await?,
            Backend::Postgres => {
                reader.begin_with_config(Some(IsolationLevel::RepeatableRead), Some(AccessMode::ReadOnly)).await?
            }
        };
        if self.database().wall.stands() {
            wall::bind(&transaction, self.tenant()).await?;
        }
        let shelf = self.database().shelf().clone();
        Ok(Snapshot { tenant: self.tenant(), backend: self.backend(), shelf, transaction })
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
