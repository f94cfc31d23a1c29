//! Forecasts in GraphQL.

pub use objects::forecasting::*;

pub mod csv;
mod factor_filter;
mod factors;
mod forecast;
mod list;
mod mutation;
mod query;
mod range;
mod run;
mod simulate;
mod simulate_classes;
mod simulate_input;
mod simulate_policy;
mod sum;

pub use factors::{
    FactorSeries, FactorSeriesConnection, FactorSeriesEdge, FactorSeriesPayload, FactorSeriesRemoveInput, FactorSeriesSetInput,
    FactorValueInput, ForecastFactor,
};
pub use forecast::{
    Forecast, ForecastExclusion, ForecastHistoryWeek, ForecastPastWeek, ForecastProductAccuracy, ForecastQuality, ForecastWeek,
};
pub use list::{
    ForecastFilter, ForecastSort, ForecastSortField, ForecastSummary, ForecastSummaryConnection, ForecastSummaryEdge,
};
pub use mutation::ForecastMutation;
pub use query::{FactorSeriesSort, FactorSeriesSortField, ForecastQuery};
pub use run::{ForecastAccuracy, ForecastMethod, ForecastRun, SimulatedServiceLevel};
pub use simulate::{StockSimulation, StockSimulationActual, StockSimulationOutcome, StockSimulationStatus};
pub use simulate_classes::StockSimulationTotals;
pub use simulate_input::StockSimulateInput;
pub use simulate_policy::StockSimulationPolicyInput;
pub use sum::{ForecastDay, ForecastSum, ForecastSumWeek};
