//! Reading reversals.

use async_graphql::{Context, InputObject};
use inventory::{
    ledger::Ledger,
    reversals::{rows, shell},
};
use macros::resolvers;
use platform::paging::CursorSigner;

use super::reversal::{DocumentReversal, DocumentReversalConnection};
use crate::{
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

/// Reversals that match all of these.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ReversalFilter {
    /// Documents, goods receipts, fulfilments or movements of transfers that were reversed.
    pub document: Option<IdFilter>,
    /// Stores of the reversals, at either end of a transfer.
    pub store: Option<IdFilter>,
}

crate::keyed_filter!(flat ReversalFilter, "store" store StoreCode);

/// The root fields that read reversals.
#[derive(Default)]
pub struct ReversalQuery;

#[resolvers]
impl ReversalQuery {
    /// Reversals of documents, the newest first. A caller of some stores is shown theirs.
    #[field(permit = StockMovementRead, paged)]
    async fn document_reversals(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Documents and stores to include.")] filter: Option<ReversalFilter>,
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
        let request = PageArgs { first, after, last, before }.check(rows::REVERSALS, signer, MOST_A_PAGE)?;
        let db = ctx.given::<Ledger>()?.database();
        let listed = shell::page(&permit, db, filter, &request).await?;
        let nodes = listed.rows.into_iter().map(|reversal| {
            let keys = rows::keys(&reversal);
            (DocumentReversal::stored(reversal), keys)
        });
        Ok(Page::build(nodes.collect(), &request, rows::REVERSALS, signer).counted(permit.scope(db), listed.source).into())
    }
}
