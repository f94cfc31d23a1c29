//! Telling this process's followers what has committed. Only a shortcut: whoever misses something reads the journal.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use entity::prelude::TenantId;
use tokio::sync::broadcast;

use super::{cluster_notices::ClusterNotices, journal::Event};

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
pub struct Announcer(Arc<Mutex<HashMap<TenantId, Channel>>>, ClusterNotices);

struct Channel {
    sender: broadcast::Sender<Committed>,
    /// The last event that this process wrote or found in the database; what lies beyond it somebody has yet to hear of.
    head: i64,
    /// The last event that somebody said there is.
    hinted: i64,
}

impl Announcer {
    pub fn follow(&self, tenant: TenantId) -> broadcast::Receiver<Committed> {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        channels
            .entry(tenant)
            .or_insert_with(|| Channel { sender: broadcast::channel(BUFFER).0, head: 0, hinted: 0 })
            .sender
            .subscribe()
    }

    /// The tenants that somebody in this process follows.
    pub fn followed(&self) -> Vec<TenantId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// What other nodes are to hear of.
    pub fn cluster_notices(&self) -> &ClusterNotices {
        &self.1
    }

    /// What is known of a tenant that somebody here follows: the last event that this process wrote or found, and the last that it was told of.
    pub fn known(&self, tenant: TenantId) -> Option<(i64, i64)> {
        let channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        channels.get(&tenant).map(|channel| (channel.head, channel.hinted.max(channel.head)))
    }

    /// The journal is another one, whose last event this is: what was known of the former would keep followers from what comes.
    pub fn begin_anew(&self, tenant: TenantId, head: i64) {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = channels.get_mut(&tenant) {
            (channel.head, channel.hinted) = (head, head);
        }
    }

    /// Sends the tenant's followers to the journal, because somebody says that it goes on to this event. That may be wrong, so it is not taken for
    /// known: the poll finds what there is.
    pub fn hint(&self, tenant: TenantId, head: i64) {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(channel) = channels.get_mut(&tenant).filter(|channel| channel.head < head) else { return };
        channel.hinted = channel.hinted.max(head);
        // Without followers there is nobody to send; whoever begins to follow reads the journal first.
        let _ = channel.sender.send(Committed { tenant, head, events: Arc::new([]) });
    }

    pub fn announce(&self, committed: Committed) {
        // What brings no events was heard from elsewhere.
        if !committed.events.is_empty() {
            self.1.head(committed.tenant, committed.head);
        }
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(channel) = channels.get_mut(&committed.tenant) else { return };
        let tenant = committed.tenant;
        channel.head = channel.head.max(committed.head);
        if channel.sender.send(committed).is_err() {
            channels.remove(&tenant);
        }
    }
}
