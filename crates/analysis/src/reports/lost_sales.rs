//! Cost of stock-outs in GraphQL.

use async_graphql::Context;
use entity::prelude::Currency;
use inventory::ledger::Ledger;
use macros::resolvers;
use platform::path;
use services::reports::{
    core::LossRange,
    shell::{self, LostLevel, LostSums},
};

use super::{
    filter::StockReportFilter,
    links::{self, Long, Money, Product, Store, money, report_error},
    page::{ReportPaging, report_connection},
};
use crate::{
    demand::LostSales,
    graphql::{
        connection::PageArgs,
        context::ContextExt,
        fault::{Answer, TopError},
        scalars::Cursor,
    },
};

/// Money that was lost, by how many buyers took something else.
pub struct LostMoney {
    loss: LossRange,
    currency: Currency,
}

/// Money that was lost for want of stock, by how many buyers took something else.
#[resolvers]
impl LostMoney {
    /// Estimate if half of the buyers took a substitute.
    async fn low(&self) -> Money {
        money(self.loss.low.into(), self.currency)
    }
    /// Estimate if the given share of the buyers took a substitute.
    async fn mid(&self) -> Money {
        money(self.loss.mid.into(), self.currency)
    }
    /// Estimate if no buyer took a substitute.
    async fn high(&self) -> Money {
        money(self.loss.high.into(), self.currency)
    }
}

/// A product in a store that had none on some days.
pub struct LostSalesLevel {
    loss: LostLevel,
    currency: Currency,
}

/// A product in a store that had none on some days, and what that cost. Guesses with their range: (units sold a day in stock) × days out × (1 − substitution),
/// less what was sold on days out.
#[resolvers]
impl LostSalesLevel {
    /// Product.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.loss.product).await
    }
    /// Store.
    async fn store(&self, ctx: &Context<'_>) -> Answer<Store> {
        links::store(ctx, self.loss.store).await
    }
    /// Days on which the product was kept in the store.
    async fn active_days(&self) -> Long {
        Long(self.loss.period.in_stock_days + self.loss.period.out_days)
    }
    /// Number of days that closed with nothing on hand.
    async fn out_days(&self) -> Long {
        Long(self.loss.period.out_days)
    }
    /// Days without stock that count for money and in the totals: at most 28 of each stock-out.
    async fn counted_days(&self) -> Long {
        Long(self.loss.period.capped_days)
    }
    /// Unbroken runs of days without stock, begun or continued in the period.
    async fn stockouts(&self) -> Long {
        Long(self.loss.period.stockouts)
    }
    /// Units lost on all days out; null where no day had stock.
    async fn lost_units(&self) -> Option<LostSales> {
        self.loss.units.map(LostSales)
    }
    /// Units lost on counted days; null where no day had stock.
    async fn counted_units(&self) -> Option<LostSales> {
        self.loss.capped.map(LostSales)
    }
    /// Counted units at the mean price paid, without tax, in the 28 days up to the last day in stock; at the list price if none was sold then. Null without a price, or where no
    /// day had stock.
    async fn lost_revenue(&self) -> Option<LostMoney> {
        Some(LostMoney { loss: self.loss.revenue?, currency: self.currency })
    }
    /// Lost revenue less cost. Null without a cost, and for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn lost_margin(&self, ctx: &Context<'_>) -> Option<LostMoney> {
        Some(LostMoney { loss: self.loss.margin?, currency: self.currency })
    }
}

/// Totals of all stock-outs.
pub struct LostSalesTotals {
    loss: LostSums,
    currency: Currency,
}

/// Totals of all stock-outs. Units and money are of counted days: 28 of each stock-out at most.
#[resolvers]
impl LostSalesTotals {
    /// Days that closed with nothing on hand, summed over products and stores.
    async fn out_days(&self) -> Long {
        Long(self.loss.out_days)
    }
    /// Days without stock that are left out, after the first 28 of a stock-out.
    async fn cut_days(&self) -> Long {
        Long(self.loss.out_days - self.loss.capped_days)
    }
    /// Number of stock-outs.
    async fn stockouts(&self) -> Long {
        Long(self.loss.stockouts)
    }
    /// Units lost.
    async fn lost_units(&self) -> LostSales {
        LostSales(self.loss.units)
    }
    /// Revenue lost.
    async fn lost_revenue(&self) -> LostMoney {
        LostMoney { loss: self.loss.revenue, currency: self.currency }
    }
    /// Lost revenue less cost. Null for callers without product.cost.read.
    #[field(mask = ProductCostRead)]
    async fn lost_margin(&self, ctx: &Context<'_>) -> Option<LostMoney> {
        Some(LostMoney { loss: self.loss.margin, currency: self.currency })
    }
    /// Products in stores that had no day with stock, so that their lost sales cannot be estimated.
    async fn unknown_levels(&self) -> Long {
        Long(self.loss.unknown)
    }
    /// Products in stores that have no price in the currency: their units alone are counted.
    async fn unpriced_levels(&self) -> Long {
        Long(self.loss.unpriced)
    }
}
report_connection!(LostSalesConnection, LostSalesEdge, LostSalesLevel, LostSalesTotals, "levels by the cost of stock-outs");

/// The root field of what stock-outs cost.
#[derive(Default)]
pub struct LostSalesQuery;

#[resolvers]
impl LostSalesQuery {
    /// Units, revenue and margin that stock-outs cost, by product and store, those that lost the most revenue first. Only products in stores with a day out are
    /// in it.
    ///
    /// Requires report.read. Costs 50.
    #[field(permit = ReportRead, cost = "50", paged)]
    #[expect(clippy::too_many_arguments, reason = "the arguments of a Relay connection")]
    async fn lost_sales(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Stock to report on.")] filter: StockReportFilter,
        #[graphql(desc = "Share of buyers who take something else where there is none, 0 to 1. Default 0.2.", default = 0.2)]
        substitution: f64,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<LostSalesConnection> {
        if !(0.0..=1.0).contains(&substitution) {
            return Err(TopError::bad_input("a share between 0 and 1 is expected", path!["substitution"]));
        }
        let paging = ReportPaging::of(ctx, "lostSales", &PageArgs { first, after, last, before })?;
        let report_filter = filter.read_past_days(ctx, &permit).await?;
        let report = shell::lost_sales(permit, ctx.required_data::<Ledger>()?.database(), report_filter, substitution);
        let report = Box::pin(report).await.map_err(report_error)?;
        let currency = report.source.currency;
        let totals = LostSalesTotals { loss: report.totals, currency };
        let page = paging.page(report.rows, |level| LostSalesLevel { loss: level, currency });
        Ok(LostSalesConnection { page, totals, source: report.source })
    }
}
