//! All series of a panel at once: prepare, choose, pool, forecast. Work is cut into chunks of fixed size whose sums are added in order, so the number of
//! threads changes no bit of a result.

mod chunks;
mod days;
mod forecast;
mod new_products;
mod past;
mod pools;
mod run;
mod score;
mod season;
mod series_forecast;
mod sums;

pub(crate) use chunks::{CHUNK_SIZE, run_in_chunks};
pub use days::{Days, day_errors, day_origins};
pub(crate) use past::for_each_past;
pub use pools::MethodPools;
pub(crate) use pools::{pool_errors, step_of};
pub use run::{Run, Settings, forecast_all};
pub(crate) use score::score_panel;
pub(crate) use season::seasons;
pub use series_forecast::{Point, SeriesForecast, Status};
pub use sums::{SumErrors, sum_errors};
