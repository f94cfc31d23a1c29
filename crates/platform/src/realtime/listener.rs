//! A follower of one tenant: it reads the events that it missed from the ring or the journal, at
//! its own pace, then receives new ones from the hub.

use std::{sync::Arc, time::Duration};

use entity::prelude::TenantId;
use tokio::task::JoinHandle;

use super::{
    hub::{Hub, Hubs, Inbox},
    index::Interest,
    shared_event::SharedEvent,
};
use crate::{
    metrics::{self, CatchUpSource},
    storage::{
        Fault,
        journal::{self, Page},
    },
};

/// Maximum events of a page when missed events are read.
const PAGE: u32 = 500;

/// Next result for a follower.
#[derive(Debug)]
pub enum NextEvents {
    /// Events, oldest first. While missed events are read these are all events; live, only those
    /// that concern the follower.
    Events(Vec<Arc<SharedEvent>>),
    /// No event arrived in time: none up to `last` concerned the follower.
    Quiet,
    /// The next events are no longer kept.
    Expired,
    /// The journal was replaced by another one.
    Another,
}

/// Follows a tenant's events after a position: each that concerns it exactly once, in order, without a gap.
pub struct Listener {
    hub: Arc<Hub>,
    interest: Interest,
    generation: u64,
    last: i64,
    /// Page after `last`, read in advance while the one before is processed.
    prefetched: Option<PrefetchedPage>,
    /// Inbox into which the hub puts live events; `None` while the listener reads up.
    live: Option<(u64, Arc<Inbox>)>,
    /// True while the listener reads missed events.
    reads_up: bool,
}

/// A page that is read in advance.
struct PrefetchedPage {
    after: i64,
    page: JoinHandle<Result<Page, Fault>>,
}

impl Drop for PrefetchedPage {
    fn drop(&mut self) {
        self.page.abort();
    }
}

enum Step {
    Have(Vec<Arc<SharedEvent>>),
    Read,
    Live,
    Another,
}

impl Hubs {
    /// Follows a tenant's events. Events that commit from now on are not missed, whatever is read
    /// in between.
    pub async fn listen(&self, tenant: TenantId, interest: Interest) -> Result<Listener, Fault> {
        let hub = match self.get_open_hub(tenant) {
            Some(hub) => hub,
            None => self.open(tenant).await?,
        };
        Ok(Listener::new(hub, interest))
    }
}

impl Listener {
    fn new(hub: Arc<Hub>, interest: Interest) -> Self {
        let mut state = hub.lock();
        state.add_follower();
        let (generation, last) = (state.generation, state.position);
        drop(state);
        Self { hub, interest, generation, last, prefetched: None, live: None, reads_up: false }
    }

    /// Returns the number of the last event up to which all that concern the follower were
    /// returned.
    pub fn last(&self) -> i64 {
        self.last
    }

    /// Whether the hub delivers new events: no missed ones are left to read.
    pub fn is_live(&self) -> bool {
        self.live.is_some()
    }

    /// Continues after another event.
    pub fn resume_after(&mut self, last: i64) {
        self.remove_inbox();
        self.reads_up = false;
        self.last = last;
    }

    /// Returns the position of the hub.
    pub fn position(&self) -> i64 {
        self.hub.lock().position
    }

    /// The next events.
    pub async fn next(&mut self, patience: Duration) -> Result<NextEvents, Fault> {
        self.next_until(None, patience).await
    }

    /// Returns the next events, none of them after `limit`.
    pub async fn next_until(&mut self, limit: Option<i64>, patience: Duration) -> Result<NextEvents, Fault> {
        let page = limit.map_or(PAGE, |limit| u32::try_from(limit - self.last).map_or(PAGE, |remaining| remaining.min(PAGE)));
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            let Some((_, inbox)) = self.live.clone() else {
                match self.step(page) {
                    Step::Have(events) => {
                        self.catch_up(CatchUpSource::InMemory);
                        return Ok(self.take(events));
                    }
                    Step::Read => {
                        self.catch_up(CatchUpSource::InJournal);
                        return self.read_missed_page(page).await;
                    }
                    Step::Another => return Ok(NextEvents::Another),
                    Step::Live => {
                        self.reads_up = false;
                        continue;
                    }
                }
            };
            if let Some(events) = self.take_waiting_events(&inbox) {
                if !events.is_empty() {
                    return Ok(self.take(events));
                }
                if tokio::time::timeout_at(deadline, inbox.notify.notified()).await.is_err() && self.is_quiet(&inbox) {
                    return Ok(NextEvents::Quiet);
                }
            }
        }
    }

    /// Counts a catching up where it begins, however many pages it takes.
    fn catch_up(&mut self, source: CatchUpSource) {
        if !std::mem::replace(&mut self.reads_up, true) {
            metrics::count_stream_catchup(source);
        }
    }

    fn take(&mut self, events: Vec<Arc<SharedEvent>>) -> NextEvents {
        self.last = events.last().map_or(self.last, |shared_event| shared_event.seq());
        NextEvents::Events(events)
    }

    /// Returns the next step of a listener that reads up. It enters under the same lock as it
    /// checks the position: no event comes in between.
    fn step(&mut self, page: u32) -> Step {
        let mut state = self.hub.lock();
        if state.generation != self.generation {
            return Step::Another;
        }
        if self.last >= state.position {
            self.live = Some(state.add_inbox(&self.interest));
            return Step::Live;
        }
        state.ring.after(self.last, page as usize).map_or(Step::Read, Step::Have)
    }

    async fn read_missed_page(&mut self, page: u32) -> Result<NextEvents, Fault> {
        let mut events = match self.prefetched.take().filter(|prefetched| prefetched.after == self.last) {
            Some(mut prefetched) => {
                (&mut prefetched.page).await.map_err(|_| Fault::Broken("a page of the journal was not read".to_owned()))??
            }
            None => journal::page_after(&self.hub.scope, self.last, page).await?,
        }
        .events;
        // The events may be of another timeline than those before them, with the same numbers.
        self.hub.wait_for_journal_check().await;
        if self.hub.lock().generation != self.generation {
            return Ok(NextEvents::Another);
        }
        events.truncate(page as usize);
        // Numbers are dense: a gap means that events have been dropped.
        if events.first().is_none_or(|first| first.seq != self.last + 1) {
            return Ok(NextEvents::Expired);
        }
        let next = self.take(events.into_iter().map(|event| SharedEvent::new(Arc::new(event))).collect());
        self.prefetch_page(page);
        Ok(next)
    }

    /// Begins to read the next page if there is one, so that the database works while this page is
    /// processed.
    fn prefetch_page(&mut self, page: u32) {
        let after = self.last;
        if self.position() > after {
            let scope = self.hub.scope.clone();
            let page = tokio::spawn(async move { journal::page_after(&scope, after, page).await });
            self.prefetched = Some(PrefetchedPage { after, page });
        }
    }

    /// Takes the waiting events; `None` if there were too many, and the follower has to read up.
    fn take_waiting_events(&mut self, inbox: &Inbox) -> Option<Vec<Arc<SharedEvent>>> {
        let mut contents = inbox.lock();
        if contents.overrun {
            drop(contents);
            self.live = None;
            return None;
        }
        let last = self.last;
        Some(contents.take().filter(|shared_event| shared_event.seq() > last).collect())
    }

    /// Whether nothing waits; then all that the hub has handed out did not concern the follower.
    fn is_quiet(&mut self, inbox: &Inbox) -> bool {
        let state = self.hub.lock();
        let contents = inbox.lock();
        let is_quiet = contents.events.is_empty() && !contents.overrun;
        if is_quiet {
            self.last = self.last.max(state.position);
        }
        is_quiet
    }

    fn remove_inbox(&mut self) {
        if let Some((number, _)) = self.live.take() {
            self.hub.lock().remove_inbox(number);
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.remove_inbox();
        self.hub.lock().remove_follower();
    }
}
