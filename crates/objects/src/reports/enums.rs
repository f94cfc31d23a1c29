//! GraphQL enums of reports.

use async_graphql::Enum;
use services::reports::{
    rows,
    shell::{self, Panel, RiskBasis},
};

/// Period that moves with the day on which it is asked for, in the tenant's time zone. More may be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "services::reports::core::RelativePeriod", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReportPeriod {
    /// Today alone, as far as it has come.
    Today,
    /// Yesterday alone.
    Yesterday,
    /// Seven days up to yesterday.
    #[graphql(name = "LAST_7_DAYS")]
    Last7Days,
    /// 28 days up to yesterday.
    #[graphql(name = "LAST_28_DAYS")]
    Last28Days,
    /// 91 days up to yesterday.
    #[graphql(name = "LAST_91_DAYS")]
    Last91Days,
    /// 365 days up to yesterday.
    #[graphql(name = "LAST_365_DAYS")]
    Last365Days,
    /// Week of today, from its Monday up to today.
    ThisWeek,
    /// The whole week before this one, from Monday to Sunday.
    LastWeek,
    /// Calendar month of today, up to today.
    ThisMonth,
    /// The whole calendar month before this one.
    LastMonth,
    /// Quarter of today, up to today.
    ThisQuarter,
    /// The whole quarter of the year before this one.
    LastQuarter,
    /// Calendar year of today, up to today.
    ThisYear,
    /// The whole calendar year before this one.
    LastYear,
}

/// Regularity of a product's demand, by the coefficient of variation of its weeks: deviation by mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "services::reports::core::XyzClass", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum XyzClass {
    /// Variation is at most 0.5.
    X,
    /// Variation is more than 0.5 and at most 1.
    Y,
    /// Above 1, or nothing was sold.
    Z,
}

/// Meaning of a row of stockProductivity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "shell::ProductivityGroup", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ProductivityGroup {
    /// A product.
    Product,
    /// A category, without those below it: the one that the product has now.
    Category,
    /// A store.
    Store,
}

/// Measure that rows of stockProductivity are sorted by, the largest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "shell::ProductivityTop", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ProductivityTop {
    /// Revenue less refunds.
    NetRevenue,
    /// Units sold.
    SoldUnits,
    /// Units sold by units that were there or came.
    SellThrough,
    /// Mean stock value. Needs product.cost.read.
    StockValue,
    /// Gross margin return on inventory investment. Needs product.cost.read.
    Gmroi,
}

/// Meaning of a row of fulfilmentReport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "rows::FulfilmentGroup", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum FulfilmentGroup {
    /// The store of the order.
    Store,
    /// The channel of the order.
    Channel,
}

/// Meaning of a row of shrinkage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "rows::LossGroup", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ShrinkageGroup {
    /// A reason of movements, or counts.
    Reason,
    /// A product.
    Product,
    /// A store.
    Store,
}

/// Meaning of a row of countAccuracy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "rows::CountGroup", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum CountAccuracyGroup {
    /// A product.
    Product,
    /// A category, without those below it: the one that the product has now.
    Category,
    /// A store.
    Store,
}

/// Source of the demand that lots are held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "RiskBasis", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ExpiryRiskBasis {
    /// The means of the newest run of forecasts.
    Forecast,
    /// Units sold on the last 91 days: there is no forecast.
    Sales,
}

/// Meaning of a row of marginReport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "rows::MarginGroup", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum MarginGroup {
    /// A channel.
    Channel,
    /// A store.
    Store,
    /// A category, without those below it: the one that the product has now.
    Category,
    /// A product.
    Product,
}

/// Measure that rows of marginReport are sorted by, the largest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "shell::MarginTop", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum MarginTop {
    /// Revenue before refunds.
    GrossRevenue,
    /// Revenue after refunds.
    NetRevenue,
    /// Revenue without tax less cost. Needs product.cost.read.
    Margin,
    /// Margin by revenue without tax. Needs product.cost.read.
    MarginRate,
}

/// A panel of the dashboard that needs a right of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "Panel", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum DashboardPanel {
    /// Stock at booked cost. Needs product.cost.read.
    StockValue,
    /// Levels that are out of stock or low. Needs stock.read.
    Stock,
    /// Orders that are not done. Needs order.read.
    OpenOrders,
    /// Purchase orders on their way. Needs purchase.read.
    PurchaseOrders,
    /// Transfers on their way. Needs transfer.read.
    Transfers,
    /// Alerts that are open. Needs alert.read.
    Alerts,
    /// Stock without sales. Needs stock.read.
    DeadStock,
    /// Forecast of the next weeks. Needs report.read, and no channel.
    Forecast,
}
