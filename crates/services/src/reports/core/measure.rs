//! Measures of the report builder, and the sums that they are computed from.

use forecast::ratios::ratio;

use super::{dimension::ReportDimension, figure::Figure};

/// A figure of a report's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReportMeasure {
    OrderedUnits,
    CancelledUnits,
    SoldUnits,
    ReturnedUnits,
    Orders,
    OrderLines,
    GrossRevenue,
    RevenueWithoutTax,
    Discounts,
    Refunds,
    NetRevenue,
    Cost,
    Margin,
    MarginRate,
    AveragePrice,
    AverageOrderValue,
    ReturnRate,
    ReceivedUnits,
    RemovedUnits,
    ClosingUnits,
    StockValue,
    InStockDays,
    OutOfStockDays,
    StockoutRate,
    LostUnits,
    LostRevenue,
}

/// The unit of a measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReportUnit {
    Units,
    Documents,
    Lines,
    Days,
    Money,
    Share,
}

/// A sum that measures are computed from: a column of the report's statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Base {
    Ordered,
    Cancelled,
    Sold,
    Returned,
    OrderLines,
    Gross,
    /// Gross revenue without sales tax.
    Untaxed,
    Discount,
    Refund,
    Cost,
    Received,
    Removed,
    Orders,
    Closing,
    StockValue,
    InStockDays,
    OutDays,
    /// In millionths, as it is an estimate.
    LostUnits,
    LostRevenue,
}

/// Rows that a sum is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BaseSource {
    /// Demand facts of sales and returns.
    Sales,
    /// Demand facts of movements, which belong to no channel.
    Movements,
    /// Orders, each once.
    Orders,
    /// Movements up to the last day, of each row where rows are of time.
    Closing,
    /// Booked values, which belong to no store: a store has the share of its units.
    Values,
    /// Spans of days with and without stock.
    Spans,
    /// Stock-outs of the whole period.
    Stockouts,
}

/// Formula of a measure, from sums.
#[derive(Debug, Clone, Copy)]
enum Formula {
    Sum(Base),
    /// The sum of millionths.
    Estimate(Base),
    /// The first less the second.
    Less(Base, Base),
    /// The first by the second.
    Share(Base, Base),
    /// The first by both.
    Part(Base, Base),
    /// The first less the second, by the first.
    Rate(Base, Base),
    /// Money of the first by the number of the second.
    Average(Base, Base),
}

impl Base {
    pub const fn source(self) -> BaseSource {
        match self {
            Self::Ordered
            | Self::Cancelled
            | Self::Sold
            | Self::Returned
            | Self::OrderLines
            | Self::Gross
            | Self::Untaxed
            | Self::Discount
            | Self::Refund
            | Self::Cost => BaseSource::Sales,
            Self::Received | Self::Removed => BaseSource::Movements,
            Self::Orders => BaseSource::Orders,
            Self::Closing => BaseSource::Closing,
            Self::StockValue => BaseSource::Values,
            Self::InStockDays | Self::OutDays => BaseSource::Spans,
            Self::LostUnits | Self::LostRevenue => BaseSource::Stockouts,
        }
    }
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ordered => "ORDERED_UNITS",
            Self::Cancelled => "CANCELLED_UNITS",
            Self::Sold => "SOLD_UNITS",
            Self::Returned => "RETURNED_UNITS",
            Self::OrderLines => "ORDER_LINES",
            Self::Gross => "GROSS_REVENUE",
            Self::Untaxed => "REVENUE_WITHOUT_TAX",
            Self::Discount => "DISCOUNTS",
            Self::Refund => "REFUNDS",
            Self::Cost => "COST",
            Self::Received => "RECEIVED_UNITS",
            Self::Removed => "REMOVED_UNITS",
            Self::Orders => "ORDERS",
            Self::Closing => "CLOSING_UNITS",
            Self::StockValue => "STOCK_VALUE",
            Self::InStockDays => "IN_STOCK_DAYS",
            Self::OutDays => "OUT_OF_STOCK_DAYS",
            Self::LostUnits => "LOST_UNITS",
            Self::LostRevenue => "LOST_REVENUE",
        }
    }
    /// Whether the sum can be grouped by a dimension.
    pub const fn combines(self, with: ReportDimension) -> bool {
        match self.source() {
            BaseSource::Sales | BaseSource::Orders => true,
            BaseSource::Movements => !matches!(with, ReportDimension::Channel),
            BaseSource::Closing | BaseSource::Values => !matches!(with, ReportDimension::Channel | ReportDimension::Weekday),
            // The rule takes the usual sales of the whole period.
            BaseSource::Stockouts => !matches!(with, ReportDimension::Channel) && with.is_by_id(),
            // A span for each of hundreds of days would be a row for each level and day.
            BaseSource::Spans => !matches!(
                with,
                ReportDimension::Channel | ReportDimension::Day | ReportDimension::Week | ReportDimension::Weekday
            ),
        }
    }
    /// Whether rows of a dimension can be added: an order of two products is in the rows of both, and stock that stays counts at the end of each day.
    pub const fn adds_over(self, dimension: ReportDimension) -> bool {
        match self {
            Self::Orders => !dimension.is_of_products(),
            Self::Closing | Self::StockValue => dimension.unit().is_none(),
            _ => true,
        }
    }
}

impl ReportMeasure {
    pub const ALL: [Self; 26] = [
        Self::OrderedUnits,
        Self::CancelledUnits,
        Self::SoldUnits,
        Self::ReturnedUnits,
        Self::Orders,
        Self::OrderLines,
        Self::GrossRevenue,
        Self::RevenueWithoutTax,
        Self::Discounts,
        Self::Refunds,
        Self::NetRevenue,
        Self::Cost,
        Self::Margin,
        Self::MarginRate,
        Self::AveragePrice,
        Self::AverageOrderValue,
        Self::ReturnRate,
        Self::ReceivedUnits,
        Self::RemovedUnits,
        Self::ClosingUnits,
        Self::StockValue,
        Self::InStockDays,
        Self::OutOfStockDays,
        Self::StockoutRate,
        Self::LostUnits,
        Self::LostRevenue,
    ];

    const fn formula(self) -> Formula {
        match self {
            Self::OrderedUnits => Formula::Sum(Base::Ordered),
            Self::CancelledUnits => Formula::Sum(Base::Cancelled),
            Self::SoldUnits => Formula::Sum(Base::Sold),
            Self::ReturnedUnits => Formula::Sum(Base::Returned),
            Self::Orders => Formula::Sum(Base::Orders),
            Self::OrderLines => Formula::Sum(Base::OrderLines),
            Self::GrossRevenue => Formula::Sum(Base::Gross),
            Self::RevenueWithoutTax => Formula::Sum(Base::Untaxed),
            Self::Discounts => Formula::Sum(Base::Discount),
            Self::Refunds => Formula::Sum(Base::Refund),
            Self::NetRevenue => Formula::Less(Base::Gross, Base::Refund),
            Self::Cost => Formula::Sum(Base::Cost),
            Self::Margin => Formula::Less(Base::Untaxed, Base::Cost),
            Self::MarginRate => Formula::Rate(Base::Untaxed, Base::Cost),
            Self::AveragePrice => Formula::Average(Base::Untaxed, Base::Sold),
            Self::AverageOrderValue => Formula::Average(Base::Gross, Base::Orders),
            Self::ReturnRate => Formula::Share(Base::Returned, Base::Sold),
            Self::ReceivedUnits => Formula::Sum(Base::Received),
            Self::RemovedUnits => Formula::Sum(Base::Removed),
            Self::ClosingUnits => Formula::Sum(Base::Closing),
            Self::InStockDays => Formula::Sum(Base::InStockDays),
            Self::OutOfStockDays => Formula::Sum(Base::OutDays),
            Self::StockoutRate => Formula::Part(Base::OutDays, Base::InStockDays),
            Self::StockValue => Formula::Sum(Base::StockValue),
            Self::LostUnits => Formula::Estimate(Base::LostUnits),
            Self::LostRevenue => Formula::Sum(Base::LostRevenue),
        }
    }
    /// The sums that the measure is computed from.
    pub fn bases(self) -> impl Iterator<Item = Base> {
        let (first, second) = match self.formula() {
            Formula::Sum(base) | Formula::Estimate(base) => (base, None),
            Formula::Less(first, second)
            | Formula::Share(first, second)
            | Formula::Part(first, second)
            | Formula::Rate(first, second)
            | Formula::Average(first, second) => (first, Some(second)),
        };
        [Some(first), second].into_iter().flatten()
    }
    pub const fn is_ratio(self) -> bool {
        !matches!(self.formula(), Formula::Sum(_) | Formula::Estimate(_) | Formula::Less(..))
    }
    pub const fn shows_costs(self) -> bool {
        matches!(self, Self::Cost | Self::Margin | Self::MarginRate | Self::StockValue)
    }
    /// Whether the measure can be grouped by a dimension.
    pub fn combines(self, with: ReportDimension) -> bool {
        self.bases().all(|base| base.combines(with))
    }
    /// Whether the rows of a dimension sum to the total.
    pub fn adds_over(self, dimension: ReportDimension) -> bool {
        !self.is_ratio() && self.combines(dimension) && self.bases().all(|base| base.adds_over(dimension))
    }
    pub const fn unit(self) -> ReportUnit {
        match self {
            Self::OrderedUnits
            | Self::CancelledUnits
            | Self::SoldUnits
            | Self::ReturnedUnits
            | Self::ReceivedUnits
            | Self::RemovedUnits
            | Self::ClosingUnits
            | Self::LostUnits => ReportUnit::Units,
            Self::Orders => ReportUnit::Documents,
            Self::OrderLines => ReportUnit::Lines,
            Self::InStockDays | Self::OutOfStockDays => ReportUnit::Days,
            Self::GrossRevenue
            | Self::RevenueWithoutTax
            | Self::Discounts
            | Self::Refunds
            | Self::NetRevenue
            | Self::Cost
            | Self::Margin
            | Self::AveragePrice
            | Self::AverageOrderValue
            | Self::StockValue
            | Self::LostRevenue => ReportUnit::Money,
            Self::MarginRate | Self::ReturnRate | Self::StockoutRate => ReportUnit::Share,
        }
    }
    pub const fn name(self) -> &'static str {
        match self {
            Self::OrderedUnits => "ORDERED_UNITS",
            Self::CancelledUnits => "CANCELLED_UNITS",
            Self::SoldUnits => "SOLD_UNITS",
            Self::ReturnedUnits => "RETURNED_UNITS",
            Self::Orders => "ORDERS",
            Self::OrderLines => "ORDER_LINES",
            Self::GrossRevenue => "GROSS_REVENUE",
            Self::RevenueWithoutTax => "REVENUE_WITHOUT_TAX",
            Self::Discounts => "DISCOUNTS",
            Self::Refunds => "REFUNDS",
            Self::NetRevenue => "NET_REVENUE",
            Self::Cost => "COST",
            Self::Margin => "MARGIN",
            Self::MarginRate => "MARGIN_RATE",
            Self::AveragePrice => "AVERAGE_PRICE",
            Self::AverageOrderValue => "AVERAGE_ORDER_VALUE",
            Self::ReturnRate => "RETURN_RATE",
            Self::ReceivedUnits => "RECEIVED_UNITS",
            Self::RemovedUnits => "REMOVED_UNITS",
            Self::ClosingUnits => "CLOSING_UNITS",
            Self::InStockDays => "IN_STOCK_DAYS",
            Self::OutOfStockDays => "OUT_OF_STOCK_DAYS",
            Self::StockoutRate => "STOCKOUT_RATE",
            Self::StockValue => "STOCK_VALUE",
            Self::LostUnits => "LOST_UNITS",
            Self::LostRevenue => "LOST_REVENUE",
        }
    }
    /// The figure computed from sums; None if one of them is unknown, or without a denominator.
    pub fn figure(self, sum: impl Fn(Base) -> Option<i64>) -> Option<Figure> {
        let amount = |value: i64| match self.unit() {
            ReportUnit::Money => Figure::Minor(value),
            _ => Figure::Count(value),
        };
        let ratio_of = |part: i64, whole: i64| ratio(part as f64, whole as f64).map(Figure::Ratio);
        match self.formula() {
            Formula::Sum(base) => sum(base).map(amount),
            Formula::Estimate(base) => sum(base).map(|millionths| Figure::Ratio(millionths as f64 / 1e6)),
            Formula::Less(first, second) => sum(first)?.checked_sub(sum(second)?).map(amount),
            Formula::Share(first, second) | Formula::Average(first, second) => ratio_of(sum(first)?, sum(second)?),
            Formula::Part(first, second) => ratio_of(sum(first)?, sum(first)?.checked_add(sum(second)?)?),
            Formula::Rate(first, second) => ratio_of(sum(first)?.checked_sub(sum(second)?)?, sum(first)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_made_of_sums() {
        let sum = |base| match base {
            Base::Gross => Some(1_200),
            Base::Untaxed => Some(1_000),
            Base::Cost => Some(250),
            Base::Sold => Some(4),
            Base::Orders => None,
            _ => Some(0),
        };
        assert_eq!(ReportMeasure::Margin.figure(sum), Some(Figure::Minor(750)));
        assert_eq!(ReportMeasure::MarginRate.figure(sum), Some(Figure::Ratio(0.75)));
        assert_eq!(ReportMeasure::AveragePrice.figure(sum), Some(Figure::Ratio(250.0)));
        assert_eq!(ReportMeasure::AverageOrderValue.figure(sum), None, "orders do not add up here");
        assert_eq!(ReportMeasure::StockoutRate.figure(sum), None, "no day is known");
        assert_eq!(Figure::Minor(750).growth_rate(Figure::Minor(500)), Some(0.5));
        assert_eq!(Figure::Count(3).growth_rate(Figure::Count(0)), None);
        assert_eq!(Figure::Count(3).difference_from(Figure::Minor(1)), None);
    }

    #[test]
    fn every_measure_is_known_by_products_and_stores() {
        for measure in ReportMeasure::ALL {
            assert!(measure.combines(ReportDimension::Product) && measure.combines(ReportDimension::Store), "{measure:?}");
        }
        assert!(!ReportMeasure::Orders.adds_over(ReportDimension::Category));
        assert!(ReportMeasure::Orders.adds_over(ReportDimension::Store));
        assert!(!ReportMeasure::MarginRate.adds_over(ReportDimension::Store));
        assert!(ReportMeasure::StockValue.adds_over(ReportDimension::Store));
        assert!(!ReportMeasure::StockValue.adds_over(ReportDimension::Month));
    }
}
