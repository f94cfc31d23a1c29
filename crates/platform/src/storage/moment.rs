//! Reading as of one moment. All that a task reads of a tenant by its handles comes from one snapshot, whatever commits meanwhile. The task carries
//! it, like the way of its reads (`replicas`), so that no room need know of it.

use std::{
    future::Future,
    sync::{Arc, Weak},
};

use entity::prelude::TenantId;
use tokio::sync::{OnceCell, Semaphore};

use super::{Database, Fault, Reads, Snapshot, transaction::Purpose};

/// Moments of this process at a time. Each holds one of the connections for reading, of which there are twice as many by default.
const MOST: usize = 4;
static TURNS: Semaphore = Semaphore::const_new(MOST);

/// The rows of one tenant as they were when the first of them was read.
#[derive(Default)]
pub(super) struct Moment(OnceCell<Snapshot>);

tokio::task_local! {
    static MOMENT: Arc<Moment>;
}

impl Moment {
    /// The snapshot of a tenant's rows; None of another tenant than the first.
    pub(super) async fn of(&self, db: &Database, tenant: TenantId) -> Result<Option<&Snapshot>, Fault> {
        let snapshot = self.0.get_or_try_init(|| Snapshot::begin(db, &db.reader, tenant, Purpose::Moment)).await?;
        Ok(Some(snapshot).filter(|snapshot| snapshot.tenant() == tenant))
    }
}

/// Runs the future so that its reads of one tenant agree with each other. Handles that it opens keep to the moment until it ends, in tasks of their
/// own as well, and read what is committed afterwards. Transactions, reads that name how fresh they have to be, and global tables are not of the
/// moment. It waits for its turn without a limit.
pub async fn at_one_moment<T>(future: impl Future<Output = T>) -> T {
    // An error would say that nobody takes turns any more.
    let _turn = TURNS.acquire().await.ok();
    MOMENT.scope(Arc::default(), future).await
}

/// The moment of this task; one that has ended where there is none.
pub(super) fn current() -> Weak<Moment> {
    MOMENT.try_with(Arc::downgrade).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_moment_of_a_task_is_that_of_no_other_and_ends_with_it() {
        assert!(current().upgrade().is_none());
        let (kept, elsewhere) = at_one_moment(async {
            assert!(current().upgrade().is_some());
            (current(), tokio::spawn(async { current().upgrade().is_none() }).await.unwrap())
        })
        .await;
        assert!(elsewhere && kept.upgrade().is_none());
    }

    #[tokio::test]
    async fn a_moment_beyond_the_last_turn_waits_for_one_that_ends() {
        let (sender, mut ended) = tokio::sync::watch::channel(false);
        let held: Vec<_> = (0..MOST)
            .map(|_| {
                let mut ended = sender.subscribe();
                tokio::spawn(at_one_moment(async move { ended.wait_for(|ended| *ended).await.is_ok() }))
            })
            .collect();
        while TURNS.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        let later = tokio::spawn(at_one_moment(async move { *ended.borrow_and_update() }));
        tokio::task::yield_now().await;
        assert!(!later.is_finished());
        sender.send(true).unwrap();
        assert!(later.await.unwrap());
        for one in held {
            assert!(one.await.unwrap());
        }
    }
}
