//! The catalogue of the report builder in the words of the schema.

use async_graphql::{Enum, InputObject};
use services::reports;

use crate::catalog::Direction;

/// Measure of a report's rows. `reportCatalog` says which dimensions it combines with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "reports::core::ReportMeasure", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReportMeasure {
    /// Units of lines of confirmed orders, with those cancelled later.
    OrderedUnits,
    /// Cancelled units out of the ordered ones.
    CancelledUnits,
    /// Ordered units less cancelled ones.
    SoldUnits,
    /// Units that customers brought back on these days.
    ReturnedUnits,
    /// Orders placed, each once. By products, those that have sold one of them.
    Orders,
    /// Lines of orders, without lines that were cancelled whole.
    OrderLines,
    /// Totals of the sold units' lines, with sales tax, before refunds.
    GrossRevenue,
    /// Sold units at the prices of their lines, less discounts: without sales tax, before refunds.
    RevenueWithoutTax,
    /// Discounts of the sold units' lines.
    Discounts,
    /// Refunds of products, on the day on which they came back.
    Refunds,
    /// Gross revenue less refunds.
    NetRevenue,
    /// Sold units at the cost that their product had when they were ordered. Hidden without product.cost.read.
    Cost,
    /// Revenue without tax less cost, before refunds. Hidden without product.cost.read.
    Margin,
    /// Margin by revenue without tax. Hidden without product.cost.read.
    MarginRate,
    /// Revenue without tax by sold units, for one of the product's smallest units.
    AveragePrice,
    /// Gross revenue by orders.
    AverageOrderValue,
    /// Units returned on these days by units sold on them.
    ReturnRate,
    /// Units received from suppliers, or stocked otherwise.
    ReceivedUnits,
    /// Units that were removed: breakage, loss, returns to suppliers.
    RemovedUnits,
    /// Quantity on hand at the end of the last day, by time of the row's last day.
    ClosingUnits,
    /// Booked value of the stock at the end of the last day, by time of the row's last day. A store has the share of its units, as the books have no stores. Hidden without product.cost.read.
    StockValue,
    /// Days of a product in a store that closed with stock.
    InStockDays,
    /// Days of a product in a store that closed without stock.
    OutOfStockDays,
    /// Days that closed without stock by all days of a product in a store.
    StockoutRate,
    /// Units lost by stock-outs, 28 days of each at most, if a fifth of the buyers take something else: the mid estimate of `lostSales`.
    LostUnits,
    /// Revenue lost by stock-outs, 28 days of each at most, if a fifth of the buyers take something else: the mid estimate of `lostSales`.
    LostRevenue,
}

/// Meaning of a report's rows. Several dimensions together give a row for each of their combinations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "reports::core::ReportDimension", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReportDimension {
    /// A calendar day of the store.
    Day,
    /// A week from Monday to Sunday of the store's calendar days.
    Week,
    /// A calendar month.
    Month,
    /// Three calendar months, from January, April, July or October.
    Quarter,
    /// A calendar year.
    Year,
    /// A day of the week of the store's calendar days, from Monday to Sunday.
    Weekday,
    /// A product.
    Product,
    /// A category, without those below it: the one that the product has now.
    Category,
    /// The uppermost category above the one that the product has now.
    TopCategory,
    /// The supplier that the product has now.
    Supplier,
    /// A store.
    Store,
    /// The channel of the order or the return.
    Channel,
}

/// Unit of a measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "reports::core::ReportUnit", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReportUnit {
    /// The products' smallest units.
    Units,
    /// Documents.
    Documents,
    /// Lines of documents.
    Lines,
    /// Days of a product in a store.
    Days,
    /// Main units of the report's currency, as in 12.34.
    Money,
    /// A share: 1 is the whole.
    Share,
}

/// Days that a report is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "reports::core::Comparison", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReportComparison {
    /// The days right before, as many of them; from a week on the nearest ones with the same weekdays. Reports by MONTH, QUARTER or YEAR take as many of those.
    PreviousPeriod,
    /// The days 364 days before, with the same weekdays. Reports by MONTH, QUARTER or YEAR take the same days of the calendar a year before.
    PreviousYear,
}

/// Drawing of a chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "reports::core::ChartKind", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ReportChartKind {
    /// A bar for each row; of two dimensions, for each of the first one, stacked of the second.
    Bars,
    /// A line through all rows.
    Line,
}

/// Order of a report's rows. Rows without a value come last, equal ones are in the order of their dimensions.
#[derive(Debug, Clone, Copy, InputObject)]
pub struct ReportSort {
    /// One of the report's measures.
    pub measure: ReportMeasure,
    /// Direction of the order. Default DESC.
    #[graphql(default_with = "Direction::Desc")]
    pub direction: Direction,
}

impl ReportSort {
    pub(super) fn read(self) -> reports::core::ReportSort {
        reports::core::ReportSort { measure: self.measure.into(), is_descending: self.direction == Direction::Desc }
    }
}
