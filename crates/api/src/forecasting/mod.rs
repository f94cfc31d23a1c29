//! Forecasts in GraphQL.

mod enums;
mod forecast;
mod query;
mod run;
mod simulate;
mod sum;

pub use enums::{DemandClass, ForecastExclusionReason, ForecastLevel, ForecastQualityReason, ForecastStatus};
pub use forecast::{Forecast, ForecastExclusion, ForecastHistoryWeek, ForecastPastWeek, ForecastQuality, ForecastWeek};
pub use query::ForecastQuery;
pub use run::{ForecastAccuracy, ForecastMethod, ForecastRun};
pub use simulate::{
    StockSimulateInput, StockSimulation, StockSimulationOutcome, StockSimulationPolicyInput, StockSimulationStatus,
};
pub use sum::{ForecastDay, ForecastSum, ForecastSumWeek};
