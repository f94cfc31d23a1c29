//! Writing at known heads: what was decided against a tenant's state as of an event is written if that event is still the last, and of the same epoch.
//!
//! Every transaction on a tenant's rows that matters to a decision takes a number from the tenant's counter row, so an unchanged head says
//! that nothing was written since. That makes locks unnecessary and, on Postgres, the whole transaction one statement: a batch costs one
//! round trip to write, whatever it holds.
//!
//! Several tenants share a transaction. Each has a head of its own: one that somebody else has moved, or holds, leaves its tenant out and
//! no other.

mod postgres;
mod sqlite;

use std::{collections::HashSet, sync::Arc};

use entity::prelude::TenantId;
use sea_orm::sqlx::postgres::PgArguments;
use uuid::Uuid;

use super::{
    Backend, Bulk, Committed, Database, Fault,
    journal::{self, Event, Want},
    sessions::Bound,
};

/// What became of it: what is durable has been announced to this process's followers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Tenants of whose rows nothing was written, because somebody else wrote first or is writing.
    pub overtaken: HashSet<TenantId>,
    /// Tenants of whose rows nothing was written, because a chain had grown meanwhile: their own or, in a statement that they shared, another
    /// tenant's. Nobody may hold anything of theirs, so what is planned on the new end is likely to be written.
    pub chain_moved: HashSet<TenantId>,
}

/// What became of a tenant's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WriteOutcome {
    Written,
    Overtaken,
    ChainMoved,
}

/// Rows that were decided against the state as of event `head`, and what they take from the counter.
#[derive(Debug)]
pub struct AtHead {
    pub head: i64,
    /// The epoch of that event: a database that was promoted gives lost numbers out again.
    pub epoch: Uuid,
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

/// Rows at heads in the database's own words: whoever writes one batch after another finds them while the one before is being written.
pub struct Prepared {
    sql: PreparedSql,
    shares: Vec<Share>,
}

/// What a tenant has in it.
struct Share {
    tenant: TenantId,
    /// None: it is not written.
    head: Option<i64>,
    events: Arc<[Arc<Event>]>,
}

enum PreparedSql {
    /// All arguments but the heads, which come last.
    Postgres(String, PgArguments),
    /// What each tenant writes.
    Sqlite(Vec<sqlite::Writes>),
}

impl Prepared {
    /// Leaves a tenant's rows out.
    pub fn leave_out(&mut self, tenant: TenantId) {
        self.shares.iter_mut().filter(|share| share.tenant == tenant).for_each(|share| share.head = None);
    }
    fn tenants(&self) -> Vec<TenantId> {
        self.shares.iter().map(|share| share.tenant).collect()
    }
}

impl Database {
    /// Puts the rows of some tenants, each named once, into words.
    pub fn prepare(&self, all: Vec<(TenantId, AtHead)>) -> Result<Prepared, Fault> {
        let mut shares = Vec::with_capacity(all.len());
        let mut own = Vec::with_capacity(all.len());
        for (tenant, AtHead { head, epoch, want, mut rows, events, link }) in all {
            rows.push(journal::rows(tenant, &events));
            rows.retain(|bulk| !bulk.is_empty());
            for bulk in rows.iter().chain(link.as_ref().map(|link| &link.rows)) {
                bulk.assert_own(tenant)?;
            }
            shares.push(Share { tenant, head: Some(head), events: events.into_iter().map(Arc::new).collect() });
            own.push(Own { tenant, epoch, want, rows, link });
        }
        let sql = match self.backend() {
            Backend::Postgres => {
                let (sql, arguments) = postgres::statement(own).map_err(|err| Fault::Broken(err.to_string()))?;
                PreparedSql::Postgres(sql, arguments)
            }
            Backend::Sqlite => PreparedSql::Sqlite(own.into_iter().map(sqlite::Writes::of).collect::<Result<_, _>>()?),
        };
        Ok(Prepared { sql, shares })
    }

    /// Has a connection see these tenants' rows before what is prepared of them, in this order, is written: while the batch before it is on its way,
    /// nobody waits for that.
    pub async fn bind_ahead(&self, tenants: &[TenantId]) {
        if let Some(doors) = &self.doors {
            doors.tenants.bind_ahead(&bound_to(tenants)).await;
        }
    }

    /// Writes all of it in one transaction, tenant by tenant all or nothing. A fault means that nothing was written, or that it is not known
    /// whether it was.
    pub async fn write_at(&self, what: Prepared) -> Result<Written, Fault> {
        let tenants = what.tenants();
        let Prepared { sql, shares } = what;
        let heads: Vec<Option<i64>> = shares.iter().map(|share| share.head).collect();
        if heads.iter().all(Option::is_none) {
            return Ok(Written { overtaken: tenants.into_iter().collect(), ..Written::default() });
        }
        let outcomes = match sql {
            PreparedSql::Postgres(sql, arguments) => self.write_statement(&tenants, &heads, sql, arguments).await?,
            PreparedSql::Sqlite(writes) => self.write_transaction(&heads, writes).await?,
        };
        let mut written = Written::default();
        for (Share { tenant, head, events }, outcome) in shares.into_iter().zip(outcomes) {
            match (outcome, events.last().map(|last| last.seq)) {
                (WriteOutcome::ChainMoved, _) if head.is_some() => drop(written.chain_moved.insert(tenant)),
                (WriteOutcome::ChainMoved | WriteOutcome::Overtaken, _) => drop(written.overtaken.insert(tenant)),
                (WriteOutcome::Written, Some(head)) => self.announcer().announce(Committed { tenant, head, events }),
                (WriteOutcome::Written, None) => {}
            }
        }
        Ok(written)
    }
}

/// Whose rows a statement of these tenants sees.
fn bound_to(tenants: &[TenantId]) -> Bound {
    match tenants {
        [tenant] => Bound::Tenant(*tenant),
        several => Bound::Tenants(several.into()),
    }
}

/// What one tenant writes.
struct Own {
    tenant: TenantId,
    epoch: Uuid,
    want: Want,
    rows: Vec<Bulk>,
    link: Option<Link>,
}
