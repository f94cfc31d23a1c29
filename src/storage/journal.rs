//! The tenant's event sequence: dense, gap-free, in commit order.
//!
//! The counter row is updated as the last lock of a transaction and stays locked until commit, so whoever sees n + 1 can see n, and a
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

/// Numbers taken from the counter row; the row stays locked until the transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The first of the event numbers; they are consecutive.
    pub first_seq: i64,
    pub first_order: i64,
    pub first_return: i64,
}

/// How many numbers to take of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Want {
    pub events: i64,
    pub orders: i64,
    pub returns: i64,
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
    let rows = reads.rows("SELECT head, epoch, low_seq FROM tenant_counter WHERE tenant_id = $1", vec![]).await?;
    let row = rows.first().ok_or_else(|| Fault::corrupt("tenant_counter", "every tenant has a counter"))?;
    let mut row = Row::new(row);
    Ok(Head { seq: row.take()?, epoch: row.take()?, low: row.take()? })
}

/// Where the counter stands: the last of each number that was given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    pub seq: i64,
    pub order: i64,
    pub ret: i64,
}

pub async fn counter(reads: &impl Reads) -> Result<Counter, Fault> {
    let sql = "SELECT head, order_number, return_number FROM tenant_counter WHERE tenant_id = $1";
    let rows = reads.rows(sql, vec![]).await?;
    let row = rows.first().ok_or_else(|| Fault::corrupt("tenant_counter", "every tenant has a counter"))?;
    let mut row = Row::new(row);
    Ok(Counter { seq: row.take()?, order: row.take()?, ret: row.take()? })
}

/// Makes a new tenant's counter.
pub async fn begin_tenant(work: &Work, epoch: Uuid) -> Result<(), Fault> {
    work.execute("INSERT INTO tenant_counter (tenant_id, epoch) VALUES ($1, $2)", vec![epoch.into()]).await?;
    Ok(())
}

/// Takes numbers: the last lock of a transaction.
pub async fn take(work: &Work, want: Want) -> Result<Taken, Fault> {
    let sql = "UPDATE tenant_counter SET head = head + $2, order_number = order_number + $3, return_number = return_number + $4
               WHERE tenant_id = $1 RETURNING head, order_number, return_number";
    let rows = work.rows(sql, vec![want.events.into(), want.orders.into(), want.returns.into()]).await?;
    let row = rows.first().ok_or_else(|| Fault::corrupt("tenant_counter", "every tenant has a counter"))?;
    let mut row = Row::new(row);
    let (head, order, ret): (i64, i64, i64) = (row.take()?, row.take()?, row.take()?);
    Ok(Taken { first_seq: head - want.events + 1, first_order: order - want.orders + 1, first_return: ret - want.returns + 1 })
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
    let taken = take(work, Want { events: count, ..Want::default() }).await?;
    let numbered = events.into_iter().enumerate().map(|(i, event)| Event {
        seq: taken.first_seq + i as i64,
        kind: event.kind.to_owned(),
        payload: event.payload,
        recorded_at: now,
    });
    write(work, numbered.collect()).await?;
    Ok(Some(taken.first_seq + count - 1))
}

/// Events after `seq`, oldest first, at most `limit`.
pub async fn after(reads: &impl Reads, seq: i64, limit: u32) -> Result<Vec<Event>, Fault> {
    let sql = "SELECT seq, kind, payload, recorded_at FROM event WHERE tenant_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    let rows = reads.rows(sql, vec![seq.into(), i64::from(limit).into()]).await?;
    rows.iter()
        .map(|row| {
            let mut row = Row::new(row);
            Ok(Event { seq: row.take()?, kind: row.take()?, payload: row.take()?, recorded_at: row.time()? })
        })
        .collect()
}
