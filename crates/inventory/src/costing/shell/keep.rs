//! The book is brought up to the journal page by page, one transaction each, by whoever comes first: a job now and then, and whoever asks.

use std::{collections::BTreeSet, sync::Arc};

use entity::prelude::*;
use platform::storage::{Database, Fault, TenantScope, journal};
use tokio::sync::Mutex;

use crate::costing::{
    core::{self, Posting, PostingHistory, Revaluation},
    rows::{self, Pools, WorthsBefore},
};

/// How far a tenant's book is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookProgress {
    /// The last event that it knows.
    pub seq: i64,
    /// The journal's last event when it was asked.
    pub head: i64,
}

impl BookProgress {
    pub const fn is_current(self) -> bool {
        self.seq >= self.head
    }
}

/// Of one node one task at a time turns pages: the others would only hold connections while they wait for the book's row.
#[derive(Clone, Default)]
struct Turn(Arc<Mutex<()>>);

/// Brings the book up to where the journal is now, by at most so many pages. What is left then is left to the next.
pub async fn catch_up(db: &Database, tenant: TenantId, pages: usize) -> Result<BookProgress, Fault> {
    catch_up_by(&db.tenant(tenant), pages).await
}

/// The same for what a handle reads. Look-ups in tasks of their own have the moment, or the replica, of their request from it alone.
pub(super) async fn catch_up_by(scope: &TenantScope, pages: usize) -> Result<BookProgress, Fault> {
    let (head, seq) = (journal::head(scope).await?.seq, rows::book(scope).await?);
    // As of a moment that has begun nobody reads what is booked now.
    if seq >= head || scope.is_at_one_moment() {
        return Ok(BookProgress { seq, head });
    }
    let extensions = scope.database().extensions();
    let turn: Turn = extensions.get().unwrap_or_else(|| {
        let turn = Turn::default();
        extensions.insert(turn.clone());
        turn
    });
    let scope = scope.clone();
    // In a task of its own: what a mutation's audit entry rides along with is the mutation's, and whoever gives up waiting does not tear a page.
    let kept = tokio::spawn(async move {
        let _mine = turn.0.lock().await;
        let mut seq = seq;
        for _ in 0..pages {
            seq = turn_page(&scope).await?;
            if seq >= head {
                break;
            }
        }
        Ok::<_, Fault>(seq)
    });
    let seq = kept.await.map_err(|err| Fault::Broken(format!("the costs' book: {err}")))??;
    Ok(BookProgress { seq, head })
}

/// Books what comes next, and says up to which event the book is then.
async fn turn_page(scope: &TenantScope) -> Result<i64, Fault> {
    let work = scope.begin().await?;
    let seq = rows::lock_book(&work).await?;
    let head = journal::head(&work).await?.seq;
    if seq >= head {
        work.rollback().await?;
        return Ok(seq);
    }
    let (_, currency) = rows::method(&work).await?;
    let page = rows::page(&work, seq, head, currency).await?;
    let documents = rows::revaluations_between(&work, seq, page.upto).await?;
    let facts = core::facts(page.entries);
    let of_documents = documents.iter().flat_map(|one| &one.lines).map(|line| line.product);
    let products: BTreeSet<ProductId> = facts.iter().map(|fact| fact.product).chain(of_documents).collect();
    let mut pools = rows::pools(&work, &products).await?;
    let mut history = rows::posting_history(&work, seq, &facts, &page.returns).await?;
    let undone: Vec<RevaluationId> = documents.iter().filter_map(|one| one.reverses).collect();
    let mut worths = rows::worths_before(&work, &undone).await?;
    let mut postings: Vec<Posting> = Vec::with_capacity(facts.len());
    let mut documents = documents.iter().peekable();
    for fact in &facts {
        while let Some(document) = documents.next_if(|one| one.seq < fact.posting_key.seq) {
            postings.extend(apply(&mut pools, document, &mut history, &mut worths)?);
        }
        let posting = core::post(pools.of.entry(fact.product).or_default(), fact, &history);
        history.note(&posting, fact.reverses);
        postings.push(posting);
    }
    for document in documents {
        postings.extend(apply(&mut pools, document, &mut history, &mut worths)?);
    }
    rows::write_pools(&work, &pools, page.upto).await?;
    rows::write_postings(&work, &postings, &worths).await?;
    rows::move_book(&work, page.upto).await?;
    work.commit().await?;
    Ok(page.upto)
}

/// Books a document. What the units were worth before it is noted: another one may undo it.
fn apply(
    pools: &mut Pools,
    document: &Revaluation,
    history: &mut PostingHistory,
    worths: &mut WorthsBefore,
) -> Result<Vec<Posting>, Fault> {
    let mut postings = Vec::with_capacity(document.lines.len());
    for line in &document.lines {
        let pool = pools.of.entry(line.product).or_default();
        let revalued = history.revalued.entry(line.product).or_default();
        if let Some(undone) = document.reverses {
            let before = worths.get(&(undone.uuid(), line.product));
            let before =
                before.ok_or_else(|| Fault::corrupt("cost_posting", "a revaluation that is undone keeps worths of before"))?;
            if line.charge.is_none() {
                revalued.pop();
            }
            postings.push(core::restore(pool, document, line, before));
        } else {
            if line.charge.is_none() {
                revalued.push((document.seq, line.unit_cost, line.decimals));
            }
            worths.insert((document.id.uuid(), line.product), pool.worth());
            postings.push(core::revalue(pool, document, line));
        }
    }
    Ok(postings)
}
