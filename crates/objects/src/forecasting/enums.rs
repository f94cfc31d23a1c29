//! GraphQL enums of forecasts.

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
    /// The product has been out of stock for more than eight weeks with nothing incoming.
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
    /// The product has long been out of stock with nothing incoming: the last forecast is shown and
    /// not scored.
    Dormant,
    /// The product is not sold any more: the forecast is 0.
    Ended,
    /// The product was never ordered: it has no forecast.
    TooLittle,
    /// The last week's value had a smaller error in this class than every method, so that it is
    /// used.
    NaiveWasBetter,
}

/// Kind of a factor series: the outside influence on demand that it measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "prelude::FactorKind", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum FactorKind {
    /// A promotion: 1 on its days.
    Promotion,
    /// A price.
    Price,
    /// A holiday: 1 on its days.
    Holiday,
    /// Weather, such as degrees or rain.
    Weather,
    /// Other series, such as visitors of a fair.
    Other,
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
    /// The product was in stock on two to four days: scaled to seven.
    Scaled,
    /// The product was in stock on one day or none: unknown.
    OutOfStock,
    /// Cancellations and returns exceeded the orders: used as 0.
    Negative,
    /// The value is not a number: unknown.
    NotANumber,
}

/// Reason for which a data quality score is below 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(remote = "core::QualityReason", rename_items = "SCREAMING_SNAKE_CASE")]
pub enum ForecastQualityReason {
    /// Weeks are unknown: up to 40 points by their share.
    MissingWeeks,
    /// Share of weeks that were cut above 2 %: 20 points.
    Capped,
    /// Fewer than 26 weeks are known: 20 points.
    ShortHistory,
    /// Weeks in which more was cancelled or taken back than ordered: 10 points.
    NegativeWeeks,
    /// Share of units recorded more than seven days late above 5 %: 10 points.
    LateRecords,
}
