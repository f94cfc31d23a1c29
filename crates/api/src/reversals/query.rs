//! Reading reversals.

use async_graphql::{Context, Enum, InputObject};
use inventory::{
    ledger::Ledger,
    reversals::{
        rows::{self, ReversalSort as By, ReversalsSorted},
        shell,
    },
};
use macros::resolvers;
use platform::paging::CursorSigner;

use super::reversal::{DocumentReversal, DocumentReversalConnection};
use crate::{
    catalog::Direction,
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        filters::IdFilter,
        scalars::Cursor,
    },
    keyed_filters::by_ids,
    orders::links::MOST_A_PAGE,
};

/// Reversals that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ReversalFilter {
    /// Documents, goods receipts, fulfilments or movements of transfers that were reversed.
    pub document: Option<IdFilter>,
    /// Stores of the reversals, at either end of a transfer.
    pub store: Option<IdFilter>,
}

crate::keyed_filter!(flat ReversalFilter, "store" store StoreCode);

/// Sort order of a list of reversals; reversals with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct ReversalSort {
    /// Field by which the reversals are sorted.
    pub field: ReversalSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which reversals can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReversalSortField {
    /// Number of the reversal, which is the order in which reversals were recorded.
    Number,
    /// Business time of the reversal.
    OccurredAt,
}

crate::sorts::rows_sorted!(ReversalSort => ReversalsSorted);

/// The root fields that read reversals.
#[derive(Default)]
pub struct ReversalQuery;

#[resolvers]
impl ReversalQuery {
    /// Reversals of documents, the newest first unless another order is asked for. A caller of some stores is shown theirs.
    #[field(permit = StockMovementRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn document_reversals(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Documents and stores to include. Null for all.")] filter: Option<ReversalFilter>,
        #[graphql(desc = "Sort of the reversals. Null for NUMBER, DESC.")] sort: Option<ReversalSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<DocumentReversalConnection> {
        let asked = by_ids(ctx, filter, "filter").await?.unwrap_or_default();
        let documents = asked.document.map(|ids| ids.of_any_kind(&["filter", "document"])).transpose()?.flatten();
        let stores = asked.store.map(|ids| ids.ids(&["filter", "store"])).transpose()?.flatten();
        let filter = rows::ReversalFilter { documents, stores: stores.into_iter().collect() };
        let signer = ctx.given::<CursorSigner>()?;
        let sorted = ReversalSort::sorted(sort);
        let list = sorted.kind(rows::REVERSALS);
        let request = PageArgs { first, after, last, before }.check(&list, signer, MOST_A_PAGE)?;
        let db = ctx.given::<Ledger>()?.database();
        let listed = shell::page(&permit, db, filter, sorted, &request).await?;
        let nodes = listed.rows.into_iter().map(|reversal| {
            let keys = sorted.keys(&reversal);
            (DocumentReversal::stored(reversal), keys)
        });
        Ok(Page::build(nodes.collect(), &request, list, signer).counted(permit.scope(db), listed.source).into())
    }
}
