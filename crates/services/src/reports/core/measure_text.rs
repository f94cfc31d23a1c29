//! Descriptions of measures, for the catalogue of the report builder.

use super::measure::ReportMeasure;

impl ReportMeasure {
    /// Returns the description of a measure.
    pub const fn description(self) -> &'static str {
        match self {
            Self::OrderedUnits => "Units of lines of confirmed orders, with what was cancelled of them later.",
            Self::CancelledUnits => "Cancelled units out of the ordered ones.",
            Self::SoldUnits => "Ordered units less cancelled ones.",
            Self::ReturnedUnits => "Units that customers brought back on these days.",
            Self::Orders => "Orders placed, each once. By products, those that have sold one of them.",
            Self::OrderLines => "Lines of orders, without lines that were cancelled whole.",
            Self::GrossRevenue => "Totals of the sold units' lines, with sales tax, before refunds.",
            Self::RevenueWithoutTax => {
                "The sold units at the prices of their lines, less discounts: without sales tax, before refunds."
            }
            Self::Discounts => "Discounts of the sold units' lines.",
            Self::Refunds => "Refunds of products, on the day on which they came back.",
            Self::NetRevenue => "Gross revenue less refunds.",
            Self::Cost => "The sold units at the cost that their product had when they were ordered.",
            Self::Margin => "Revenue without tax less cost, before refunds.",
            Self::MarginRate => "Margin by revenue without tax.",
            Self::AveragePrice => "Revenue without tax by sold units, for one of the product's smallest units.",
            Self::AverageOrderValue => "Gross revenue by orders.",
            Self::ReturnRate => "Units returned on these days by units sold on them.",
            Self::ReceivedUnits => "Units received from suppliers, or stocked otherwise.",
            Self::RemovedUnits => "Units that were removed: breakage, loss, returns to suppliers.",
            Self::ClosingUnits => "Quantity on hand at the end of the last day, by time of the row's last day.",
            Self::StockValue => {
                "Booked value of the stock at the end of the last day, by time of the row's last day. A store has the share of its units."
            }
            Self::InStockDays => "Days of a product in a store that closed with stock.",
            Self::OutOfStockDays => "Days of a product in a store that closed without stock.",
            Self::StockoutRate => "Days that closed without stock by all days of a product in a store.",
            Self::LostUnits => "Units lost by stock-outs, 28 days of each at most: the mid estimate of lostSales.",
            Self::LostRevenue => "Revenue lost by stock-outs, 28 days of each at most: the mid estimate of lostSales.",
        }
    }
}
