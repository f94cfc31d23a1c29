//! Uncertainty from errors that were made: scaled by their series, pooled over the tenant, read off as order statistics. No normal distribution.

mod days;
mod errors;
mod lead_time;
mod pool;
mod risk;
mod scale;
mod shape;

pub use days::{DAY_CELLS, DayForecast, DayPools, DayQuantiles, day_bounds};
pub(crate) use errors::Errors;
pub(crate) use lead_time::count_distinct;
pub use lead_time::{LONGEST_SUM, LeadTimeDemand, SumPools};
pub use pool::{Bounds, Level, MIN_SCORES, Pool, bounds};
pub use scale::{error_scale, mean_step, sum_scale};
pub use shape::{DayShape, DayShare, DayTally, DaysAhead};
