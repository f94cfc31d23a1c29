//! Facts are brought up to the journal page by page, one transaction each, by whoever comes first: a job every second, and whoever asks.

use std::{collections::BTreeMap, sync::Arc};

use entity::prelude::*;
use platform::storage::{Database, Fault, TenantScope, Work, journal};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::apply::{apply, respan, too_large};
use crate::demand::{
    core::{CountedLines, Deltas, ReturnCounted, add_entry, change_order, change_return},
    rows::{self, Book, Counts},
};

/// Events of a page: on SQLite a page holds the writer, some 40 ms for so many.
pub const PAGE: i64 = 1_000;
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

/// Of one node one task at a time turns pages: the others would only hold connections while they wait for the book's row.
#[derive(Clone, Default)]
struct Turn(Arc<Mutex<()>>);

/// Brings the facts up to where the journal is now, by at most so many pages. What is left then is left to the next.
pub async fn catch_up(db: &Database, tenant: TenantId, pages: usize) -> Result<FactsProgress, Fault> {
    keep_with(db, tenant, pages, PAGE).await
}

/// The same, by pages of so many events.
pub async fn keep_with(db: &Database, tenant: TenantId, pages: usize, events: i64) -> Result<FactsProgress, Fault> {
    let scope = db.tenant(tenant);
    let (head, seq) = (journal::head(&scope).await?.seq, rows::progress(&scope).await?);
    if seq >= head {
        return Ok(FactsProgress { seq, head });
    }
    let turn: Turn = db.extensions().get().unwrap_or_else(|| {
        let turn = Turn::default();
        db.extensions().insert(turn.clone());
        turn
    });
    // In a task of its own: whoever gives up waiting does not tear a page.
    let kept = tokio::spawn(async move {
        let _mine = turn.0.lock().await;
        let mut seq = seq;
        for _ in 0..pages {
            seq = turn_page(&scope, None, events).await?;
            if seq >= head {
                break;
            }
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

/// Counts what comes next, of the current generation where none is named, and returns the event that the book is then at.
pub(super) async fn turn_page(scope: &TenantScope, generation: Option<i64>, events: i64) -> Result<i64, Fault> {
    let scope = scope.long();
    let work = scope.begin().await?;
    let mut book = locked(&work, generation).await?;
    let head = journal::head(&work).await?;
    if head.low > book.seq.max(book.documents_seq) {
        work.rollback().await?;
        return sweep(&scope, generation).await;
    }
    if book.seq >= head.seq {
        // A tenant without events has a book, too: it was made above.
        work.commit().await?;
        return Ok(book.seq);
    }
    count_page(&work, &mut book, head.seq, events).await?;
    work.commit().await?;
    Ok(book.seq)
}

/// Counts a page into a book that is locked, and moves it.
pub(super) async fn count_page(work: &Work, book: &mut Book, head: i64, events: i64) -> Result<(), Fault> {
    let page = rows::page(work, book, head, events).await?;
    let mut deltas = Deltas::default();
    for change in &page.changes {
        add_entry(&mut deltas, change).map_err(too_large)?;
    }
    let counts = count_documents(work, book, &mut deltas, (&page.orders, &page.returns)).await?;
    apply(work, book, &deltas).await?;
    respan(work, book, &page.levels).await?;
    rows::write_counted(work, book.generation, counts).await?;
    book.seq = page.upto;
    rows::write(work, book).await
}

type Documents<'a> = (&'a BTreeMap<OrderId, i64>, &'a BTreeMap<ReturnId, i64>);

/// Replaces what is counted of documents by what counts of them as they stand. They may stand behind events that come later: what those changed is then
/// counted already, and changes nothing again.
async fn count_documents(
    work: &Work,
    book: &Book,
    deltas: &mut Deltas,
    (orders, returns): Documents<'_>,
) -> Result<Counts, Fault> {
    let mut counts = Counts::default();
    if orders.is_empty() && returns.is_empty() {
        return Ok(counts);
    }
    let named = orders.keys().map(|id| id.uuid()).chain(returns.keys().map(|id| id.uuid()));
    let mut before = rows::counted(work, book.generation, named).await?;
    for (id, order) in rows::orders(work, orders).await? {
        let text = before.remove(&id.uuid());
        change_order(deltas, &order, read::<CountedLines>(text.as_deref())?.as_ref()).map_err(too_large)?;
        note(&mut counts, id.uuid(), text, order.counted().as_ref())?;
    }
    for (id, of) in rows::returns(work, returns).await? {
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
async fn sweep(scope: &TenantScope, generation: Option<i64>) -> Result<i64, Fault> {
    let begun = journal::head(scope).await?.seq;
    let mut after = OrderId::NIL;
    loop {
        let found = rows::orders_after(scope, after, DOCUMENTS).await?;
        let Some(last) = found.last() else { break };
        after = *last;
        count_swept(scope, generation, (&found.into_iter().map(|id| (id, begun)).collect(), &BTreeMap::new())).await?;
    }
    let mut after = ReturnId::NIL;
    loop {
        let found = rows::returns_after(scope, after, DOCUMENTS).await?;
        let Some(last) = found.last() else { break };
        after = *last;
        count_swept(scope, generation, (&BTreeMap::new(), &found.into_iter().map(|id| (id, begun)).collect())).await?;
    }
    let work = scope.begin().await?;
    let mut book = locked(&work, generation).await?;
    book.documents_seq = book.documents_seq.max(begun);
    rows::write(&work, &book).await?;
    work.commit().await?;
    Ok(book.seq)
}

async fn count_swept(scope: &TenantScope, generation: Option<i64>, documents: Documents<'_>) -> Result<(), Fault> {
    let work = scope.begin().await?;
    let mut book = locked(&work, generation).await?;
    let mut deltas = Deltas::default();
    let counts = count_documents(&work, &book, &mut deltas, documents).await?;
    apply(&work, &mut book, &deltas).await?;
    rows::write_counted(&work, book.generation, counts).await?;
    rows::write(&work, &book).await?;
    work.commit().await
}
