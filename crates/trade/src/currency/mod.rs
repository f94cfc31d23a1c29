//! Exchange rates in GraphQL.

pub use objects::currency::*;

mod mutation;
mod query;
mod rate_filter;

pub use mutation::{
    CurrencyMutation, ExchangeRatePayload, ExchangeRateSetInput, ExchangeRatesImportInput, ExchangeRatesImportPayload,
};
pub use query::CurrencyQuery;
