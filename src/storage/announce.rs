//! Telling this process's followers what has committed. Only a shortcut: whoever misses something reads the journal.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use entity::prelude::TenantId;
use tokio::sync::broadcast;

use super::journal::Event;

/// The events of one transaction, in order.
#[derive(Debug, Clone)]
pub struct Committed {
    pub tenant: TenantId,
    /// The last event's number; a hint from elsewhere may carry it alone.
    pub head: i64,
    pub events: Arc<[Arc<Event>]>,
}

/// Transactions a follower may lag behind before it has to read the journal.
const BUFFER: usize = 1024;

/// One channel a tenant that somebody follows.
#[derive(Clone, Default)]
pub struct Announcer(Arc<Mutex<HashMap<TenantId, broadcast::Sender<Committed>>>>);

impl Announcer {
    pub fn follow(&self, tenant: TenantId) -> broadcast::Receiver<Committed> {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        channels.entry(tenant).or_insert_with(|| broadcast::channel(BUFFER).0).subscribe()
    }

    /// The tenants that somebody in this process follows.
    pub fn followed(&self) -> Vec<TenantId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    pub fn announce(&self, committed: Committed) {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let nobody = channels.get(&committed.tenant).is_some_and(|channel| channel.send(committed.clone()).is_err());
        if nobody {
            channels.remove(&committed.tenant);
        }
    }
}
