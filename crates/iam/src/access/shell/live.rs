//! Standings that somebody watches: sockets and streams outlive the request that opened them, their rights need not.

use std::{sync::PoisonError, time::Duration};

use entity::prelude::*;
use platform::storage::Fault;
use tokio::sync::watch;

use super::Access;
use crate::access::caller::Caller;

/// Whose standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Who {
    Member(TenantId, MemberId),
    Key([u8; 32]),
}

pub(super) struct Entry {
    caller: watch::Sender<Option<Caller>>,
    gone: watch::Sender<bool>,
}

/// A caller's rights as they are now, for as long as a connection lasts. None: they may not come in any more.
#[derive(Debug, Clone)]
pub struct LiveRights(watch::Receiver<Option<Caller>>);

impl LiveRights {
    /// What they may do now.
    pub fn now(&self) -> Option<Caller> {
        self.0.borrow().clone()
    }
    /// Waits until it is something else than when it was last looked at. For ever, when nobody keeps it up to date any more.
    pub async fn changed(&mut self) -> Option<Caller> {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        self.0.borrow_and_update().clone()
    }
}

/// How often watched standings are looked at; together with `STANDING_SECONDS` not more than five seconds.
const LOOK: Duration = Duration::from_secs(1);

impl Access {
    pub fn watch_member(&self, tenant: TenantId, member: MemberId, caller: &Caller) -> LiveRights {
        self.watch(Who::Member(tenant, member), caller).0
    }
    /// Also whether the key has ended.
    pub fn watch_key(&self, hash: [u8; 32], caller: &Caller) -> (LiveRights, watch::Receiver<bool>) {
        self.watch(Who::Key(hash), caller)
    }

    fn watch(&self, who: Who, caller: &Caller) -> (LiveRights, watch::Receiver<bool>) {
        let mut live = self.0.live.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = live
            .entry(who)
            .or_insert_with(|| Entry { caller: watch::channel(Some(caller.clone())).0, gone: watch::channel(false).0 });
        // Each request of the caller comes here: only a change is written, and the rights are copied for it alone.
        let is_known = entry.caller.borrow().as_ref() == Some(caller);
        if !is_known {
            entry.tell(Some(caller.clone()));
        }
        (LiveRights(entry.caller.subscribe()), entry.gone.subscribe())
    }

    /// Looks at all standings that somebody watches, and tells them what has changed.
    pub async fn refresh_live(&self) {
        let watched: Vec<Who> = {
            let mut live = self.0.live.lock().unwrap_or_else(PoisonError::into_inner);
            live.retain(|_, entry| entry.caller.receiver_count() > 0);
            live.keys().copied().collect()
        };
        for who in watched {
            // What cannot be read now is looked at again the next time; what is known stays until then.
            let Ok(caller) = self.stands(who).await else { continue };
            if let Some(entry) = self.0.live.lock().unwrap_or_else(PoisonError::into_inner).get(&who) {
                entry.tell(caller);
            }
        }
    }

    async fn stands(&self, who: Who) -> Result<Option<Caller>, Fault> {
        match who {
            Who::Member(tenant, member) => self.member(tenant, member).await,
            Who::Key(hash) => self.key_by_hash(&hash).await,
        }
    }

    /// Keeps watched standings up to date, for ever: what is changed here at once, as sessions end, and what others change with the next look.
    pub async fn keep_watch(self) {
        loop {
            let _woken_or_late = tokio::time::timeout(LOOK, self.0.changed.notified()).await;
            self.refresh_live().await;
        }
    }
}

impl Entry {
    fn tell(&self, now: Option<Caller>) {
        let is_gone = now.is_none();
        self.gone.send_if_modified(|gone| std::mem::replace(gone, is_gone) != is_gone);
        self.caller.send_if_modified(|known| {
            let changes = *known != now;
            *known = now;
            changes
        });
    }
}
