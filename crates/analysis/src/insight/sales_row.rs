//! Rows of reports and summaries of sales, their groups, and the measures by which they are chosen.

use async_graphql::{Context, Enum};
use macros::resolvers;
use services::insight::{
    core::{Group, Measure},
    shell,
};

use crate::{
    catalog::{Money, Product},
    graphql::{
        fault::Answer,
        scalars::{Long, Quantity},
    },
    orders::links,
};

/// Meaning of a row of a sales report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Group", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum SalesGroup {
    /// The report has one row for everything; its key is null.
    None,
    /// A calendar day of the store, as 2011-11-30.
    Day,
    /// A calendar month of the store, as 2011-11.
    Month,
    /// A product, by its id. Charges have no product and are left out.
    Product,
    /// A category, by its id, without those below it: the one that the product has now. Charges are left out.
    Category,
    /// The store that sold, or took back, by its id.
    Store,
    /// The channel, by its id. A return has the channel of the order it was matched with first.
    Channel,
    /// The country that it was sold to, as the order keeps it. A return has that of the order it was matched with first, else its customer's when it was
    /// asked for.
    Country,
    /// The customer, by their id. Needs customer.read beside report.read.
    Customer,
}

/// Measure by which the first rows of a sales report are chosen, the largest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Measure", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum SalesMeasure {
    /// Units sold.
    UnitsSold,
    /// Revenue before refunds.
    GrossRevenue,
    /// Revenue after refunds.
    NetRevenue,
    /// Orders.
    Orders,
}

/// Exact sums over orders and returns. Revenue is that of products; charges, such as postage, stand apart.
pub struct SalesRow {
    pub(super) row: shell::SalesRow,
}

/// The sums of one group of a sales report.
#[resolvers]
impl SalesRow {
    /// ID or name of the group. Null for sales that belong to no group, and without groups.
    async fn key(&self) -> Option<&str> {
        self.row.key.as_deref()
    }
    /// Product of the row. Null unless rows are grouped by product.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, self.row.product?).await)
    }
    /// Orders that have sold something of the group.
    async fn orders(&self) -> Long {
        Long(self.row.orders)
    }
    /// Number of product lines of these orders, without lines that were cancelled whole.
    async fn order_lines(&self) -> Long {
        Long(self.row.order_lines)
    }
    /// Units sold, without cancelled ones, in the products' smallest units.
    async fn units_sold(&self) -> Quantity {
        self.row.units_sold.into()
    }
    /// Gross revenue: the totals of product lines, price less discount plus tax. A line that was cancelled in part counts with
    /// the share of the rest, by quantity, rounded half away from zero.
    async fn gross_revenue(&self) -> Money {
        self.row.gross_revenue.into()
    }
    /// Returns that were received and have something of the group.
    async fn returns(&self) -> Long {
        Long(self.row.returns)
    }
    /// Number of product lines of these returns.
    async fn return_lines(&self) -> Long {
        Long(self.row.return_lines)
    }
    /// Units returned, in the products' smallest units.
    async fn units_returned(&self) -> Quantity {
        self.row.units_returned.into()
    }
    /// Refunds for products.
    async fn refunds(&self) -> Money {
        self.row.refunds.into()
    }
    /// Gross revenue less refunds.
    async fn net_revenue(&self) -> Money {
        self.row.net_revenue.into()
    }
    /// Totals of charges, such as postage.
    async fn charges(&self) -> Money {
        self.row.charges.into()
    }
    /// Refunds of charges.
    async fn charge_credits(&self) -> Money {
        self.row.charge_credits.into()
    }
    /// Number of orders and returns in another currency than the books that have no exchange rate. They count in no other field of the row. 0 unless
    /// `currencyBasis` is BOOKS.
    async fn documents_without_rate(&self) -> Long {
        Long(self.row.without_rate)
    }
    /// Units sold at the cost that their product had when they were ordered, rounded line by line; returns are not deducted. Lines without
    /// a cost count as 0. Null for callers who may not see costs.
    #[field(mask = ProductCostRead)]
    async fn cost_of_goods_sold(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(self.row.cost_of_goods_sold.into())
    }
}
