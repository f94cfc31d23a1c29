//! Queries for the value and the cost of stock.

use std::sync::Arc;

use async_graphql::Context;
use entity::prelude::{StoreId, Timestamp};
use iam::access::{Permission, Reach, kind};
use inventory::{
    costing::{
        rows::{self, CostFilter, ValuationTime},
        shell::{self, CostReportQuery, MAX_ROWS, ReportError, ValuationQuery},
    },
    ledger::Ledger,
};
use macros::resolvers;
use platform::paging::CursorSigner;

use super::{
    enums::{CostGroup, CostingMethod, StockValueGroup},
    report::{CostReport, ProductCost, StockValuation},
    revaluation::{StockRevaluation, StockRevaluationConnection},
    revaluation_filter::{StockRevaluationFilter, StockRevaluationSort, is_descending},
};
use crate::{
    catalog::{ProductRef, StoreRef, find_product_id, find_store_id},
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::{Cursor, DateTime},
        truncated,
    },
    keyed_filters::resolve_filter_keys,
    orders::links::MAX_PAGE_SIZE,
};

/// Converts the reason for a missing report to an error of its field.
pub(super) fn report_error(error: ReportError) -> TopError {
    match error {
        ReportError::Fault(fault) => fault.into(),
        ReportError::TooLarge | ReportError::TooDear | ReportError::TooMany => TopError::bad_input(error.to_string(), Vec::new()),
    }
}

/// The root fields of costs.
#[derive(Default)]
pub struct CostQuery;

#[resolvers]
impl CostQuery {
    /// Value of the stock, now or at a moment. Units in stores and in transit count, wherever they are; values are the company's, not a store's.
    #[field(
        permit = ProductCostRead,
        cost = "50",
        list_size(arguments("first"), fields("rows")),
        deprecation = "2026-11-23: use stockValueSummary, which returns all rows in pages. Removed after 2027-11-23."
    )]
    async fn stock_value(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Time of the valuation: later movements are left out. Null for now.")] at: Option<DateTime>,
        #[graphql(desc = "Time of knowledge: records made later are left out. Null for now.")] known_at: Option<DateTime>,
        #[graphql(desc = "Costing method. Null for the tenant's own.")] method: Option<CostingMethod>,
        #[graphql(desc = "Meaning of a row. Default: no rows, the total alone.", default_with = "StockValueGroup::None")]
        group_by: StockValueGroup,
        #[graphql(desc = "Rows in the answer at most, 1 to 250: the most valuable first. Default 250.", default = 250)]
        first: i32,
    ) -> Answer<StockValuation> {
        let ledger = ctx.required_data::<Ledger>()?;
        let (time, first) = (valuation_time(ledger, at, known_at), parse_row_limit(first, MAX_ROWS)?);
        let query = ValuationQuery { method: method.map(Into::into), of: time, group: group_by.into(), first };
        let valuation = Box::pin(shell::stock_value(ledger.database(), permit, query)).await.map_err(report_error)?;
        truncated::record_truncation(ctx, valuation.rows.len(), valuation.groups, "stockValueSummary");
        Ok(StockValuation(valuation))
    }

    /// Changes of the value of stock: receipts, sales, returns, removals, corrections and revaluations. An event that was recorded late counts at the
    /// time at which it occurred; its cost is that of the time of its recording.
    #[field(
        permit = ProductCostRead,
        cost = "50",
        list_size(arguments("first"), fields("rows")),
        deprecation = "2026-11-23: use costSummary, which returns all rows in pages. Removed after 2027-11-23."
    )]
    #[expect(clippy::too_many_arguments, reason = "the arguments are the API's")]
    async fn cost_report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Start of the range of the events' time, included. Null for no start.")] from: Option<DateTime>,
        #[graphql(desc = "End of the range of the events' time, excluded. Null for no end.")] to: Option<DateTime>,
        #[graphql(desc = "Product to include. Null for all.")] product: Option<ProductRef>,
        #[graphql(desc = "Store to include, if you see its stock or its reports. Null for all.")] store: Option<StoreRef>,
        #[graphql(desc = "Costing method. Null for the tenant's own.")] method: Option<CostingMethod>,
        #[graphql(desc = "Meaning of a row. Default: one row for everything.", default_with = "CostGroup::None")]
        group_by: CostGroup,
        #[graphql(desc = "Rows in the answer at most, 1 to 250. Default 250.", default = 250)] first: i32,
    ) -> Answer<CostReport> {
        if permit.channel().is_some() {
            // The books have no channels: the sales of one cannot be separated.
            return Err(TopError::Forbidden(kind::StockMovementRead::info().code));
        }
        let (from, to) = parse_span(from, to)?;
        let mut filter = CostFilter { from, to, ..CostFilter::default() };
        if let Some(product) = product {
            let unknown = || TopError::bad_input("there is no such product", vec!["product".to_owned()]);
            filter.product = Some(find_product_id(ctx, product, &["product"]).await?.ok_or_else(unknown)?);
        }
        filter.stores = requested_stores(ctx, store.as_ref(), group_by).await?;
        let first = parse_row_limit(first, MAX_ROWS)?;
        let query = CostReportQuery { method: method.map(Into::into), group: group_by.into(), filter, first };
        let costs = Box::pin(shell::cost_report(ctx.required_data::<Ledger>()?.database(), permit, &query))
            .await
            .map_err(report_error)?;
        truncated::record_truncation(ctx, costs.rows.len(), costs.groups, "costSummary");
        Ok(CostReport { how: costs.how, rows: costs.rows })
    }

    /// Value of a product's units now, and the cost layers behind it. Null when there is no such product.
    #[field(permit = ProductCostRead, cost = "5")]
    async fn product_cost(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The product.")] product: ProductRef,
    ) -> Option<Answer<ProductCost>> {
        let product_id = async {
            let Some(product) = find_product_id(ctx, product, &["product"]).await? else { return Ok(None) };
            let product_id = shell::product_cost(ctx.required_data::<Ledger>()?.database(), permit, product).await?;
            Ok::<_, TopError>(product_id.map(ProductCost))
        };
        Box::pin(product_id).await.transpose()
    }

    /// Revaluations, the newest first unless another order is asked for.
    #[field(permit = ProductCostRead, paged, was("revaluations", "2026-11-25"))]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn stock_revaluations(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Conditions on the revaluations. Null for all.")] filter: Option<StockRevaluationFilter>,
        #[graphql(desc = "Sort of the revaluations. Null for NUMBER, DESC.")] sort: Option<StockRevaluationSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<StockRevaluationConnection> {
        let scope = permit.scope(ctx.required_data::<Ledger>()?.database());
        let signer = ctx.required_data::<CursorSigner>()?;
        let descending = is_descending(sort);
        let list = rows::revaluations_kind(descending);
        let request = PageArgs { first, after, last, before }.check(list, signer, MAX_PAGE_SIZE)?;
        let filter = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default().read()?;
        let costing = rows::load_costing_method(&scope).await?;
        let page_rows = rows::page_of_revaluations(&scope, &filter, descending, &request).await?;
        let nodes = page_rows.rows.into_iter().map(|row| {
            let keys = rows::revaluation_keys(&row);
            (StockRevaluation { row: Arc::new(row), how: costing, foreseen: None }, keys)
        });
        Ok(Page::build(nodes.collect(), &request, list, signer).with_count_source(scope, page_rows.source).into())
    }
}

/// Stores of a cost report; `None` for the whole company. By store, it covers only those whose
/// stock or reports the caller may read.
async fn requested_stores(ctx: &Context<'_>, store_ref: Option<&StoreRef>, group: CostGroup) -> Answer<Option<Vec<StoreId>>> {
    let visible_stores = visible_stores(ctx)?;
    if let Some(store_ref) = store_ref {
        return requested_store(ctx, store_ref, &visible_stores).await.map(|id| Some(vec![id]));
    }
    Ok(match visible_stores {
        Reach::Stores(store_ids) if group == CostGroup::Store => Some(store_ids.to_vec()),
        _ => None,
    })
}

/// Returns the stores whose stock or reports the caller may read.
pub(super) fn visible_stores(ctx: &Context<'_>) -> Answer<Reach> {
    let caller_permissions = &ctx.caller()?.permissions;
    Ok(caller_permissions.reach(kind::StockRead::INDEX).or(&caller_permissions.reach(kind::ReportRead::INDEX)))
}

/// Returns the store that a report is of. An unknown ID yields no rows, and an unknown code an error: another tenant's store is
/// treated alike.
pub(super) async fn requested_store(ctx: &Context<'_>, store_ref: &StoreRef, visible_stores: &Reach) -> Answer<StoreId> {
    let store_match = find_store_id(ctx, store_ref, &["store"]).await?;
    let visible_store = match store_ref {
        StoreRef::Id(_) => store_match.map(|id| visible_stores.or_nil(id)),
        StoreRef::Code(_) => store_match.filter(|id| visible_stores.covers(*id)),
    };
    visible_store.ok_or_else(|| TopError::bad_input("there is no such store", vec!["store".to_owned()]))
}

/// Returns the time of a valuation: now, unless one of its two times is given.
pub(super) fn valuation_time(ledger: &Ledger, at: Option<DateTime>, known_at: Option<DateTime>) -> ValuationTime {
    if at.is_none() && known_at.is_none() {
        return ValuationTime::Now;
    }
    let occurred = at.map_or_else(|| ledger.clock().now(), |at| at.0);
    ValuationTime::At { occurred, known: known_at.map(|at| at.0) }
}

/// Returns the ends of a report's span; the second must not be before the first.
pub fn parse_span(from: Option<DateTime>, to: Option<DateTime>) -> Answer<(Option<Timestamp>, Option<Timestamp>)> {
    let (from, to) = (from.map(|at| at.0), to.map(|at| at.0));
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        return Err(TopError::bad_input("to lies before from", vec!["to".to_owned()]));
    }
    Ok((from, to))
}

/// Returns the number of rows that a report shows at most.
pub fn parse_row_limit(first: i32, max_rows: usize) -> Answer<usize> {
    let row_limit = usize::try_from(first).ok().filter(|first| (1..=max_rows).contains(first));
    row_limit.ok_or_else(|| TopError::bad_input(format!("first must lie between 1 and {max_rows}"), vec!["first".to_owned()]))
}
