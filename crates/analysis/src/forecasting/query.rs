//! Asking for forecasts.

use async_graphql::{Context, Enum, InputObject};
use entity::prelude;
use iam::access::{Permission, Permit, Reach, kind};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::{paging::CursorSigner, path};
use services::forecasting::{
    rows::{self, FactorSort as By, FactorsSorted},
    shell::{self, ClassSelection, SimulationError},
};

use super::{
    enums::ForecastLevel,
    factor_filter::FactorSeriesFilter,
    factors::{FactorSeries, FactorSeriesConnection},
    forecast::Forecast,
    list::{ForecastFilter, ForecastSort, ForecastSummary, ForecastSummaryConnection},
    range::check_range,
    run::{ForecastAccuracy, ForecastRun},
    simulate::StockSimulation,
    simulate_input::StockSimulateInput,
    sum::ForecastSum,
};
use crate::{
    catalog::{
        CategoryRef, Direction, ProductFilter, ProductRef, StoreRef, find_category_id, find_product_id, find_store_id,
        products_at,
    },
    graphql::{
        connection::{Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::Cursor,
    },
    keyed_filters::resolve_filter_keys,
    purchasing::links::MAX_PAGE_SIZE,
};

/// Maximum weeks of a history, and of a report of accuracy.
const MAX_WEEKS: i32 = 104;
/// Leads that are scored.
const SCORED_LEAD_WEEKS: [i32; 3] = [1, 4, 8];

/// Sort order of a list of factor series; series with equal values are sorted by code.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct FactorSeriesSort {
    /// Field by which the series are sorted.
    pub field: FactorSeriesSortField,
    /// Direction of the sort; ASC by default.
    #[graphql(default_with = "Direction::Asc")]
    pub direction: Direction,
}

/// Field by which factor series can be sorted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "By", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum FactorSeriesSortField {
    /// Code of the series.
    Code,
    /// Time of the series' last change.
    UpdatedAt,
}

crate::sorts::rows_sorted!(FactorSeriesSort => FactorsSorted);

/// The root fields of forecasts.
#[derive(Default)]
pub struct ForecastQuery;

#[resolvers]
impl ForecastQuery {
    /// Forecast of a product's weekly demand in a store, or in all stores together. Null before the first run, and for a product that was never ordered.
    ///
    /// Requires report.read; without a store, in all stores. Costs 20.
    #[field(permit = ReportRead, cost = "20")]
    async fn forecast(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Product.")] product: ProductRef,
        #[graphql(desc = "Store. Null for all stores together.")] store: Option<StoreRef>,
        #[graphql(desc = "Weeks of `history` and `past`, 1 to 104. Default 26.", default = 26)] history_weeks: i32,
        #[graphql(desc = "Weeks ahead of the forecasts in `past`, 1 to 26. Default 1.", default = 1)] lead: i32,
    ) -> Answer<Option<Forecast>> {
        refuse_channel_caller(&permit)?;
        check_range(history_weeks, 1..=MAX_WEEKS, "historyWeeks")?;
        check_range(lead, 1..=26, "lead")?;
        let store = if let Some(store_ref) = &store {
            Some(require_covered_store(ctx, &permit, store_ref, &["store"]).await?)
        } else {
            require_all_stores(&permit)?;
            None
        };
        let Some(product) = find_product_id(ctx, product, &["product"]).await? else { return Ok(None) };
        let db = ctx.required_data::<Ledger>()?.database();
        let forecast_read = shell::product_forecast(&permit, db, (product, store), (history_weeks, lead));
        Ok(Box::pin(forecast_read).await?.map(Forecast))
    }

    /// Forecast of the weekly demand of a category with all below it, or of all products, in a store or in all stores together. Null before the first run, and
    /// where nothing was ever ordered.
    ///
    /// Requires report.read; without a store, in all stores. Costs 20.
    #[field(permit = ReportRead, cost = "20")]
    async fn forecast_sum(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Category; a slug needs product.read. Null for all products.")] category: Option<CategoryRef>,
        #[graphql(desc = "Store. Null for all stores together.")] store: Option<StoreRef>,
        #[graphql(desc = "Weeks ahead of `weeks` and `days`, 1 to 26. Default 8.", default = 8)] horizon: i32,
    ) -> Answer<Option<ForecastSum>> {
        refuse_channel_caller(&permit)?;
        check_range(horizon, 1..=26, "horizon")?;
        let store = if let Some(reference) = &store {
            require_covered_store(ctx, &permit, reference, &["store"]).await?
        } else {
            require_all_stores(&permit)?;
            prelude::StoreId::NIL
        };
        let category = match &category {
            None => prelude::CategoryId::NIL,
            // The nil ID names no category and must not be read as all of them.
            Some(reference) => {
                let category_id =
                    find_category_id(ctx, reference, &["category"]).await?.filter(|id| *id != prelude::CategoryId::NIL);
                let Some(category_id) = category_id else { return Ok(None) };
                category_id
            }
        };
        let db = ctx.required_data::<Ledger>()?.database();
        let category_id = Box::pin(shell::sum_forecast(&permit, db, (category, store))).await?;
        Ok(category_id
            .map(|category_id| ForecastSum { found: category_id, horizon: usize::try_from(horizon).unwrap_or_default() }))
    }

    /// Forecasts of the newest run, by product and store unless another order is asked for. Empty before the first run. A caller of some stores is shown
    /// theirs; those of all stores together need report.read in all stores.
    #[field(permit = ReportRead, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn forecasts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stores that the forecasts are for. Default STORE.", default_with = "ForecastLevel::Store")]
        level: ForecastLevel,
        #[graphql(desc = "Conditions on the forecasts. Null for all.")] filter: Option<ForecastFilter>,
        #[graphql(desc = "Sort of the forecasts. Null for PRODUCT, ASC.")] sort: Option<ForecastSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<ForecastSummaryConnection> {
        refuse_channel_caller(&permit)?;
        let level = prelude::ForecastLevel::from(level);
        if level == prelude::ForecastLevel::AllStores {
            require_all_stores(&permit)?;
        }
        let signer = ctx.required_data::<CursorSigner>()?;
        let sorted = ForecastSort::sorted(sort);
        let list = sorted.kind(rows::FORECASTS);
        let request = PageArgs { first, after, last, before }.check(&list, signer, MAX_PAGE_SIZE)?;
        let db = ctx.required_data::<Ledger>()?.database();
        let filter = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default().read()?;
        let page_rows = shell::list_forecasts(&permit, db, level, (&filter, sorted), &request).await?;
        let nodes = page_rows.rows.into_iter().map(|forecast| {
            let keys = sorted.keys(&forecast);
            (ForecastSummary(forecast), keys)
        });
        Ok(Page::build(nodes.collect(), &request, list, signer).with_count_source(permit.scope(db), page_rows.source).into())
    }

    /// Factor series that move demand from outside, by their codes unless another order is asked for; a tenant has at most 20 of all products, 50 of a
    /// category and 200 of a product. A caller of some stores is shown theirs, and those of no single store.
    #[field(permit = StockPolicy, paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn factor_series(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Conditions on the series. Null for all.")] filter: Option<FactorSeriesFilter>,
        #[graphql(desc = "Sort of the series. Null for CODE, ASC.")] sort: Option<FactorSeriesSort>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<FactorSeriesConnection> {
        let signer = ctx.required_data::<CursorSigner>()?;
        let sorted = FactorSeriesSort::sorted(sort);
        let list = sorted.kind(rows::FACTORS);
        let request = PageArgs { first, after, last, before }.check(&list, signer, MAX_PAGE_SIZE)?;
        let db = ctx.required_data::<Ledger>()?.database();
        let filter = resolve_filter_keys(ctx, filter, "filter").await?.unwrap_or_default().read()?;
        let page_rows = shell::factor_page(&permit, db, (&filter, sorted), &request).await?;
        let nodes = page_rows.rows.into_iter().map(|series| {
            let keys = sorted.keys(&series);
            (FactorSeries(series), keys)
        });
        Ok(Page::build(nodes.collect(), &request, list, signer).with_count_source(permit.scope(db), page_rows.source).into())
    }

    /// Newest run of forecasts. Null before the first.
    ///
    /// Requires report.read in all stores.
    #[field(permit = ReportRead)]
    async fn forecast_run(&self, ctx: &Context<'_>) -> Answer<Option<ForecastRun>> {
        refuse_channel_caller(&permit)?;
        require_all_stores(&permit)?;
        let run = shell::latest_run(&permit, ctx.required_data::<Ledger>()?.database()).await?;
        Ok(run.map(ForecastRun))
    }

    /// Accuracy of forecasts as they were made: of all products, then by class. Empty before a week was scored.
    ///
    /// Requires report.read in all stores. Costs 10.
    #[field(permit = ReportRead, cost = "10", list_size(assumed = 8))]
    async fn forecast_accuracy(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Scored weeks, 1 to 104, the last ones. Default 26.", default = 26)] weeks: i32,
        #[graphql(desc = "Weeks ahead: 1, 4 or 8. Default 1.", default = 1)] lead: i32,
        #[graphql(desc = "Stores that forecasts are for. Default STORE.", default_with = "ForecastLevel::Store")]
        level: ForecastLevel,
    ) -> Answer<Vec<ForecastAccuracy>> {
        refuse_channel_caller(&permit)?;
        require_all_stores(&permit)?;
        check_range(weeks, 1..=MAX_WEEKS, "weeks")?;
        if !SCORED_LEAD_WEEKS.contains(&lead) {
            return Err(TopError::bad_input("lead is 1, 4 or 8", path!["lead"]));
        }
        let db = ctx.required_data::<Ledger>()?.database();
        let accuracy_report = shell::accuracy(&permit, db, (weeks, lead), level.into()).await?;
        Ok(accuracy_report.into_iter().map(ForecastAccuracy).collect())
    }

    /// Simulation of a reorder policy against the past demand of a product in a store, or of several at once with totals by class: the share of demand that it
    /// would have met, its stock and its orders; of one product beside the stock as it was.
    /// The simulation goes by days: goods arrive, stock is reviewed, demand comes. A review knows only earlier weeks. Demand that stock does not meet is lost,
    /// unless `isBackordered` of the policy has it wait.
    ///
    /// Requires report.read. Costs 50.
    #[field(permit = ReportRead, cost = "50")]
    async fn stock_simulate(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Products, store, policy and days.")] input: StockSimulateInput,
        #[graphql(
            desc = "Products of the store to simulate at once, where `input.product` is null. `categoryTree` takes a category with its descendants. Needs product.read. Null for all."
        )]
        products: Option<ProductFilter>,
    ) -> Answer<StockSimulation> {
        refuse_channel_caller(&permit)?;
        input.check_single_product(products.as_ref())?;
        let (policy, range) = (input.policy.read()?, input.range()?);
        let store = require_covered_store(ctx, &permit, &input.store, &["input", "store"]).await?;
        let db = ctx.required_data::<Ledger>()?.database();
        let Some(product_ref) = input.product.clone() else {
            let selection = ClassSelection { products: products_at(ctx, products, "products").await?.0, ..input.classes() };
            let simulation = Box::pin(shell::simulate_classes(&permit, db, (store, &selection), policy, range)).await;
            return Ok(StockSimulation::from_products(simulation.map_err(|error| simulation_error(error, &input))?));
        };
        let product = find_product_id(ctx, product_ref, &["input", "product"]).await?.ok_or_else(product_not_found)?;
        let simulation = Box::pin(shell::simulate(&permit, db, (product, store), policy, range)).await;
        Ok(simulation.map_err(|error| simulation_error(error, &input))?.into())
    }
}

fn product_not_found() -> TopError {
    TopError::bad_input("No such product.", path!["input", "product"])
}

/// The error of a product or a store that is gone by now.
fn simulation_error(error: SimulationError, input: &StockSimulateInput) -> TopError {
    match error {
        SimulationError::Fault(fault) => TopError::from(fault),
        SimulationError::NoProduct => product_not_found(),
        SimulationError::NoStore => store_not_found(&input.store, &["input", "store"]),
    }
}

/// Demand is recorded by store, not by channel, so a caller of one channel is refused.
fn refuse_channel_caller(permit: &Permit<kind::ReportRead>) -> Answer<()> {
    match permit.channel() {
        Some(_) => Err(TopError::Forbidden(kind::ReportRead::info().code)),
        None => Ok(()),
    }
}

/// Figures of all stores are for those who may see all.
fn require_all_stores(permit: &Permit<kind::ReportRead>) -> Answer<()> {
    match permit.reach() {
        Reach::Stores(_) => Err(TopError::Forbidden(kind::ReportRead::info().code)),
        Reach::Everywhere => Ok(()),
    }
}

async fn require_covered_store(
    ctx: &Context<'_>,
    permit: &Permit<kind::ReportRead>,
    store_ref: &StoreRef,
    field: &[&str],
) -> Answer<prelude::StoreId> {
    let store_id = find_store_id(ctx, store_ref, field).await?.filter(|id| permit.covers(*id));
    store_id.ok_or_else(|| store_not_found(store_ref, field))
}

fn store_not_found(store_ref: &StoreRef, field: &[&str]) -> TopError {
    let message = match store_ref {
        StoreRef::Id(id) => format!("No store with ID \"{}\".", id.as_str()),
        StoreRef::Code(code) => format!("No store with code \"{code}\"."),
    };
    TopError::bad_input(message, field.iter().map(ToString::to_string).collect())
}
