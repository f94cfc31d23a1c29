//! Exchange rates in GraphQL.

mod mutation;
mod query;
mod rate;

pub use mutation::{
    CurrencyMutation, ExchangeRatePayload, ExchangeRateSetInput, ExchangeRatesImportInput, ExchangeRatesImportPayload,
};
pub use query::CurrencyQuery;
pub use rate::{ExchangeRate, ExchangeRateConnection, ExchangeRateEdge, FrozenRate, find_rate, frozen_rates};
