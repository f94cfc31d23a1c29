//! Revenue and margin by channel and more, as clients see them.

use async_graphql::Context;
use entity::prelude::{CategoryId, ChannelId, Currency, ProductId, StoreId};
use inventory::ledger::Ledger;
use macros::resolvers;
use services::reports::{
    rows::{self, GroupMargin},
    shell,
};
use uuid::Uuid;

use super::{
    enums::{MarginGroup, MarginTop},
    filter::{SalesReportFilter, require_cost_access},
    links::{self, Category, Channel, Money, Product, Quantity, Store, money, non_nil_id, report_error, round6, units},
    page::{ReportPaging, report_connection, value_name},
};
use crate::graphql::{connection::PageArgs, context::ContextExt, fault::Answer, scalars::Cursor};

/// Revenue and margin of one group, or of all.
pub struct MarginReport {
    group: Option<rows::MarginGroup>,
    sums: GroupMargin,
    currency: Currency,
}

impl MarginReport {
    fn id(&self, group: rows::MarginGroup) -> Option<Uuid> {
        self.sums.key.filter(|_| self.group == Some(group)).and_then(non_nil_id)
    }
}

/// Revenue and margin. Costs are those that products had when they were ordered, as in demandFacts, and null for callers without product.cost.read.
#[resolvers]
impl MarginReport {
    /// Channel, when rows are grouped by channel; null for what is of none.
    async fn channel(&self, ctx: &Context<'_>) -> Option<Answer<Channel>> {
        let id = self.id(rows::MarginGroup::Channel)?;
        Some(links::channel(ctx, ChannelId::from_uuid(id)).await)
    }
    /// Store, when rows are grouped by store. Null for other rows.
    async fn store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        let id = self.id(rows::MarginGroup::Store)?;
        Some(links::store(ctx, StoreId::from_uuid(id)).await)
    }
    /// Category, when rows are grouped by category; null for products without one.
    async fn category(&self, ctx: &Context<'_>) -> Option<Answer<Category>> {
        let id = self.id(rows::MarginGroup::Category)?;
        links::category(ctx, CategoryId::from_uuid(id)).await
    }
    /// Product, when rows are grouped by product. Null for other rows.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        let id = self.id(rows::MarginGroup::Product)?;
        Some(links::product(ctx, ProductId::from_uuid(id)).await)
    }
    /// Units sold, in the products' smallest units.
    async fn sold_units(&self) -> Quantity {
        units(self.sums.units.into())
    }
    /// Revenue before refunds, with sales tax.
    async fn gross_revenue(&self) -> Money {
        money(self.sums.gross.into(), self.currency)
    }
    /// Revenue before refunds, without sales tax: sold units at the prices of their lines, less discounts.
    async fn revenue_without_tax(&self) -> Money {
        money(self.sums.untaxed.into(), self.currency)
    }
    /// Discounts on the lines.
    async fn discounts(&self) -> Money {
        money(self.sums.discounts.into(), self.currency)
    }
    /// Refunds for products, by the day on which they were returned.
    async fn refunds(&self) -> Money {
        money(self.sums.refunds.into(), self.currency)
    }
    /// Gross revenue less refunds.
    async fn net_revenue(&self) -> Money {
        money(self.sums.net().into(), self.currency)
    }
    /// Cost of the sold units. Null for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn cost_of_goods_sold(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(money(self.sums.cost.into(), self.currency))
    }
    /// Margin of the sold units, before refunds: revenue without tax less cost. Null for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn margin(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(money(self.sums.margin().into(), self.currency))
    }
    /// Margin by revenue without tax, to six decimals. Null without revenue, and for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn margin_rate(&self, ctx: &Context<'_>) -> Option<f64> {
        self.sums.margin_rate().map(round6)
    }
}
report_connection!(MarginReportConnection, MarginReportEdge, MarginReport, MarginReport, "rows by revenue and margin");

/// The root field of margins.
#[derive(Default)]
pub struct MarginQuery;

#[resolvers]
impl MarginQuery {
    /// Revenue, cost and margin by channel, store, category or product, by the rules of demandFacts.
    ///
    /// Requires report.read. Costs 20.
    #[field(permit = ReportRead, cost = "20", paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn margin_report(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Sales to report on.")] filter: SalesReportFilter,
        #[graphql(desc = "Meaning of a row. Default CHANNEL.", default_with = "MarginGroup::Channel")] group_by: MarginGroup,
        #[graphql(
            desc = "Measure to sort by, the largest first and then by key. Default GROSS_REVENUE.",
            default_with = "MarginTop::GrossRevenue"
        )]
        top_by: MarginTop,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<MarginReportConnection> {
        let (group, top): (rows::MarginGroup, shell::MarginTop) = (group_by.into(), top_by.into());
        require_cost_access(ctx, top.shows_costs())?;
        let paging = ReportPaging::of(
            ctx,
            format!("marginReport:{}:{}", value_name(group_by), value_name(top_by)),
            &PageArgs { first, after, last, before },
        )?;
        let report_filter = filter.read(ctx).await?;
        let report = shell::margin_report(permit, ctx.required_data::<Ledger>()?.database(), report_filter, (group, top));
        let report = Box::pin(report).await.map_err(report_error)?;
        let currency = report.source.currency;
        let totals = MarginReport { group: None, sums: report.totals, currency };
        let page = paging.page(report.rows, |row| MarginReport { group: Some(group), sums: row, currency });
        Ok(MarginReportConnection { page, totals, source: report.source })
    }
}
