//! Rates that documents keep, read for several at once.

use std::{collections::HashMap, sync::Arc};

use inventory::{
    costing::rows::load_costing_method,
    currency::{
        core::{FrozenRate, RateRequest},
        shell::load_rates_as_recorded,
    },
};
use platform::storage::{Fault, TenantScope};

/// The rates to the currency of the books for several requests at once; requests without a rate are
/// left out.
pub async fn frozen_rates(scope: &TenantScope, requests: &[RateRequest]) -> Result<HashMap<RateRequest, Arc<FrozenRate>>, Fault> {
    let (_, books) = load_costing_method(scope).await?;
    let rates = load_rates_as_recorded(scope, books, requests).await?;
    Ok(rates.into_iter().map(|(request, rate)| (request, Arc::new(rate))).collect())
}
