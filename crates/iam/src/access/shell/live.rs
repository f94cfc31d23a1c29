//! Watched rights of callers: sockets and streams outlive the request that opened them, their
//! rights need not.

use std::{sync::PoisonError, time::Duration};

use entity::prelude::*;
use platform::storage::Fault;
use tokio::sync::watch;

use super::{
    live_rights::{Entry, LiveRights, WatchedSubject},
    service::Access,
};
use crate::access::caller::Caller;

/// Interval at which watched rights are checked; together with `RIGHTS_CACHE_SECONDS` at most five
/// seconds.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

impl Access {
    pub fn watch_member(&self, tenant: TenantId, member: MemberId, caller: &Caller) -> LiveRights {
        self.watch(WatchedSubject::Member(tenant, member), caller).0
    }
    /// Also whether the key has ended.
    pub fn watch_key(&self, hash: [u8; 32], caller: &Caller) -> (LiveRights, watch::Receiver<bool>) {
        self.watch(WatchedSubject::Key(hash), caller)
    }

    fn watch(&self, subject: WatchedSubject, caller: &Caller) -> (LiveRights, watch::Receiver<bool>) {
        let mut live = self.0.live.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = live
            .entry(subject)
            .or_insert_with(|| Entry { caller: watch::channel(Some(caller.clone())).0, gone: watch::channel(false).0 });
        // Every request of the caller gets here: the rights are copied only if they have changed.
        let is_known = entry.caller.borrow().as_ref() == Some(caller);
        if !is_known {
            entry.notify_watchers(Some(caller.clone()));
        }
        (LiveRights(entry.caller.subscribe()), entry.gone.subscribe())
    }

    /// Re-reads the rights of all watched callers and notifies the watchers of changes.
    pub async fn refresh_live(&self) {
        let watched: Vec<WatchedSubject> = {
            let mut live = self.0.live.lock().unwrap_or_else(PoisonError::into_inner);
            live.retain(|_, entry| entry.caller.receiver_count() > 0);
            live.keys().copied().collect()
        };
        for subject in watched {
            // A failed read is repeated at the next interval; the last known value stays until
            // then.
            let Ok(caller) = self.current_caller(subject).await else { continue };
            if let Some(entry) = self.0.live.lock().unwrap_or_else(PoisonError::into_inner).get(&subject) {
                entry.notify_watchers(caller);
            }
        }
    }

    async fn current_caller(&self, subject: WatchedSubject) -> Result<Option<Caller>, Fault> {
        match subject {
            WatchedSubject::Member(tenant, member) => self.member(tenant, member).await,
            WatchedSubject::Key(hash) => self.key_by_hash(&hash).await,
        }
    }

    /// Keeps watched rights up to date, for ever: changes of this node (such as sessions that end)
    /// at once, changes of other nodes at the next poll.
    pub async fn refresh_rights_forever(self) {
        loop {
            let _woken_or_late = tokio::time::timeout(POLL_INTERVAL, self.0.changed.notified()).await;
            self.refresh_live().await;
        }
    }
}
