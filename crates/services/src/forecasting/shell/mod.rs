//! Making forecasts, scoring them, and asking for them.

mod ask;
mod make;
mod score;
mod simulate;

pub use ask::{ClassAccuracy, PastWeek, ProductForecast, WeekUnits, accuracy, latest_run, product_forecast};
pub use make::{MadeRun, make_all, make_run};
pub use score::twice_drifted;
pub use simulate::{SimulationError, simulate};
