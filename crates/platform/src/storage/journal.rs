//! The tenant's event sequence: dense, gap-free, in commit order.
//!
//! The counter row is updated at the end of a transaction and stays locked until commit, so a
//! reader that sees n + 1 can also see n, and a rollback frees the number. (Of four schemes
//! measured by the team, the only one that lost nothing with a one-number cursor.)

use std::sync::Arc;

pub use entity::enums::Numbered;

pub use super::{
    journal_event::{Event, NewEvent},
    journal_pages::{
        EventHeader, Kinds, PAGE_BYTES, Page, after, headers_after, kinds_after, kinds_between, page_after, page_of_kinds,
        page_statement,
    },
};

use entity::{
    prelude::{TenantId, Timestamp},
    record::{Record, Selected},
    tables::tenant_counter,
};
use sea_orm::Value;
use uuid::Uuid;

use super::{Bulk, Fault, Finds, OwnRow, Reads, Row, Rows, TenantScope, Work, dry_run};

/// Number of kinds of documents that are numbered per tenant.
const KINDS: usize = Numbered::ALL.len();

/// Returns the counter row's columns of documents' numbers, in the order of `Numbered`.
fn numbers() -> String {
    Numbered::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ")
}

/// Numbers to take of each kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CounterRequest {
    pub events: i64,
    /// Microseconds by which the counter's time of recording advances.
    micros: i64,
    documents: [i64; KINDS],
    /// Whether they may be about master data, and are no ledger batch's.
    of: CounterKind,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum CounterKind {
    #[default]
    Ledger,
    MasterData,
}

impl CounterRequest {
    pub fn events(events: i64) -> Self {
        Self { events, ..Self::default() }
    }
    #[must_use]
    pub fn and(mut self, documents: usize, kind: Numbered) -> Self {
        self.documents[kind as usize] += documents as i64;
        self
    }
    /// Returns the increments of the counter row's columns that change.
    pub(super) fn columns(&self) -> impl Iterator<Item = (&'static str, i64)> {
        let documents = Numbered::ALL.iter().map(|kind| kind.as_str()).zip(self.documents).filter(|(_, count)| *count != 0);
        let time = (self.micros != 0).then_some(("recorded_at", self.micros));
        std::iter::once(("head", self.events)).chain(time).chain(documents)
    }
}

/// Head of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Record)]
#[record(of = tenant_counter, alias = "tenant_counter")]
pub struct Head {
    /// The last event's number; 0 before the first.
    #[record(column = "head")]
    pub seq: i64,
    /// Epoch of the journal. It changes when the database was restored to an earlier moment, or
    /// promoted without its last commits: cursors of another epoch are not continued.
    pub epoch: Uuid,
    /// Number up to which events may be gone; all later ones are kept.
    #[record(column = "low_seq")]
    pub low: i64,
}

/// Columns of the head of master data.
#[derive(Record)]
#[record(of = tenant_counter, alias = "tenant_counter")]
struct MasterHead {
    master_seq: i64,
    epoch: Uuid,
    low_seq: i64,
}

pub async fn head(reads: &impl Reads) -> Result<Head, Fault> {
    counter_row(reads).await
}

impl TenantScope {
    /// Returns the head of the tenant's journal.
    pub async fn head(&self) -> Result<Head, Fault> {
        head(self).await
    }
}

async fn counter_row<R: Selected + Send>(reads: &impl Reads) -> Result<R, Fault> {
    let sql = format!("SELECT {} FROM tenant_counter WHERE tenant_id = $1", R::SELECT);
    let row = reads.records(&sql, vec![]).await?.pop();
    row.ok_or_else(|| Fault::corrupt("tenant_counter", "every tenant has a counter"))
}

/// Columns of a counter before the numbers of documents.
#[derive(Record)]
#[record(of = tenant_counter, alias = "")]
struct CounterHead {
    head: i64,
    recorded_at: Timestamp,
    epoch: Uuid,
}

/// State of the counter: the last number of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counter {
    pub seq: i64,
    /// The journal that the numbers are of.
    pub epoch: Uuid,
    /// Time when the last batch or change was recorded: the next one is recorded then or later,
    /// whatever a node's clock says.
    pub recorded_at: Timestamp,
    documents: [i64; KINDS],
}

impl Counter {
    /// Gives out the next number.
    pub fn number(&mut self, kind: Numbered) -> i64 {
        self.documents[kind as usize] += 1;
        self.documents[kind as usize]
    }
    /// Returns the last number that was assigned; 0 before the first.
    pub fn last(&self, kind: Numbered) -> i64 {
        self.documents[kind as usize]
    }
    /// Returns the numbers taken since the state `before`.
    pub fn since(&self, before: &Self) -> CounterRequest {
        CounterRequest {
            events: self.seq - before.seq,
            micros: self.recorded_at.micros() - before.recorded_at.micros(),
            documents: std::array::from_fn(|kind| self.documents[kind] - before.documents[kind]),
            of: CounterKind::Ledger,
        }
    }
    fn read(rows: &[sea_orm::QueryResult]) -> Result<Self, Fault> {
        let row = rows.first().ok_or_else(|| Fault::corrupt("tenant_counter", "every tenant has a counter"))?;
        Self::from_row(&mut Row::new(row))
    }
    /// Reads the next columns of a row, which are those of `columns`.
    pub(crate) fn from_row(row: &mut Row<'_>) -> Result<Self, Fault> {
        let (CounterHead { head: seq, recorded_at, epoch }, mut documents) = (row.record()?, [0; KINDS]);
        for number in &mut documents {
            *number = row.take()?;
        }
        Ok(Self { seq, epoch, recorded_at, documents })
    }
}

/// The columns of a `Counter`.
pub(crate) fn columns() -> String {
    format!("{}, {}", CounterHead::SELECT, numbers())
}

pub async fn counter(reads: &impl Reads) -> Result<Counter, Fault> {
    let sql = format!("SELECT {} FROM tenant_counter WHERE tenant_id = $1", columns());
    Counter::read(&reads.rows(&sql, vec![]).await?)
}

/// Returns the head of a tenant's master data: `seq` is the last event that was no ledger batch's.
pub async fn master(reads: &impl Reads) -> Result<Head, Fault> {
    let row: MasterHead = counter_row(reads).await?;
    Ok(Head { seq: row.master_seq, epoch: row.epoch, low: row.low_seq })
}

/// Returns the last events of these kinds, newest first.
pub async fn last_of_kinds(reads: &impl Reads, kinds: &Kinds, limit: u32) -> Result<Vec<Event>, Fault> {
    events(reads, &format!(" AND {} ORDER BY seq DESC LIMIT $2", kinds.sql()), vec![i64::from(limit).into()]).await
}

/// Inserts a new tenant's counter.
pub async fn begin_tenant(work: &Work, epoch: Uuid) -> Result<(), Fault> {
    let row = tenant_counter::Model {
        tenant_id: work.tenant(),
        epoch,
        head: 0,
        order_number: 0,
        return_number: 0,
        low_seq: 0,
        purchase_order_number: 0,
        supplier_return_number: 0,
        transfer_number: 0,
        count_number: 0,
        master_seq: 0,
        revaluation_number: 0,
        reversal_number: 0,
        recorded_at: Timestamp(0),
        ordered_from: 0,
        blanket_order_number: 0,
    };
    work.insert::<tenant_counter::Entity>(row).await
}

/// Locks the counter until the transaction ends, before any level. A write at a head moves the
/// counter first and levels afterwards (`write_at`), so a transaction that locks levels and takes
/// numbers later could deadlock with it.
pub async fn hold(work: &Work) -> Result<(), Fault> {
    // SQLite has one writer, so no other transaction can hold the counter.
    if work.backend().for_change("c").is_empty() { Ok(()) } else { lock_counter(work).await.map(drop) }
}

/// Locks it likewise and returns the counter, which stays so until this transaction changes it.
/// None if the tenant is gone: there is nothing to lock then.
pub async fn lock_counter(work: &Work) -> Result<Option<Counter>, Fault> {
    let (columns, lock) = (columns(), work.backend().for_change("c"));
    let sql = format!("SELECT {columns} FROM tenant_counter c WHERE c.tenant_id = $1{lock}");
    let rows = work.rows(&sql, vec![]).await?;
    if rows.is_empty() { Ok(None) } else { Counter::read(&rows).map(Some) }
}

/// Returns the change that takes numbers of a counter locked by `lock_counter`: they follow its present ones.
/// `now` is not before its time of recording.
pub fn advance_counter(request: CounterRequest, now: Timestamp) -> OwnRow {
    let row = OwnRow::of("tenant_counter").set("recorded_at", now.micros());
    request.columns().fold(row, |row, (column, count)| row.plus(column, count))
}

/// Locks the counter as `take_numbers` does, and takes nothing.
pub async fn lock(work: &Work) -> Result<(), Fault> {
    take_numbers(work, CounterRequest::default(), Timestamp(0)).await.map(|_| ())
}

/// Takes numbers at the end of a transaction: without `hold` before it, this is the last of its
/// locks. Returns the counter as it was before: the numbers taken follow it. Its time is the time
/// of recording: `now`, or that of the last event if another node's clock made it later.
pub async fn take_numbers(work: &Work, request: CounterRequest, now: Timestamp) -> Result<Counter, Fault> {
    let mut values: Vec<Value> = vec![now.micros().into()];
    let mut set = vec!["recorded_at = CASE WHEN recorded_at < $2 THEN $2 ELSE recorded_at END".to_owned()];
    for (column, count) in request.columns() {
        values.push(count.into());
        set.push(format!("{column} = {column} + ${}", values.len() + 1));
    }
    if request.of == CounterKind::MasterData {
        set.push("master_seq = head + $3".to_owned());
    }
    let (set, columns) = (set.join(", "), columns());
    let sql = format!("UPDATE tenant_counter SET {set} WHERE tenant_id = $1 RETURNING {columns}");
    let after = Counter::read(&work.rows(&sql, values).await?)?;
    Ok(Counter {
        seq: after.seq - request.events,
        epoch: after.epoch,
        recorded_at: after.recorded_at,
        documents: std::array::from_fn(|kind| after.documents[kind] - request.documents[kind]),
    })
}

/// The rows of numbered events.
pub fn rows(tenant: TenantId, events: &[Event]) -> Bulk {
    let mut rows = Rows::<Event>::insert(tenant);
    rows.extend(events.iter().cloned());
    rows.into()
}

/// Writes events whose numbers have been taken. They are announced when the transaction commits.
pub async fn write(work: &mut Work, events: Vec<Event>) -> Result<(), Fault> {
    work.write(rows(work.tenant(), &events)).await?;
    announce(work, events);
    Ok(())
}

/// Announces events whose rows are written when the transaction commits.
pub fn announce(work: &mut Work, events: Vec<Event>) {
    work.add_events(events.into_iter().map(Arc::new));
}

/// Appends events as the last statements of a transaction that is no ledger batch; returns the last
/// one's number, or None without events and in a dry run.
pub async fn append(work: &mut Work, events: Vec<NewEvent>, now: Timestamp) -> Result<Option<i64>, Fault> {
    append_of_kind(work, CounterKind::MasterData, events, now).await
}

/// Appends events that do not concern master data: caches of master data skip them.
pub async fn append_other(work: &mut Work, events: Vec<NewEvent>, now: Timestamp) -> Result<Option<i64>, Fault> {
    append_of_kind(work, CounterKind::Ledger, events, now).await
}

async fn append_of_kind(
    work: &mut Work,
    counter_kind: CounterKind,
    events: Vec<NewEvent>,
    now: Timestamp,
) -> Result<Option<i64>, Fault> {
    if events.is_empty() || dry_run::is_on() {
        return Ok(None);
    }
    let count = events.len() as i64;
    let before = take_numbers(work, CounterRequest { of: counter_kind, ..CounterRequest::events(count) }, now).await?;
    let numbered_events =
        (before.seq + 1..).zip(events).map(|(seq, event)| event.with_current_trace().with_seq(seq, before.recorded_at));
    write(work, numbered_events.collect()).await?;
    Ok(Some(before.seq + count))
}

async fn events(reads: &impl Reads, tail_sql: &str, values: Vec<Value>) -> Result<Vec<Event>, Fault> {
    let sql = format!("SELECT {} FROM event WHERE tenant_id = $1{tail_sql}", Event::SELECT);
    reads.records(&sql, values).await
}
