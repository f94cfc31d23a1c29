//! What a lane is writing, and what it leaves to do when it is over.

use std::collections::{HashMap, HashSet};

use entity::prelude::TenantId;
use tokio::{
    task::{JoinError, JoinHandle},
    time::Instant,
};

use super::{Batch, Batcher};

/// Batches that are being written in one transaction. Its task answers their commands, and gives back those that must be done again.
pub(super) struct UnderWay<B: Batcher> {
    pub(super) tenants: Vec<TenantId>,
    pub(super) commands: usize,
    pub(super) since: Instant,
    pub(super) task: JoinHandle<Vec<Undone<B::Command>>>,
}

/// A batch of which nothing was written.
pub(super) struct Undone<C> {
    pub(super) batch: Batch<C>,
    /// Whether it may be planned once more: only the end of a chain was not where it was.
    pub(super) can_replan: bool,
}

/// What a transaction that is over leaves to do.
pub(super) struct Settled<C> {
    /// Tenants for whom what was planned after it is void.
    pub(super) void: HashSet<TenantId>,
    /// Batches to be planned once more.
    pub(super) again: HashMap<TenantId, Batch<C>>,
}

impl<C> Default for Settled<C> {
    fn default() -> Self {
        Self { void: HashSet::new(), again: HashMap::new() }
    }
}

/// The end of what is under way; never, where nothing is.
pub(super) async fn over<B: Batcher>(under_way: &mut Option<UnderWay<B>>) -> Result<Vec<Undone<B::Command>>, JoinError> {
    match under_way {
        Some(batch) => (&mut batch.task).await,
        None => std::future::pending().await,
    }
}
