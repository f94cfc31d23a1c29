//! Brings the book up to the journal page by page, one transaction each: run by a periodic job and
//! by readers that need it.

use std::{collections::BTreeSet, sync::Arc};

use entity::prelude::*;
use platform::storage::{Database, Fault, TenantScope, journal};
use tokio::sync::Mutex;

use crate::costing::{
    core::{self, Posting, PostingHistory, Revaluation},
    rows::{self, Pools, WorthsBefore},
};

/// Progress of a tenant's cost book.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookProgress {
    /// The last event that is booked.
    pub seq: i64,
    /// The journal's last event at the time of the call.
    pub head: i64,
}

impl BookProgress {
    pub const fn is_current(self) -> bool {
        self.seq >= self.head
    }
}

/// Lock that lets one task per node post pages: others would only hold connections while they wait
/// for the row lock of the book.
#[derive(Clone, Default)]
struct PostingLock(Arc<Mutex<()>>);

/// Books the journal up to its current last event, at most `pages` pages; a later call continues.
pub async fn catch_up(db: &Database, tenant: TenantId, pages: usize) -> Result<BookProgress, Fault> {
    catch_up_in_scope(&db.tenant(tenant), pages).await
}

/// Does the same with a caller's handle. Look-ups in tasks of their own get the snapshot or the
/// replica of their request only from it.
pub(super) async fn catch_up_in_scope(scope: &TenantScope, pages: usize) -> Result<BookProgress, Fault> {
    let (head, seq) = (journal::head(scope).await?.seq, rows::book(scope).await?);
    // A snapshot that has begun does not see what is booked now.
    if seq >= head || scope.has_consistent_reads() {
        return Ok(BookProgress { seq, head });
    }
    let extensions = scope.database().extensions();
    let turn: PostingLock = extensions.get().unwrap_or_else(|| {
        let turn = PostingLock::default();
        extensions.insert(turn.clone());
        turn
    });
    let scope = scope.clone();
    // Runs in a task of its own: the mutation's commit hook must not add its audit entry to this
    // commit, and a cancelled caller must not interrupt a page.
    let kept = tokio::spawn(async move {
        let _mine = turn.0.lock().await;
        let mut seq = seq;
        for _ in 0..pages {
            seq = post_next_page(&scope).await?;
            if seq >= head {
                break;
            }
        }
        Ok::<_, Fault>(seq)
    });
    let seq = kept.await.map_err(|err| Fault::Broken(format!("the cost book: {err}")))??;
    Ok(BookProgress { seq, head })
}

/// Books the next page; returns the last event that is booked then.
async fn post_next_page(scope: &TenantScope) -> Result<i64, Fault> {
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
    rows::advance_book(&work, page.upto).await?;
    work.commit().await?;
    Ok(page.upto)
}

/// Books a document, and notes the units' values before it, because another document may undo it.
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
