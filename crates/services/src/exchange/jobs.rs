//! Jobs that run exchanges and delete expired ones.

use std::time::Duration;

use platform::jobs::{Failure, Registry, core::MAX_DEATHS};

use super::{
    Exchange,
    shell::{JOB, Order},
};

const HOUR: Duration = Duration::from_hours(1);
/// Server faults after which an exchange fails for good.
const MAX_FAILURES: i64 = 12;
/// Errors that the requester sees: of an exchange whose workers died, and of one that could not be
/// run or finished.
const KILLED_MESSAGE: &str = "the worker stopped during the exchange, twice at the same position: it is not retried";
const FAILED_MESSAGE: &str =
    "an internal error occurred repeatedly: the operator's log has the details. Rows that are counted are done";

/// Registers this room's jobs.
pub fn register(registry: Registry, exchange: &Exchange) -> Registry {
    let (running, dead_letters, clearing) = (exchange.clone(), exchange.clone(), exchange.clone());
    registry
        .queued(JOB, MAX_FAILURES, move |lease, job| {
            let exchange = running.clone();
            async move {
                let order: Order = serde_json::from_str(&job.payload)
                    .map_err(|error| Failure::Hopeless(format!("the job's payload cannot be read: {error}")))?;
                Box::pin(exchange.work(lease, (job.tenant, order.id), (job.failures, MAX_FAILURES))).await
            }
        })
        .with_dead_letter_handler(JOB, move |lease, job| {
            let exchange = dead_letters.clone();
            async move {
                match serde_json::from_str::<Order>(&job.payload) {
                    Ok(order) => {
                        let reason = if job.deaths >= MAX_DEATHS { KILLED_MESSAGE } else { FAILED_MESSAGE };
                        exchange.give_up(lease, (job.tenant, order.id), reason).await
                    }
                    Err(_) => Ok(()),
                }
            }
        })
        .periodic("exchange.forget", HOUR, move |_| {
            let exchange = clearing.clone();
            async move { exchange.delete_old_refusals().await.map(drop) }
        })
}
