//! The job of an exchange, and the order of the bulk operations of a tenant.

use entity::prelude::*;
use platform::{
    clock::Clock,
    jobs,
    storage::{Fault, Work},
};
use serde::{Deserialize, Serialize};

use crate::exchange::rows::lines;

/// The kind of job that runs exchanges.
pub const JOB: &str = "exchange.run";

/// Payload of the job.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Order {
    pub id: ExchangeId,
}

/// Enqueues the job of the bulk operation that has waited longest, unless one of the tenant's is
/// running.
pub(super) async fn begin_next(work: &Work, clock: &Clock) -> Result<(), Fault> {
    if !lines::is_running(work).await?
        && let Some(id) = lines::next_bulk_run(work).await?
    {
        jobs::enqueue_once(work, clock, JOB, &Order { id }).await?;
    }
    Ok(())
}
