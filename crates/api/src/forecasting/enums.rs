//! The closed sets of words that forecasts have.

use async_graphql::Enum;
use entity::prelude;
use services::forecasting::core;

/// Demand class of a product: frequency and regularity of its demand. The class decides the method of the forecast. Source: Syntetos, Boylan & Croston
/// (2005).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::DemandClass", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum DemandClass {
    /// Often and evenly: on average fewer than 1.32 weeks between weeks with demand, squared variation below 0.49.
    Smooth,
    /// Often and unevenly.
    Erratic,
    /// Seldom and evenly.
    Intermittent,
    /// Seldom and unevenly.
    Lumpy,
    /// Fewer than eight weeks are known.
    New,
    /// Archived, or not asked for any more though in stock.
    Ended,
    /// Out of stock for more than eight weeks with nothing incoming.
    Dormant,
}

/// Status of a forecast: the way in which it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::ForecastStatus", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ForecastStatus {
    /// Forecast by the method of its class.
    Ready,
    /// Few weeks are known: their mean is blended with that of new products of the category.
    New,
    /// Out of stock for long with nothing incoming: the last forecast is shown and not scored.
    Dormant,
    /// Not sold any more: 0.
    Ended,
    /// Never asked for: no forecast.
    TooLittle,
    /// No method beat the last week's value in this class, so that is used.
    NaiveWasBetter,
}

/// Stores that a forecast is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::ForecastLevel", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ForecastLevel {
    /// A product in one store.
    Store,
    /// A product in all stores together.
    AllStores,
}

/// Reason for which a week is not used as it was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "core::ExclusionReason", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ForecastExclusionReason {
    /// Far above the product's usual weeks: cut to a limit.
    Capped,
    /// In stock on two to four days: scaled to seven.
    Scaled,
    /// In stock on one day or none: unknown.
    OutOfStock,
    /// More was cancelled or taken back than ordered: used as 0.
    Negative,
    /// Not a number: unknown.
    NotANumber,
}

/// Reason for which a data quality score is below 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "core::QualityReason", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ForecastQualityReason {
    /// Weeks are unknown: up to 40 points by their share.
    MissingWeeks,
    /// More than 2 % of weeks were cut: 20 points.
    Capped,
    /// Fewer than 26 weeks are known: 20 points.
    ShortHistory,
    /// Weeks in which more was cancelled or taken back than ordered: 10 points.
    NegativeWeeks,
    /// More than 5 % of units were recorded more than seven days late: 10 points.
    LateRecords,
}
