//! Brings facts up to the journal page by page, one transaction each, in a job and in requests of
//! readers, whichever comes first.

use std::{collections::BTreeMap, sync::Arc};

use entity::prelude::*;
use platform::storage::{
    Database, Fault, Reads, TenantScope, Work,
    books::{self, BookProgress},
    journal::{self, Head},
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::{
    apply::{apply, overflow_fault, recompute_spans},
    batch::{Batch, BatchLimit, Documents, Levels, next},
    day_cache::{BookCache, DayCache},
};
use crate::demand::{
    core::{CountedLines, Deltas, ReturnCounted, change_order, change_return},
    rows::{self, Book, Counts},
};

/// Average events that a reader of a page waits for.
pub const PAGE: i64 = 1_000;
/// Maximum pages that a reader waits for.
const READER_PAGES: usize = 16;
/// Maximum events of a page: many change the same days, and the changes of one page to a day are
/// written once. On SQLite a page holds the writer, for some 100 ms for this number.
const MAX_PAGE_EVENTS: i64 = 4_000;
/// Days of a page, and those of one page of the journal more: orders of many lines change several an event.
const MAX_BATCH_DAYS: usize = 8_000;
/// Documents of a page that are read because the journal no longer has their events.
const DOCUMENTS: u32 = 500;

/// Lock that lets one task of a node count pages at a time: others would only hold connections
/// while they wait for the book's row. Each task leaves the days that it has read to the next.
#[derive(Clone, Default)]
struct CountingLock(Arc<Mutex<BookCache>>);

/// Brings the facts up to the journal's current head, by the events of `pages` pages at most. The
/// next call counts the rest.
pub async fn catch_up(db: &Database, tenant: TenantId, pages: usize) -> Result<BookProgress, Fault> {
    catch_up_events(db, tenant, PAGE.saturating_mul(i64::try_from(pages).unwrap_or(i64::MAX)), MAX_PAGE_EVENTS).await
}

/// Brings the facts up to the journal for a reader, as far as it waits for them. The page that is
/// being counted then is counted to its end.
pub async fn catch_up_for_reader(db: &Database, tenant: TenantId) -> Result<BookProgress, Fault> {
    let scope = db.tenant(tenant);
    let catch_up = Box::pin(catch_up(db, tenant, READER_PAGES));
    books::catch_up_for_reader(&scope, catch_up, rows::progress(&scope)).await
}

/// Brings the facts up to the journal, by pages of `events` events.
pub async fn catch_up_with(db: &Database, tenant: TenantId, pages: usize, events: i64) -> Result<BookProgress, Fault> {
    catch_up_events(db, tenant, events.saturating_mul(i64::try_from(pages).unwrap_or(i64::MAX)), events).await
}

/// Brings the facts up to the journal, by `max_events` events at most, and `page_events` in each page.
async fn catch_up_events(db: &Database, tenant: TenantId, max_events: i64, page_events: i64) -> Result<BookProgress, Fault> {
    let scope = db.tenant(tenant);
    let (head, seq) = (journal::head(&scope).await?.seq, rows::progress(&scope).await?);
    // A scope that is pinned at a past moment does not see facts that are counted now.
    if seq >= head || scope.has_consistent_reads() {
        return Ok(BookProgress { seq, head });
    }
    let counting_lock: CountingLock = db.extensions().get().unwrap_or_else(|| {
        let counting_lock = CountingLock::default();
        db.extensions().insert(counting_lock.clone());
        counting_lock
    });
    // In a task of its own: a request that is cancelled does not interrupt a page.
    let task = tokio::spawn(async move {
        let (mut seq, mut remaining) = (seq, max_events);
        while seq < head && remaining > 0 {
            // The lock is taken for each page: a reader of another tenant waits for one page of
            // this one only.
            let mut book_cache = counting_lock.0.lock().await;
            let events = remaining.min(page_events);
            seq = count_next_page(&scope, events, &mut book_cache).await?;
            remaining -= events;
        }
        Ok::<_, Fault>(seq)
    });
    let seq = task.await.map_err(|err| Fault::Broken(format!("the demand facts: {err}")))??;
    Ok(BookProgress { seq, head })
}

/// Locks a generation's book, or the current one's. A generation that is gone was discarded by another rebuild.
async fn lock_book(work: &Work, generation: Option<i64>) -> Result<Book, Fault> {
    let book = match generation {
        Some(generation) => rows::lock(work, generation).await?,
        // Another generation became the current one between the read and the lock: its row exists
        // now.
        None => match rows::lock_current(work).await? {
            None => rows::lock_current(work).await?,
            found => found,
        },
    };
    book.ok_or_else(|| Fault::Broken("these demand facts were discarded by another rebuild: run it again".to_owned()))
}

/// Whether documents have to be read for which the journal names no events any more.
pub(super) const fn needs_sweep(head: Head, book: &Book) -> bool {
    let counted_seq = if book.seq > book.documents_seq { book.seq } else { book.documents_seq };
    head.low > counted_seq
}

/// Counts the next page into the book that reports read, and returns the book's new last event.
async fn count_next_page(scope: &TenantScope, events: i64, book_cache: &mut BookCache) -> Result<i64, Fault> {
    let scope = scope.long();
    let batch = Box::pin(next(&scope, None, BatchLimit { events, days: MAX_BATCH_DAYS })).await?;
    if batch.is_empty() {
        // Another task has counted the events while this one waited for its turn: no lock is
        // needed.
        return Ok(batch.after.0);
    }
    let work = scope.begin().await?;
    let mut book = lock_book(&work, None).await?;
    if needs_sweep(journal::head(&work).await?, &book) {
        work.rollback().await?;
        return sweep(&scope, None).await;
    }
    // The batch is stale if another process has counted meanwhile.
    if !batch.follows(&book) {
        work.rollback().await?;
        return Ok(book.seq);
    }
    let (tenant, after) = (work.tenant(), batch.after.0);
    let mut days = book_cache.take(tenant, &book);
    Box::pin(count_batch(&work, &mut book, batch, &mut days)).await?;
    work.commit().await?;
    let seq = book.seq;
    book_cache.cache_days(tenant, book, days, after);
    Ok(seq)
}

/// Counts a batch into a book that is locked, spans included, and moves it.
async fn count_batch(work: &Work, book: &mut Book, batch: Batch, cache: &mut DayCache) -> Result<(), Fault> {
    let levels = count(work, book, batch, cache).await?;
    recompute_spans(work, book, &levels).await?;
    rows::write(work, book).await
}

/// Counts the next page under the book's lock.
pub(super) async fn count_page(work: &Work, book: &mut Book, head: i64, events: i64) -> Result<(), Fault> {
    let limit = BatchLimit { events, days: MAX_BATCH_DAYS };
    let batch = Box::pin(Batch::read(work, (book.seq, book.documents_seq), head, limit)).await?;
    count_batch(work, book, batch, &mut DayCache::empty()).await
}

/// Counts a batch but for spans, those of the levels that are returned. The book moves, but is not written.
pub(super) async fn count(work: &Work, book: &mut Book, batch: Batch, cache: &mut DayCache) -> Result<Levels, Fault> {
    let Batch { upto, mut deltas, levels, documents, .. } = batch;
    let counts = count_documents(work, book, &mut deltas, documents).await?;
    apply(work, book, &deltas, cache).await?;
    rows::write_counted(work, book.generation, counts).await?;
    book.seq = upto;
    Ok(levels)
}

/// Replaces the counted state of documents by their current state. Documents may be newer than the
/// page's events: the changes of those later events are then counted already, and count nothing
/// again.
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
    let document_ids = orders.iter().map(|(id, _)| id.uuid()).chain(returns.iter().map(|(id, _)| id.uuid()));
    let mut before = rows::load_counted_states(work, book.generation, document_ids).await?;
    for (id, order) in orders {
        let text = before.remove(&id.uuid());
        change_order(deltas, &order, read::<CountedLines>(text.as_deref())?.as_ref()).map_err(overflow_fault)?;
        record_count(&mut counts, id.uuid(), text, order.counted_lines().as_ref())?;
    }
    for (id, sales_return) in returns {
        let text = before.remove(&id.uuid());
        change_return(deltas, &sales_return, read::<ReturnCounted>(text.as_deref())?.as_ref()).map_err(overflow_fault)?;
        record_count(&mut counts, id.uuid(), text, sales_return.counts.then_some(&sales_return.now))?;
    }
    Ok(counts)
}

fn read<T: DeserializeOwned>(text: Option<&str>) -> Result<Option<T>, Fault> {
    let unreadable = |error: serde_json::Error| Fault::corrupt("demand_document", error.to_string());
    text.map(|text| serde_json::from_str(text).map_err(unreadable)).transpose()
}

fn record_count<T: Serialize>(counts: &mut Counts, id: Uuid, before: Option<String>, now: Option<&T>) -> Result<(), Fault> {
    let unwritable = |error: serde_json::Error| Fault::Broken(format!("demand_document: {error}"));
    let now = now.map(|counted| serde_json::to_string(counted).map_err(unwritable)).transpose()?;
    counts.0.insert(id, (before, now));
    Ok(())
}

/// Reads the current state of all documents, because events that named them are no longer in the
/// journal. Entries are never deleted, and are counted page by page.
pub(super) async fn sweep(scope: &TenantScope, generation: Option<i64>) -> Result<i64, Fault> {
    let start_seq = journal::head(scope).await?.seq;
    let mut after = OrderId::NIL;
    loop {
        let document_ids = rows::orders_after(scope, after, DOCUMENTS).await?;
        let Some(last) = document_ids.last() else { break };
        after = *last;
        count_swept(scope, generation, (document_ids.into_iter().map(|id| (id, start_seq)).collect(), BTreeMap::new())).await?;
    }
    let mut after = ReturnId::NIL;
    loop {
        let document_ids = rows::returns_after(scope, after, DOCUMENTS).await?;
        let Some(last) = document_ids.last() else { break };
        after = *last;
        count_swept(scope, generation, (BTreeMap::new(), document_ids.into_iter().map(|id| (id, start_seq)).collect())).await?;
    }
    let work = scope.begin().await?;
    let mut book = lock_book(&work, generation).await?;
    book.documents_seq = book.documents_seq.max(start_seq);
    rows::write(&work, &book).await?;
    work.commit().await?;
    Ok(book.seq)
}

type DocumentSeqs = (BTreeMap<OrderId, i64>, BTreeMap<ReturnId, i64>);

async fn count_swept(scope: &TenantScope, generation: Option<i64>, (orders, returns): DocumentSeqs) -> Result<(), Fault> {
    let work = scope.begin().await?;
    let mut book = lock_book(&work, generation).await?;
    let mut deltas = Deltas::default();
    let documents = Documents::read(&work, orders, returns).await?;
    let counts = count_documents(&work, &book, &mut deltas, documents).await?;
    apply(&work, &mut book, &deltas, &mut DayCache::empty()).await?;
    rows::write_counted(&work, book.generation, counts).await?;
    rows::write(&work, &book).await?;
    work.commit().await
}
