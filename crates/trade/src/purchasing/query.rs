//! Reading purchase orders, returns, catalogues and suggestions.

use std::sync::Arc;

use async_graphql::{Context, ID};
use entity::prelude::Numbered;
use iam::access::{Permit, kind};
use inventory::{
    ledger::Ledger,
    purchasing::{
        core,
        rows::{self, DeliveryFilter},
        shell::{self, MAX_SUGGESTIONS},
    },
};
use macros::resolvers;
use platform::{clock::day_text, paging::CursorSigner, storage::Reads};

use super::{
    PurchaseOrderRef,
    filter::{self, PurchaseOrderConnection, PurchaseOrderFilter, PurchaseOrderListArgs, PurchaseOrderSort},
    links::{MAX_PAGE_SIZE, StoreRef, SupplierRef},
    load_order,
    order::PurchaseOrder,
    order_ref::{id_by_ref_or_id, id_of, scope},
    performance::{
        PerformanceListArgs, SupplierPerformanceConnection, SupplierPerformanceSort, measured_span, supplier_performances,
    },
    reorder::{ReorderSuggestion, SupplierPerformance},
    reorder_plan::{self, ReorderSuggestionConnection, SuggestionFilter},
    return_list::{SupplierReturnFilter, SupplierReturnSort, supplier_returns},
    returns::SupplierReturn,
    supply::{SupplierProduct, SupplierProductConnection, SupplierProductSort},
    supply_filter::SupplierProductFilter,
    supply_inputs::supplier_of,
};
use crate::{
    catalog::ProductFilter,
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::Answer,
        filters::IdFilter,
        scalars::{Cursor, DateTime},
        truncated,
    },
    keyed_filters::resolve_filter_keys,
    numbering,
};

crate::connection!(counted SupplierReturnConnection, SupplierReturnEdge, SupplierReturn, "returns to suppliers");

/// Root fields that read purchasing.
#[derive(Default)]
pub struct PurchaseQuery;

/// Queries of blanket orders and purchase orders.
#[resolvers]
impl PurchaseQuery {
    /// A purchase order; null when there is none or it is not yours.
    #[field(permit = PurchaseRead)]
    async fn purchase_order(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "ID or number of the purchase order.")] by: PurchaseOrderRef,
    ) -> Option<Answer<PurchaseOrder>> {
        find_purchase_order(ctx, by).await.transpose()
    }

    /// Purchase orders, the newest first unless another order is asked for.
    #[field(permit = PurchaseRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn purchase_orders(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Conditions on the purchase orders. Null for all.")] filter: Option<PurchaseOrderFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Sort of the purchase orders. Null for NUMBER, DESC.")] sort: Option<PurchaseOrderSort>,
    ) -> Answer<PurchaseOrderConnection> {
        let list_args = PurchaseOrderListArgs { filter, sort, args: PageArgs { first, after, last, before }, supplier: None };
        filter::purchase_orders(ctx, &permit, list_args).await
    }

    /// A purchase order as an HTML page that prints, with all texts escaped; null when there is none, it is not yours, or you may not see costs.
    #[field(permit = PurchaseRead, was("purchaseOrderPage", "2026-11-25"))]
    async fn purchase_order_html(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Deprecated form of `by`: its ID.", deprecation = "2026-11-27: use by. Removed after 2027-11-27.")]
        id: Option<ID>,
        #[graphql(desc = "ID or number of the purchase order. Required, unless the deprecated `id` is given.")] by: Option<
            PurchaseOrderRef,
        >,
    ) -> Answer<Option<String>> {
        let Some(id) = id_by_ref_or_id(ctx, by, id).await? else { return Ok(None) };
        let Some(order) = load_order(ctx, id).await?.filter(|_| permit.caller().sees_costs()) else { return Ok(None) };
        let printed = rows::load_printed_parties(&scope(ctx)?, id).await?;
        let number = numbering::format_number(ctx, Numbered::PurchaseOrder, order.row().number.get()).await?;
        Ok(printed.map(|parties| core::page((order.row(), &number), &parties.buyer, &parties.supplier, &parties.store, day_text)))
    }

    /// Returns to suppliers, the newest first unless another order is asked for.
    #[field(permit = PurchaseRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn supplier_returns(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Conditions on the returns. Null for all.")] filter: Option<SupplierReturnFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Sort of the returns. Null for NUMBER, DESC.")] sort: Option<SupplierReturnSort>,
    ) -> Answer<SupplierReturnConnection> {
        supplier_returns(ctx, &permit, (filter, sort), PageArgs { first, after, last, before }).await
    }

    /// Rows of suppliers' catalogues, by supplier and product unless another order is asked for.
    #[field(permit = ProductRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn supplier_products(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Conditions on the rows. Null for all that are in use.")] filter: Option<SupplierProductFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
        #[graphql(desc = "Sort of the rows. Null for SUPPLIER, ASC.")] sort: Option<SupplierProductSort>,
    ) -> Answer<SupplierProductConnection> {
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        let signer = ctx.required_data::<CursorSigner>()?;
        let filter = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default().read()?;
        let sorted = SupplierProductSort::sorted(sort);
        let kind = sorted.kind("supplies");
        let request = PageArgs { first, after, last, before }.check(&kind, signer, MAX_PAGE_SIZE)?;
        let source = rows::supply_source(scope.backend(), &filter);
        let page = rows::supply_page(&scope, source.clone(), sorted, &request).await?;
        let nodes = page.into_iter().map(|row| {
            let keys = sorted.keys(&row);
            (SupplierProduct(Arc::new(row)), keys)
        });
        Ok(Page::build(nodes.collect(), &request, kind, signer).with_count_source(scope, source).into())
    }

    /// Delivery performance of a supplier over a period: lead time, fill rates, punctuality. Orders count that are RECEIVED, CLOSED, or CANCELLED after
    /// they were ordered; of other orders, the lines whose expected day has passed. Null when there is no such supplier.
    #[field(permit = PurchaseRead, cost = "5")]
    async fn supplier_performance(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Supplier to measure.")] supplier: SupplierRef,
        #[graphql(desc = "Time of ordering from which orders count, included. Null for a year ago.")] from: Option<DateTime>,
        #[graphql(desc = "Time of ordering before which orders count. Null for now.")] to: Option<DateTime>,
    ) -> Option<Answer<SupplierPerformance>> {
        performance(ctx, permit, supplier, (from, to)).await.transpose()
    }

    /// Delivery performance of all suppliers over a period, measured as `supplierPerformance` measures one. Suppliers with nothing to measure are left
    /// out; a supplier that was merged counts as the one that remains. Measures the newest 200,000 orders, 4,000 of each supplier. Costs 20.
    #[field(permit = PurchaseRead, cost = "20", paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn supplier_performances(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Time of ordering from which orders count, included. Null for a year ago.")] from: Option<DateTime>,
        #[graphql(desc = "Time of ordering before which orders count. Null for now.")] to: Option<DateTime>,
        #[graphql(desc = "Sort of the suppliers. Null for ORDERS, DESC.")] sort: Option<SupplierPerformanceSort>,
        #[graphql(desc = "Suppliers to include. Null for all.")] supplier: Option<IdFilter>,
        #[graphql(desc = "Stores whose orders count. Null for all of yours.")] store: Option<IdFilter>,
        #[graphql(
            desc = "Products whose lines count; orders without one do not. `categoryTree` takes a category with its descendants. Needs product.read. Null for all."
        )]
        products: Option<ProductFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<SupplierPerformanceConnection> {
        let args = PageArgs { first, after, last, before };
        let list_args = PerformanceListArgs { span: (from, to), supplier, store, products, sort };
        Box::pin(supplier_performances(ctx, permit, list_args, &args)).await
    }

    /// Suggestions to transfer or buy goods, with the values behind them: for the given stores, or for all; for goods of one supplier, or of any.
    /// Suggestions come in the order of the IDs of products, then of stores; of one store transfers come first. Each page is computed from a new plan.
    /// Costs 50.
    #[field(permit = PurchaseRead, cost = "50", paged)]
    #[expect(clippy::too_many_arguments, reason = "what a plan is made of")]
    async fn reorder_suggestions_list(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stores whose needs are included; other stores may still send stock. Null for all.")] stores: Option<
            Vec<StoreRef>,
        >,
        #[graphql(desc = "Supplier whose products are included. Null for all.")] supplier: Option<SupplierRef>,
        #[graphql(
            desc = "Products to include; `categoryTree` takes a category with its descendants. Needs product.read. Null for all."
        )]
        product: Option<ProductFilter>,
        #[graphql(desc = "Days of sales that the demand is taken from, up to yesterday; 1 to 365. Default 30.", default = 30)]
        days: i32,
        #[graphql(
            desc = "Days of demand that an order is to cover where a level has no maximum; 0 to 365. Default 14.",
            default = 14
        )]
        cover_days: i32,
        #[graphql(
            desc = "Probability that stock lasts until the next delivery, where a level has no reorder point: 0 to 0.9999. Default 0.95.",
            default = 0.95
        )]
        service_level: f64,
        #[graphql(
            desc = "Days that a delivery takes where neither catalogue nor supplier says so; 0 to 365. Default 7.",
            default = 7
        )]
        lead_days: i32,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<ReorderSuggestionConnection> {
        let plan = reorder_plan::build_plan(days, cover_days, service_level, lead_days)?;
        let args = PageArgs { first, after, last, before };
        Box::pin(reorder_plan::suggestions_page(ctx, SuggestionFilter { stores, supplier, product }, plan, &args)).await
    }

    /// Suggestions to transfer or buy goods, with the values behind them: for the given stores, or for all; for goods of one supplier, or of any. Products
    /// come in the order of their IDs, the most urgent store first.
    // The plan's arguments are checked before the permission.
    #[field(
        permit(PurchaseRead, in_body),
        cost = "20",
        list_size(arguments("first")),
        deprecation = "2026-11-25: use reorderSuggestionsList, which has pages. Removed after 2027-11-25."
    )]
    #[expect(clippy::too_many_arguments, reason = "what a plan is made of")]
    async fn reorder_suggestions(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stores whose needs are included; other stores may still send stock. Null for all.")] stores: Option<
            Vec<StoreRef>,
        >,
        #[graphql(desc = "Supplier whose products are included. Null for all.")] supplier: Option<SupplierRef>,
        #[graphql(desc = "Days of sales that the demand is taken from, up to yesterday; 1 to 365. Default 30.", default = 30)]
        days: i32,
        #[graphql(
            desc = "Days of demand that an order is to cover where a level has no maximum; 0 to 365. Default 14.",
            default = 14
        )]
        cover_days: i32,
        #[graphql(
            desc = "Probability that stock lasts until the next delivery, where a level has no reorder point: 0 to 0.9999. Default 0.95.",
            default = 0.95
        )]
        service_level: f64,
        #[graphql(
            desc = "Days that a delivery takes where neither catalogue nor supplier says so; 0 to 365. Default 7.",
            default = 7
        )]
        lead_days: i32,
        #[graphql(desc = "Suggestions in the answer at most, 1 to 5,000. Default 250.", default = 250)] first: i32,
    ) -> Answer<Vec<ReorderSuggestion>> {
        let plan = reorder_plan::build_plan(days, cover_days, service_level, lead_days)?;
        let limit = reorder_plan::parse_in_range(first, 1, MAX_SUGGESTIONS as i32, "first")?;
        let mut suggestions =
            Box::pin(reorder_plan::load_suggestions(ctx, SuggestionFilter { stores, supplier, product: None }, plan)).await?;
        truncated::record_truncation(ctx, suggestions.len().min(usize::from(limit)), suggestions.len(), "reorderSuggestionsList");
        suggestions.truncate(usize::from(limit));
        Ok(suggestions)
    }
}

async fn find_purchase_order(ctx: &Context<'_>, by: PurchaseOrderRef) -> Answer<Option<PurchaseOrder>> {
    match id_of(ctx, by).await? {
        Some(id) => load_order(ctx, id).await,
        None => Ok(None),
    }
}

async fn performance(
    ctx: &Context<'_>,
    permit: Permit<kind::PurchaseRead>,
    supplier: SupplierRef,
    (from, to): (Option<DateTime>, Option<DateTime>),
) -> Answer<Option<SupplierPerformance>> {
    let ledger = ctx.required_data::<Ledger>()?;
    let Some(supplier) = supplier_of(&permit.scope(ledger.database()), supplier).await? else { return Ok(None) };
    let now = ledger.clock().now();
    let span = measured_span((from, to), now);
    let found = shell::supplier_performance(ledger.database(), &permit, supplier, (span, now)).await?;
    let mut supplier_totals = SupplierPerformance::of(Some(supplier), found);
    if ctx.look_ahead().field("priceDrift").exists() && ctx.caller()?.sees_costs() {
        let filter = DeliveryFilter { suppliers: Some(vec![supplier]), ..DeliveryFilter::default() };
        let drifts = Box::pin(shell::supplier_price_drifts(ledger.database(), &permit, &filter, span)).await?;
        supplier_totals = supplier_totals.with_prices(drifts.totals);
    }
    Ok(Some(supplier_totals))
}
