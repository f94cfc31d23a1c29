//! Exchange rates in GraphQL.

pub mod rate;

pub use rate::{ExchangeRate, ExchangeRateConnection, ExchangeRateEdge, FrozenRate, find_rate, frozen_rates};
