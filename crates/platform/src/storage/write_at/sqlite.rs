//! One transaction of statements, one tenant after the other.

use entity::prelude::TenantId;
use sea_orm::{ConnectionTrait, Statement, Value};
use uuid::Uuid;

use super::rows::{Link, TenantWrites, WriteOutcome};
use crate::{
    slow::StatementTimer,
    storage::{
        Backend, Database, Fault,
        journal::CounterRequest,
        transaction::{Purpose, Transaction},
    },
};

pub(super) struct Writes {
    tenant: TenantId,
    epoch: Uuid,
    want: CounterRequest,
    link: Option<ChainHead>,
    rows: Vec<Statement>,
}

/// Head of a chain, before and after.
struct ChainHead {
    table: &'static str,
    from: i64,
    to: i64,
    hash: Vec<u8>,
}

impl Writes {
    pub(super) fn of(own: TenantWrites) -> Result<Self, Fault> {
        let TenantWrites { tenant, epoch, want, rows, link } = own;
        let statements = |bulk: crate::storage::Bulk| bulk.into_statements(Backend::Sqlite, tenant);
        let mut all_statements = rows.into_iter().map(statements).collect::<Result<Vec<_>, _>>()?.concat();
        let mut chain = None;
        if let Some(Link { table, from, to, hash, rows }) = link {
            all_statements.extend(statements(rows)?);
            chain = Some(ChainHead { table, from, to, hash });
        }
        Ok(Self { tenant, epoch, want, link: chain, rows: all_statements })
    }

    /// Writes the tenant's rows and returns the outcome; if a head has moved, nothing of the tenant
    /// is written.
    async fn run(self, db: &Database, transaction: &Transaction, head: i64) -> Result<WriteOutcome, Fault> {
        let Self { tenant, epoch, want, link, rows } = self;
        if !move_counter(db, transaction, tenant, (want, head, epoch), link.as_ref()).await? {
            // If the counter has not moved, the chain has.
            let has_chain_moved = link.is_some() && is_at(db, transaction, tenant, (head, epoch)).await?;
            return Ok(if has_chain_moved { WriteOutcome::ChainMoved } else { WriteOutcome::Overtaken });
        }
        if let Some(ChainHead { table, to, hash, .. }) = link {
            let sql = format!("UPDATE {table} SET seq = $2, hash = $3 WHERE tenant_id = $1");
            execute(db, transaction, &sql, vec![tenant.into(), to.into(), hash.into()]).await?;
        }
        for statement in rows {
            let _span = db.statements.count(&statement);
            transaction.execute_raw(statement).await.map_err(|err| db.convert_write_error(err))?;
        }
        Ok(WriteOutcome::Written)
    }
}

/// Moves the counter, if it and the chain are unchanged: there is no other writer meanwhile, so the
/// chain is only checked here.
async fn move_counter(
    db: &Database,
    transaction: &Transaction,
    tenant: TenantId,
    (want, head, epoch): (CounterRequest, i64, Uuid),
    link: Option<&ChainHead>,
) -> Result<bool, Fault> {
    let mut values: Vec<Value> = vec![tenant.into(), head.into(), epoch.into()];
    let mut set = Vec::new();
    for (column, count) in want.columns() {
        values.push(count.into());
        set.push(format!("{column} = {column} + ${}", values.len()));
    }
    let mut sql = format!("UPDATE tenant_counter SET {} WHERE tenant_id = $1 AND head = $2 AND epoch = $3", set.join(", "));
    if let Some(ChainHead { table, from, .. }) = link {
        values.push((*from).into());
        sql += &format!(" AND EXISTS (SELECT 1 FROM {table} WHERE tenant_id = $1 AND seq = ${})", values.len());
    }
    Ok(execute(db, transaction, &sql, values).await? > 0)
}

/// Whether the counter is at this event, of this epoch.
async fn is_at(db: &Database, transaction: &Transaction, tenant: TenantId, (head, epoch): (i64, Uuid)) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM tenant_counter WHERE tenant_id = $1 AND head = $2 AND epoch = $3";
    let values: Vec<Value> = vec![tenant.into(), head.into(), epoch.into()];
    let statement = Statement::from_sql_and_values(Backend::Sqlite.into(), sql, values);
    let _span = db.statements.count(&statement);
    Ok(transaction.query_one_raw(statement).await.map_err(|err| db.convert_write_error(err))?.is_some())
}

async fn execute(db: &Database, transaction: &Transaction, sql: &str, values: Vec<Value>) -> Result<u64, Fault> {
    let statement = Statement::from_sql_and_values(Backend::Sqlite.into(), sql, values);
    let _span = db.statements.count(&statement);
    Ok(transaction.execute_raw(statement).await.map_err(|err| db.convert_write_error(err))?.rows_affected())
}

impl Database {
    /// Writes in one transaction and returns the outcome of each tenant's rows.
    pub(super) async fn write_transaction(&self, heads: &[Option<i64>], writes: Vec<Writes>) -> Result<Vec<WriteOutcome>, Fault> {
        let transaction = self.writer.begin(None, Purpose::Write).await?;
        let mut outcomes = Vec::with_capacity(writes.len());
        for (tenant_writes, head) in writes.into_iter().zip(heads) {
            outcomes.push(match head {
                Some(head) => tenant_writes.run(self, &transaction, *head).await?,
                None => WriteOutcome::Overtaken,
            });
        }
        if outcomes.contains(&WriteOutcome::Written) {
            let timer = StatementTimer::begin("COMMIT");
            transaction.commit().await.map_err(|err| self.convert_write_error(err))?;
            drop(timer);
        } else {
            transaction.rollback().await?;
        }
        Ok(outcomes)
    }
}
