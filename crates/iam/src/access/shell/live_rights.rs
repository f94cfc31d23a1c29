//! Channels by which watched rights reach their watchers: two for each subject, one with its rights
//! and one that says whether it has lost access.

use entity::prelude::*;
use tokio::sync::watch;

use crate::access::caller::Caller;

/// Subject whose rights are watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum WatchedSubject {
    Member(TenantId, MemberId),
    Key([u8; 32]),
}

pub(super) struct Entry {
    pub(super) caller: watch::Sender<Option<Caller>>,
    pub(super) gone: watch::Sender<bool>,
}

/// The current rights of a caller, for as long as a connection lasts. None once the caller has lost
/// access.
#[derive(Debug, Clone)]
pub struct LiveRights(pub(super) watch::Receiver<Option<Caller>>);

impl LiveRights {
    /// Returns the caller with their current rights.
    pub fn now(&self) -> Option<Caller> {
        self.0.borrow().clone()
    }
    /// Waits until the rights differ from those last seen. Never returns if they are no longer
    /// refreshed.
    pub async fn changed(&mut self) -> Option<Caller> {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        self.0.borrow_and_update().clone()
    }
}

impl Entry {
    pub fn notify_watchers(&self, new_caller: Option<Caller>) {
        let is_gone = new_caller.is_none();
        self.gone.send_if_modified(|was_gone| std::mem::replace(was_gone, is_gone) != is_gone);
        self.caller.send_if_modified(|current| {
            let changes = *current != new_caller;
            *current = new_caller;
            changes
        });
    }
}
