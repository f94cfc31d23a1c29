//! The list of returns to suppliers: its filter and its pages.

use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject};
use entity::{id::kind as ids, prelude::Numbered};
use iam::access::{Permit, Reach, kind};
use inventory::{
    ledger::Ledger,
    numbering::core::Patterns,
    purchasing::rows::{self, ReturnFilter, ReturnsSorted},
};
use platform::{
    paging::CursorSigner,
    storage::{Nested, Reads},
};

use super::{links::MAX_PAGE_SIZE, query::SupplierReturnConnection, returns::SupplierReturn};
use crate::{
    catalog::{Direction, tag_tests},
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        filters::{DateTimeFilter, IdFilter, StringFilter},
        nested::{NestedFilter, field_path, read_nested},
        refusal::Path,
    },
    keyed_filters::resolve_filter_keys,
    numbering,
    orders::{
        document_filter::DocumentFilter,
        filters::{below, span, texts},
    },
    stock::ReasonCode,
};

/// Returns to suppliers that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct SupplierReturnFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<SupplierReturnFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<SupplierReturnFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<SupplierReturnFilter>>,
    /// Condition on the ID of the return.
    pub id: Option<IdFilter>,
    /// Suppliers to whom the goods were sent back.
    pub supplier: Option<IdFilter>,
    /// Stores from which the goods were sent.
    pub store: Option<IdFilter>,
    /// Purchase orders of which one delivered at least one line of the return.
    pub purchase_order: Option<IdFilter>,
    /// Reasons to include; an empty list matches nothing.
    pub reason_code: Option<Vec<ReasonCode>>,
    /// Reference in an external system, compared exactly.
    pub external_ref: Option<StringFilter>,
    /// Tag of the return; case is ignored. Each operator may be met by another tag.
    pub tag: Option<StringFilter>,
    /// Time at which the goods left the store.
    pub occurred_at: Option<DateTimeFilter>,
    /// Number of the return, with or without its letters, or the beginning of its reference. References are looked for as the text is written, in
    /// capitals, in small letters and with a capital first; a text of fewer than three characters must be the whole reference. An empty text finds
    /// nothing.
    pub search: Option<String>,
    /// Number of the return, with or without its letters, as in SR-000007.
    pub number: Option<StringFilter>,
    /// Product of at least one line of the return.
    pub product: Option<IdFilter>,
    /// SKU of the product of at least one line, in any spelling of capitals.
    pub sku: Option<StringFilter>,
    /// Time at which the return was created.
    pub created_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(SupplierReturnFilter);
crate::keyed_filter!(
    SupplierReturnFilter,
    "supplier" supplier SupplierCode,
    "store" store StoreCode,
    "product" product ProductSku,
    "purchaseOrder" purchase_order PurchaseOrderNumber;
    [store] "occurredAt" occurred_at, "createdAt" created_at
);

/// Sort order of a list of returns to suppliers; rows with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct SupplierReturnSort {
    /// Field by which the list is sorted.
    pub field: SupplierReturnSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which a list of returns to suppliers can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "rows::ReturnSort", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum SupplierReturnSortField {
    /// Number of the return.
    Number,
    /// Time at which the return was created.
    CreatedAt,
    /// Time at which the goods left the store.
    OccurredAt,
}

crate::sorts::rows_sorted!(SupplierReturnSort => ReturnsSorted);

impl SupplierReturnFilter {
    fn read(self, patterns: &Patterns) -> Answer<Nested<ReturnFilter>> {
        read_nested(self, &mut |filter: Self, at| filter.tests(patterns, at))
    }

    fn tests(self, patterns: &Patterns, at: &Path) -> Answer<ReturnFilter> {
        let suppliers = self.supplier.map(|filter| filter.ids(&field_path(at, "supplier"))).transpose()?.flatten();
        let stores = self.store.map(|filter| filter.ids(&field_path(at, "store"))).transpose()?.flatten();
        let orders = self.purchase_order.map(|filter| filter.ids(&field_path(at, "purchaseOrder"))).transpose()?.flatten();
        let document = DocumentFilter {
            number: self.number,
            created_at: self.created_at,
            updated_at: None,
            product: self.product,
            sku: self.sku,
            id: self.id,
            search: self.search,
        };
        Ok(ReturnFilter {
            suppliers,
            stores: stores.into_iter().collect(),
            orders,
            reasons: self.reason_code.map(|list| list.into_iter().map(Into::into).collect()),
            occurred_at: self.occurred_at.map(|test| span(&test)),
            references: texts(self.external_ref, &below(at, "externalRef"))?,
            tags: tag_tests(self.tag, &below(at, "tag"))?,
            documents: document.read::<ids::SupplierReturnId>((Numbered::SupplierReturn, patterns), at)?,
        })
    }
}

/// Reads a page of returns to suppliers: one statement, one more with a condition on the supplier.
pub(super) async fn supplier_returns(
    ctx: &Context<'_>,
    permit: &Permit<kind::PurchaseRead>,
    (filter, sort): (Option<SupplierReturnFilter>, Option<SupplierReturnSort>),
    args: PageArgs,
) -> Answer<SupplierReturnConnection> {
    let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
    let (signer, filter) =
        (ctx.required_data::<CursorSigner>()?, resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default());
    let patterns =
        numbering::patterns_if_needed(ctx, filter.has(&|filter| filter.number.is_some() || filter.search.is_some())).await?;
    let mut filter = filter.read(&patterns)?;
    if let Reach::Stores(stores) = permit.reach() {
        filter.own.stores.push(stores.to_vec());
    }
    let sorted = SupplierReturnSort::sorted(sort);
    let kind = sorted.kind("supplier_returns");
    let request = args.check(&kind, signer, MAX_PAGE_SIZE)?;
    let supplier_lists = filter.all_mut().into_iter().filter_map(|filter| filter.suppliers.as_mut()).collect();
    rows::add_merged_suppliers(&scope, supplier_lists).await?;
    let source = rows::returns_source(scope.backend(), &filter);
    let page = rows::returns_page(&scope, source.clone(), sorted, &request).await?;
    let nodes = page.into_iter().map(|row| (sorted.keys(&row), row));
    let nodes = nodes.map(|(keys, row)| (SupplierReturn::head(Arc::new(row)), keys));
    Ok(Page::build(nodes.collect(), &request, kind, signer).with_count_source(scope, source).into())
}
