//! Reading counts.

use std::{collections::HashSet, sync::Arc};

use async_graphql::{Context, ID, InputObject, Object};
use entity::{
    id::kind as ids,
    prelude::{self, Numbered},
};
use iam::access::{Permit, Reach, kind};
use inventory::{
    counts::{
        rows::{self, CountTest},
        shell::classify_products,
    },
    ledger::Ledger,
    numbering::core::Patterns,
    orders::rows::TextTest,
};
use macros::resolvers;
use platform::{
    paging::{CursorSigner, Key},
    path,
    storage::{Nested, Reads},
};

use super::{
    StocktakeRef,
    count::{Stocktake, StocktakeConnection},
    enums::{AbcClass, StocktakeKind, StocktakeStatus},
    load_count,
};
use crate::{
    catalog::{ProductFilter, find_store_id, product_ids_within, tag_tests},
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        filters::{DateTimeFilter, IdFilter, StringFilter, refuse_nul},
        nested::{NestedFilter, field_path, read_nested},
        refusal::Path,
        scalars::{Cursor, DateTime},
    },
    keyed_filters::resolve_filter_keys,
    numbering,
    orders::{
        document_filter::{DocumentFilter, document_sort},
        filters::{below, texts},
        links::{self, MAX_PAGE_SIZE, Product, StoreRef, argument},
    },
};

document_sort!(StocktakeSort, StocktakeSortField, "stocktakes");

/// Filter of the stocktakes. Conditions are combined by AND; a null condition is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct StocktakeFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<StocktakeFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<StocktakeFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<StocktakeFilter>>,
    /// States to include; an empty list matches nothing.
    pub status: Option<Vec<StocktakeStatus>>,
    /// Condition on the ID of the stocktake.
    pub id: Option<IdFilter>,
    /// Kinds to include; an empty list matches nothing.
    pub kind: Option<Vec<StocktakeKind>>,
    /// Stores to include.
    pub store: Option<IdFilter>,
    /// Reference in an external system, compared exactly.
    #[graphql(deprecation = "2026-11-26: use externalRefs. Removed after 2027-11-26.")]
    pub external_ref: Option<String>,
    /// Reference of the stocktake in an external system. Characters are compared as they are, capitals too.
    pub external_refs: Option<StringFilter>,
    /// Tag of the stocktake; case is ignored. Each operator may be met by another tag.
    pub tag: Option<StringFilter>,
    /// Range of the time at which the stocktake was planned.
    pub created_at: Option<DateTimeFilter>,
    /// Number of the stocktake, with or without its letters, or the beginning of its reference. References are looked for as the text is written, in
    /// capitals, in small letters and with a capital first; a text of fewer than three characters must be the whole reference. An empty text finds
    /// nothing.
    pub search: Option<String>,
    /// Number of the stocktake, with or without its letters, as in CN-000007.
    pub number: Option<StringFilter>,
    /// Product of at least one line of the stocktake.
    pub product: Option<IdFilter>,
    /// SKU of the product of at least one line, in any spelling of capitals.
    pub sku: Option<StringFilter>,
    /// Time at which the stocktake last changed.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(StocktakeFilter);
crate::keyed_filter!(
    StocktakeFilter, "store" store StoreCode, "product" product ProductSku;
    [store] "createdAt" created_at, "updatedAt" updated_at
);

impl StocktakeFilter {
    /// The tests for the rows. Ids of another kind are refused with their path.
    fn read(self, patterns: &Patterns) -> Answer<Nested<Vec<CountTest>>> {
        read_nested(self, &mut |filter: Self, at| filter.tests(patterns, at))
    }

    fn tests(self, patterns: &Patterns, at: &Path) -> Answer<Vec<CountTest>> {
        let mut conditions = Vec::new();
        conditions.extend(self.status.map(|list| CountTest::Status(list.into_iter().map(Into::into).collect())));
        conditions.extend(self.kind.map(|list| CountTest::Kind(list.into_iter().map(Into::into).collect())));
        if let Some(filter) = self.store {
            conditions.extend(filter.ids::<ids::StoreId>(&field_path(at, "store"))?.map(CountTest::Store));
        }
        if let Some(text) = self.external_ref {
            refuse_nul(&text, || below(at, "externalRef"))?;
            conditions.push(CountTest::ExternalRef(TextTest::In(vec![text])));
        }
        conditions.extend(texts(self.external_refs, &below(at, "externalRefs"))?.into_iter().map(CountTest::ExternalRef));
        conditions.extend(tag_tests(self.tag, &below(at, "tag"))?.into_iter().map(CountTest::Tag));
        if let Some((from, before)) = self.created_at.as_ref().map(DateTimeFilter::range) {
            conditions.push(CountTest::Created { from, before });
        }
        let document = DocumentFilter {
            number: self.number,
            product: self.product,
            sku: self.sku,
            updated_at: self.updated_at,
            created_at: None,
            id: self.id,
            search: self.search,
        };
        conditions.extend(document.read::<ids::CountId>((Numbered::Count, patterns), at)?.into_iter().map(CountTest::Document));
        Ok(conditions)
    }
}

/// The root fields that read counts.
#[derive(Default)]
pub struct CountsQuery;

/// Queries of counts.
#[resolvers]
impl CountsQuery {
    /// A stocktake of a store of yours; null when there is none.
    #[field(permit = CountRead, was("count", "2026-11-25"))]
    async fn stocktake(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID or number of the stocktake.")] by: StocktakeRef,
    ) -> Option<Answer<Stocktake>> {
        find(ctx, permit, by).await.transpose()
    }

    /// Stocktakes of stores of yours, the newest first unless another order is asked for.
    #[field(permit = CountRead, paged, was("counts", "2026-11-25"))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn stocktakes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Filter of the stocktakes; all stocktakes by default.")] filter: Option<StocktakeFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Sort of the stocktakes. Null for CREATED_AT, DESC.")] sort: Option<StocktakeSort>,
    ) -> Answer<StocktakeConnection> {
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        let signer = ctx.required_data::<CursorSigner>()?;
        let sorted = sort.map_or(rows::NEWEST, Into::into);
        let kind = sorted.kind(rows::COUNTS);
        let request = PageArgs { first, after, last, before }.check(&kind, signer, MAX_PAGE_SIZE)?;
        let filter = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default();
        let patterns =
            numbering::patterns_if_needed(ctx, filter.has(&|filter| filter.number.is_some() || filter.search.is_some())).await?;
        let mut tests = filter.read(&patterns)?;
        if let Reach::Stores(stores) = permit.reach() {
            tests.own.push(CountTest::Store(stores.to_vec()));
        }
        let source = rows::counts_source(scope.backend(), &tests);
        let page = rows::load_count_page(&scope, source.clone(), sorted, &request).await?;
        let nodes = page.into_iter().map(|count| {
            let keys = rows::count_keys(sorted, &count);
            (Stocktake::new(Arc::new(count)), keys)
        });
        Ok(Page::build(nodes.collect(), &request, kind, signer).with_count_source(scope, source).into())
    }

    /// Products due for a stocktake in a store, class A first, by SKU: those of class A that were not counted for 30 days, of B for 90, of C for 180.
    /// Empty for a store that you may not see.
    #[field(permit = CountRead, cost = "10", paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn stocktakes_due_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The store.")] store: StoreRef,
        #[graphql(desc = "ABC class to include. Null for all classes.")] abc_class: Option<AbcClass>,
        #[graphql(
            desc = "Products to include; `categoryTree` takes a category with its descendants. Needs product.read. Null for all."
        )]
        product: Option<ProductFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<StocktakeDueConnection> {
        let signer = ctx.required_data::<CursorSigner>()?;
        let list = "stocktakesDue";
        let request = PageArgs { first, after, last, before }.check(list, signer, MAX_PAGE_SIZE)?;
        let products = product_ids_within(ctx, product, None).await?;
        let products: Option<HashSet<_>> = products.map(|ids| ids.into_iter().collect());
        let mut due = match find_store_id(ctx, &store, &["store"]).await? {
            Some(store) => load_due_products(ctx, &permit, store, abc_class).await?,
            None => Vec::new(),
        };
        due.retain(|(planned, _)| products.as_ref().is_none_or(|products| products.contains(&planned.of.product)));
        let rows = due.into_iter().map(|(planned, class)| {
            let keys = vec![Key::Int(class_rank(class)), Key::Text(planned.of.sku.clone())];
            (StocktakeDue { planned, class }, keys)
        });
        Ok(Page::of_all(rows.collect(), &request, list, signer).into())
    }

    /// Products due for a stocktake in a store, class A first: those of class A that were not counted
    /// for 30 days, of B for 90, of C for 180. Empty for a store that you may not see.
    #[field(
        permit = CountRead,
        cost = "10",
        list_size(assumed = 50, arguments("first")),
        deprecation = "2026-11-25: use stocktakesDueList, which has pages. Removed after 2027-11-25."
    )]
    async fn counts_due(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The store.")] store_id: ID,
        #[graphql(desc = "ABC class to include. Null for all classes.")] abc_class: Option<AbcClass>,
        #[graphql(desc = "Rows in the answer at most, 1 to 250. Default 50.", default = 50)] first: i32,
    ) -> Answer<Vec<StocktakeDue>> {
        let store: prelude::StoreId = argument(&store_id, || path!["storeId"])?;
        let limit = usize::try_from(first).ok().filter(|limit| (1..=MAX_PAGE_SIZE as usize).contains(limit));
        let limit =
            limit.ok_or_else(|| TopError::bad_input(format!("first must lie between 1 and {MAX_PAGE_SIZE}"), path!["first"]))?;
        let due = load_due_products(ctx, &permit, store, abc_class).await?;
        Ok(due.into_iter().take(limit).map(|(planned, class)| StocktakeDue { planned, class }).collect())
    }
}

/// Class A first.
fn class_rank(class: prelude::AbcClass) -> i64 {
    match class {
        prelude::AbcClass::A => 0,
        prelude::AbcClass::B => 1,
        prelude::AbcClass::C => 2,
    }
}

/// Returns the products that are due for a count in a store that the caller may see, by class and
/// SKU.
async fn load_due_products(
    ctx: &Context<'_>,
    permit: &Permit<kind::CountRead>,
    store: prelude::StoreId,
    abc_class: Option<AbcClass>,
) -> Answer<Vec<(rows::PlannedProduct, prelude::AbcClass)>> {
    if !permit.covers(store) {
        return Ok(Vec::new());
    }
    let ledger = ctx.required_data::<Ledger>()?;
    let now = ledger.clock().now();
    let class = abc_class.map(prelude::AbcClass::from);
    let mut due = classify_products(&permit.scope(ledger.database()), now, store).await?;
    due.retain(|(planned, line_class)| {
        let days = match line_class {
            prelude::AbcClass::A => 30,
            prelude::AbcClass::B => 90,
            prelude::AbcClass::C => 180,
        };
        let is_due = planned.counted_at.is_none_or(|at| at.plus_seconds(days * 24 * 3600) <= now);
        is_due && class.is_none_or(|class| class == *line_class)
    });
    due.sort_by(|(a, class_a), (b, class_b)| (class_rank(*class_a), &a.of.sku).cmp(&(class_rank(*class_b), &b.of.sku)));
    Ok(due)
}

crate::connection!(counted StocktakeDueConnection, StocktakeDueEdge, StocktakeDue, "products that are due for a stocktake");

/// A product that is due to be counted.
pub struct StocktakeDue {
    planned: rows::PlannedProduct,
    class: prelude::AbcClass,
}

/// A product that is due to be counted in a store.
#[Object]
impl StocktakeDue {
    /// The product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.planned.of.product).await
    }
    /// ABC class of the product in the store.
    async fn abc_class(&self) -> AbcClass {
        self.class.into()
    }
    /// Time of the last posted stocktake of the product in the store. Null when it was never counted
    /// there.
    async fn counted_at(&self) -> Option<DateTime> {
        self.planned.counted_at.map(DateTime)
    }
}

async fn find(ctx: &Context<'_>, permit: Permit<kind::CountRead>, by: StocktakeRef) -> Answer<Option<Stocktake>> {
    let id = match by {
        StocktakeRef::Id(id) => argument(&id, || path!["by", "id"])?,
        // A text that cannot be a number matches no count.
        StocktakeRef::Number(number) => {
            let Some(number) = numbering::parse_number(ctx, Numbered::Count, &number).await? else { return Ok(None) };
            let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
            let Some(id) = rows::id_by_number(&scope, number).await? else { return Ok(None) };
            id
        }
    };
    load_count(ctx, id).await
}
