//! Notices for other nodes: each commit adds to them, and the bus takes and publishes them. No
//! commit waits for that, and there is at most one entry for each tenant and each session.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use entity::prelude::{SessionId, TenantId};
use tokio::sync::Notify;

/// Maximum waiting entries of a kind. Further ones are dropped: each node also polls the database.
const MAX: usize = 10_000;

/// New notices. If a tenant changed often, only the newest head is kept.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PendingNotices {
    /// The last event of tenants' journals.
    pub heads: HashMap<TenantId, i64>,
    /// Tenants whose members, roles or keys have changed.
    pub rights: HashSet<TenantId>,
    /// Sessions that have ended or changed.
    pub sessions: HashSet<SessionId>,
}

impl PendingNotices {
    pub fn is_empty(&self) -> bool {
        self.heads.is_empty() && self.rights.is_empty() && self.sessions.is_empty()
    }
}

/// Collector of notices; clones share it.
#[derive(Clone, Default)]
pub struct ClusterNotices(Arc<Inner>);

#[derive(Default)]
struct Inner {
    is_heard: AtomicBool,
    news: Mutex<PendingNotices>,
    wake: Notify,
}

impl ClusterNotices {
    /// Begins to collect notices: a receiver takes them from now on.
    pub fn open(&self) {
        self.0.is_heard.store(true, Ordering::Relaxed);
    }

    /// Stops collecting and drops the collected notices: there is no receiver.
    pub fn close(&self) {
        self.0.is_heard.store(false, Ordering::Relaxed);
        *self.lock() = PendingNotices::default();
    }

    pub fn head(&self, tenant: TenantId, head: i64) {
        self.add(|news| {
            if news.heads.len() < MAX || news.heads.contains_key(&tenant) {
                let latest = news.heads.entry(tenant).or_insert(head);
                *latest = head.max(*latest);
            }
        });
    }

    pub fn rights(&self, tenant: TenantId) {
        self.add(|news| {
            if news.rights.len() < MAX {
                news.rights.insert(tenant);
            }
        });
    }

    pub fn sessions(&self, ids: &[SessionId]) {
        if !ids.is_empty() {
            self.add(|news| {
                let room = MAX.saturating_sub(news.sessions.len());
                news.sessions.extend(ids.iter().take(room).copied());
            });
        }
    }

    fn add(&self, note: impl FnOnce(&mut PendingNotices)) {
        if self.0.is_heard.load(Ordering::Relaxed) {
            note(&mut self.lock());
            self.0.wake.notify_one();
        }
    }

    /// Waits until there are notices, and takes all of them.
    pub async fn next(&self) -> PendingNotices {
        loop {
            let news = std::mem::take(&mut *self.lock());
            if !news.is_empty() {
                return news;
            }
            self.0.wake.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, PendingNotices> {
        self.0.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use uuid::Uuid;

    use super::*;

    fn tenant(n: u128) -> TenantId {
        TenantId::from_uuid(Uuid::from_u128(n))
    }

    #[tokio::test]
    async fn of_many_changes_the_newest_is_told_and_nothing_to_nobody() {
        let cluster_notices = ClusterNotices::default();
        cluster_notices.head(tenant(1), 5);
        assert!(cluster_notices.next().now_or_never().is_none(), "nobody listened");
        cluster_notices.open();
        for head in [7, 9, 8] {
            cluster_notices.head(tenant(1), head);
        }
        cluster_notices.rights(tenant(2));
        let news = cluster_notices.next().await;
        assert_eq!((news.heads, news.rights), (HashMap::from([(tenant(1), 9)]), HashSet::from([tenant(2)])));
        assert!(cluster_notices.next().now_or_never().is_none(), "it was taken away");
        cluster_notices.head(tenant(1), 10);
        cluster_notices.close();
        cluster_notices.open();
        assert!(cluster_notices.next().now_or_never().is_none(), "what waited when nobody listened is gone");
    }

    #[tokio::test]
    async fn it_holds_so_much_and_no_more() {
        let cluster_notices = ClusterNotices::default();
        cluster_notices.open();
        for n in 0..MAX as u128 + 100 {
            cluster_notices.head(tenant(n), 1);
            cluster_notices.rights(tenant(n));
        }
        cluster_notices.head(tenant(1), 2);
        let news = cluster_notices.next().await;
        assert_eq!((news.heads.len(), news.rights.len(), news.heads[&tenant(1)]), (MAX, MAX, 2));
    }
}
