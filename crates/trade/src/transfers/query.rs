//! Reading transfers.

use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject};
use entity::{id::kind as ids, prelude::Numbered};
use iam::access::{Permit, Reach, kind};
use inventory::{
    ledger::Ledger,
    numbering::core::Patterns,
    orders::rows::TextTest,
    transfers::rows::{self, TransferTest, TransfersSorted},
};
use macros::resolvers;
use platform::{
    paging::CursorSigner,
    path,
    storage::{Nested, Reads},
};

use super::{
    TransferRef,
    enums::TransferStatus,
    load_transfer,
    transfer::{Transfer, TransferConnection},
};
use crate::{
    catalog::{Direction, tag_tests},
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        directives::cost,
        fault::{Answer, TopError},
        filters::{DateTimeFilter, IdFilter, StringFilter, refuse_nul},
        nested::{NestedFilter, field_path, read_nested},
        refusal::Path,
        scalars::Cursor,
    },
    keyed_filters::resolve_filter_keys,
    numbering,
    orders::{
        document_filter::DocumentFilter,
        filters::{below, texts},
        links::{MAX_PAGE_SIZE, argument},
    },
    sorts::UNINDEXED,
};

/// Sort order of a list of transfers; rows with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct TransferSort {
    /// Field by which the list is sorted.
    pub field: TransferSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which a list of transfers can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "rows::TransferSort", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum TransferSortField {
    /// Number of the document.
    Number,
    /// Time at which the document was created.
    CreatedAt,
    /// Time at which the document last changed.
    UpdatedAt,
    /// Time at which the goods are expected to arrive. A transfer without a time comes after all others in ASC, and before them in DESC.
    #[graphql(directive = cost::apply(UNINDEXED.to_owned()))]
    ExpectedAt,
}

crate::sorts::rows_sorted!(TransferSort => TransfersSorted);

/// Conditions on transfers. All must hold; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct TransferFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<TransferFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<TransferFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<TransferFilter>>,
    /// States to include; an empty list matches nothing.
    pub status: Option<Vec<TransferStatus>>,
    /// Condition on the ID of the transfer.
    pub id: Option<IdFilter>,
    /// Stores that send the transfer.
    pub from_store: Option<IdFilter>,
    /// Stores that receive the transfer.
    pub to_store: Option<IdFilter>,
    /// Stores that send or receive the transfer.
    pub store: Option<IdFilter>,
    /// Products on a line of the transfer.
    pub product: Option<IdFilter>,
    /// Reference in an external system, compared exactly.
    #[graphql(deprecation = "2026-11-26: use externalRefs. Removed after 2027-11-26.")]
    pub external_ref: Option<String>,
    /// Reference of the transfer in an external system. Characters are compared as they are, capitals too.
    pub external_refs: Option<StringFilter>,
    /// Range of the time at which the transfer was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the goods are expected to arrive.
    pub expected_at: Option<DateTimeFilter>,
    /// Tag of the transfer; case is ignored. Each operator may be met by another tag.
    pub tag: Option<StringFilter>,
    /// Number of the transfer, with or without its letters, or the beginning of its reference. References are looked for as the text is written, in
    /// capitals, in small letters and with a capital first; a text of fewer than three characters must be the whole reference. An empty text finds
    /// nothing.
    pub search: Option<String>,
    /// Number of the transfer, with or without its letters, as in TR-000007.
    pub number: Option<StringFilter>,
    /// SKU of the product of at least one line, in any spelling of capitals.
    pub sku: Option<StringFilter>,
    /// Time at which the transfer last changed.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(TransferFilter);
crate::keyed_filter!(
    TransferFilter,
    "fromStore" from_store StoreCode,
    "toStore" to_store StoreCode,
    "store" store StoreCode,
    "product" product ProductSku;
    [store] "createdAt" created_at, "expectedAt" expected_at, "updatedAt" updated_at
);

impl TransferFilter {
    /// The tests for the rows. Ids of another kind are refused with their path.
    fn read(self, patterns: &Patterns) -> Answer<Nested<Vec<TransferTest>>> {
        read_nested(self, &mut |filter: Self, at| filter.tests(patterns, at))
    }

    fn tests(mut self, patterns: &Patterns, at: &Path) -> Answer<Vec<TransferTest>> {
        let mut transfer_tests = Vec::new();
        let is_null = self.expected_at.as_mut().and_then(|filter| filter.is_null.take());
        transfer_tests.extend(is_null.map(|is_null| TransferTest::IsExpected(!is_null)));
        transfer_tests.extend(self.status.map(|list| TransferTest::Status(list.into_iter().map(Into::into).collect())));
        let stores = |filter: Option<IdFilter>, name: &str| {
            Ok::<_, TopError>(filter.map(|filter| filter.ids::<ids::StoreId>(&field_path(at, name))).transpose()?.flatten())
        };
        transfer_tests.extend(stores(self.from_store, "fromStore")?.map(TransferTest::From));
        transfer_tests.extend(stores(self.to_store, "toStore")?.map(TransferTest::To));
        transfer_tests.extend(stores(self.store, "store")?.map(TransferTest::Touches));
        if let Some(filter) = self.product {
            transfer_tests.extend(filter.ids::<ids::ProductId>(&field_path(at, "product"))?.map(TransferTest::Product));
        }
        if let Some(text) = self.external_ref {
            refuse_nul(&text, || below(at, "externalRef"))?;
            transfer_tests.push(TransferTest::ExternalRef(TextTest::In(vec![text])));
        }
        transfer_tests.extend(texts(self.external_refs, &below(at, "externalRefs"))?.into_iter().map(TransferTest::ExternalRef));
        if let Some((from, before)) = self.created_at.as_ref().map(DateTimeFilter::range) {
            transfer_tests.push(TransferTest::Created { from, before });
        }
        if let Some((from, before)) = self.expected_at.as_ref().map(DateTimeFilter::range) {
            transfer_tests.push(TransferTest::Expected { from, before });
        }
        transfer_tests.extend(tag_tests(self.tag, &below(at, "tag"))?.into_iter().map(TransferTest::Tag));
        let document = DocumentFilter {
            id: self.id,
            search: self.search,
            number: self.number,
            sku: self.sku,
            updated_at: self.updated_at,
            ..DocumentFilter::default()
        };
        transfer_tests.extend(
            document.read::<ids::TransferId>((Numbered::Transfer, patterns), at)?.into_iter().map(TransferTest::Document),
        );
        Ok(transfer_tests)
    }
}

/// The root fields that read transfers.
#[derive(Default)]
pub struct TransfersQuery;

/// Queries of transfers.
#[resolvers]
impl TransfersQuery {
    /// A transfer from or to a store of yours; null when there is none.
    #[field(permit = TransferRead)]
    async fn transfer(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID or number of the transfer.")] by: TransferRef,
    ) -> Option<Answer<Transfer>> {
        find(ctx, permit, by).await.transpose()
    }

    /// Transfers from or to stores of yours, the newest first unless another order is asked for.
    #[field(permit = TransferRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn transfers(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Conditions on the transfers. Null for all.")] filter: Option<TransferFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Sort of the transfers. Null for CREATED_AT, DESC.")] sort: Option<TransferSort>,
    ) -> Answer<TransferConnection> {
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        let signer = ctx.required_data::<CursorSigner>()?;
        let sorted = TransferSort::sorted(sort);
        let kind = sorted.kind(rows::TRANSFERS);
        let request = PageArgs { first, after, last, before }.check(&kind, signer, MAX_PAGE_SIZE)?;
        let filter = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default();
        let patterns =
            numbering::patterns_if_needed(ctx, filter.has(&|filter| filter.number.is_some() || filter.search.is_some())).await?;
        let mut tests = filter.read(&patterns)?;
        if let Reach::Stores(stores) = permit.reach() {
            tests.own.push(TransferTest::Touches(stores.to_vec()));
        }
        let source = rows::source(scope.backend(), &tests);
        let page = rows::page(&scope, source.clone(), sorted, &request).await?;
        let nodes = page.into_iter().map(|transfer| {
            let keys = sorted.keys(&transfer);
            (Transfer::head(Arc::new(transfer)), keys)
        });
        Ok(Page::build(nodes.collect(), &request, kind, signer).with_count_source(scope, source).into())
    }
}

async fn find(ctx: &Context<'_>, permit: Permit<kind::TransferRead>, by: TransferRef) -> Answer<Option<Transfer>> {
    let id = match by {
        TransferRef::Id(id) => argument(&id, || path!["by", "id"])?,
        // A text that cannot be a number matches no transfer.
        TransferRef::Number(number) => {
            let Some(number) = numbering::parse_number(ctx, Numbered::Transfer, &number).await? else { return Ok(None) };
            let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
            let Some(id) = rows::id_by_number(&scope, number).await? else { return Ok(None) };
            id
        }
    };
    load_transfer(ctx, id).await
}
