//! Performance of stock in GraphQL.

use async_graphql::Context;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::prelude;
use iam::access::{Permission, Permit, kind};
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::{
    paging::{CursorSigner, Key},
    storage::books::BookProgress,
};
use serde_json::json;
use services::{
    demand::{
        core::{StockPeriod, round6},
        rows::StockFilter,
        shell::{self, Comparisons, LevelStock, LostUnits, MAX_DAYS},
    },
    forecasting::shell as forecasting,
    reports::core::Span,
};

use super::turnover::{CategoryTurnover, TurnoverTrend};
use crate::{
    catalog::{Product, ProductFilter, Store, products_at},
    graphql::{
        canonical,
        connection::{CountedPage, Page, PageArgs},
        context::ContextExt,
        fault::{Answer, TopError},
        filters::IdFilter,
        scalars::{Cursor, Date, Long, Quantity},
    },
    insight::report_error,
    keyed_filters::{KeyKind, resolve_test_keys},
    orders::links::{self, MAX_PAGE_SIZE},
    reports::filter::clip_to_past,
};

/// Performance of the stock of one level, or of several, over some days.
pub struct StockPerformance {
    level: Option<LevelStock>,
    period: StockPeriod,
    /// The preceding days; None if nothing is known of them.
    before: Option<StockPeriod>,
    lost: Option<LostUnits>,
    span: Span,
    /// Days that the closing stock lasts by the newest forecast; `None` without a forecast, or if
    /// not requested.
    lasts: Option<i64>,
}

impl StockPerformance {
    const fn days(&self) -> i64 {
        self.span.days()
    }
}

/// Sums of the units of levels, as numbers that JSON holds exactly or nearly.
fn units(sum: i128) -> Quantity {
    prelude::Quantity::new(i64::try_from(sum).unwrap_or_default()).unwrap_or_default().into()
}

/// Performance of stock over a period. Ratios are of summed units, to six decimals, and null without a denominator.
#[resolvers]
impl StockPerformance {
    /// Product. Null in the totals.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, self.level?.product).await)
    }
    /// Store. Null in the totals.
    async fn store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        Some(links::store(ctx, self.level?.store).await)
    }
    /// Number of days of the period, without days to come.
    async fn period_days(&self) -> Long {
        Long(self.days())
    }
    /// Days of the period from the product's first movement in the store on; in the totals, summed
    /// over levels.
    async fn active_days(&self) -> Long {
        Long(self.period.in_stock_days + self.period.out_days)
    }
    /// Number of active days that closed with nothing on hand.
    async fn out_days(&self) -> Long {
        Long(self.period.out_days)
    }
    /// Stock-outs: unbroken runs of such days, begun or continued in the period.
    async fn stockouts(&self) -> Long {
        Long(self.period.stockouts)
    }
    /// Share of active days on which the level was out of stock, 0 to 1. Null without active days.
    async fn stockout_rate(&self) -> Option<f64> {
        self.period.stockout_rate().map(round6)
    }
    /// Units that were not sold for want of stock: sales a day in stock, for each out day, less the units sold on those. An
    /// estimate with its range. Null where no day had stock. The totals count at most 28 days of each stock-out.
    async fn lost_units(&self) -> Option<LostSales> {
        self.lost.map(LostSales)
    }
    /// Units sold, in the product's smallest units.
    async fn sold_units(&self) -> Quantity {
        units(self.period.sold)
    }
    /// Quantity on hand at the beginning of the period, in the product's smallest units.
    async fn opening_units(&self) -> Quantity {
        units(self.period.opening)
    }
    /// Units received, from suppliers and from other stores, in the product's smallest unit.
    async fn received_units(&self) -> Quantity {
        units(self.period.received)
    }
    /// Quantity on hand at the end of the period, in the product's smallest units.
    async fn closing_units(&self) -> Quantity {
        units(self.period.closing)
    }
    /// Mean of the units on hand at the end of each day. Days before the first movement count as 0.
    async fn mean_units(&self) -> f64 {
        round6(self.period.closing_sum as f64 / self.days() as f64)
    }
    /// Turnover: sold units by the mean units on hand. Null where that mean is 0 or less.
    async fn turnover(&self) -> Option<f64> {
        self.period.turnover(self.days()).map(round6)
    }
    /// Turnover of a year at the rate of the period. Null for less than 28 days.
    async fn annualised_turnover(&self) -> Option<f64> {
        let turnover = self.period.turnover(self.days()).filter(|_| self.days() >= 28)?;
        Some(round6(turnover * 365.0 / self.days() as f64))
    }
    /// Turnover of the days before, and the change since. Null where there was no active day before.
    async fn turnover_trend(&self) -> Option<TurnoverTrend> {
        let current_turnover = self.period.turnover(self.days());
        self.before.map(|before| TurnoverTrend { span: self.span.before(), before, now: current_turnover })
    }
    /// Turnover of the product's category in the same store and days. Null for products without a category, and in the totals.
    async fn category_turnover(&self) -> Option<CategoryTurnover> {
        let category_stock = self.level?.category?;
        Some(CategoryTurnover { stock: category_stock, days: self.days(), own: self.period.turnover(self.days()) })
    }
    /// Days that the closing stock lasts at the sales rate of the period. Null where nothing was sold.
    async fn days_of_supply(&self) -> Option<f64> {
        self.period.days_of_supply(self.days()).map(round6)
    }
    /// Days that the closing stock lasts at the sales rate of the days in stock. Null where nothing was sold on these, and in the totals.
    async fn days_of_supply_in_stock(&self) -> Option<f64> {
        self.level?;
        self.period.days_of_supply_in_stock().map(round6)
    }
    /// Days until the newest forecast expects demand for all of the closing stock, counted from the day after the period: the mean of each week, a seventh a
    /// day. 0 without stock. Null beyond 26 weeks, without a forecast, where the period ends before the day before the forecast's first week, and in the totals.
    async fn days_of_supply_by_forecast(&self) -> Option<Long> {
        self.lasts.map(Long)
    }
    /// Sold units by opening and received units. Null where those are 0 or less.
    async fn sell_through(&self) -> Option<f64> {
        self.period.sell_through().map(round6)
    }
}

/// Units that were not sold for want of stock.
pub struct LostSales(pub LostUnits);

/// Units that were not sold for want of stock, by how many buyers took something else.
#[resolvers]
impl LostSales {
    /// Estimate if half of the buyers took a substitute.
    async fn low(&self) -> f64 {
        round6(self.0.low)
    }
    /// Estimate if the given share of the buyers took a substitute.
    async fn mid(&self) -> f64 {
        round6(self.0.mid)
    }
    /// Estimate if no buyer took a substitute.
    async fn high(&self) -> f64 {
        round6(self.0.high)
    }
}

/// A page of levels, and all of them together.
pub struct StockPerformanceConnection {
    page: CountedPage<StockPerformance>,
    totals: StockPeriod,
    before: Option<StockPeriod>,
    lost: LostUnits,
    unknown: i64,
    progress: BookProgress,
    span: Span,
}
crate::connection!(@edge StockPerformanceEdge, StockPerformance, "levels by the performance of their stock");

/// A page of levels by how their stock has done.
#[resolvers(connection(page, StockPerformanceEdge, StockPerformance))]
impl StockPerformanceConnection {
    /// Totals of all levels, also those that are on no page.
    async fn totals(&self) -> StockPerformance {
        let (period, before, lost) = (self.totals, self.before, Some(self.lost));
        StockPerformance { level: None, period, before, lost, span: self.span, lasts: None }
    }
    /// Days out of stock that the lost units of the totals leave out, as their stock-out had lasted for more than 28 days.
    async fn cut_days(&self) -> Long {
        Long(self.totals.out_days - self.totals.capped_days)
    }
    /// Levels that had no day with stock, so that their lost sales cannot be estimated.
    async fn unknown_levels(&self) -> Long {
        Long(self.unknown)
    }
    /// Number of the last event that the values include.
    async fn seq(&self) -> Long {
        Long(self.progress.seq)
    }
    /// True if the values include the tenant's last event.
    async fn is_current(&self) -> bool {
        self.progress.is_current()
    }
}

/// The root field of how stock has done.
#[derive(Default)]
pub struct StockPerformanceQuery;

#[resolvers]
impl StockPerformanceQuery {
    /// Stock-outs and what they cost, turnover, days of supply and sell-through of each product in each store, those that lost most first. Units are those of
    /// demandFacts; a caller of some stores is shown theirs.
    #[field(permit = ReportRead, paged, cost = "50")]
    #[expect(clippy::too_many_arguments, reason = "the arguments are the API's")]
    async fn stock_performance(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The first business day.")] from: Date,
        #[graphql(desc = "Last business day; a period has at most 731 days.")] to: Date,
        #[graphql(desc = "Products to include. Null for all.")] product: Option<IdFilter>,
        #[graphql(desc = "Stores to include. Null for all.")] store: Option<IdFilter>,
        #[graphql(desc = "The share of buyers who take something else where there is none, 0 to 1. Default 0.2.", default = 0.2)]
        substitution: f64,
        #[graphql(
            desc = "Products to include, besides `product`. `categoryTree` takes a category with its descendants. Needs product.read. Null for all."
        )]
        products: Option<ProductFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<StockPerformanceConnection> {
        if permit.channel().is_some() {
            // Stock belongs to no channel: that of one cannot be separated.
            return Err(TopError::Forbidden(kind::StockRead::info().code));
        }
        let span = parse_span(from, to)?;
        if !(0.0..=1.0).contains(&substitution) {
            return Err(TopError::bad_input("a share between 0 and 1 is expected", vec!["substitution".to_owned()]));
        }
        let product = resolve_test_keys(ctx, KeyKind::ProductSku, product, "product").await?;
        let store = resolve_test_keys(ctx, KeyKind::StoreCode, store, "store").await?;
        let mut filter = StockFilter {
            from: from.0,
            to: to.0,
            products: product.and_then(|ids| ids.ids(&["product"]).transpose()).transpose()?,
            stores: store.and_then(|ids| ids.ids(&["store"]).transpose()).transpose()?,
        };
        let (products, products_name) = products_at(ctx, products, "products").await?;
        let signer = ctx.required_data::<CursorSigner>()?;
        let kind = list_name(&filter, products_name, substitution);
        let request = PageArgs { first, after, last, before }.check(&kind, signer, MAX_PAGE_SIZE)?;
        let past_span = clip_to_past(ctx, &permit, span).await?;
        if past_span.is_none() {
            filter.stores = Some(Vec::new());
        }
        let span = past_span.unwrap_or(span);
        filter.to = span.to;
        let comparisons = load_comparisons(ctx, span);
        let database = ctx.required_data::<Ledger>()?.database();
        let performance = shell::stock_performance(permit.clone(), database, (filter, &products), substitution, comparisons);
        let performance = Box::pin(performance).await.map_err(report_error)?;
        let (progress, totals, before, lost, unknown) =
            (performance.progress, performance.totals, performance.before, performance.lost, performance.unknown);
        let count = performance.rows.len();
        let rows = (0..).zip(performance.rows).map(|(rank, level)| {
            let lost = LostUnits::of(&level.period, level.period.out_days, substitution);
            let LevelStock { period, before, .. } = level;
            (StockPerformance { level: Some(level), period, before, lost, span, lasts: None }, vec![Key::Int(rank)])
        });
        let rows: Vec<_> = rows.collect();
        let request = request.restrict_cursors_to(&rows);
        let rows = add_days_of_supply(ctx, &permit, span, request.pick(rows)).await?;
        let page = Page::build(rows, &request, kind, signer).with_total(count);
        Ok(StockPerformanceConnection { page, totals, before, lost, unknown, progress, span })
    }
}

/// Returns the list name that cursors are bound to: a cursor is invalid under other arguments.
fn list_name(filter: &StockFilter, products: Option<[u8; 32]>, substitution: f64) -> String {
    let mut conditions = json!({
        "from": filter.from,
        "to": filter.to,
        "product": filter.products,
        "store": filter.stores,
        "substitution": substitution.to_string(),
    });
    if let Some(name) = products {
        conditions["products"] = json!(URL_SAFE_NO_PAD.encode(name));
    }
    format!("stockPerformance:{}", URL_SAFE_NO_PAD.encode(canonical::digest_of(conditions)))
}

/// Returns the comparisons that the query selects: each takes as long to read as the report itself.
fn load_comparisons(ctx: &Context<'_>, span: Span) -> Comparisons {
    let lookahead = ctx.look_ahead();
    let is_row_field =
        |name: &str| lookahead.field("nodes").field(name).exists() || lookahead.field("edges").field("node").field(name).exists();
    let with_trend = is_row_field("turnoverTrend") || lookahead.field("totals").field("turnoverTrend").exists();
    let before = span.before();
    Comparisons { before: with_trend.then_some((before.from, before.to)), with_category: is_row_field("categoryTurnover") }
}

/// The rows with the days that their closing stock lasts by forecast, where that is selected.
async fn add_days_of_supply(
    ctx: &Context<'_>,
    permit: &Permit<kind::ReportRead>,
    span: Span,
    mut rows: Vec<(StockPerformance, Vec<Key>)>,
) -> Answer<Vec<(StockPerformance, Vec<Key>)>> {
    if !is_supply_selected(ctx) {
        return Ok(rows);
    }
    let level = |row: &StockPerformance| row.level.map(|level| (level.store, level.product));
    let levels: Vec<_> = rows.iter().filter_map(|(row, _)| Some((level(row)?, row.period.closing))).collect();
    let database = ctx.required_data::<Ledger>()?.database();
    let supply_days = forecasting::days_of_supply(permit, database, span.to.saturating_add(1), &levels).await?;
    for (row, _) in &mut rows {
        row.lasts = level(row).and_then(|level| supply_days.get(&level).copied());
    }
    Ok(rows)
}

fn is_supply_selected(ctx: &Context<'_>) -> bool {
    let lookahead = ctx.look_ahead();
    let nodes = [lookahead.field("nodes"), lookahead.field("edges").field("node")];
    nodes.iter().any(|node| node.field("daysOfSupplyByForecast").exists())
}

/// The days from the first to the last.
fn parse_span(from: Date, to: Date) -> Answer<Span> {
    if to.0 < from.0 {
        return Err(TopError::bad_input("to lies before from", vec!["to".to_owned()]));
    }
    let span = Span { from: from.0, to: to.0 };
    if span.days() > i64::from(MAX_DAYS) {
        return Err(TopError::bad_input(format!("at most {MAX_DAYS} days"), vec!["to".to_owned()]));
    }
    Ok(span)
}
