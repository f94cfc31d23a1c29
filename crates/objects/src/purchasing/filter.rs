//! The list of purchase orders: its filter, its sorts and its pages.

use std::sync::Arc;

use async_graphql::{Context, Enum, InputObject};
use entity::prelude::{Numbered, SupplierId};
use iam::access::{Caller, Permission, Permit, Reach, kind};
use inventory::{
    catalog::rows::conditions::DaySpan,
    ledger::Ledger,
    numbering::core::Patterns,
    orders::rows::TotalTest,
    purchasing::rows::{self, Filter, PurchaseSort, PurchaseSorted},
};
use platform::{
    paging::CursorSigner,
    path,
    storage::{Nested, Reads},
};

use super::{enums::PurchaseOrderStatus, links::MAX_PAGE_SIZE, order::PurchaseOrder};
use crate::{
    catalog::Direction,
    catalog::tag_tests,
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        filters::{DateFilter, DateTimeFilter, DayRange, IdFilter, MoneyFilter, StringFilter},
        nested::{NestedFilter, field_path, read_nested},
        refusal::Path,
        scalars::Date,
    },
    keyed_filters::resolve_filter_keys,
    numbering,
    orders::{
        document_filter::DocumentFilter,
        filters::{below, texts},
    },
};

crate::connection!(counted PurchaseOrderConnection, PurchaseOrderEdge, PurchaseOrder, "purchase orders");

/// Sort order of a list of purchase orders; rows with equal values are sorted by ID.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct PurchaseOrderSort {
    /// Field by which the list is sorted.
    pub field: PurchaseOrderSortField,
    /// Direction of the sort; DESC by default.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

/// Field by which a list of purchase orders can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "PurchaseSort", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum PurchaseOrderSortField {
    /// Number of the document.
    Number,
    /// Time at which the document was created.
    CreatedAt,
    /// Time at which the document last changed.
    UpdatedAt,
    /// Day on which the goods are expected. An order without a day comes after all others in ASC, and before them in DESC.
    ExpectedOn,
    /// Total of the purchase order: goods and charges, in minor units. Orders are sorted by the code of their currency first. Needs product.cost.read.
    Total,
}

impl PurchaseOrderSort {
    /// Sorting by totals reveals them, so it needs the permission to see costs.
    fn sorted(self, caller: &Caller) -> Answer<PurchaseSorted> {
        if self.field == PurchaseOrderSortField::Total && !caller.sees_costs() {
            return Err(TopError::Forbidden(kind::ProductCostRead::info().code).at(path!["sort"]));
        }
        Ok(self.into())
    }
}

crate::sorts::rows_sorted!(from PurchaseOrderSort => PurchaseSorted);

/// Purchase orders that match all of these; a condition that is null is ignored.
#[derive(Debug, Clone, Default, InputObject)]
pub struct PurchaseOrderFilter {
    /// Conditions that must all hold; an empty list holds for everything.
    pub and: Option<Vec<PurchaseOrderFilter>>,
    /// Conditions of which one must hold; an empty list matches nothing.
    pub or: Option<Vec<PurchaseOrderFilter>>,
    /// Condition that must not hold.
    pub not: Option<Box<PurchaseOrderFilter>>,
    /// States to include; an empty list matches nothing.
    pub status: Option<Vec<PurchaseOrderStatus>>,
    /// Condition on the ID of the purchase order.
    pub id: Option<IdFilter>,
    /// Suppliers from whom the goods are bought.
    pub supplier: Option<IdFilter>,
    /// Blanket orders from which the purchase order calls off.
    pub blanket_order: Option<IdFilter>,
    /// Stores to which the goods are delivered.
    pub store: Option<IdFilter>,
    /// Day before which the goods are expected. Orders without a day do not match. Null for any.
    pub expected_before: Option<Date>,
    /// Day on which the goods are expected.
    pub expected_on: Option<DateFilter>,
    /// Number of the purchase order, with or without its letters, or the beginning of its reference. References are looked for as the text is written, in
    /// capitals, in small letters and with a capital first; a text of fewer than three characters must be the whole reference. An empty text finds
    /// nothing.
    pub search: Option<String>,
    /// Number of the purchase order, with or without its letters, as in PO-000007.
    pub number: Option<StringFilter>,
    /// Reference in an external system, compared exactly.
    pub external_ref: Option<StringFilter>,
    /// Tag of the purchase order; case is ignored. Each operator may be met by another tag.
    pub tag: Option<StringFilter>,
    /// Member, integration or job that created the purchase order.
    pub created_by: Option<IdFilter>,
    /// Total of the purchase order: goods and charges, in its currency. Needs product.cost.read.
    pub total: Option<MoneyFilter>,
    /// Product of at least one line of the purchase order.
    pub product: Option<IdFilter>,
    /// SKU of the product of at least one line, in any spelling of capitals.
    pub sku: Option<StringFilter>,
    /// Time at which the purchase order was created.
    pub created_at: Option<DateTimeFilter>,
    /// Time at which the purchase order last changed.
    pub updated_at: Option<DateTimeFilter>,
}

::graphql::nested_filter!(PurchaseOrderFilter);
crate::keyed_filter!(
    PurchaseOrderFilter,
    "supplier" supplier SupplierCode,
    "store" store StoreCode,
    "product" product ProductSku,
    "blanketOrder" blanket_order BlanketOrderNumber,
    "createdBy" created_by MemberEmail;
    [store] "expectedOn" expected_on, "createdAt" created_at, "updatedAt" updated_at
);

impl PurchaseOrderFilter {
    fn read(self, caller: &Caller, patterns: &Patterns) -> Answer<Nested<Filter>> {
        read_nested(self, &mut |filter: Self, at| filter.tests(caller, patterns, at))
    }

    fn tests(self, caller: &Caller, patterns: &Patterns, at: &Path) -> Answer<Filter> {
        let days = day_span(self.expected_on, &below(at, "expectedOn"))?;
        let suppliers = self.supplier.map(|filter| filter.ids(&field_path(at, "supplier"))).transpose()?.flatten();
        let mut blanket_order = self.blanket_order;
        let has_blanket = blanket_order.as_mut().and_then(|filter| filter.is_null.take()).map(|is_null| !is_null);
        let blankets = blanket_order.map(|filter| filter.ids(&field_path(at, "blanketOrder"))).transpose()?.flatten();
        let stores = self.store.map(|filter| filter.ids(&field_path(at, "store"))).transpose()?.flatten();
        let created_by = self.created_by.map(|filter| filter.of_any_kind(&field_path(at, "createdBy"))).transpose()?.flatten();
        let total = self.total.map(|test| total_test(&test, caller, &below(at, "total"))).transpose()?;
        let document = DocumentFilter {
            number: self.number,
            created_at: self.created_at,
            updated_at: self.updated_at,
            id: self.id,
            search: self.search,
            product: self.product,
            sku: self.sku,
        };
        Ok(Filter {
            statuses: self.status.map(|list| list.into_iter().map(Into::into).collect()),
            suppliers,
            blankets,
            has_blanket,
            stores: stores.into_iter().collect(),
            expected_before: self.expected_before.map(|day| day.0),
            expected_on: days.into_iter().collect(),
            references: texts(self.external_ref, &below(at, "externalRef"))?,
            tags: tag_tests(self.tag, &below(at, "tag"))?,
            created_by,
            total,
            documents: document.read::<entity::id::kind::PurchaseOrderId>((Numbered::PurchaseOrder, patterns), at)?,
        })
    }
}

/// Compiles a test of the total. A total consists of costs, so a caller who may not see costs
/// cannot filter by it either.
fn total_test(test: &MoneyFilter, caller: &Caller, at: &Path) -> Answer<TotalTest> {
    if !caller.sees_costs() {
        return Err(TopError::Forbidden(kind::ProductCostRead::info().code).at(at.clone()));
    }
    let range = test.range(at)?;
    Ok(TotalTest { currency: range.currency, least: range.least, most: range.most })
}

/// The days of a filter; an empty span is refused.
pub fn day_span(filter: Option<DateFilter>, at: &Path) -> Answer<Option<DaySpan>> {
    let days = filter.map(|filter| filter.range(at)).transpose()?;
    Ok(days.map(|DayRange { from, before, is_null }| DaySpan { from, before, is_null }))
}

/// Arguments of a list of purchase orders.
#[derive(Default)]
pub struct PurchaseOrderListArgs {
    pub filter: Option<PurchaseOrderFilter>,
    pub sort: Option<PurchaseOrderSort>,
    pub args: PageArgs,
    /// The only supplier whose orders are listed.
    pub supplier: Option<SupplierId>,
}

/// Purchase orders of the permit's stores only.
fn within<P: Permission>(permit: &Permit<P>, filter: &mut Filter) {
    if let Reach::Stores(stores) = permit.reach() {
        filter.stores.push(stores.to_vec());
    }
}

/// Reads a page of purchase orders: one statement, one more with a condition on the supplier.
pub async fn purchase_orders<P: Permission>(
    ctx: &Context<'_>,
    permit: &Permit<P>,
    list_args: PurchaseOrderListArgs,
) -> Answer<PurchaseOrderConnection> {
    let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
    let signer = ctx.required_data::<CursorSigner>()?;
    let filter = resolve_filter_keys(ctx, list_args.filter, "filter").await?.unwrap_or_default();
    let patterns =
        numbering::patterns_if_needed(ctx, filter.has(&|filter| filter.number.is_some() || filter.search.is_some())).await?;
    let mut filter = filter.read(permit.caller(), &patterns)?;
    within(permit, &mut filter.own);
    if let Some(supplier) = list_args.supplier {
        let is_included = filter.own.suppliers.take().is_none_or(|suppliers| suppliers.contains(&supplier));
        filter.own.suppliers = Some(if is_included { vec![supplier] } else { Vec::new() });
    }
    let sorted = list_args.sort.map(|sort| sort.sorted(permit.caller())).transpose()?.unwrap_or_default();
    let kind = sorted.kind(rows::PURCHASES);
    let request = list_args.args.check(&kind, signer, MAX_PAGE_SIZE)?;
    rows::add_merged(&scope, filter.all_mut()).await?;
    let source = rows::source(scope.backend(), &filter);
    let page = rows::page(&scope, source.clone(), sorted, &request).await?;
    let nodes = page.into_iter().map(|row| (sorted.keys(&row), row));
    let nodes = nodes.map(|(keys, row)| (PurchaseOrder::head(Arc::new(row)), keys));
    Ok(Page::build(nodes.collect(), &request, kind, signer).with_count_source(scope, source).into())
}
