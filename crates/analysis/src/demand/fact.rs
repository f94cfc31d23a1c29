//! Demand facts as clients see them.

use std::sync::Arc;

use async_graphql::Context;
use entity::prelude::{self, ChannelId, Currency, ProductId, StoreId};
use macros::resolvers;
use platform::storage::books::BookProgress;
use services::demand::rows::{self, FactKey, FactRow};

use crate::{
    catalog::{Channel, Money, Product, Store},
    graphql::{
        connection::CountedPage,
        fault::Answer,
        scalars::{CurrencyCode, Date, Long, Quantity},
    },
    orders::links,
};

/// The sums of one group, in one currency.
pub struct DemandFact {
    pub row: FactRow,
    pub group: Arc<[rows::DemandDimension]>,
    pub currency: Currency,
    /// Whether it is of one product, so that documents can be counted.
    pub is_of_product: bool,
    /// Whether its day closed with stock; `None` if that is unknown or was not requested.
    pub is_in_stock: Option<bool>,
}

impl DemandFact {
    fn key(&self, dimension: rows::DemandDimension) -> Option<FactKey> {
        let index = self.group.iter().position(|candidate| *candidate == dimension)?;
        self.row.keys.get(index).copied()
    }
    fn id(&self, dimension: rows::DemandDimension) -> Option<uuid::Uuid> {
        match self.key(dimension)? {
            FactKey::Id(id) if !id.is_nil() => Some(id),
            _ => None,
        }
    }
    fn date(&self, dimension: rows::DemandDimension) -> Option<Date> {
        match self.key(dimension)? {
            FactKey::Date(day) => Some(Date(day)),
            FactKey::Id(_) => None,
        }
    }
    fn money(&self, minor: i64) -> Money {
        prelude::Money::new(minor, self.currency).into()
    }
}

/// The shell gives no sum beyond ±(2^53 − 1).
fn units(sum: i64) -> Quantity {
    prelude::Quantity::new(sum).unwrap_or_default().into()
}

/// Units demanded, sold, returned and moved. Units are the products' smallest. An order counts on the day on which it was placed, a return on the day on
/// which it was received, a ledger entry on the day on which it occurred, each in its store's time zone. Orders and returns are those in the currency of the
/// answer; goods that were shipped, restocked, received, moved, adjusted or removed, and `netUnits`, are of all currencies.
#[resolvers]
impl DemandFact {
    /// Business day of the row. Null unless rows are grouped by day.
    async fn day(&self) -> Option<Date> {
        self.date(rows::DemandDimension::Day)
    }
    /// Monday of the row's week. Null unless rows are grouped by week.
    async fn week(&self) -> Option<Date> {
        self.date(rows::DemandDimension::Week)
    }
    /// Product of the row. Null unless rows are grouped by product.
    async fn product(&self, ctx: &Context<'_>) -> Option<Answer<Product>> {
        Some(links::product(ctx, ProductId::from_uuid(self.id(rows::DemandDimension::Product)?)).await)
    }
    /// Store of the row. Null unless rows are grouped by store.
    async fn store(&self, ctx: &Context<'_>) -> Option<Answer<Store>> {
        Some(links::store(ctx, StoreId::from_uuid(self.id(rows::DemandDimension::Store)?)).await)
    }
    /// The channel, when rows are grouped by channel; null for what is of none.
    async fn channel(&self, ctx: &Context<'_>) -> Option<Answer<Channel>> {
        Some(links::channel(ctx, ChannelId::from_uuid(self.id(rows::DemandDimension::Channel)?)).await)
    }
    /// True if the product was in stock in the store when the day closed: a day without stock says nothing of what was wanted. Null unless rows are grouped
    /// by day, product and store, and before the product's first movement in the store.
    async fn is_in_stock(&self) -> Option<bool> {
        self.is_in_stock
    }
    /// Number of days with an order, a return or a movement, in any currency.
    async fn active_days(&self) -> Long {
        Long(self.row.active_days)
    }
    /// Units of lines of confirmed orders, with what was cancelled of them later, in the product's smallest unit.
    async fn ordered_units(&self) -> Quantity {
        units(self.row.figures.ordered_units)
    }
    /// Cancelled units out of the ordered ones. An order that was cancelled whole counts in
    /// neither.
    async fn cancelled_units(&self) -> Quantity {
        units(self.row.figures.cancelled_units)
    }
    /// Units ordered less cancelled, as in salesReport, in the product's smallest unit.
    async fn sold_units(&self) -> Quantity {
        units(self.row.figures.ordered_units - self.row.figures.cancelled_units)
    }
    /// Returned units out of the sold ones, by returns that name the order line, on any day.
    async fn taken_back_units(&self) -> Quantity {
        units(self.row.figures.taken_back_units)
    }
    /// Units that customers returned on these days, whenever they were sold, in the product's smallest unit.
    async fn returned_units(&self) -> Quantity {
        units(self.row.figures.returned_units)
    }
    /// Orders that have sold something. Null unless rows are grouped by product or the filter names one: an order of several products would count for each.
    async fn orders(&self) -> Option<Long> {
        self.is_of_product.then_some(Long(self.row.figures.orders))
    }
    /// Number of lines of these orders, without lines that were cancelled whole.
    async fn order_lines(&self) -> Long {
        Long(self.row.figures.order_lines)
    }
    /// Returns that have brought something back. Null unless rows are grouped by product or the filter names one.
    async fn returns(&self) -> Option<Long> {
        self.is_of_product.then_some(Long(self.row.figures.returns))
    }
    /// Number of lines of these returns of which something arrived.
    async fn return_lines(&self) -> Long {
        Long(self.row.figures.return_lines)
    }
    /// Gross revenue: the totals of the sold units' lines, price less discount plus tax, as in salesReport.
    async fn gross_revenue(&self) -> Money {
        self.money(self.row.figures.gross_minor)
    }
    /// Discounts within the gross revenue.
    async fn discounts(&self) -> Money {
        self.money(self.row.figures.discount_minor)
    }
    /// Value of the sold units at the prices of their lines, without discounts and taxes.
    async fn list_value(&self) -> Money {
        self.money(self.row.figures.list_minor)
    }
    /// Refunds for products.
    async fn refunds(&self) -> Money {
        self.money(self.row.figures.refund_minor)
    }
    /// Gross revenue less refunds.
    async fn net_revenue(&self) -> Money {
        self.money(self.row.figures.gross_minor - self.row.figures.refund_minor)
    }
    /// The sold units at the cost that their product had when they were ordered, as in salesReport. Null for callers who may not see costs.
    #[field(mask = ProductCostRead)]
    async fn cost_of_goods_sold(&self, ctx: &Context<'_>) -> Option<Money> {
        Some(self.money(self.row.figures.cost_minor))
    }
    /// Units of the largest single line sold, in the product's smallest unit; 0 without one.
    async fn largest_line_units(&self) -> Quantity {
        units(self.row.max_line_units)
    }
    /// Units that left for orders in all currencies, in the product's smallest unit. Parts of a kit count as themselves.
    async fn shipped_units(&self) -> Quantity {
        units(self.row.figures.shipped_units)
    }
    /// Units that came back to stock from customers, in the product's smallest unit.
    async fn restocked_units(&self) -> Quantity {
        units(self.row.figures.restocked_units)
    }
    /// Units received from suppliers, or stocked otherwise, in the product's smallest unit.
    async fn received_units(&self) -> Quantity {
        units(self.row.figures.received_units)
    }
    /// Units that came from other stores, in the product's smallest unit.
    async fn moved_in_units(&self) -> Quantity {
        units(self.row.figures.moved_in_units)
    }
    /// Units that left for other stores, in the product's smallest unit.
    async fn moved_out_units(&self) -> Quantity {
        units(self.row.figures.moved_out_units)
    }
    /// Units that adjustments, counts and discrepancies added, in the product's smallest unit.
    async fn adjusted_in_units(&self) -> Quantity {
        units(self.row.figures.adjusted_in_units)
    }
    /// Units that adjustments, counts and discrepancies took, as a number above 0, in the product's smallest unit.
    async fn adjusted_out_units(&self) -> Quantity {
        units(self.row.figures.adjusted_out_units)
    }
    /// Units that were removed, in the product's smallest unit: breakage, loss, returns to suppliers.
    async fn removed_units(&self) -> Quantity {
        units(self.row.figures.removed_units)
    }
    /// Change of the quantity on hand by goods of all currencies, in the product's smallest unit. A reversal counts here on its own day, and in
    /// the other fields on the day of the movement that it reverses.
    async fn net_units(&self) -> Quantity {
        units(self.row.figures.net_units)
    }
}

/// A page of demand facts, the sums of everything, and how far they are.
pub struct DemandFactConnection {
    pub page: CountedPage<DemandFact>,
    pub totals: DemandFact,
    pub progress: BookProgress,
    pub currency: Currency,
}
crate::connection!(@edge DemandFactEdge, DemandFact, "demand facts");

/// A page of demand facts.
#[resolvers(connection(page, DemandFactEdge, DemandFact))]
impl DemandFactConnection {
    /// The sums over all rows, also over those that are on no page.
    async fn totals(&self) -> &DemandFact {
        &self.totals
    }
    /// The currency of the amounts.
    async fn currency(&self) -> CurrencyCode {
        CurrencyCode(self.currency.to_string())
    }
    /// Number of the last event that the values include.
    async fn seq(&self) -> Long {
        Long(self.progress.seq)
    }
    /// True if the values include the tenant's last event. After many changes they take some time: query again.
    async fn is_current(&self) -> bool {
        self.progress.is_current()
    }
}
