//! Announcements of commits to followers in this process. They are only a shortcut: a follower that
//! misses one reads the journal.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use entity::prelude::TenantId;
use tokio::sync::broadcast;

use super::{cluster_notices::ClusterNotices, journal_event::Event};

/// The events of one transaction, in order.
#[derive(Debug, Clone)]
pub struct CommittedEvents {
    pub tenant: TenantId,
    /// Number of the last event. A hint has this number only, without events.
    pub head: i64,
    pub events: Arc<[Arc<Event>]>,
}

/// Transactions a follower may lag behind before it has to read the journal.
const BUFFER: usize = 1024;

/// Channels to followers, one for each followed tenant.
#[derive(Clone, Default)]
pub struct Announcer(Arc<Mutex<HashMap<TenantId, Channel>>>, ClusterNotices);

struct Channel {
    sender: broadcast::Sender<CommittedEvents>,
    /// Last event that this process wrote or found in the database; followers have not been told of
    /// later ones.
    head: i64,
    /// Last event that a hint named.
    hinted: i64,
}

impl Announcer {
    pub fn follow(&self, tenant: TenantId) -> broadcast::Receiver<CommittedEvents> {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        channels
            .entry(tenant)
            .or_insert_with(|| Channel { sender: broadcast::channel(BUFFER).0, head: 0, hinted: 0 })
            .sender
            .subscribe()
    }

    /// Returns the tenants that are followed in this process.
    pub fn followed_tenants(&self) -> Vec<TenantId> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// Returns the notices that are published to other nodes after commit.
    pub fn cluster_notices(&self) -> &ClusterNotices {
        &self.1
    }

    /// Returns the last event of a followed tenant that this process wrote or read, and the last
    /// that another node announced.
    pub fn known_heads(&self, tenant: TenantId) -> Option<(i64, i64)> {
        let channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        channels.get(&tenant).map(|channel| (channel.head, channel.hinted.max(channel.head)))
    }

    /// Starts over with another journal, whose last event this is: the numbers of the former one
    /// would hide its events from followers.
    pub fn reset_journal(&self, tenant: TenantId, head: i64) {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = channels.get_mut(&tenant) {
            (channel.head, channel.hinted) = (head, head);
        }
    }

    /// Sends the tenant's followers to the journal because a hint says that it has reached this
    /// event. The hint may be wrong, so the head is not stored: the poll finds the actual one.
    pub fn hint(&self, tenant: TenantId, head: i64) {
        let mut channels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(channel) = channels.get_mut(&tenant).filter(|channel| channel.head < head) else { return };
        channel.hinted = channel.hinted.max(head);
        // The send fails without followers, which is fine: a new follower reads the journal first.
        let _ = channel.sender.send(CommittedEvents { tenant, head, events: Arc::new([]) });
    }

    pub fn announce(&self, committed: CommittedEvents) {
        // An announcement without events came from another node.
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
