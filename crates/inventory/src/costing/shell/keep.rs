//! Brings the book up to the journal page by page, one transaction each: run by a periodic job and
//! by readers that need it.

use std::{collections::BTreeSet, sync::Arc};

use entity::prelude::*;
use platform::storage::{
    Database, Fault, TenantScope,
    books::{self, BookProgress},
    journal,
};
use tokio::sync::Mutex;

use crate::costing::{
    core::{self, Posting, PostingHistory, Revaluation},
    rows::{self, Pools, WorthsBefore},
};

/// Maximum pages that a reader waits for: some tens of thousands of entries.
const READER_PAGES: usize = 8;

/// Lock that lets one task per node post pages: others would only hold connections while they wait
/// for the row lock of the book.
#[derive(Clone, Default)]
struct PostingLock(Arc<Mutex<()>>);

/// Books the journal up to its current last event, at most `pages` pages; a later call continues.
pub async fn catch_up(db: &Database, tenant: TenantId, pages: usize) -> Result<BookProgress, Fault> {
    catch_up_in_scope(&db.tenant(tenant), pages).await
}

/// Books the journal for a reader, as far as it waits for that. The page under way is booked to its
/// end. Look-ups in tasks of their own get the snapshot or the replica of their request only from
/// the caller's handle.
pub(super) async fn catch_up_for_reader(scope: &TenantScope) -> Result<BookProgress, Fault> {
    let catch_up = catch_up_in_scope(scope, READER_PAGES);
    books::catch_up_for_reader(scope, catch_up, rows::load_booked_seq(scope)).await
}

async fn catch_up_in_scope(scope: &TenantScope, pages: usize) -> Result<BookProgress, Fault> {
    let (head, seq) = (journal::head(scope).await?.seq, rows::load_booked_seq(scope).await?);
    // A snapshot that has begun does not see what is booked now.
    if seq >= head || scope.has_consistent_reads() {
        return Ok(BookProgress { seq, head });
    }
    let extensions = scope.database().extensions();
    let posting_lock: PostingLock = extensions.get().unwrap_or_else(|| {
        let posting_lock = PostingLock::default();
        extensions.insert(posting_lock.clone());
        posting_lock
    });
    let scope = scope.clone();
    // Runs in a task of its own: the mutation's commit hook must not add its audit entry to this
    // commit, and a cancelled caller must not interrupt a page.
    let posting_task = tokio::spawn(async move {
        let _guard = posting_lock.0.lock().await;
        let mut seq = seq;
        for _ in 0..pages {
            seq = post_next_page(&scope).await?;
            if seq >= head {
                break;
            }
        }
        Ok::<_, Fault>(seq)
    });
    let seq = posting_task.await.map_err(|err| Fault::Broken(format!("the cost book: {err}")))??;
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
    let (_, currency) = rows::load_costing_method(&work).await?;
    let page = rows::load_entry_page(&work, seq, head, currency).await?;
    let documents = rows::revaluations_between(&work, seq, page.upto).await?;
    let facts = core::combine_facts(page.entries);
    let of_documents = documents.iter().flat_map(|revaluation| &revaluation.lines).map(|line| line.product);
    let products: BTreeSet<ProductId> = facts.iter().map(|fact| fact.product).chain(of_documents).collect();
    let mut pools = rows::load_pools(&work, &products).await?;
    let mut history = rows::load_posting_history(&work, seq, &facts, &page.returns).await?;
    let reversed_ids: Vec<RevaluationId> = documents.iter().filter_map(|revaluation| revaluation.reverses).collect();
    let mut worths = rows::load_worths_before(&work, &reversed_ids).await?;
    let mut postings: Vec<Posting> = Vec::with_capacity(facts.len());
    let mut documents = documents.iter().peekable();
    for fact in &facts {
        while let Some(document) = documents.next_if(|revaluation| revaluation.seq < fact.posting_key.seq) {
            postings.extend(post_document(&mut pools, document, &mut history, &mut worths)?);
        }
        let posting = core::post_fact(pools.of.entry(fact.product).or_default(), fact, &history);
        history.record_posting(&posting, fact.reverses);
        postings.push(posting);
    }
    for document in documents {
        postings.extend(post_document(&mut pools, document, &mut history, &mut worths)?);
    }
    rows::write_pools(&work, &pools, page.upto).await?;
    rows::write_postings(&work, &postings, &worths).await?;
    rows::advance_book(&work, page.upto).await?;
    work.commit().await?;
    Ok(page.upto)
}

/// Books a document, and notes the units' values before it, because another document may undo it.
fn post_document(
    pools: &mut Pools,
    document: &Revaluation,
    history: &mut PostingHistory,
    worths: &mut WorthsBefore,
) -> Result<Vec<Posting>, Fault> {
    let mut postings = Vec::with_capacity(document.lines.len());
    for line in &document.lines {
        let pool = pools.of.entry(line.product).or_default();
        let revalued = history.revalued.entry(line.product).or_default();
        if let Some(reversed_id) = document.reverses {
            let before = worths.get(&(reversed_id.uuid(), line.product));
            let before =
                before.ok_or_else(|| Fault::corrupt("cost_posting", "a revaluation that is undone keeps worths of before"))?;
            if line.charge.is_none() {
                revalued.pop();
            }
            postings.push(core::post_restoration(pool, document, line, before));
        } else {
            if line.charge.is_none() {
                revalued.push((document.seq, line.unit_cost, line.decimals));
            }
            worths.insert((document.id.uuid(), line.product), pool.layer_values());
            postings.push(core::post_revaluation(pool, document, line));
        }
    }
    Ok(postings)
}
