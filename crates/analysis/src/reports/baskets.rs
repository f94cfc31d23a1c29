//! Products that are bought together, as clients see them.

use async_graphql::Context;
use inventory::ledger::Ledger;
use macros::resolvers;
use services::reports::{
    core::Pair,
    shell::{self, BasketsError},
};

use super::{
    filter::SalesReportFilter,
    links::{self, Long, Product, report_error, round6},
    page::{ReportPaging, report_connection},
};
use crate::graphql::{
    connection::PageArgs,
    context::ContextExt,
    fault::{Answer, TopError},
    scalars::Cursor,
};

/// Two products that are bought together.
pub struct BoughtTogether(Pair);

/// Pair of products that orders have together more often than by chance. Shares are 0 to 1, to six
/// decimals.
#[resolvers]
impl BoughtTogether {
    /// Product of the pair.
    async fn product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.0.products[0]).await
    }
    /// Other product of the pair.
    async fn other_product(&self, ctx: &Context<'_>) -> Answer<Product> {
        links::product(ctx, self.0.products[1]).await
    }
    /// Number of orders with both products.
    async fn orders_together(&self) -> Long {
        Long(self.0.together.into())
    }
    /// Number of orders with the product.
    async fn product_orders(&self) -> Long {
        Long(self.0.orders[0].into())
    }
    /// Number of orders with the other product.
    async fn other_product_orders(&self) -> Long {
        Long(self.0.orders[1].into())
    }
    /// Support: orders with both products by all orders, 0 to 1.
    async fn support(&self) -> f64 {
        round6(self.0.strength.support)
    }
    /// Confidence: orders with both products by orders with the product, 0 to 1.
    async fn confidence(&self) -> f64 {
        round6(self.0.strength.confidence[0])
    }
    /// Confidence from the other product: orders with both products by orders with the other one, 0 to 1.
    async fn other_confidence(&self) -> f64 {
        round6(self.0.strength.confidence[1])
    }
    /// Lift: orders with both products by those expected by chance, above 0.
    async fn lift(&self) -> f64 {
        round6(self.0.strength.lift)
    }
    /// Chi-square of the pair, with one degree of freedom.
    async fn chi_square(&self) -> f64 {
        round6(self.0.strength.chi_square)
    }
}

/// Totals of all pairs.
pub struct BoughtTogetherTotals {
    orders: i64,
    left_out: i64,
    pairs: i64,
}

/// Totals of all pairs.
#[resolvers]
impl BoughtTogetherTotals {
    /// Number of orders in which pairs are counted.
    async fn orders(&self) -> Long {
        Long(self.orders)
    }
    /// Number of orders left out because they have more than 100 lines.
    async fn left_out_orders(&self) -> Long {
        Long(self.left_out)
    }
    /// Pairs that are strong enough. The list has at most 10,000 of them.
    async fn pairs(&self) -> Long {
        Long(self.pairs)
    }
}
report_connection!(
    BoughtTogetherConnection,
    BoughtTogetherEdge,
    BoughtTogether,
    BoughtTogetherTotals,
    "pairs of products that are bought together"
);

/// The root field of products that are bought together.
#[derive(Default)]
pub struct BasketQuery;

#[resolvers]
impl BasketQuery {
    /// Pairs of products in the same order: at least 10 orders together, a lift of 1.5 and a chi-square of 10.83, those with the most orders beyond chance first. Orders
    /// of more than 100 lines are left out and counted.
    ///
    /// Requires report.read. Costs 100.
    #[field(permit = ReportRead, cost = "100", paged)]
    async fn bought_together(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Orders to look through, by the day on which they were placed; with products, those products alone.")]
        filter: SalesReportFilter,
        first: Option<i32>,
        after: Option<Cursor>,
        last: Option<i32>,
        before: Option<Cursor>,
    ) -> Answer<BoughtTogetherConnection> {
        let paging = ReportPaging::of(ctx, "boughtTogether", &PageArgs { first, after, last, before })?;
        let report_filter = filter.read(ctx).await?;
        let report = Box::pin(shell::bought_together(permit, ctx.required_data::<Ledger>()?.database(), report_filter));
        let report = report.await.map_err(|error| match error {
            BasketsError::Report(error) => report_error(error),
            BasketsError::TooManyLines => TopError::bad_input(error.to_string(), vec!["filter".to_owned()]),
        })?;
        let totals = BoughtTogetherTotals { orders: report.orders, left_out: report.left_out, pairs: report.pairs };
        Ok(BoughtTogetherConnection { page: paging.page(report.rows, BoughtTogether), totals, source: report.source })
    }
}
