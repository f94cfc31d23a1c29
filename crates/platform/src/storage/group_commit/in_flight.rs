//! Transaction that a lane is writing, and the work that remains after it.

use std::collections::{HashMap, HashSet};

use entity::prelude::TenantId;
use tokio::{
    task::{JoinError, JoinHandle},
    time::Instant,
};

use super::batch::{Batch, Batcher};

/// Batches that are being written in one transaction. Its task answers their commands, and returns
/// those that must be done again.
pub(super) struct InFlightBatches<B: Batcher> {
    pub(super) tenants: Vec<TenantId>,
    pub(super) commands: usize,
    pub(super) since: Instant,
    pub(super) task: JoinHandle<Vec<UnwrittenBatch<B::Command>>>,
}

/// A batch that was not written.
pub(super) struct UnwrittenBatch<C> {
    pub(super) batch: Batch<C>,
    /// True if the batch may be planned again: it failed only because the end of a chain had moved.
    pub(super) can_replan: bool,
}

/// Work that remains after a transaction.
pub(super) struct RemainingWork<C> {
    /// Tenants whose later plans are void.
    pub(super) void: HashSet<TenantId>,
    /// Batches to be planned again.
    pub(super) again: HashMap<TenantId, Batch<C>>,
}

impl<C> Default for RemainingWork<C> {
    fn default() -> Self {
        Self { void: HashSet::new(), again: HashMap::new() }
    }
}

/// Waits for the end of the transaction under way; never returns if there is none.
pub(super) async fn wait_for_end<B: Batcher>(
    under_way: &mut Option<InFlightBatches<B>>,
) -> Result<Vec<UnwrittenBatch<B::Command>>, JoinError> {
    match under_way {
        Some(batch) => (&mut batch.task).await,
        None => std::future::pending().await,
    }
}
