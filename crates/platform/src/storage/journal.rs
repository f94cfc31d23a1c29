//! The tenant's event sequence: dense, gap-free, in commit order.
//!
//! The counter row is updated at the end of a transaction and stays locked until commit, so whoever sees n + 1 can see n, and a
//! rollback gives the number back. (Of four schemes measured by the team, the only one that lost nothing with a one-number cursor.)

use std::sync::Arc;

use entity::prelude::{TenantId, Timestamp};
use sea_orm::Value;
use uuid::Uuid;

use super::{Bulk, Column, ColumnKind, Fault, Reads, Row, Work};

/// A committed fact. `payload` is JSON; its shape belongs to the room that wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    pub seq: i64,
    pub kind: String,
    pub payload: String,
    pub recorded_at: Timestamp,
}

/// A fact that is about to get its number.
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub kind: &'static str,
    pub payload: String,
}

/// Documents that are numbered per tenant, without gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbered {
    Order,
    Return,
    PurchaseOrder,
    SupplierReturn,
    Transfer,
    Count,
    Revaluation,
}

/// The counter row's columns, in the order of `Numbered`.
const NUMBERS: [&str; 7] = [
    "order_number",
    "return_number",
    "purchase_order_number",
    "supplier_return_number",
    "transfer_number",
    "count_number",
    "revaluation_number",
];

/// How many numbers to take of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Want {
    pub events: i64,
    documents: [i64; NUMBERS.len()],
    /// Whether they may be about master data, and are no ledger batch's.
    of: Of,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Of {
    #[default]
    Ledger,
    MasterData,
}

impl Want {
    pub fn events(events: i64) -> Self {
        Self { events, ..Self::default() }
    }
    #[must_use]
    pub fn and(mut self, documents: usize, kind: Numbered) -> Self {
        self.documents[kind as usize] += documents as i64;
        self
    }
    /// What is added to each column of the counter row that changes.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&'static str, i64)> {
        let documents = NUMBERS.into_iter().zip(self.documents).filter(|(_, count)| *count != 0);
        std::iter::once(("head", self.events)).chain(documents)
    }
}

/// Where the journal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last event's number; 0 before the first.
    pub seq: i64,
    /// Changes when the database was restored to an earlier moment: cursors of another epoch are not followed.
    pub epoch: Uuid,
    /// Every event after this one is kept; those up to it may be gone.
    pub low: i64,
}

pub async fn head(reads: &impl Reads) -> Result<Head, Fault> {
    head_by(reads, "SELECT head, epoch, low_seq FROM tenant_counter WHERE tenant_id = $1").await
}

async fn head_by(reads: &impl Reads, sql: &str) -> Result<Head, Fault> {
    let rows = reads.rows(sql, vec![]).await?;
    let row = rows.first().ok_or_else(|| Fault::corrupt("tenant_counter", "every tenant has a counter"))?;
    let mut row = Row::new(row);
    Ok(Head { seq: row.take()?, epoch: row.take()?, low: row.take()? })
}

/// Where the counter stands: the last of each number that was given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    pub seq: i64,
    documents: [i64; NUMBERS.len()],
}

impl Counter {
    /// Gives out the next number.
    pub fn number(&mut self, kind: Numbered) -> i64 {
        self.documents[kind as usize] += 1;
        self.documents[kind as usize]
    }
    /// What was given out since it stood at `before`.
    pub fn since(&self, before: &Self) -> Want {
        Want {
            events: self.seq - before.seq,
            documents: std::array::from_fn(|kind| self.documents[kind] - before.documents[kind]),
            of: Of::Ledger,
        }
    }
    fn read(rows: &[sea_orm::QueryResult]) -> Result<Self, Fault> {
        let row = rows.first().ok_or_else(|| Fault::corrupt("tenant_counter", "every tenant has a counter"))?;
        let mut row = Row::new(row);
        let (seq, mut documents) = (row.take()?, [0; NUMBERS.len()]);
        for number in &mut documents {
            *number = row.take()?;
        }
        Ok(Self { seq, documents })
    }
}

pub async fn counter(reads: &impl Reads) -> Result<Counter, Fault> {
    let sql = format!("SELECT head, {} FROM tenant_counter WHERE tenant_id = $1", NUMBERS.join(", "));
    Counter::read(&reads.rows(&sql, vec![]).await?)
}

/// Where a tenant's master data stands: `seq` is the last event that was no ledger batch's.
pub async fn master(reads: &impl Reads) -> Result<Head, Fault> {
    head_by(reads, "SELECT master_seq, epoch, low_seq FROM tenant_counter WHERE tenant_id = $1").await
}

/// Events that change rows of master data which were there before; the index `event_master` is of these alone.
const MASTER: &str =
    "kind IN ('product.updated', 'product.archived', 'store.updated', 'store.archived', 'category.updated', 'supplier.updated')";

/// Changes of master data after `seq`, oldest first.
pub async fn master_after(reads: &impl Reads, seq: i64, limit: u32) -> Result<Vec<Event>, Fault> {
    let sql = format!("{SELECT} WHERE tenant_id = $1 AND seq > $2 AND {MASTER} ORDER BY seq LIMIT $3");
    events(&reads.rows(&sql, vec![seq.into(), i64::from(limit).into()]).await?)
}
/// The last changes of master data, newest first.
pub async fn last_master(reads: &impl Reads, limit: u32) -> Result<Vec<Event>, Fault> {
    let sql = format!("{SELECT} WHERE tenant_id = $1 AND {MASTER} ORDER BY seq DESC LIMIT $2");
    events(&reads.rows(&sql, vec![i64::from(limit).into()]).await?)
}

/// Makes a new tenant's counter.
pub async fn begin_tenant(work: &Work, epoch: Uuid) -> Result<(), Fault> {
    work.execute("INSERT INTO tenant_counter (tenant_id, epoch) VALUES ($1, $2)", vec![epoch.into()]).await?;
    Ok(())
}

/// Locks the counter until the transaction ends, before any level: what is written at a head moves the counter first and levels then
/// (`write_at`), so whoever locks levels and takes numbers later would wait for it while it waits for them.
pub async fn hold(work: &Work) -> Result<(), Fault> {
    let lock = work.backend().for_change("c");
    if !lock.is_empty() {
        work.rows(&format!("SELECT 1 FROM tenant_counter c WHERE c.tenant_id = $1{lock}"), vec![]).await?;
    }
    Ok(())
}

/// Takes numbers at the end of a transaction: without `hold` before it, the last of its locks. The counter as it stood before: what was taken follows on from it.
pub async fn take(work: &Work, want: Want) -> Result<Counter, Fault> {
    let (mut set, mut values) = (Vec::new(), Vec::new());
    for (column, count) in want.columns() {
        values.push(count.into());
        set.push(format!("{column} = {column} + ${}", values.len() + 1));
    }
    if want.of == Of::MasterData {
        set.push("master_seq = head + $2".to_owned());
    }
    let (set, numbers) = (set.join(", "), NUMBERS.join(", "));
    let sql = format!("UPDATE tenant_counter SET {set} WHERE tenant_id = $1 RETURNING head, {numbers}");
    let after = Counter::read(&work.rows(&sql, values).await?)?;
    Ok(Counter {
        seq: after.seq - want.events,
        documents: std::array::from_fn(|kind| after.documents[kind] - want.documents[kind]),
    })
}

const COLUMNS: &[Column] = &[
    Column("tenant_id", ColumnKind::Id),
    Column("seq", ColumnKind::Int),
    Column("kind", ColumnKind::Text),
    Column("payload", ColumnKind::Text),
    Column("recorded_at", ColumnKind::Int),
];

/// The rows of numbered events.
pub fn rows(tenant: TenantId, events: &[Event]) -> Bulk {
    let mut bulk = Bulk::insert("event", COLUMNS);
    for event in events {
        let (kind, payload): (Value, Value) = (event.kind.as_str().into(), event.payload.as_str().into());
        bulk.row([tenant.into(), event.seq.into(), kind, payload, event.recorded_at.micros().into()]);
    }
    bulk
}

/// Writes events whose numbers have been taken. They are announced when the transaction commits.
pub async fn write(work: &mut Work, events: Vec<Event>) -> Result<(), Fault> {
    work.write(rows(work.tenant(), &events)).await?;
    work.keep_events(events.into_iter().map(Arc::new));
    Ok(())
}

/// Appends events as the last statements of a transaction that is no ledger batch; returns the last one's number, None for none.
pub async fn append(work: &mut Work, events: Vec<NewEvent>, now: Timestamp) -> Result<Option<i64>, Fault> {
    if events.is_empty() {
        return Ok(None);
    }
    let count = events.len() as i64;
    let before = take(work, Want { of: Of::MasterData, ..Want::events(count) }).await?;
    let numbered = events.into_iter().enumerate().map(|(i, event)| Event {
        seq: before.seq + 1 + i as i64,
        kind: event.kind.to_owned(),
        payload: event.payload,
        recorded_at: now,
    });
    write(work, numbered.collect()).await?;
    Ok(Some(before.seq + count))
}

/// Events after `seq`, oldest first, at most `limit`.
pub async fn after(reads: &impl Reads, seq: i64, limit: u32) -> Result<Vec<Event>, Fault> {
    let sql = format!("{SELECT} WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3");
    events(&reads.rows(&sql, vec![seq.into(), i64::from(limit).into()]).await?)
}

const SELECT: &str = "SELECT seq, kind, payload, recorded_at FROM event";

fn events(rows: &[sea_orm::QueryResult]) -> Result<Vec<Event>, Fault> {
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok(Event { seq: row.take()?, kind: row.take()?, payload: row.take()?, recorded_at: row.time()? })
        })
        .collect()
}
