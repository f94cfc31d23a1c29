//! Makes rustc compile the resolvers of this crate in it, so that `api` has less to compile at once: `graphql::compiled_here`.

use crate::{
    anomalies::{AnomalyMutation, AnomalyQuery},
    costing::{AgeingQuery, CostMutation, CostQuery, CostSummaryQuery},
    demand::{DemandQuery, StockPerformanceQuery},
    forecasting::{ForecastMutation, ForecastQuery},
    insight::{EventQuery, InsightQuery, SummaryQuery},
    liquidation::{LiquidationMutation, LiquidationQuery},
    replenishment::{ReplenishmentMutation, ReplenishmentQuery},
    reports::ReportsQuery,
    suggestions::{DescriptionMutation, DescriptionQuery, SuggestionMutation, SuggestionQuery},
};

::graphql::compiled_here!(
    AgeingQuery,
    AnomalyMutation,
    AnomalyQuery,
    CostMutation,
    CostQuery,
    CostSummaryQuery,
    DemandQuery,
    DescriptionMutation,
    DescriptionQuery,
    EventQuery,
    ForecastMutation,
    ForecastQuery,
    InsightQuery,
    LiquidationMutation,
    LiquidationQuery,
    ReplenishmentMutation,
    ReplenishmentQuery,
    ReportsQuery,
    StockPerformanceQuery,
    SuggestionMutation,
    SuggestionQuery,
    SummaryQuery,
);
