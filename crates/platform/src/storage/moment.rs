//! Reads as of one moment. All reads that a task makes of a tenant through its handles come from
//! one snapshot, whatever commits meanwhile. The task carries it, like the route of its reads
//! (`replicas`), so that no room has to know it.

use std::{
    future::Future,
    sync::{Arc, Weak},
};

use entity::prelude::TenantId;
use tokio::sync::{OnceCell, Semaphore};

use super::{Database, Fault, Reads, Snapshot, transaction::Purpose};

/// Maximum snapshots of this process at a time. Each holds one connection for reading, of which
/// there are twice as many by default.
const MAX: usize = 4;
static TURNS: Semaphore = Semaphore::const_new(MAX);

/// Snapshot of one tenant's rows, taken at the first read.
#[derive(Default)]
pub(super) struct LazySnapshot(OnceCell<Snapshot>);

tokio::task_local! {
    static MOMENT: Arc<LazySnapshot>;
}

impl LazySnapshot {
    /// Returns the snapshot of a tenant's rows; None for another tenant than the first.
    pub(super) async fn of(&self, db: &Database, tenant: TenantId) -> Result<Option<&Snapshot>, Fault> {
        let snapshot = self.0.get_or_try_init(|| Snapshot::begin(db, &db.reader, tenant, Purpose::Moment)).await?;
        Ok(Some(snapshot).filter(|snapshot| snapshot.tenant() == tenant))
    }
}

/// Runs the future so that its reads of one tenant are consistent. Handles that it opens keep to
/// the snapshot until the future ends, also in tasks of their own, and read current data
/// afterwards. Transactions, reads that name the freshness that they need, and global tables are
/// not part of the snapshot. There is no limit to the wait for a free snapshot.
pub async fn with_consistent_reads<T>(future: impl Future<Output = T>) -> T {
    // An error would mean that the semaphore is closed: there is no limit then.
    let _turn = TURNS.acquire().await.ok();
    MOMENT.scope(Arc::default(), future).await
}

/// Returns the snapshot of this task; an expired one if there is none.
pub(super) fn current() -> Weak<LazySnapshot> {
    MOMENT.try_with(Arc::downgrade).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_moment_of_a_task_is_that_of_no_other_and_ends_with_it() {
        assert!(current().upgrade().is_none());
        let (kept, elsewhere) = with_consistent_reads(async {
            assert!(current().upgrade().is_some());
            (current(), tokio::spawn(async { current().upgrade().is_none() }).await.unwrap())
        })
        .await;
        assert!(elsewhere && kept.upgrade().is_none());
    }

    #[tokio::test]
    async fn a_moment_beyond_the_last_turn_waits_for_one_that_ends() {
        let (sender, mut ended) = tokio::sync::watch::channel(false);
        let held: Vec<_> = (0..MAX)
            .map(|_| {
                let mut ended = sender.subscribe();
                tokio::spawn(with_consistent_reads(async move { ended.wait_for(|ended| *ended).await.is_ok() }))
            })
            .collect();
        while TURNS.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let later = tokio::spawn(with_consistent_reads(async move { *ended.borrow_and_update() }));
        tokio::task::yield_now().await;
        assert!(!later.is_finished());
        sender.send(true).unwrap();
        assert!(later.await.unwrap());
        for one in held {
            assert!(one.await.unwrap());
        }
    }
}
