//! What the journal says next, read beside whoever writes: under the book's lock only changes are written.

use std::collections::BTreeMap;

use entity::prelude::*;
use platform::storage::{Fault, Reads, TenantScope, journal, replicas::Freshness};

use super::apply::too_large;
use crate::demand::{
    core::{Deltas, DemandOrder, DemandReturn, add_entry},
    rows::{self, Book, LastStock},
};

/// How large a batch may become: a page of the journal more is read where it is smaller.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    pub events: i64,
    /// Days that entries change. Of documents a quarter as many are read.
    pub days: usize,
}

impl Most {
    const fn has_room(self, days: usize, documents: usize) -> bool {
        days < self.days && documents < self.days / 4
    }
}
/// Documents that one statement reads: lines take some kB an order while they are read.
const DOCUMENTS: usize = 250;

/// What levels had on hand after their last entry.
pub(super) type Levels = BTreeMap<(ProductId, StoreId), LastStock>;

/// Documents as they stand.
#[derive(Debug, Default)]
pub(super) struct Documents {
    pub orders: Vec<(OrderId, DemandOrder)>,
    pub returns: Vec<(ReturnId, DemandReturn)>,
}

impl Documents {
    /// Those with these ids, each with the last event that is about it.
    pub async fn read(
        reads: &impl Reads,
        orders: BTreeMap<OrderId, i64>,
        returns: BTreeMap<ReturnId, i64>,
    ) -> Result<Self, Fault> {
        let mut found = Self::default();
        let (orders, returns): (Vec<_>, Vec<_>) = (orders.into_iter().collect(), returns.into_iter().collect());
        for some in orders.chunks(DOCUMENTS) {
            found.orders.extend(rows::orders(reads, &some.iter().copied().collect()).await?);
        }
        for some in returns.chunks(DOCUMENTS) {
            found.returns.extend(rows::returns(reads, &some.iter().copied().collect()).await?);
        }
        Ok(found)
    }
}

/// Some pages of the journal.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Where the book was that they follow: its `seq` and its `documents_seq`.
    pub after: (i64, i64),
    pub upto: i64,
    /// What entries say.
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
    /// What comes after `after`, up to `head`, or as much as fits into a batch.
    pub async fn read(reads: &impl Reads, after: (i64, i64), head: i64, most: Most) -> Result<Self, Fault> {
        let end = head.min(after.0.saturating_add(most.events));
        let mut batch = Self { after, upto: after.0, ..Self::default() };
        let (mut orders, mut returns) = (BTreeMap::new(), BTreeMap::new());
        while batch.upto < end && most.has_room(batch.deltas.0.len(), orders.len() + returns.len()) {
            let page = rows::page(reads, (batch.upto, after.1), end).await?;
            if page.upto <= batch.upto {
                return Err(Fault::Broken(format!("the movement behind event {} has more entries than a page", batch.upto)));
            }
            for change in &page.changes {
                add_entry(&mut batch.deltas, change).map_err(too_large)?;
            }
            join(&mut batch.levels, page.levels);
            orders.extend(page.orders);
            returns.extend(page.returns);
            batch.upto = page.upto;
        }
        batch.documents = Documents::read(reads, orders, returns).await?;
        Ok(batch)
    }
}

/// Adds what a later page says of levels.
pub(super) fn join(levels: &mut Levels, later: Levels) {
    for (level, last) in later {
        levels.entry(level).and_modify(|earlier| *earlier = earlier.then(last)).or_insert(last);
    }
}

/// The next batch of a generation's book, of the current one where none is named. Whether it still follows the book, and whether
/// the journal has kept its events, is known under the book's lock alone.
pub(super) async fn next(scope: &TenantScope, generation: Option<i64>, most: Most) -> Result<Batch, Fault> {
    let book = rows::book_of(&scope.fresh(Freshness::Primary), generation).await?;
    next_after(scope, book.map_or((0, 0), |book| (book.seq, book.documents_seq)), most).await
}

/// The same of a book that will be there.
pub(super) async fn next_after(scope: &TenantScope, after: (i64, i64), most: Most) -> Result<Batch, Fault> {
    // A replica may know the event and not yet the document as that event left it.
    let scope = scope.fresh(Freshness::Primary);
    let head = journal::head(&scope).await?.seq;
    Batch::read(&scope, after, head, most).await
}
