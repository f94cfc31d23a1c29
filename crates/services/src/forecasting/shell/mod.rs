//! Making, scoring and reading forecasts.

mod ask;
mod factors;
mod leads;
mod make;
mod score;
mod simulate;
mod simulate_classes;
mod supply;
mod drift_alerts;

pub use ask::{
    ClassAccuracy, PastWeek, ProductForecast, SumForecast, WeekUnits, accuracy, latest_run, list_forecasts, product_forecast,
    sum_forecast,
};
pub use drift_alerts::{watch, watch_all};
pub use factors::{FactorError, FactorRefusal, FactorRemoval, FactorSet, factor_page, remove_factor, set_factor};
pub use make::{ForecastRunResult, make_all, make_run};
pub use score::drifted_classes;
pub use simulate::{SimulatedPolicy, Simulation, SimulationError, simulate};
pub use simulate_classes::{ClassSelection, simulate_classes};
pub use supply::days_of_supply;
