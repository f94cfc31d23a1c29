//! Facts are brought up to the journal page by page, one transaction each, by whoever comes first: a job, and whoever asks.

use std::{collections::BTreeMap, sync::Arc};

use entity::prelude::*;
use platform::storage::{
    Database, Fault, Reads, TenantScope, Work,
    journal::{self, Head},
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::{
    apply::{apply, respan, too_large},
    batch::{Batch, Documents, Levels, Most, next},
    remembered::{KnownDays, Remembered},
};
use crate::demand::{
    core::{CountedLines, Deltas, ReturnCounted, change_order, change_return},
    rows::{self, Book, Counts},
};

/// Events that whoever asks for a page waits for, on average.
pub const PAGE: i64 = 1_000;
/// Events of a page where there are more to count: many change the same days, and what one page writes of these is written once. On SQLite a page holds
/// the writer, for some 100 ms for so many.
const LARGE: i64 = 4_000;
/// Days of a page, and those of one page of the journal more: orders of many lines change several an event.
const DAYS: usize = 8_000;
/// Documents of a page where the journal no longer names them.
const DOCUMENTS: u32 = 500;

/// How far a tenant's facts are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactsProgress {
    /// The last event that they know.
    pub seq: i64,
    /// The journal's last event when it was asked.
    pub head: i64,
}

impl FactsProgress {
    pub const fn is_current(self) -> bool {
        self.seq >= self.head
    }
    /// Whether they lack more events than that.
    pub const fn is_far(self, events: i64) -> bool {
        self.head - self.seq > events
    }
}

/// Of one node one task at a time turns pages: the others would only hold connections while they wait for the book's row. Each leaves to the next what it
/// knows of days.
#[derive(Clone, Default)]
struct Turn(Arc<Mutex<Remembered>>);

/// Brings the facts up to where the journal is now, by as many events at most as so many pages have. What is left then is left to the next.
pub async fn catch_up(db: &Database, tenant: TenantId, pages: usize) -> Result<FactsProgress, Fault> {
    keep(db, tenant, PAGE.saturating_mul(i64::try_from(pages).unwrap_or(i64::MAX)), LARGE).await
}

/// The same, by pages of so many events.
pub async fn keep_with(db: &Database, tenant: TenantId, pages: usize, events: i64) -> Result<FactsProgress, Fault> {
    keep(db, tenant, events.saturating_mul(i64::try_from(pages).unwrap_or(i64::MAX)), events).await
}

/// The same, by `most` events at most, and so many of a page.
async fn keep(db: &Database, tenant: TenantId, most: i64, of_page: i64) -> Result<FactsProgress, Fault> {
    let scope = db.tenant(tenant);
    let (head, seq) = (journal::head(&scope).await?.seq, rows::progress(&scope).await?);
    // As of a moment that has begun nobody reads what is counted now.
    if seq >= head || scope.is_at_one_moment() {
        return Ok(FactsProgress { seq, head });
    }
    let turn: Turn = db.extensions().get().unwrap_or_else(|| {
        let turn = Turn::default();
        db.extensions().insert(turn.clone());
        turn
    });
    // In a task of its own: whoever gives up waiting does not tear a page.
    let kept = tokio::spawn(async move {
        let (mut seq, mut left) = (seq, most);
        while seq < head && left > 0 {
            // Page by page: whoever asks of another tenant waits for one page of this one.
            let mut remembered = turn.0.lock().await;
            let events = left.min(of_page);
            seq = turn_page(&scope, events, &mut remembered).await?;
            left -= events;
        }
        Ok::<_, Fault>(seq)
    });
    let seq = kept.await.map_err(|err| Fault::Broken(format!("the demand facts: {err}")))??;
    Ok(FactsProgress { seq, head })
}

/// Locks a generation's book, or the current one's. A generation that is gone was discarded by another rebuild.
async fn locked(work: &Work, generation: Option<i64>) -> Result<Book, Fault> {
    let book = match generation {
        Some(generation) => rows::lock(work, generation).await?,
        // Between reading and locking another generation became the current one: its row is there now.
        None => match rows::lock_current(work).await? {
            None => rows::lock_current(work).await?,
            found => found,
        },
    };
    book.ok_or_else(|| Fault::Broken("these demand facts were discarded by another rebuild: run it again".to_owned()))
}

/// Whether documents have to be read for which the journal names no events any more.
pub(super) const fn has_let_go(head: Head, book: &Book) -> bool {
    let known = if book.seq > book.documents_seq { book.seq } else { book.documents_seq };
    head.low > known
}

/// Counts what comes next into the book that reports read, and returns the event that it is then at.
async fn turn_page(scope: &TenantScope, events: i64, remembered: &mut Remembered) -> Result<i64, Fault> {
    let scope = scope.long();
    let batch = Box::pin(next(&scope, None, Most { events, days: DAYS })).await?;
    if batch.is_empty() {
        // Somebody else has counted while this one waited for its turn: there is nothing to lock for.
        return Ok(batch.after.0);
    }
    let work = scope.begin().await?;
    let mut book = locked(&work, None).await?;
    if has_let_go(journal::head(&work).await?, &book) {
        work.rollback().await?;
        return sweep(&scope, None).await;
    }
    // Where another process has counted meanwhile, what was read is of no use.
    if !batch.follows(&book) {
        work.rollback().await?;
        return Ok(book.seq);
    }
    let (tenant, after) = (work.tenant(), batch.after.0);
    let mut days = remembered.take(tenant, &book);
    Box::pin(count_whole(&work, &mut book, batch, &mut days)).await?;
    work.commit().await?;
    let seq = book.seq;
    remembered.leave(tenant, book, days, after);
    Ok(seq)
}

/// Counts a batch into a book that is locked, spans included, and moves it.
async fn count_whole(work: &Work, book: &mut Book, batch: Batch, known: &mut KnownDays) -> Result<(), Fault> {
    let levels = count(work, book, batch, known).await?;
    respan(work, book, &levels).await?;
    rows::write(work, book).await
}

/// Counts what comes next under the book's lock.
pub(super) async fn count_page(work: &Work, book: &mut Book, head: i64, events: i64) -> Result<(), Fault> {
    let most = Most { events, days: DAYS };
    let batch = Box::pin(Batch::read(work, (book.seq, book.documents_seq), head, most)).await?;
    count_whole(work, book, batch, &mut KnownDays::none()).await
}

/// Counts a batch but for spans, those of the levels that are returned. The book moves, but is not written.
pub(super) async fn count(work: &Work, book: &mut Book, batch: Batch, known: &mut KnownDays) -> Result<Levels, Fault> {
    let Batch { upto, mut deltas, levels, documents, .. } = batch;
    let counts = count_documents(work, book, &mut deltas, documents).await?;
    apply(work, book, &deltas, known).await?;
    rows::write_counted(work, book.generation, counts).await?;
    book.seq = upto;
    Ok(levels)
}

/// Replaces what is counted of documents by what counts of them as they stand. They may stand behind events that come later: what those changed is then
/// counted already, and changes nothing again.
async fn count_documents(
    work: &Work,
    book: &Book,
    deltas: &mut Deltas,
    Documents { orders, returns }: Documents,
) -> Result<Counts, Fault> {
    let mut counts = Counts::default();
    if orders.is_empty() && returns.is_empty() {
        return Ok(counts);
    }
    let named = orders.iter().map(|(id, _)| id.uuid()).chain(returns.iter().map(|(id, _)| id.uuid()));
    let mut before = rows::counted(work, book.generation, named).await?;
    for (id, order) in orders {
        let text = before.remove(&id.uuid());
        change_order(deltas, &order, read::<CountedLines>(text.as_deref())?.as_ref()).map_err(too_large)?;
        note(&mut counts, id.uuid(), text, order.counted().as_ref())?;
    }
    for (id, of) in returns {
        let text = before.remove(&id.uuid());
        change_return(deltas, &of, read::<ReturnCounted>(text.as_deref())?.as_ref()).map_err(too_large)?;
        note(&mut counts, id.uuid(), text, of.counts.then_some(&of.now))?;
    }
    Ok(counts)
}

fn read<T: DeserializeOwned>(text: Option<&str>) -> Result<Option<T>, Fault> {
    let unreadable = |error: serde_json::Error| Fault::corrupt("demand_document", error.to_string());
    text.map(|text| serde_json::from_str(text).map_err(unreadable)).transpose()
}

fn note<T: Serialize>(counts: &mut Counts, id: Uuid, before: Option<String>, now: Option<&T>) -> Result<(), Fault> {
    let unwritable = |error: serde_json::Error| Fault::Broken(format!("demand_document: {error}"));
    let now = now.map(|counted| serde_json::to_string(counted).map_err(unwritable)).transpose()?;
    counts.0.insert(id, (before, now));
    Ok(())
}

/// Reads all documents as they stand, where events that named them are no longer in the journal. Entries are never let go, and come page by page.
pub(super) async fn sweep(scope: &TenantScope, generation: Option<i64>) -> Result<i64, Fault> {
    let begun = journal::head(scope).await?.seq;
    let mut after = OrderId::NIL;
    loop {
        let found = rows::orders_after(scope, after, DOCUMENTS).await?;
        let Some(last) = found.last() else { break };
        after = *last;
        count_swept(scope, generation, (found.into_iter().map(|id| (id, begun)).collect(), BTreeMap::new())).await?;
    }
    let mut after = ReturnId::NIL;
    loop {
        let found = rows::returns_after(scope, after, DOCUMENTS).await?;
        let Some(last) = found.last() else { break };
        after = *last;
        count_swept(scope, generation, (BTreeMap::new(), found.into_iter().map(|id| (id, begun)).collect())).await?;
    }
    let work = scope.begin().await?;
    let mut book = locked(&work, generation).await?;
    book.documents_seq = book.documents_seq.max(begun);
    rows::write(&work, &book).await?;
    work.commit().await?;
    Ok(book.seq)
}

type Named = (BTreeMap<OrderId, i64>, BTreeMap<ReturnId, i64>);

async fn count_swept(scope: &TenantScope, generation: Option<i64>, (orders, returns): Named) -> Result<(), Fault> {
    let work = scope.begin().await?;
    let mut book = locked(&work, generation).await?;
    let mut deltas = Deltas::default();
    let documents = Documents::read(&work, orders, returns).await?;
    let counts = count_documents(&work, &book, &mut deltas, documents).await?;
    apply(&work, &mut book, &deltas, &mut KnownDays::none()).await?;
    rows::write_counted(&work, book.generation, counts).await?;
    rows::write(&work, &book).await?;
    work.commit().await
}
