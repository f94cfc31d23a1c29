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
use platform::{paging::CursorSigner, storage::Nested};

use super::{
    enums::ReversedKind,
    reversal::{DocumentReversal, DocumentReversalConnection},
};
use crate::{
    catalog::Direction,
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        filters::{DateTimeFilter, IdFilter, StringFilter},
        nested::{field_path, read_nested},
        refusal::Path,
        scalars::Cursor,
    },
    keyed_filters::resolve_filter_keys,
    orders::links::MAX_PAGE_SIZE,
    stock::{fold_values, texts},
};

/// Reversals that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct ReversalFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<ReversalFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<ReversalFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<ReversalFilter>>,
    /// Reversals to include.
    pub id: Option<IdFilter>,
    /// Documents, goods receipts, fulfilments or movements of transfers that were reversed, or that such a part belongs to. Takes the numbers of
    /// orders, purchase orders, transfers, stocktakes, returns and returns to suppliers as `key`.
    pub document: Option<IdFilter>,
    /// Stores of the reversals, at either end of a transfer.
    pub store: Option<IdFilter>,
    /// Kinds of what was reversed; an empty list matches nothing.
    pub kind: Option<Vec<ReversedKind>>,
    /// Product of at least one line.
    pub product: Option<IdFilter>,
    /// SKU of the product of at least one line, in any spelling of capitals.
    pub sku: Option<StringFilter>,
    /// Member or integration that reversed the document.
    pub created_by: Option<IdFilter>,
    /// Business time of the reversal.
    pub occurred_at: Option<DateTimeFilter>,
    /// Time at which the reversal was recorded.
    pub recorded_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(ReversalFilter);
crate::keyed_filter!(
    ReversalFilter,
    "document" document GoodsNumber,
    "store" store StoreCode,
    "product" product ProductSku,
    "createdBy" created_by MemberEmail;
    [store] "occurredAt" occurred_at, "recordedAt" recorded_at
);

impl ReversalFilter {
    /// The filter as rows understand it. IDs of another kind are refused with their path.
    fn read(self) -> Answer<Nested<rows::ReversalFilter>> {
        read_nested(self, &mut |filter: Self, at| filter.tests(at))
    }

    fn tests(self, at: &Path) -> Answer<rows::ReversalFilter> {
        let span = |test: Option<DateTimeFilter>| {
            let (from, before) = test.as_ref().map(DateTimeFilter::range).unwrap_or_default();
            [from, before]
        };
        let stores = self.store.map(|test| test.ids(&field_path(at, "store"))).transpose()?.flatten();
        let skus = self.sku.map(|test| texts(&test, &field_path(at, "sku"))).transpose()?.unwrap_or_default();
        Ok(rows::ReversalFilter {
            ids: self.id.map(|test| test.ids(&field_path(at, "id"))).transpose()?.flatten(),
            documents: self.document.map(|test| test.of_any_kind(&field_path(at, "document"))).transpose()?.flatten(),
            stores: stores.into_iter().collect(),
            kinds: self.kind.map(|kinds| kinds.into_iter().map(Into::into).collect()),
            products: self.product.map(|test| test.ids(&field_path(at, "product"))).transpose()?.flatten(),
            skus: skus.into_iter().map(fold_values).collect(),
            actors: self.created_by.map(|test| test.of_any_kind(&field_path(at, "createdBy"))).transpose()?.flatten(),
            occurred: span(self.occurred_at),
            recorded: span(self.recorded_at),
        })
    }
}

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
        #[graphql(desc = "Filter of the reversals; null for all.")] filter: Option<ReversalFilter>,
        #[graphql(desc = "Sort of the reversals. Null for NUMBER, DESC.")] sort: Option<ReversalSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<DocumentReversalConnection> {
        let filter = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default().read()?;
        let signer = ctx.required_data::<CursorSigner>()?;
        let sorted = ReversalSort::sorted(sort);
        let list = sorted.kind(rows::REVERSALS);
        let request = PageArgs { first, after, last, before }.check(&list, signer, MAX_PAGE_SIZE)?;
        let db = ctx.required_data::<Ledger>()?.database();
        let listing = shell::load_reversal_page(&permit, db, filter, sorted, &request).await?;
        let nodes = listing.rows.into_iter().map(|reversal| {
            let keys = sorted.keys(&reversal);
            (DocumentReversal::from_row(reversal), keys)
        });
        Ok(Page::build(nodes.collect(), &request, list, signer).with_count_source(permit.scope(db), listing.source).into())
    }
}
