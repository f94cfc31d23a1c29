//! Writing at a known head: what was decided against a tenant's state as of an event is written if that event is still the last.
//!
//! Every transaction on a tenant's rows that matters to a decision takes a number from the tenant's counter row, so an unchanged head says
//! that nothing was written since. That makes locks unnecessary and, on Postgres, the whole transaction one statement: a batch costs one
//! round trip to write, whatever it holds.

use std::sync::Arc;

use entity::prelude::TenantId;
use sea_orm::{
    DbErr, RuntimeErr, Statement,
    sqlx::{self, Arguments, AssertSqlSafe, error::BoxDynError, postgres::PgArguments},
};

use super::{
    Backend, Bulk, Committed, Fault, Reads, TenantScope,
    journal::{self, Event, Want},
};

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It is durable, and this process's followers have been told.
    Done,
    /// Somebody else wrote first: nothing was written.
    Overtaken,
}

/// Rows that were decided against the state as of event `head`, and what they take from the counter.
#[derive(Debug)]
pub struct AtHead {
    pub head: i64,
    pub want: Want,
    /// In the order of their foreign keys.
    pub rows: Vec<Bulk>,
    /// Numbered from `head + 1`; their rows are not among `rows`.
    pub events: Vec<Event>,
    pub link: Option<Link>,
}

/// A chain of the tenant's that grows in the same transaction: rows behind a head, if that is still where it was.
#[derive(Debug)]
pub struct Link {
    /// Where the head is: a row a tenant, with `seq` and `hash`.
    pub table: &'static str,
    pub from: i64,
    pub to: i64,
    pub hash: Vec<u8>,
    pub rows: Bulk,
}

/// Rows at a head in the database's own words: whoever writes one batch after another finds them while the one before is being written.
pub struct Prepared {
    tenant: TenantId,
    prepared_sql: PreparedSql,
    events: Arc<[Arc<Event>]>,
}

enum PreparedSql {
    Postgres(String, PgArguments),
    Sqlite { head: i64, want: Want, rows: Vec<Statement>, link: Option<Link> },
}

impl TenantScope {
    pub fn prepare(&self, what: AtHead) -> Result<Prepared, Fault> {
        let AtHead { head, want, mut rows, events, link } = what;
        rows.push(journal::rows(self.tenant(), &events));
        rows.retain(|bulk| !bulk.is_empty());
        for bulk in rows.iter().chain(link.as_ref().map(|link| &link.rows)) {
            bulk.assert_own(self.tenant())?;
        }
        let prepared_sql = match self.backend() {
            Backend::Postgres => {
                let (sql, arguments) = self.statement(head, want, rows, link).map_err(|err| Fault::Broken(err.to_string()))?;
                PreparedSql::Postgres(sql, arguments)
            }
            Backend::Sqlite => {
                let rows = rows.into_iter().map(|bulk| bulk.into_statements(Backend::Sqlite, self.tenant()));
                PreparedSql::Sqlite { head, want, rows: rows.collect::<Result<Vec<_>, _>>()?.concat(), link }
            }
        };
        Ok(Prepared { tenant: self.tenant(), prepared_sql, events: events.into_iter().map(Arc::new).collect() })
    }

    /// Writes all of it in one transaction, or nothing.
    pub async fn write_at(&self, what: Prepared) -> Result<Written, Fault> {
        let Prepared { tenant, prepared_sql, events } = what;
        debug_assert_eq!(tenant, self.tenant(), "prepared for another tenant");
        let written = match prepared_sql {
            PreparedSql::Postgres(sql, arguments) => self.write_statement(sql, arguments).await?,
            PreparedSql::Sqlite { head, want, rows, link } => self.write_transaction(head, want, rows, link).await?,
        };
        if written == Written::Done
            && let Some(head) = events.last().map(|last| last.seq)
        {
            self.database().announcer().announce(Committed { tenant, head, events });
        }
        Ok(written)
    }

    async fn write_statement(&self, sql: String, arguments: PgArguments) -> Result<Written, Fault> {
        let db = self.database();
        db.statements.count_one();
        let doors = db.doors.as_ref().ok_or_else(|| Fault::Broken("Postgres without connections".to_owned()))?;
        let found = doors.tenants.fetch(self.tenant(), sqlx::query_with(AssertSqlSafe(sql), arguments)).await;
        let found = found.map_err(|err| db.failed(DbErr::Exec(RuntimeErr::SqlxError(err.into()))))?;
        Ok(if found.is_empty() { Written::Overtaken } else { Written::Done })
    }

    fn statement(
        &self,
        head: i64,
        want: Want,
        rows: Vec<Bulk>,
        link: Option<Link>,
    ) -> Result<(String, PgArguments), BoxDynError> {
        let mut arguments = PgArguments::default();
        arguments.add(self.tenant().uuid())?;
        arguments.add(head)?;
        let mut set = Vec::new();
        for (column, count) in want.columns() {
            arguments.add(count)?;
            set.push(format!("{column} = {column} + ${}", arguments.len()));
        }
        let set = set.join(", ");
        let mut sql = format!("WITH gate AS (UPDATE tenant_counter SET {set} WHERE tenant_id = $1 AND head = $2 RETURNING 1)");
        for (index, bulk) in rows.into_iter().enumerate() {
            let part = bulk.gated("gate", &mut arguments)?;
            sql += &format!(", part{index} AS ({part})");
        }
        sql += &match link {
            None => " SELECT 1 FROM gate".to_owned(),
            Some(link) => linked(link, &mut arguments)?,
        };
        Ok((sql, arguments))
    }

    async fn write_transaction(&self, head: i64, want: Want, rows: Vec<Statement>, link: Option<Link>) -> Result<Written, Fault> {
        let work = self.begin().await?;
        if journal::take(&work, want).await?.seq != head {
            work.rollback().await?;
            return Ok(Written::Overtaken);
        }
        for statement in rows {
            work.run(statement).await?;
        }
        if let Some(Link { table, from, to, hash, rows }) = link {
            let sql = format!("UPDATE {table} SET seq = $2, hash = $3 WHERE tenant_id = $1 AND seq = $4");
            if work.execute(&sql, vec![to.into(), hash.into(), from.into()]).await? == 0 {
                work.rollback().await?;
                return Ok(Written::Overtaken);
            }
            work.write(rows).await?;
        }
        work.commit().await?;
        Ok(Written::Done)
    }
}

/// The rest of the statement where a chain grows along. Its head moves before anything is put behind it: whoever else makes the chain longer
/// locks the head first too. A head that is not where it was fails the whole statement, by a division by none.
fn linked(link: Link, arguments: &mut PgArguments) -> Result<String, BoxDynError> {
    let Link { table, from, to, hash, rows } = link;
    let first = arguments.len() + 1;
    arguments.add(to)?;
    arguments.add(hash)?;
    arguments.add(from)?;
    let rows = rows.gated("link", arguments)?;
    let (to, hash, from) = (first, first + 1, first + 2);
    Ok(format!(
        ", link AS (UPDATE {table} SET seq = ${to}, hash = ${hash} FROM gate WHERE tenant_id = $1 AND seq = ${from} RETURNING 1),
         behind AS ({rows}) SELECT 1 / (SELECT count(*) FROM link) FROM gate"
    ))
}
