//! Making forecasts, scoring them, and asking for them.

mod ask;
mod factors;
mod leads;
mod make;
mod score;
mod simulate;
mod simulate_classes;
mod supply;
mod watch;

pub use ask::{
    ClassAccuracy, PastWeek, ProductForecast, SumForecast, WeekUnits, accuracy, latest_run, product_forecast, sum_forecast,
};
pub use factors::{FactorError, FactorRefusal, FactorRemoval, FactorSet, factor_page, remove_factor, set_factor};
pub use make::{MadeRun, make_all, make_run};
pub use score::twice_drifted;
pub use simulate::{Played, Simulation, SimulationError, simulate};
pub use simulate_classes::{ClassAsk, simulate_classes};
pub use supply::days_of_supply;
pub use watch::{watch, watch_all};
