//! Events of exchange rates.

use iam::access::{code, kind};
use platform::storage::events::{PayloadVisibility, Terms};
use serde::{Deserialize, Serialize};

platform::events! {
    /// Exchange rates.
    EXCHANGE_RATE: ExchangeRatesSet = Terms { permission: code::<kind::RateRead>(), shown: PayloadVisibility::Whole, stream: None } => {
        EXCHANGE_RATE_SET "exchange_rate.set",
    }
}

/// The rates that a call set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExchangeRatesSet {
    pub count: usize,
    /// The first and the last day, as in 2026-11-20.
    pub from: String,
    pub to: String,
    /// At most ten, as in EUR/GBP.
    pub pairs: Vec<String>,
}
