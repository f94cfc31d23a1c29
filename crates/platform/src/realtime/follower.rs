//! Reader of a tenant's journal.

use std::{sync::Arc, time::Duration};

use tokio::sync::broadcast::{self, error::RecvError};

use crate::storage::{
    CommittedEvents, Fault, Reads, TenantScope,
    journal::{self, Event},
};

/// Follows a tenant's events after a position: each exactly once, in order, without a gap.
pub struct Follower {
    scope: TenantScope,
    announced: broadcast::Receiver<CommittedEvents>,
    last: i64,
    /// True if the journal has, or may have, events that were not announced.
    behind: bool,
}

/// Maximum events of a page of the journal.
const PAGE: u32 = 500;

impl Follower {
    /// Begins after event `last`. Events that commit from now on are not missed, whatever is read
    /// in between.
    pub fn new(scope: TenantScope, last: i64) -> Self {
        let announced = scope.database().announcer().follow(scope.tenant());
        Self { scope, announced, last, behind: true }
    }

    /// Returns the number of the last event that was returned.
    pub fn last(&self) -> i64 {
        self.last
    }

    /// Continues after another event. Skips the events before it, and earlier announcements, which
    /// may be of another journal.
    pub fn skip_to(&mut self, last: i64) {
        self.announced = self.announced.resubscribe();
        self.last = last;
        self.behind = true;
    }

    /// Returns the next events; empty if `patience` passed without one.
    pub async fn next(&mut self, patience: Duration) -> Result<Vec<Arc<Event>>, Fault> {
        loop {
            if self.behind {
                let page = journal::page_after(&self.scope, self.last, PAGE).await?;
                self.behind = page.is_full;
                if let Some(event) = page.events.last() {
                    self.last = event.seq;
                    return Ok(page.events.into_iter().map(Arc::new).collect());
                }
            }
            match tokio::time::timeout(patience, self.announced.recv()).await {
                Err(_) => return Ok(Vec::new()),
                Ok(Ok(committed)) => {
                    let events = self.take(&committed);
                    if !events.is_empty() {
                        return Ok(events);
                    }
                }
                Ok(Err(RecvError::Lagged(_))) => self.behind = true,
                Ok(Err(RecvError::Closed)) => {
                    self.announced = self.scope.database().announcer().follow(self.scope.tenant());
                    self.behind = true;
                }
            }
        }
    }

    /// Takes the next events from an announcement. After a gap, or if the head is beyond the
    /// announced events, the follower reads the journal.
    fn take(&mut self, committed: &CommittedEvents) -> Vec<Arc<Event>> {
        let mut events = Vec::new();
        for event in committed.events.iter() {
            if event.seq <= self.last {
                continue;
            }
            if event.seq != self.last + 1 {
                self.behind = true;
                break;
            }
            self.last = event.seq;
            events.push(event.clone());
        }
        self.behind |= committed.head > self.last;
        events
    }
}
