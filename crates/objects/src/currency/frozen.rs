//! Rates that documents keep, read for several at once.

use std::{collections::HashMap, sync::Arc};

use inventory::{
    costing::rows::method,
    currency::{
        core::{FrozenRate, RateRequest},
        shell::rates_as_known,
    },
};
use platform::storage::{Fault, TenantScope};

/// The rates to the currency of the books for several requests at once; requests without a rate are
/// left out.
pub async fn frozen_rates(scope: &TenantScope, asks: &[RateRequest]) -> Result<HashMap<RateRequest, Arc<FrozenRate>>, Fault> {
    let (_, books) = method(scope).await?;
    let known = rates_as_known(scope, books, asks).await?;
    Ok(known.into_iter().map(|(ask, rate)| (ask, Arc::new(rate))).collect())
}
