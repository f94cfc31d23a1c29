//! Exchange rates in GraphQL.

mod frozen;
pub mod rate;

pub use frozen::frozen_rates;
pub use rate::{ExchangeRate, ExchangeRateConnection, ExchangeRateEdge, FrozenRate, find_rate};
