//! Rates as they were published, the one that holds on a day, and exact conversion.

mod find;
mod cost_split;
mod rate;
mod refusal;

pub use cost_split::split_by_unit_cost;
pub use find::{
    BrokenRate, FrozenRate, MAX_AGE_DAYS, PIVOT, RateColumns, RateRequest, StoredRate, filter_recorded_by, find_rate,
};
pub use rate::{Rate, allocate_by_weights};
pub use refusal::{NewRate, NewestRates, RateProblem, check_new_rate};
