//! Summaries of costs and of worth: a total, and rows in pages beside it.

use async_graphql::{Context, ID, InputType};
use entity::prelude::{CategoryId, GroupId, ProductId, StoreId};
use iam::access::{Permission, Permit, Reach, kind};
use inventory::{
    costing::{
        rows::{self as books, CostFilter},
        shell::{
            self, CostSheet, CostSpec, CostingContext, ReportError, ValuationGroup, ValuationRow, ValueSpec, prepare_costing,
        },
    },
    ledger::Ledger,
};
use macros::resolvers;
use platform::{paging::CursorSigner, path};
use tokio::sync::OnceCell;

use super::{
    enums::{CostGroup, CostingMethod, StockValueSummaryGroup},
    query::{parse_span, report_error, requested_store, valuation_time, visible_stores},
    report::CostReportRow,
};
use crate::{
    access::{StoreGroupRef, find_group_id, stores_of_groups},
    catalog::{Category, CategoryRef, ProductFilter, Store, StoreRef, catalog_loaders, products_within},
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        filters::id_of,
        scalars::{Cursor, DateTime, Long, Quantity},
    },
    orders::links::{self, MAX_PAGE_SIZE, Money, Product},
};

crate::connection!(counted CostReportRowConnection, CostReportRowEdge, CostReportRow, "rows of a cost summary");
crate::connection!(
    counted StockValueSummaryRowConnection,
    StockValueSummaryRowEdge,
    StockValueSummaryRow,
    "rows of a summary of stock values"
);

/// Postings that a summary is of.
pub struct CostSummary {
    permit: Permit<kind::ProductCostRead>,
    spec: CostSpec,
    basis: CostingContext,
    /// Grouping of the selected rows: the total is summed from them, so that postings are read
    /// once.
    row_group: books::CostGroup,
    /// Rows by grouping, loaded on the first use of each.
    sheets: [OnceCell<CostSheet>; 5],
}

impl CostSummary {
    async fn sheet(&self, ctx: &Context<'_>, group: books::CostGroup) -> Answer<&CostSheet> {
        let db = ctx.required_data::<Ledger>()?.database();
        let load_sheet = || Box::pin(shell::cost_sheet(db, self.permit.clone(), &self.spec, group));
        self.sheets[group as usize].get_or_try_init(load_sheet).await.map_err(report_error)
    }
}

/// Returns the grouping of the selected rows, or `CostGroup::None` if no rows are selected.
fn selected_row_group(ctx: &Context<'_>) -> books::CostGroup {
    let selected = ctx.look_ahead().field("rows").selection_fields();
    let row_arguments = selected.first().and_then(|rows| rows.arguments().ok()).unwrap_or_default();
    let group = row_arguments.into_iter().find(|(name, _)| name.as_str() == "groupBy").map(|(_, value)| value);
    CostGroup::parse(group).map_or(books::CostGroup::None, Into::into)
}

/// Exact sums over the cost postings: the total, and its rows in pages. The rows of all pages sum to the total.
#[resolvers(requires = ProductCostRead)]
impl CostSummary {
    /// Costing method of the amounts.
    async fn method(&self) -> CostingMethod {
        self.basis.method.into()
    }
    /// Sequence number of the last event in the books.
    async fn seq(&self) -> Long {
        Long(self.basis.progress.seq)
    }
    /// True if the books included the tenant's last event when they were read. After many changes
    /// the books need some time; query again.
    async fn is_current(&self) -> bool {
        self.basis.progress.is_current()
    }
    /// Sums over all postings that fit. Its key is null.
    #[field(cost = "50")]
    async fn total(&self, ctx: &Context<'_>) -> Answer<CostReportRow> {
        if let Some(total) = self.sheet(ctx, self.row_group).await.ok().and_then(CostSheet::total) {
            return Ok(CostReportRow(total));
        }
        // A row may be too large to be reported although the total is not.
        let whole = self.sheet(ctx, books::CostGroup::None).await?;
        whole.total().map(CostReportRow).ok_or_else(|| report_error(ReportError::TooLarge))
    }

    /// Rows by group, in the order of their keys, the row whose key is null last. By store, that row has revaluations and the stores whose stock and
    /// reports the caller may not read.
    #[field(cost = "50", list_size(assumed = 50, arguments("first"), fields("nodes", "edges")))]
    async fn rows(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Meaning of a row.")] group_by: CostGroup,
        first: Option<i32>,
        after: Option<Cursor>,
    ) -> Answer<CostReportRowConnection> {
        let kind = match group_by {
            CostGroup::None => "costSummary:NONE",
            CostGroup::Day => "costSummary:DAY",
            CostGroup::Month => "costSummary:MONTH",
            CostGroup::Product => "costSummary:PRODUCT",
            CostGroup::Store => "costSummary:STORE",
        };
        let signer = ctx.required_data::<CursorSigner>()?;
        let request = PageArgs { first, after, ..PageArgs::default() }.check(kind, signer, MAX_PAGE_SIZE)?;
        let cursor_and_limit = (request.after.clone(), request.limit as usize);
        let page = self.sheet(ctx, group_by.into()).await?.page(cursor_and_limit);
        let rows = page.rows.into_iter().map(|(row, keys)| (CostReportRow(row), keys)).collect();
        Ok(Page::forward(rows, page.has_next, &request, kind.to_owned(), signer).with_total(page.count).into())
    }
}

/// Stock that a summary values.
pub struct StockValueSummary {
    permit: Permit<kind::ProductCostRead>,
    spec: ValueSpec,
    basis: CostingContext,
}

/// Value of stock: the total, and its rows in pages. The rows of all pages sum to the total in units and money. A unit has the same value in every
/// store, the company's: a store's value is its share by units, those on their way to it included, rounded so that no minor unit is lost.
#[resolvers(requires = ProductCostRead)]
impl StockValueSummary {
    /// Costing method of the amounts.
    async fn method(&self) -> CostingMethod {
        self.basis.method.into()
    }
    /// Sequence number of the last event in the books.
    async fn seq(&self) -> Long {
        Long(self.basis.progress.seq)
    }
    /// True if the books included the tenant's last event when they were read. After many changes
    /// the books need some time; query again.
    async fn is_current(&self) -> bool {
        self.basis.progress.is_current()
    }
    /// Units and value of all stock that fits. Its key is null.
    #[field(cost = "50")]
    async fn total(&self, ctx: &Context<'_>) -> Answer<StockValueSummaryRow> {
        let db = ctx.required_data::<Ledger>()?.database();
        let (_, row) = Box::pin(shell::load_valuation_total(db, self.permit.clone(), &self.spec)).await.map_err(report_error)?;
        Ok(StockValueSummaryRow(row))
    }

    /// Rows by group, in the order of their keys, the row whose key is null last.
    #[field(cost = "50", list_size(assumed = 50, arguments("first"), fields("nodes", "edges")))]
    async fn rows(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Meaning of a row.")] group_by: StockValueSummaryGroup,
        first: Option<i32>,
        after: Option<Cursor>,
    ) -> Answer<StockValueSummaryRowConnection> {
        let kind = match group_by {
            StockValueSummaryGroup::None => "stockValueSummary:NONE",
            StockValueSummaryGroup::Product => "stockValueSummary:PRODUCT",
            StockValueSummaryGroup::Category => "stockValueSummary:CATEGORY",
            StockValueSummaryGroup::Store => "stockValueSummary:STORE",
        };
        let signer = ctx.required_data::<CursorSigner>()?;
        let request = PageArgs { first, after, ..PageArgs::default() }.check(kind, signer, MAX_PAGE_SIZE)?;
        let cursor_and_limit = (request.after.clone(), request.limit as usize);
        let (db, permit) = (ctx.required_data::<Ledger>()?.database(), self.permit.clone());
        let (_, page) = Box::pin(shell::load_valuation_rows(db, permit, &self.spec, group_by.into(), cursor_and_limit))
            .await
            .map_err(report_error)?;
        let rows = page.rows.into_iter().map(|(row, keys)| (StockValueSummaryRow(row), keys)).collect();
        Ok(Page::forward(rows, page.has_next, &request, kind.to_owned(), signer).with_total(page.count).into())
    }
}

/// Units and value of one group of stock.
pub struct StockValueSummaryRow(ValuationRow);

/// Units and value of one group of stock.
#[resolvers(requires = ProductCostRead)]
impl StockValueSummaryRow {
    /// ID of the group. Null for the total, and for stock that belongs to no group.
    async fn key(&self) -> Option<String> {
        let product = self.0.id(ValuationGroup::Product).map(|id| ProductId::from_uuid(id).to_string());
        let category = self.0.id(ValuationGroup::Category).map(|id| CategoryId::from_uuid(id).to_string());
        product.or(category).or_else(|| self.0.id(ValuationGroup::Store).map(|id| StoreId::from_uuid(id).to_string()))
    }
    /// Product. Null unless rows are grouped by product.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, ProductId::from_uuid(self.0.id(ValuationGroup::Product)?)).await)
    }
    /// Category. Null unless rows are grouped by category, and for products without one.
    async fn category(&self, ctx: &Context<'_>) -> Option<Answer<Category>> {
        let id = CategoryId::from_uuid(self.0.id(ValuationGroup::Category)?);
        let row_read = async { catalog_loaders(ctx)?.category(id).await };
        row_read.await.map(|row| row.map(Category)).transpose()
    }
    /// Store. Null unless rows are grouped by store, and for stock of no store that the caller may read.
    async fn store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        Some(links::store(ctx, StoreId::from_uuid(self.0.id(ValuationGroup::Store)?)).await)
    }
    /// Units, in the products' smallest units.
    async fn quantity(&self) -> Quantity {
        Quantity(self.0.quantity)
    }
    /// Value of the units, in the currency of the books.
    async fn value(&self) -> Money {
        self.0.value.into()
    }
}

/// The root fields of summaries of costs.
#[derive(Default)]
pub struct CostSummaryQuery;

#[resolvers]
impl CostSummaryQuery {
    /// Changes of the value of stock: received, sold, returned, removed, corrected and revalued. Entries that were recorded late count when they
    /// happened, at the cost of when they were recorded.
    ///
    /// Requires product.cost.read. Costs 1, and 50 for the total and for each page of rows.
    #[field(permit = ProductCostRead)]
    #[expect(clippy::too_many_arguments, reason = "the arguments are the API's")]
    async fn cost_summary(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Start: only what happened at this moment or later. Null has no start.")] from: Option<DateTime>,
        #[graphql(desc = "End: only what happened before this moment. Null has no end.")] to: Option<DateTime>,
        #[graphql(desc = "Costing method of the amounts. Default: the tenant's own.")] method: Option<CostingMethod>,
        #[graphql(desc = "Products to sum. Null sums all.")] product: Option<ProductFilter>,
        #[graphql(desc = "Store to sum, if you may read its stock or its reports. Null sums all of the company.")] store: Option<
            StoreRef,
        >,
        #[graphql(
            desc = "Deprecated form of `group`: its ID.",
            deprecation = "2026-11-27: use group. Removed after 2027-11-27."
        )]
        store_group: Option<ID>,
        #[graphql(desc = "Store group to sum: those of its stores that you may read. Null sums all of the company.")]
        group: Option<StoreGroupRef>,
    ) -> Answer<CostSummary> {
        if permit.channel().is_some() {
            // The books have no channels: the sales of one cannot be separated.
            return Err(TopError::Forbidden(kind::StockMovementRead::info().code));
        }
        let (from, to) = parse_span(from, to)?;
        let products = products_within(ctx, product, None).await?;
        let group = requested_group(ctx, group, store_group).await?;
        let (stores, visible) = requested_stores(ctx, store, group).await?;
        let db = ctx.required_data::<Ledger>()?.database();
        let costing = prepare_costing(&permit.scope(db).long(), method.map(Into::into)).await?;
        let filter = CostFilter { from, to, product: None, stores, products };
        let spec = CostSpec { method: Some(costing.method), filter, visible };
        Ok(CostSummary { permit, spec, basis: costing, row_group: selected_row_group(ctx), sheets: <[_; 5]>::default() })
    }

    /// Value of stock, now or at a moment: all units of the company, in stores and on their way between them.
    ///
    /// Requires product.cost.read. Costs 1, and 50 for the total and for each page of rows.
    #[field(permit = ProductCostRead)]
    #[expect(clippy::too_many_arguments, reason = "the arguments are the API's")]
    async fn stock_value_summary(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Moment of the value, by when things happened. Null for now.")] at: Option<DateTime>,
        #[graphql(desc = "Moment of the knowledge: without what was recorded later. Null for now.")] known_at: Option<DateTime>,
        #[graphql(desc = "Costing method of the amounts. Default: the tenant's own.")] method: Option<CostingMethod>,
        #[graphql(desc = "Products to value. Null values all.")] product: Option<ProductFilter>,
        #[graphql(desc = "Category to value, with its descendants. Null values all.")] category_tree: Option<CategoryRef>,
        #[graphql(desc = "Store to value, if you may read its stock or its reports. Null values all of the company.")]
        store: Option<StoreRef>,
        #[graphql(
            desc = "Deprecated form of `group`: its ID.",
            deprecation = "2026-11-27: use group. Removed after 2027-11-27."
        )]
        store_group: Option<ID>,
        #[graphql(desc = "Store group to value: those of its stores that you may read. Null values all of the company.")]
        group: Option<StoreGroupRef>,
    ) -> Answer<StockValueSummary> {
        let ledger = ctx.required_data::<Ledger>()?;
        let time = valuation_time(ledger, at, known_at);
        let products = products_within(ctx, product, category_tree).await?;
        let group = requested_group(ctx, group, store_group).await?;
        let (stores, visible) = requested_stores(ctx, store, group).await?;
        let costing = prepare_costing(&permit.scope(ledger.database()).long(), method.map(Into::into)).await?;
        Ok(StockValueSummary {
            permit,
            spec: ValueSpec { method: Some(costing.method), of: time, products, stores, visible },
            basis: costing,
        })
    }
}

/// Returns the requested group, by a reference or by its ID. An unknown ID is a group without
/// stores; an unknown code is an error.
async fn requested_group(ctx: &Context<'_>, group_ref: Option<StoreGroupRef>, id: Option<ID>) -> Answer<Option<GroupId>> {
    match (group_ref, id) {
        (None, None) => Ok(None),
        (None, Some(id)) => id_of(&id, &["storeGroup"]).map(Some),
        (Some(_), Some(_)) => {
            Err(TopError::bad_input("group stands in place of storeGroup: leave one of the two out", path!["group"]))
        }
        (Some(group_ref), None) => {
            let unknown = || TopError::bad_input("there is no such store group", path!["group", "code"]);
            find_group_id(ctx, &group_ref, &["group"]).await?.map(Some).ok_or_else(unknown)
        }
    }
}

/// The stores that a summary is of, None for all of the company; and those that have rows of their own, None for all.
async fn requested_stores(
    ctx: &Context<'_>,
    store: Option<StoreRef>,
    group: Option<GroupId>,
) -> Answer<(Option<Vec<StoreId>>, Option<Vec<StoreId>>)> {
    let visible_stores = visible_stores(ctx)?;
    let mut stores: Option<Vec<StoreId>> = None;
    if let Some(id) = group {
        let mut members: Vec<StoreId> = stores_of_groups(ctx, &[id]).await?.remove(&id).unwrap_or_default();
        members.retain(|store| visible_stores.covers(*store));
        stores = Some(members);
    }
    if let Some(store_ref) = store {
        let requested_store = requested_store(ctx, &store_ref, &visible_stores).await?;
        stores = Some(
            stores
                .map_or_else(|| vec![requested_store], |stores| stores.into_iter().filter(|id| *id == requested_store).collect()),
        );
    }
    let visible = match visible_stores {
        Reach::Everywhere => None,
        Reach::Stores(store_ids) => Some(store_ids.to_vec()),
    };
    Ok((stores, visible))
}
