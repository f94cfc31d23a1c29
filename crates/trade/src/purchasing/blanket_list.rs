//! Reading blanket orders: one by its name, and the list with its filter and sorts.

use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject};
use entity::{id::kind as ids, prelude::Numbered};
use iam::access::{Permit, kind};
use inventory::{
    ledger::Ledger,
    numbering::core::Patterns,
    purchasing::rows::{self, BlanketFilter, BlanketSorted},
};
use macros::resolvers;
use platform::{
    paging::CursorSigner,
    path,
    storage::{Nested, Reads},
};

use super::{
    BlanketOrderRef,
    blanket::{BlanketOrder, BlanketOrderStatus},
    filter::day_span,
    links::{MAX_PAGE_SIZE, argument},
    load_blanket,
};
use crate::{
    catalog::{Direction, tag_tests},
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        filters::{DateFilter, DateTimeFilter, IdFilter, StringFilter},
        nested::{NestedFilter, field_path, read_nested},
        refusal::Path,
        scalars::Cursor,
    },
    keyed_filters::resolve_filter_keys,
    numbering,
    orders::{
        document_filter::DocumentFilter,
        filters::{below, texts},
    },
};

crate::connection!(counted BlanketOrderConnection, BlanketOrderEdge, BlanketOrder, "blanket orders");

/// Sort order of a list of blanket orders; rows with equal values are sorted by ID, and those with one last day by number.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct BlanketOrderSort {
    /// Field by which the list is sorted.
    pub field: BlanketOrderSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which a list of blanket orders can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "rows::BlanketSort", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum BlanketOrderSortField {
    /// Number of the document.
    Number,
    /// Time at which the document was created.
    CreatedAt,
    /// Time at which the document last changed.
    UpdatedAt,
    /// Last day of call-offs.
    ValidTo,
}

crate::sorts::rows_sorted!(BlanketOrderSort => BlanketSorted);

/// Blanket orders that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct BlanketOrderFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<BlanketOrderFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<BlanketOrderFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<BlanketOrderFilter>>,
    /// States to include; an empty list matches nothing.
    pub status: Option<Vec<BlanketOrderStatus>>,
    /// Condition on the ID of the blanket order.
    pub id: Option<IdFilter>,
    /// Suppliers with whom the blanket order was agreed.
    pub supplier: Option<IdFilter>,
    /// Reference in an external system, compared exactly.
    pub external_ref: Option<StringFilter>,
    /// Tag of the blanket order; case is ignored. Each operator may be met by another tag.
    pub tag: Option<StringFilter>,
    /// Day on which call-offs begin.
    pub valid_from: Option<DateFilter>,
    /// Last day of call-offs.
    pub valid_to: Option<DateFilter>,
    /// Number of the blanket order, with or without its letters, or the beginning of its reference. References are looked for as the text is
    /// written, in capitals, in small letters and with a capital first; a text of fewer than three characters must be the whole reference. An empty
    /// text finds nothing.
    pub search: Option<String>,
    /// Number of the blanket order, with or without its letters, as in BPO-000007.
    pub number: Option<StringFilter>,
    /// Product of at least one line of the blanket order.
    pub product: Option<IdFilter>,
    /// SKU of the product of at least one line, in any spelling of capitals.
    pub sku: Option<StringFilter>,
    /// Time at which the blanket order was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the blanket order last changed.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(BlanketOrderFilter);
crate::keyed_filter!(
    BlanketOrderFilter,
    "supplier" supplier SupplierCode,
    "product" product ProductSku;
    [] "validFrom" valid_from, "validTo" valid_to, "createdAt" created_at, "updatedAt" updated_at
);

impl BlanketOrderFilter {
    fn read(self, patterns: &Patterns) -> Answer<Nested<BlanketFilter>> {
        read_nested(self, &mut |filter: Self, at| filter.tests(patterns, at))
    }

    fn tests(self, patterns: &Patterns, at: &Path) -> Answer<BlanketFilter> {
        let suppliers = self.supplier.map(|filter| filter.ids(&field_path(at, "supplier"))).transpose()?.flatten();
        let document = DocumentFilter {
            number: self.number,
            created_at: self.created_at,
            updated_at: self.updated_at,
            product: self.product,
            sku: self.sku,
            id: self.id,
            search: self.search,
        };
        Ok(BlanketFilter {
            statuses: self.status.map(|list| list.into_iter().map(Into::into).collect()),
            suppliers,
            references: texts(self.external_ref, &below(at, "externalRef"))?,
            valid_from: day_span(self.valid_from, &below(at, "validFrom"))?,
            valid_to: day_span(self.valid_to, &below(at, "validTo"))?,
            tags: tag_tests(self.tag, &below(at, "tag"))?,
            documents: document.read::<ids::BlanketOrderId>((Numbered::BlanketOrder, patterns), at)?,
        })
    }
}

/// The root fields that read blanket orders.
#[derive(Default)]
pub struct BlanketQuery;

#[resolvers]
impl BlanketQuery {
    /// A blanket order; null when there is none.
    #[field(permit = PurchaseRead)]
    async fn blanket_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID or number of the blanket order.")] by: BlanketOrderRef,
    ) -> Option<Answer<BlanketOrder>> {
        find_blanket_order(ctx, &permit, by).await.transpose()
    }

    /// Blanket orders, the newest first unless another order is asked for.
    #[field(permit = PurchaseRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn blanket_orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Conditions on the blanket orders. Null for all.")] filter: Option<BlanketOrderFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Sort of the blanket orders. Null for NUMBER, DESC.")] sort: Option<BlanketOrderSort>,
    ) -> Answer<BlanketOrderConnection> {
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        let signer = ctx.required_data::<CursorSigner>()?;
        let filter = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default();
        let patterns =
            numbering::patterns_if_needed(ctx, filter.has(&|filter| filter.number.is_some() || filter.search.is_some())).await?;
        let mut filter = filter.read(&patterns)?;
        let sorted = BlanketOrderSort::sorted(sort);
        let kind = sorted.kind(rows::BLANKETS);
        let request = PageArgs { first, after, last, before }.check(&kind, signer, MAX_PAGE_SIZE)?;
        let supplier_lists = filter.all_mut().into_iter().filter_map(|filter| filter.suppliers.as_mut()).collect();
        rows::add_merged_suppliers(&scope, supplier_lists).await?;
        let source = rows::blanket_source(scope.backend(), &filter);
        let page = rows::blanket_page(&scope, source.clone(), sorted, &request).await?;
        let nodes = page.into_iter().map(|row| {
            let keys = sorted.keys(&row);
            (BlanketOrder::head(Arc::new(row)), keys)
        });
        Ok(Page::build(nodes.collect(), &request, kind, signer).with_count_source(scope, source).into())
    }
}

async fn find_blanket_order(
    ctx: &Context<'_>,
    permit: &Permit<kind::PurchaseRead>,
    by: BlanketOrderRef,
) -> Answer<Option<BlanketOrder>> {
    let id = match by {
        BlanketOrderRef::Id(id) => Some(argument(&id, || path!["by", "id"])?),
        // A text that cannot be a number matches no blanket order.
        BlanketOrderRef::Number(number) => match numbering::parse_number(ctx, Numbered::BlanketOrder, &number).await? {
            Some(number) => rows::blanket_by_number(&permit.scope(ctx.required_data::<Ledger>()?.database()), number).await?,
            None => None,
        },
    };
    match id {
        Some(id) => load_blanket(ctx, id).await,
        None => Ok(None),
    }
}
