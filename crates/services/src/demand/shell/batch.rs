//! Next events of the journal, read without a lock on the book: only writes happen under it.

use std::collections::BTreeMap;

use entity::prelude::*;
use platform::storage::{Fault, Reads, TenantScope, journal, replicas::Freshness};

use super::apply::overflow_fault;
use crate::demand::{
    core::{Deltas, DemandOrder, DemandReturn, add_entry},
    rows::{self, Book, LastStock},
};

/// Maximum size of a batch: another page of the journal is read while the batch is smaller.
#[derive(Debug, Clone, Copy)]
pub(super) struct BatchLimit {
    pub events: i64,
    /// Maximum days that entries change. A quarter as many documents are read.
    pub days: usize,
}

impl BatchLimit {
    const fn has_room(self, days: usize, documents: usize) -> bool {
        days < self.days && documents < self.days / 4
    }
}
/// Documents that one statement reads: the lines of an order take some kB while they are read.
const DOCUMENTS: usize = 250;

/// Stock on hand of levels after their last entry.
pub(super) type Levels = BTreeMap<(ProductId, StoreId), LastStock>;

/// Documents in their current state.
#[derive(Debug, Default)]
pub(super) struct Documents {
    pub orders: Vec<(OrderId, DemandOrder)>,
    pub returns: Vec<(ReturnId, DemandReturn)>,
}

impl Documents {
    /// Reads the documents with these IDs, each with the last event that concerns it.
    pub async fn read(
        reads: &impl Reads,
        orders: BTreeMap<OrderId, i64>,
        returns: BTreeMap<ReturnId, i64>,
    ) -> Result<Self, Fault> {
        let mut documents = Self::default();
        let (orders, returns): (Vec<_>, Vec<_>) = (orders.into_iter().collect(), returns.into_iter().collect());
        for chunk in orders.chunks(DOCUMENTS) {
            documents.orders.extend(rows::orders(reads, &chunk.iter().copied().collect()).await?);
        }
        for chunk in returns.chunks(DOCUMENTS) {
            documents.returns.extend(rows::returns(reads, &chunk.iter().copied().collect()).await?);
        }
        Ok(documents)
    }
}

/// Some pages of the journal.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// `seq` and `documents_seq` of the book that the batch continues.
    pub after: (i64, i64),
    pub upto: i64,
    /// Changes of figures by entries.
    pub deltas: Deltas,
    pub levels: Levels,
    pub documents: Documents,
}

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.upto <= self.after.0
    }
    pub fn follows(&self, book: &Book) -> bool {
        self.after == (book.seq, book.documents_seq)
    }
    /// Reads the events after `after`, up to `head`, or as many as fit into a batch.
    pub async fn read(reads: &impl Reads, after: (i64, i64), head: i64, limit: BatchLimit) -> Result<Self, Fault> {
        let end = head.min(after.0.saturating_add(limit.events));
        let mut batch = Self { after, upto: after.0, ..Self::default() };
        let (mut orders, mut returns) = (BTreeMap::new(), BTreeMap::new());
        while batch.upto < end && limit.has_room(batch.deltas.0.len(), orders.len() + returns.len()) {
            let page = rows::page(reads, (batch.upto, after.1), end).await?;
            if page.upto <= batch.upto {
                return Err(Fault::Broken(format!("the movement behind event {} has more entries than a page", batch.upto)));
            }
            for change in &page.changes {
                add_entry(&mut batch.deltas, change).map_err(overflow_fault)?;
            }
            merge_levels(&mut batch.levels, page.levels);
            orders.extend(page.orders);
            returns.extend(page.returns);
            batch.upto = page.upto;
        }
        batch.documents = Documents::read(reads, orders, returns).await?;
        Ok(batch)
    }
}

/// Merges the levels of a later page into `levels`.
pub(super) fn merge_levels(levels: &mut Levels, later: Levels) {
    for (level, last) in later {
        levels.entry(level).and_modify(|earlier| *earlier = earlier.merge_later(last)).or_insert(last);
    }
}

/// The next batch of a generation's book, or of the current one if none is given. Only under the
/// book's lock is it known whether the batch still follows the book, and whether the journal still
/// has its events.
pub(super) async fn next(scope: &TenantScope, generation: Option<i64>, limit: BatchLimit) -> Result<Batch, Fault> {
    let book = rows::book_of(&scope.with_freshness(Freshness::Primary), generation).await?;
    next_after(scope, book.map_or((0, 0), |book| (book.seq, book.documents_seq)), limit).await
}

/// The next batch of a book after a given position, which the book will have when the batch is
/// counted.
pub(super) async fn next_after(scope: &TenantScope, after: (i64, i64), limit: BatchLimit) -> Result<Batch, Fault> {
    // A replica may have the event and not yet the document's state after it.
    let scope = scope.with_freshness(Freshness::Primary);
    let head = journal::head(&scope).await?.seq;
    Batch::read(&scope, after, head, limit).await
}
