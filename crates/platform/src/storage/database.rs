//! The open database: its connections, and reads of single statements.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
};

use entity::prelude::TenantId;
use sea_orm::{ConnectionTrait, DatabaseConnection, QueryResult, Statement};

use super::{
    ActiveRowSecurity, Announcer, Backend, Extensions, Fault, coalesce::LoadQueues, limits, postgres::ConnectionPools,
    read_kind::ReadKind, replicas::Replicas, sessions::Bound, statements::Statements, transaction::Connections,
    write_health::WriteHealth,
};

/// The open database. Cheap to clone, as a request has many handles of it: there is one reference
/// count instead of one for each part.
#[derive(Clone)]
pub struct Database(Arc<OpenDatabase>);

/// Parts of an open database. On SQLite `writer` is a single connection; on Postgres the two are
/// separate pools, so that a page of slow reads never keeps a lane from committing.
#[derive(Clone)]
pub struct OpenDatabase {
    pub(super) backend: Backend,
    /// Connection with the right to change tables; the only one that uses the login of the URL
    /// itself.
    pub(super) owner: DatabaseConnection,
    pub(super) writer: Connections,
    pub(super) reader: Connections,
    /// Writes of the deployment itself, which belong to no one tenant.
    pub(super) maintenance: Connections,
    /// Connections for the deployment's own proofs, whose statements are long.
    pub(super) proofs: Connections,
    /// Connections for single statements, on Postgres only.
    pub(super) connection_pools: Option<ConnectionPools>,
    pub(super) active_row_security: ActiveRowSecurity,
    pub(super) announcer: Announcer,
    /// Queries that concurrent requests share.
    pub(super) lines: LoadQueues,
    pub(super) extensions: Extensions,
    pub(super) write_health: WriteHealth,
    pub(super) statements: Arc<Statements>,
    /// Servers for reads that need not see the last commit.
    pub(super) replicas: Arc<OnceLock<Replicas>>,
}

impl Deref for Database {
    type Target = OpenDatabase;
    fn deref(&self) -> &OpenDatabase {
        &self.0
    }
}

impl From<OpenDatabase> for Database {
    fn from(opened: OpenDatabase) -> Self {
        Self(Arc::new(opened))
    }
}

/// Connections of a lane: one for the batch that is being written, and others for the reads of the
/// next one.
const CONNECTIONS_PER_LANE: usize = 4;

impl Database {
    /// Returns the same database with connections of its own, opened on first use: a connection
    /// belongs to the runtime that opened it. `lanes` tasks use them at a time, each for a few
    /// reads at once, and leave up to `set_aside` batches each to a task of its own. SQLite's
    /// connections have threads of their own and are shared.
    #[must_use]
    pub fn with_own_connections(&self, lanes: usize, set_aside: usize) -> Self {
        let mut copy = self.0.as_ref().clone();
        if let Connections::Postgres(writer) = &self.writer {
            copy.writer = Connections::Postgres(writer.with_limit(lanes * (1 + set_aside), limits::LANES));
            copy.reader = copy.writer.clone();
            copy.connection_pools = self
                .connection_pools
                .as_ref()
                .map(|connection_pools| connection_pools.with_limit(lanes * (CONNECTIONS_PER_LANE + set_aside)));
        }
        copy.into()
    }

    pub fn backend(&self) -> Backend {
        self.backend
    }
    /// Returns the announcer of committed events inside this process.
    pub fn announcer(&self) -> &Announcer {
        &self.announcer
    }

    /// Returns the values that later rooms keep with the database.
    pub fn extensions(&self) -> &Extensions {
        &self.extensions
    }

    /// Runs a single statement that reads rows of a tenant, in no transaction.
    pub(super) async fn read(&self, tenant: TenantId, kind: ReadKind, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        match &self.connection_pools {
            Some(connection_pools) if kind.is_long() => {
                connection_pools.long.planned_rows(&Bound::Tenant(tenant), kind.workers(), statement).await
            }
            Some(connection_pools) => {
                self.active_row_security.reads(connection_pools).rows(&Bound::Tenant(tenant), statement).await
            }
            None => self.reader.query(statement).await,
        }
    }
    /// Runs a single statement that reads rows of global tables, or of all tenants.
    pub(super) async fn query_all_tenants(&self, statement: Statement) -> Result<Vec<QueryResult>, Fault> {
        let _span = self.statements.note(&statement);
        match &self.connection_pools {
            Some(connection_pools) => connection_pools.across.rows(&Bound::Tenant(TenantId::NIL), statement).await,
            None => self.reader.query(statement).await,
        }
    }
    /// Runs ANALYZE on Postgres tables that have just grown, or on all tables if none is named.
    /// Autovacuum does so once a minute; until then plans are made for the former few rows. A login
    /// that does not own the tables has to wait for it.
    pub async fn analyze(&self, tables: &[&str]) -> Result<(), Fault> {
        if self.backend == Backend::Postgres {
            let sql = format!("ANALYZE {}", tables.join(", "));
            let result = tokio::time::timeout(limits::LONG.answer(), self.owner.execute_unprepared(&sql)).await;
            result.map_err(|_| Fault::Broken("Postgres did not measure its tables in time".to_owned()))??;
        }
        Ok(())
    }

    pub async fn close(self) -> Result<(), Fault> {
        if let Some(connection_pools) = &self.connection_pools {
            connection_pools.forget();
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
