//! Writes at known heads: a decision based on a tenant's state as of an event is written if that
//! event is still the last, and of the same epoch.
//!
//! Every transaction on a tenant's rows that matters to a decision takes a number from the tenant's
//! counter row, so an unchanged head proves that nothing was written since. That makes locks
//! unnecessary and, on Postgres, the whole transaction one statement: a batch takes one round trip
//! to write, whatever its size.
//!
//! Several tenants share a transaction. Each has a head of its own: a head that another writer has
//! moved, or holds, leaves out its own tenant only.

mod postgres;
mod rows;
mod sqlite;

use std::{collections::HashSet, sync::Arc};

use entity::prelude::TenantId;
use sea_orm::sqlx::postgres::PgArguments;

pub use self::rows::{HeadBoundRows, Link};
use self::rows::{TenantWrites, WriteOutcome};
use super::{
    Backend, CommittedEvents, Database, Fault,
    journal::{self, Event},
};

/// Result of a write; the durable events have been announced to this process's followers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriteResult {
    /// Tenants without a written row, because another writer was first or is writing.
    pub overtaken: HashSet<TenantId>,
    /// Tenants without a written row, because a chain had grown meanwhile: their own or, in a
    /// shared statement, another tenant's. Their rows are probably not locked, so a new plan on the
    /// chain's new end is likely to be written.
    pub chain_moved: HashSet<TenantId>,
}

/// Rows at heads as prepared statements: a lane prepares a batch while the one before is being
/// written.
pub struct PreparedRows {
    sql: PreparedSql,
    shares: Vec<Share>,
}

/// Part of a tenant in the batch.
struct Share {
    tenant: TenantId,
    /// None if the share is left out.
    head: Option<i64>,
    events: Arc<[Arc<Event>]>,
}

enum PreparedSql {
    /// Statement, and all arguments but the heads, which come last.
    Postgres(String, PgArguments),
    /// Statements of each tenant.
    Sqlite(Vec<sqlite::Writes>),
}

impl PreparedRows {
    /// Leaves a tenant's rows out.
    pub fn leave_out(&mut self, tenant: TenantId) {
        self.shares.iter_mut().filter(|share| share.tenant == tenant).for_each(|share| share.head = None);
    }
    fn tenants(&self) -> Vec<TenantId> {
        self.shares.iter().map(|share| share.tenant).collect()
    }
}

impl Database {
    /// Prepares the statements for the rows of some tenants, each listed once.
    pub fn prepare(&self, tenant_rows: Vec<(TenantId, HeadBoundRows)>) -> Result<PreparedRows, Fault> {
        let mut shares = Vec::with_capacity(tenant_rows.len());
        let mut own_writes = Vec::with_capacity(tenant_rows.len());
        for (tenant, HeadBoundRows { head, epoch, want, mut rows, events, link }) in tenant_rows {
            rows.push(journal::rows(tenant, &events));
            rows.retain(|bulk| !bulk.is_empty());
            for bulk in rows.iter().chain(link.as_ref().map(|link| &link.rows)) {
                bulk.assert_own(tenant)?;
            }
            shares.push(Share { tenant, head: Some(head), events: events.into_iter().map(Arc::new).collect() });
            own_writes.push(TenantWrites { tenant, epoch, want, rows, link });
        }
        let sql = match self.backend() {
            Backend::Postgres => {
                let (sql, arguments) = postgres::statement(own_writes).map_err(|err| Fault::Broken(err.to_string()))?;
                PreparedSql::Postgres(sql, arguments)
            }
            Backend::Sqlite => PreparedSql::Sqlite(own_writes.into_iter().map(sqlite::Writes::of).collect::<Result<_, _>>()?),
        };
        Ok(PreparedRows { sql, shares })
    }

    /// Binds a connection to these tenants before their prepared rows, in this order, are written:
    /// done while the batch before is on its way, it delays no write.
    pub async fn prebind_connection(&self, tenants: &[TenantId]) {
        if let Some(connection_pools) = &self.connection_pools {
            connection_pools.tenants.prebind_connection(&postgres::bound_to(tenants)).await;
        }
    }

    /// Writes the prepared rows in one transaction, for each tenant all or nothing. A fault means
    /// that nothing was written, or that the outcome is unknown.
    pub async fn write_at(&self, prepared: PreparedRows) -> Result<WriteResult, Fault> {
        let tenants = prepared.tenants();
        let PreparedRows { sql, shares } = prepared;
        let heads: Vec<Option<i64>> = shares.iter().map(|share| share.head).collect();
        if heads.iter().all(Option::is_none) {
            return Ok(WriteResult { overtaken: tenants.into_iter().collect(), ..WriteResult::default() });
        }
        let outcomes = match sql {
            PreparedSql::Postgres(sql, arguments) => self.write_statement(&tenants, &heads, sql, arguments).await?,
            PreparedSql::Sqlite(writes) => self.write_transaction(&heads, writes).await?,
        };
        let mut written = WriteResult::default();
        for (Share { tenant, head, events }, outcome) in shares.into_iter().zip(outcomes) {
            match (outcome, events.last().map(|last| last.seq)) {
                (WriteOutcome::ChainMoved, _) if head.is_some() => drop(written.chain_moved.insert(tenant)),
                (WriteOutcome::ChainMoved | WriteOutcome::Overtaken, _) => drop(written.overtaken.insert(tenant)),
                (WriteOutcome::Written, Some(head)) => self.announcer().announce(CommittedEvents { tenant, head, events }),
                (WriteOutcome::Written, None) => {}
            }
        }
        Ok(written)
    }
}
