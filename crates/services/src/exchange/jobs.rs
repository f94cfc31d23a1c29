//! Carrying exchanges out, and forgetting what is over.

use std::time::Duration;

use platform::jobs::{Failure, Registry, core::MOST_DEATHS};

use super::{
    Exchange,
    shell::{JOB, Order},
};

const HOUR: Duration = Duration::from_hours(1);
/// An exchange has failed for good after so many faults of ours.
const MOST_FAILURES: i64 = 12;
/// Why an exchange has failed whose workers died, and one that could not be carried out or ended, for whoever asked for it.
const KILLED: &str = "the worker died while it was carried out, twice at the same place: it is not tried again";
const FAILED: &str = "a fault of ours, again and again: the operator's log tells more. Rows that are counted are done";

/// Adds what this room knows how to do.
pub fn register(registry: Registry, exchange: &Exchange) -> Registry {
    let (running, burying, clearing) = (exchange.clone(), exchange.clone(), exchange.clone());
    registry
        .queued(JOB, MOST_FAILURES, move |lease, job| {
            let exchange = running.clone();
            async move {
                let order: Order = serde_json::from_str(&job.payload)
                    .map_err(|error| Failure::Hopeless(format!("the job's payload cannot be read: {error}")))?;
                Box::pin(exchange.work(lease, (job.tenant, order.id), (job.failures, MOST_FAILURES))).await
            }
        })
        .burying(JOB, move |lease, job| {
            let exchange = burying.clone();
            async move {
                match serde_json::from_str::<Order>(&job.payload) {
                    Ok(order) => {
                        let why = if job.deaths >= MOST_DEATHS { KILLED } else { FAILED };
                        exchange.give_up(lease, (job.tenant, order.id), why).await
                    }
                    Err(_) => Ok(()),
                }
            }
        })
        .periodic("exchange.forget", HOUR, move |_| {
            let exchange = clearing.clone();
            async move { exchange.forget_old().await.map(drop) }
        })
}
