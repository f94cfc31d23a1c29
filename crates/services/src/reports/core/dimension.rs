//! Dimensions of the report builder.

use super::calendar::TimeUnit;

/// The meaning of a report's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReportDimension {
    Day,
    Week,
    Month,
    Quarter,
    Year,
    Weekday,
    Product,
    Category,
    TopCategory,
    Supplier,
    Store,
    Channel,
}

impl ReportDimension {
    pub const ALL: [Self; 12] = [
        Self::Day,
        Self::Week,
        Self::Month,
        Self::Quarter,
        Self::Year,
        Self::Weekday,
        Self::Product,
        Self::Category,
        Self::TopCategory,
        Self::Supplier,
        Self::Store,
        Self::Channel,
    ];

    pub const fn unit(self) -> Option<TimeUnit> {
        match self {
            Self::Day => Some(TimeUnit::Day),
            Self::Week => Some(TimeUnit::Week),
            Self::Month => Some(TimeUnit::Month),
            Self::Quarter => Some(TimeUnit::Quarter),
            Self::Year => Some(TimeUnit::Year),
            _ => None,
        }
    }
    /// Whether rows are found by IDs, and not by a day or a day of the week.
    pub const fn is_by_id(self) -> bool {
        self.unit().is_none() && !matches!(self, Self::Weekday)
    }
    pub const fn is_of_products(self) -> bool {
        matches!(self, Self::Product | Self::Category | Self::TopCategory | Self::Supplier)
    }
    pub const fn name(self) -> &'static str {
        match self {
            Self::Day => "DAY",
            Self::Week => "WEEK",
            Self::Month => "MONTH",
            Self::Quarter => "QUARTER",
            Self::Year => "YEAR",
            Self::Weekday => "WEEKDAY",
            Self::Product => "PRODUCT",
            Self::Category => "CATEGORY",
            Self::TopCategory => "TOP_CATEGORY",
            Self::Supplier => "SUPPLIER",
            Self::Store => "STORE",
            Self::Channel => "CHANNEL",
        }
    }
    /// Description of a row.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Day => "A calendar day of the store.",
            Self::Week => "A week from Monday to Sunday of the store's calendar days.",
            Self::Month => "A calendar month.",
            Self::Quarter => "Three calendar months, from January, April, July or October.",
            Self::Year => "A calendar year.",
            Self::Weekday => "A day of the week of the store's calendar days, from Monday to Sunday.",
            Self::Product => "A product.",
            Self::Category => "The category that the product has now, without those below it.",
            Self::TopCategory => "The uppermost category above the one that the product has now.",
            Self::Supplier => "The supplier that the product has now.",
            Self::Store => "A store.",
            Self::Channel => "The channel of the order or the return.",
        }
    }
}
