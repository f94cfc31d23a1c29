//! Productivity of stock in GraphQL.

use async_graphql::Context;
use entity::prelude::{CategoryId, Currency, ProductId, StoreId};
use inventory::ledger::Ledger;
use macros::resolvers;
use services::reports::{
    core::{Productivity, Span},
    shell::{self, ProductivityOptions, ProductivityRow},
};
use uuid::Uuid;

use super::{
    enums::{ProductivityGroup, ProductivityTop},
    filter::{StockReportFilter, require_cost_access},
    links::{self, Category, Long, Money, Product, Quantity, Store, money, non_nil_id, report_error, round6, units},
    page::{ReportPaging, report_connection, value_name},
};
use crate::graphql::{
    connection::PageArgs,
    context::ContextExt,
    fault::Answer,
    scalars::{Cursor, Date},
};

/// Productivity of the stock of a product, of a category, of a store, or of all.
pub struct StockProductivity {
    key: Option<(shell::ProductivityGroup, Uuid)>,
    sums: Productivity,
    is_of_stores: bool,
    /// The days of the report.
    span: Span,
    days: i64,
    /// The preceding days; None if nothing is known of them.
    before: Option<Productivity>,
    /// The product's category; None if it was not summed.
    category: Option<Productivity>,
    currency: Currency,
}

impl StockProductivity {
    fn id(&self, group: shell::ProductivityGroup) -> Option<Uuid> {
        self.key.filter(|(row_group, _)| *row_group == group).and_then(|(_, key)| non_nil_id(key))
    }
}

/// Productivity of stock over a period. Ratios are of summed values, to six decimals, and null without a denominator.
#[resolvers]
impl StockProductivity {
    /// Product, when rows are grouped by product. Null for other rows.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        let id = self.id(shell::ProductivityGroup::Product)?;
        Some(links::product(ctx, ProductId::from_uuid(id)).await)
    }
    /// Category, when rows are grouped by category; null for products without one.
    async fn category(&self, ctx: &Context<'_>) -> Option<Answer<Category>> {
        let id = self.id(shell::ProductivityGroup::Category)?;
        links::category(ctx, CategoryId::from_uuid(id)).await
    }
    /// Store, when rows are grouped by store; null for stock on its way between stores alone.
    async fn store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        let id = self.id(shell::ProductivityGroup::Store)?;
        Some(links::store(ctx, StoreId::from_uuid(id)).await)
    }
    /// Days of the period that the row rests on: those from the first order, return or movement of its goods on, also of one before the period. A ratio of few
    /// days says little. 0 without any.
    async fn active_days(&self) -> Long {
        Long(self.sums.active_days(self.span))
    }
    /// Quantity on hand at the beginning of the period, in the products' smallest units.
    async fn opening_units(&self) -> Quantity {
        units(self.sums.opening)
    }
    /// Units received, in the products' smallest units; from other stores, too, where the report is of stores.
    async fn received_units(&self) -> Quantity {
        units(self.sums.received_units(self.is_of_stores))
    }
    /// Units sold in all currencies, in the products' smallest units.
    async fn sold_units(&self) -> Quantity {
        units(self.sums.sold)
    }
    /// Quantity on hand at the end of the period, in the products' smallest units.
    async fn closing_units(&self) -> Quantity {
        units(self.sums.closing)
    }
    /// Sold units by opening and received units, to six decimals. Null where those are 0 or less.
    async fn sell_through(&self) -> Option<f64> {
        self.sums.sell_through(self.is_of_stores).map(round6)
    }
    /// Gross revenue less refunds of sales in the currency of the report.
    async fn net_revenue(&self) -> Money {
        money(self.sums.net, self.currency)
    }
    /// True if goods of the row were sold, shipped or returned in another currency than that of the report. Units and costs include them and `netRevenue` does
    /// not, so that the two give no margin, and `gmroi` is null.
    async fn has_other_currencies(&self) -> bool {
        self.sums.has_other_currencies
    }
    /// Booked cost of the goods sold in all currencies, returns not deducted. Null for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn cost_of_goods_sold(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(money(self.sums.cost, self.currency))
    }
    /// Booked cost of the goods returned. Null for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn returned_cost(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(money(self.sums.returned_cost, self.currency))
    }
    /// Mean of the stock's booked value at the end of each day, rounded to a minor unit. For stores, it is the share of their
    /// units in their product's value, as the books have no stores. Null for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn mean_stock_value(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(money(self.sums.mean_value(self.days).round() as i128, self.currency))
    }
    /// Gross margin return on inventory investment: revenue without tax less refunds and cost after returns, by mean stock value. Null without a mean value above 0, where
    /// `hasOtherCurrencies` is true, and for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn gmroi(&self, ctx: &Context<'_>) -> Option<f64> {
        self.sums.gmroi(self.days).map(round6)
    }
    /// Cost after returns by mean stock value. Null for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn turnover(&self, ctx: &Context<'_>) -> Option<f64> {
        self.sums.turnover(self.days).map(round6)
    }
    /// Turnover by value of the days before, and the change since. Null where no stock was kept and nothing was sold before, and for callers without
    /// product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn turnover_trend(&self, ctx: &Context<'_>) -> Option<ValueTurnoverTrend> {
        let (span, current_turnover) = (self.span.before(), self.sums.turnover(self.days));
        let trend = |before: Productivity| {
            let active_days = before.active_days(span);
            ValueTurnoverTrend { span, active_days, before: before.turnover(span.days()), now: current_turnover }
        };
        self.before.map(trend)
    }
    /// Turnover by value of the product's category over the same days and stores. Null for products without a category, where rows are not products, in the
    /// totals, and for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn category_turnover(&self, ctx: &Context<'_>) -> Option<ValueCategoryTurnover> {
        let (category, own_turnover) = (self.category?, self.sums.turnover(self.days));
        Some(ValueCategoryTurnover {
            whole: category.turnover(self.days),
            active_days: category.active_days(self.span),
            own: own_turnover,
        })
    }
    /// Turnover of a year at this rate; null for less than 28 days, which say too little, and for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn annualised_turnover(&self, ctx: &Context<'_>) -> Option<f64> {
        let turnover = self.sums.turnover(self.days).filter(|_| self.days >= 28)?;
        Some(round6(turnover * 365.0 / self.days as f64))
    }
    /// Days that the mean stock value lasts at the rate of the period's cost. Null for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn days_of_inventory(&self, ctx: &Context<'_>) -> Option<f64> {
        self.sums.days_of_inventory(self.days).map(round6)
    }
}

/// The turnover by value of the days before, and how it has changed.
pub struct ValueTurnoverTrend {
    span: Span,
    active_days: i64,
    before: Option<f64>,
    /// The turnover of the report's own days.
    now: Option<f64>,
}

/// Turnover by value of the days before a period, and the change since. For a week or more, the nearest days before that have the same weekdays.
#[resolvers]
impl ValueTurnoverTrend {
    /// First of the days before.
    async fn from(&self) -> Date {
        Date(self.span.from)
    }
    /// Last of the days before.
    async fn to(&self) -> Date {
        Date(self.span.to)
    }
    /// Days that the turnover of the days before rests on: those from the first order, return or movement of the row's goods on.
    async fn active_days(&self) -> Long {
        Long(self.active_days)
    }
    /// Turnover of the days before: cost after returns by mean stock value. Null where that mean is 0 or less.
    async fn turnover(&self) -> Option<f64> {
        self.before.map(round6)
    }
    /// Turnover of the period less that of the days before. Null without either.
    async fn change(&self) -> Option<f64> {
        Some(round6(self.now? - self.before?))
    }
    /// Change of the turnover by that of the days before: 0.25 is a quarter more. Null without either, and where nothing was sold before.
    async fn change_rate(&self) -> Option<f64> {
        let before = self.before.filter(|before| *before > 0.0)?;
        Some(round6((self.now? - before) / before))
    }
}

/// The turnover by value of a category, and that of one of its products.
pub struct ValueCategoryTurnover {
    whole: Option<f64>,
    active_days: i64,
    own: Option<f64>,
}

/// Turnover by value of all products of a category, also of those that the report leaves out. Categories below it are not included.
#[resolvers]
impl ValueCategoryTurnover {
    /// Days that the turnover of the category rests on: those from the first order, return or movement of one of its products on.
    async fn active_days(&self) -> Long {
        Long(self.active_days)
    }
    /// Turnover of the category: cost after returns by mean stock value. Null where that mean is 0 or less.
    async fn turnover(&self) -> Option<f64> {
        self.whole.map(round6)
    }
    /// Turnover of the product by that of its category: 2 is twice as fast. Null without either, and where nothing of the category was sold.
    async fn ratio(&self) -> Option<f64> {
        let whole = self.whole.filter(|whole| *whole > 0.0)?;
        Some(round6(self.own? / whole))
    }
}
report_connection!(
    StockProductivityConnection,
    StockProductivityEdge,
    StockProductivity,
    StockProductivity,
    "rows by the margin that stock brought"
);

/// Root field of the productivity of stock.
#[derive(Default)]
pub struct ProductivityQuery;

#[resolvers]
impl ProductivityQuery {
    /// Sell-through, gross margin return on inventory investment, turnover by value and days of inventory of products, categories or stores. Units and
    /// revenue are those of demandFacts, costs those of costReport by the company's own method.
    ///
    /// Requires report.read. Costs 50.
    #[field(permit = ReportRead, cost = "50", paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn stock_productivity(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stock to report on.")] filter: StockReportFilter,
        #[graphql(desc = "Meaning of a row. Default PRODUCT.", default_with = "ProductivityGroup::Product")]
        group_by: ProductivityGroup,
        #[graphql(
            desc = "Measure to sort by, the largest first and then by key. Default NET_REVENUE.",
            default_with = "ProductivityTop::NetRevenue"
        )]
        top_by: ProductivityTop,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<StockProductivityConnection> {
        let sees_costs = ctx.caller()?.sees_costs();
        let options = ProductivityOptions {
            group: group_by.into(),
            top: top_by.into(),
            with_before: sees_costs && is_field_selected(ctx, "turnoverTrend"),
            with_category: sees_costs && is_field_selected(ctx, "categoryTurnover"),
        };
        require_cost_access(ctx, options.top.shows_costs())?;
        let paging = ReportPaging::of(
            ctx,
            format!("stockProductivity:{}:{}", value_name(group_by), value_name(top_by)),
            &PageArgs { first, after, last, before },
        )?;
        let report_filter = filter.read_past_days(ctx, &permit).await?;
        let report = shell::stock_productivity(permit, ctx.required_data::<Ledger>()?.database(), report_filter, options);
        let report = Box::pin(report).await.map_err(report_error)?;
        let (source, span, currency) = (report.source, report.source.span, report.source.currency);
        let days = span.days();
        let (rows_of_stores, is_of_stores) = (report.rows_of_stores, report.totals_of_stores);
        let (sums, before) = (report.totals, report.totals_before);
        let totals = StockProductivity { key: None, sums, is_of_stores, span, days, before, category: None, currency };
        let page = paging.page(report.rows, |ProductivityRow { key, sums, before, category }| StockProductivity {
            key: Some((options.group, key)),
            sums,
            is_of_stores: rows_of_stores,
            span,
            days,
            before,
            category,
            currency,
        });
        Ok(StockProductivityConnection { page, totals, source })
    }
}

/// Whether a field of a row or of all is selected that takes as long as the report itself.
fn is_field_selected(ctx: &Context<'_>, field: &str) -> bool {
    let lookahead = ctx.look_ahead();
    let rows = [lookahead.field("nodes"), lookahead.field("edges").field("node"), lookahead.field("totals")];
    rows.iter().any(|rows| rows.field(field).exists())
}
