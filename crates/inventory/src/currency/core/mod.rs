//! Rates as they were published, the one that holds on a day, and exact conversion.

mod find;
mod cost_split;
mod rate;
mod refusal;

pub use cost_split::pieces;
pub use find::{BrokenRate, FrozenRate, MAX_AGE_DAYS, PIVOT, RateColumns, RateRequest, StoredRate, find, rates_known_at};
pub use rate::{Rate, share};
pub use refusal::{NewRate, NewestRates, RateProblem, check};
