//! Customers by recency, frequency and money, and by when they came first, as clients see them.

use async_graphql::{Context, ID};
use entity::prelude::Currency;
use inventory::{catalog::rows::page::ProductCondition, ledger::Ledger};
use macros::resolvers;
use services::reports::{
    core::Span,
    rows::ReportFilter,
    shell::{self, CohortRow},
};

use super::{
    filter::PeriodInput,
    links::{self, Customer, Date, Long, Money, money, report_error},
    page::{ReportPaging, report_connection},
};
use crate::{
    catalog::{ProductFilter, products_within},
    graphql::{connection::PageArgs, context::ContextExt, fault::Answer, filters::IdFilter, scalars::Cursor},
    keyed_filters::{KeyKind, resolve_test_keys},
};

/// Days of the scores: a year.
const SCORED_DAYS: i32 = 365;

/// A customer with scores.
pub struct CustomerScore {
    row: shell::CustomerScore,
    currency: Currency,
}

/// A customer by recency, frequency and money. Scores are 1 to `totals.bestScore`, the best the highest; customers with equal values share the better
/// score.
#[resolvers]
impl CustomerScore {
    /// ID of the customer. Null for callers without customer.read.
    #[field(mask = CustomerRead)]
    async fn customer_id(&self, ctx: &Context<'_>) -> Option<ID> {
        Some(ID(self.row.orders.customer.to_string()))
    }
    /// Customer. Null for callers without customer.read.
    #[field(mask = CustomerRead)]
    async fn customer(&self, ctx: &Context<'_>) -> Option<Answer<Customer>> {
        Some(links::customer(ctx, self.row.orders.customer).await)
    }
    /// Score of recency.
    async fn recency(&self) -> i32 {
        self.row.scores.recency.into()
    }
    /// Score of frequency.
    async fn frequency(&self) -> i32 {
        self.row.scores.frequency.into()
    }
    /// Score of money.
    async fn monetary(&self) -> i32 {
        self.row.scores.money.into()
    }
    /// Days since the last order.
    async fn days_since_order(&self) -> Long {
        Long(self.row.orders.days_since)
    }
    /// Orders. One that came back whole is none.
    async fn orders(&self) -> Long {
        Long(self.row.orders.orders)
    }
    /// Revenue of products less refunds.
    async fn net_revenue(&self) -> Money {
        money(self.row.orders.net.into(), self.currency)
    }
}

/// Totals of all customers.
pub struct CustomerScoreTotals {
    customers: i64,
    orders: i64,
    guest_orders: i64,
    net: i64,
    best: u8,
    currency: Currency,
}

/// Totals of all customers.
#[resolvers]
impl CustomerScoreTotals {
    /// Customers with an order.
    async fn customers(&self) -> Long {
        Long(self.customers)
    }
    /// Number of orders of these customers.
    async fn orders(&self) -> Long {
        Long(self.orders)
    }
    /// Orders of guests, who are in no row.
    async fn guest_orders(&self) -> Long {
        Long(self.guest_orders)
    }
    /// Revenue of products less refunds, of customers.
    async fn net_revenue(&self) -> Money {
        money(self.net.into(), self.currency)
    }
    /// Highest score: 5, or 3 for fewer than 25 customers.
    async fn best_score(&self) -> i32 {
        self.best.into()
    }
}
report_connection!(CustomerScoreConnection, CustomerScoreEdge, CustomerScore, CustomerScoreTotals, "customers by their scores");

/// Customers of one month of first orders.
pub struct CustomerCohort {
    row: CohortRow,
    today: i32,
}

impl CustomerCohort {
    fn repeat_count(&self, window: usize) -> Option<Long> {
        self.row.cohort.repeat_customers(window, self.today).map(Long)
    }
}

/// Customers whose first order ever was placed in one month, and how many of them had ordered again. A number is null while its days are not over for all.
#[resolvers]
impl CustomerCohort {
    /// Month, as 2026-11.
    async fn month(&self) -> String {
        format!("{:04}-{:02}", self.row.month.year, self.row.month.month)
    }
    /// Number of customers.
    async fn customers(&self) -> Long {
        Long(self.row.cohort.customers)
    }
    /// Customers of the cohort who ordered again within 30 days. Null until 30 days are over for
    /// all of them.
    async fn repeated_within30_days(&self) -> Option<Long> {
        self.repeat_count(0)
    }
    /// Customers of the cohort who ordered again within 90 days. Null until 90 days are over for
    /// all of them.
    async fn repeated_within90_days(&self) -> Option<Long> {
        self.repeat_count(1)
    }
    /// Customers of the cohort who ordered again within 365 days. Null until 365 days are over for
    /// all of them.
    async fn repeated_within365_days(&self) -> Option<Long> {
        self.repeat_count(2)
    }
}

/// Totals of all cohorts.
pub struct CustomerCohortTotals {
    customers: i64,
    repeated: i64,
}

/// Totals of all cohorts.
#[resolvers]
impl CustomerCohortTotals {
    /// Number of customers.
    async fn customers(&self) -> Long {
        Long(self.customers)
    }
    /// Customers who ordered more than once, whenever that was.
    async fn repeated(&self) -> Long {
        Long(self.repeated)
    }
}
report_connection!(CustomerCohortConnection, CustomerCohortEdge, CustomerCohort, CustomerCohortTotals, "cohorts of customers");

/// The root fields of customers' orders.
#[derive(Default)]
pub struct CustomerReportQuery;

#[resolvers]
impl CustomerReportQuery {
    /// Customers by recency, frequency and money (RFM) of the 365 days up to a day, those with the most net revenue first. Nothing personal is in it; guests are counted
    /// and in no row.
    ///
    /// Requires report.read; the customer of a row, customer.read. Costs 50.
    #[field(permit = ReportRead, cost = "50", paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments are the API's")]
    async fn customer_scores(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Last of the 365 days. Null for today, in the tenant's time zone.")] to: Option<Date>,
        #[graphql(desc = "Stores whose orders are included. Null for all.")] store: Option<IdFilter>,
        #[graphql(desc = "Channels whose orders are included. Null for all.")] channel: Option<IdFilter>,
        #[graphql(
            desc = "Products to include: orders with something of them, their revenue, and as refunds the worth of what came back of them. Needs product.read. Null for all."
        )]
        product: Option<ProductFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<CustomerScoreConnection> {
        let paging = ReportPaging::of(ctx, "customerScores", &PageArgs { first, after, last, before })?;
        let ledger = ctx.required_data::<Ledger>()?;
        let to = match to {
            Some(day) => day.0,
            None => shell::report_day(&permit, ledger.database(), ledger.clock().now()).await?,
        };
        let products = products_within(ctx, product, None).await?;
        let report_filter =
            resolve_order_filter(ctx, Span { from: to.saturating_sub(SCORED_DAYS - 1), to }, products, (store, channel)).await?;
        let report = Box::pin(shell::customer_segments(permit, ledger.database(), report_filter)).await.map_err(report_error)?;
        let currency = report.source.currency;
        let totals = CustomerScoreTotals {
            customers: report.rows.len() as i64,
            orders: report.orders,
            guest_orders: report.guest_orders,
            net: report.net,
            best: report.best,
            currency,
        };
        let page = paging.page(report.rows, |score| CustomerScore { row: score, currency });
        Ok(CustomerScoreConnection { page, totals, source: report.source })
    }

    /// First and repeat purchases: customers by the month of their first order ever, and how many of them ordered again. The oldest month first. For a caller of some
    /// stores or a channel, and with a filter, it is the first order there.
    ///
    /// Requires report.read. Costs 50.
    #[field(permit = ReportRead, cost = "50", paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments are the API's")]
    async fn customer_cohorts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Days on which first orders were placed.")] period: PeriodInput,
        #[graphql(desc = "Stores whose orders are included. Null for all.")] store: Option<IdFilter>,
        #[graphql(desc = "Channels whose orders are included. Null for all.")] channel: Option<IdFilter>,
        #[graphql(desc = "Products to include: orders with something of them. Needs product.read. Null for all.")]
        product: Option<ProductFilter>,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<CustomerCohortConnection> {
        let paging = ReportPaging::of(ctx, "customerCohorts", &PageArgs { first, after, last, before })?;
        let ledger = ctx.required_data::<Ledger>()?;
        let span = period.read()?;
        let products = products_within(ctx, product, None).await?;
        let report_filter = resolve_order_filter(ctx, span, products, (store, channel)).await?;
        let today = shell::report_day(&permit, ledger.database(), ledger.clock().now()).await?;
        let report =
            Box::pin(shell::customer_cohorts(permit, ledger.database(), report_filter, today)).await.map_err(report_error)?;
        let totals = CustomerCohortTotals { customers: report.customers, repeated: report.repeated };
        let page = paging.page(report.rows, |cohort| CustomerCohort { row: cohort, today });
        Ok(CustomerCohortConnection { page, totals, source: report.source })
    }
}

async fn resolve_order_filter(
    ctx: &Context<'_>,
    span: Span,
    products: ProductCondition,
    (store, channel): (Option<IdFilter>, Option<IdFilter>),
) -> Answer<ReportFilter> {
    let store = resolve_test_keys(ctx, KeyKind::StoreCode, store, "store").await?;
    let channel = resolve_test_keys(ctx, KeyKind::ChannelCode, channel, "channel").await?;
    Ok(ReportFilter {
        span,
        products,
        stores: store.and_then(|ids| ids.ids(&["store"]).transpose()).transpose()?,
        channels: channel.and_then(|ids| ids.ids(&["channel"]).transpose()).transpose()?,
    })
}
