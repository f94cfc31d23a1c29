//! Rates as they were published, the one that holds on a day, and exact conversion.

mod find;
mod pieces;
mod rate;
mod refusal;

pub use find::{BrokenRate, FrozenRate, MAX_AGE_DAYS, PIVOT, RateColumns, RateRequest, StoredRate, find, rates_known_at};
pub use pieces::pieces;
pub use rate::{Rate, share};
pub use refusal::{NewRate, NewestRates, RateProblem, check};
