//! A follower of one tenant: what it missed from the ring or the journal, at its own pace, then what the hub hands it.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinHandle;

use super::{
    hub::{Hub, Inbox},
    index::Interest,
    shared_event::SharedEvent,
};
use crate::{
    metrics::{self, Missed},
    storage::{
        Fault,
        journal::{self, Page},
    },
};

/// Events that are read up at once, at most.
const PAGE: u32 = 500;

/// What comes next.
#[derive(Debug)]
pub enum Next {
    /// Events, oldest first. Read up, they are all there are; live, those that the follower cares for.
    Events(Vec<Arc<SharedEvent>>),
    /// Nothing came in time: nothing up to `last` concerned the follower.
    Quiet,
    /// What was to come next is not kept any more.
    Expired,
    /// The journal is not the one that was followed.
    Another,
}

/// Follows a tenant's events after a position: each that concerns it exactly once, in order, without a gap.
pub struct Listener {
    hub: Arc<Hub>,
    interest: Interest,
    generation: u64,
    last: i64,
    /// The page after `last`, on its way while the one before is worked on.
    prefetched: Option<PrefetchedPage>,
    /// Where the hub puts what comes; None while it reads up.
    live: Option<(u64, Arc<Inbox>)>,
    /// It has begun to read up, and is not through yet.
    reads_up: bool,
}

/// A page that is read before it is asked for.
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

impl Listener {
    pub(super) fn new(hub: Arc<Hub>, interest: Interest) -> Self {
        let mut state = hub.lock();
        state.come();
        let (generation, last) = (state.generation, state.position);
        drop(state);
        Self { hub, interest, generation, last, prefetched: None, live: None, reads_up: false }
    }

    /// Everything that concerned the follower up to this event has been handed out.
    pub fn last(&self) -> i64 {
        self.last
    }

    /// Whether it is handed what comes: nothing that it missed is left to be read up.
    pub fn is_live(&self) -> bool {
        self.live.is_some()
    }

    /// Goes on after another event.
    pub fn go_on_after(&mut self, last: i64) {
        self.leave();
        self.reads_up = false;
        self.last = last;
    }

    /// Where the hub stands.
    pub fn position(&self) -> i64 {
        self.hub.lock().position
    }

    /// The next events.
    pub async fn next(&mut self, patience: Duration) -> Result<Next, Fault> {
        self.next_until(None, patience).await
    }

    /// The next events, none of them after `most`.
    pub async fn next_until(&mut self, most: Option<i64>, patience: Duration) -> Result<Next, Fault> {
        let page = most.map_or(PAGE, |most| u32::try_from(most - self.last).map_or(PAGE, |left| left.min(PAGE)));
        let until = tokio::time::Instant::now() + patience;
        loop {
            let Some((_, inbox)) = self.live.clone() else {
                match self.step(page) {
                    Step::Have(events) => {
                        self.catch_up(Missed::InMemory);
                        return Ok(self.take(events));
                    }
                    Step::Read => {
                        self.catch_up(Missed::InJournal);
                        return self.read_up(page).await;
                    }
                    Step::Another => return Ok(Next::Another),
                    Step::Live => {
                        self.reads_up = false;
                        continue;
                    }
                }
            };
            if let Some(events) = self.waiting(&inbox) {
                if !events.is_empty() {
                    return Ok(self.take(events));
                }
                if tokio::time::timeout_at(until, inbox.notify.notified()).await.is_err() && self.is_quiet(&inbox) {
                    return Ok(Next::Quiet);
                }
            }
        }
    }

    /// Counts a catching up where it begins, however many pages it takes.
    fn catch_up(&mut self, missed: Missed) {
        if !std::mem::replace(&mut self.reads_up, true) {
            metrics::stream_catchup(missed);
        }
    }

    fn take(&mut self, events: Vec<Arc<SharedEvent>>) -> Next {
        self.last = events.last().map_or(self.last, |shared_event| shared_event.seq());
        Next::Events(events)
    }

    /// What to do for somebody who reads up. Entering is done under the same lock as looking: nothing comes in between.
    fn step(&mut self, page: u32) -> Step {
        let mut state = self.hub.lock();
        if state.generation != self.generation {
            return Step::Another;
        }
        if self.last >= state.position {
            self.live = Some(state.enter(&self.interest));
            return Step::Live;
        }
        state.ring.after(self.last, page as usize).map_or(Step::Read, Step::Have)
    }

    async fn read_up(&mut self, page: u32) -> Result<Next, Fault> {
        let mut events = match self.prefetched.take().filter(|prefetched| prefetched.after == self.last) {
            Some(mut prefetched) => {
                (&mut prefetched.page).await.map_err(|_| Fault::Broken("a page of the journal was not read".to_owned()))??
            }
            None => journal::page_after(&self.hub.scope, self.last, page).await?,
        }
        .events;
        // They may be of another timeline than those before them, whose numbers they have.
        self.hub.is_looked_at().await;
        if self.hub.lock().generation != self.generation {
            return Ok(Next::Another);
        }
        events.truncate(page as usize);
        // Numbers are dense: a hole is what has been let go.
        if events.first().is_none_or(|first| first.seq != self.last + 1) {
            return Ok(Next::Expired);
        }
        let next = self.take(events.into_iter().map(|event| SharedEvent::new(Arc::new(event))).collect());
        self.read_ahead(page);
        Ok(next)
    }

    /// Asks for the page after this one where there is more, so that the database works while this one is made ready.
    fn read_ahead(&mut self, page: u32) {
        let after = self.last;
        if self.position() > after {
            let scope = self.hub.scope.clone();
            let page = tokio::spawn(async move { journal::page_after(&scope, after, page).await });
            self.prefetched = Some(PrefetchedPage { after, page });
        }
    }

    /// What waits; None when it was too much, and the follower has to read up.
    fn waiting(&mut self, inbox: &Inbox) -> Option<Vec<Arc<SharedEvent>>> {
        let mut waiting = inbox.lock();
        if waiting.overrun {
            drop(waiting);
            self.live = None;
            return None;
        }
        let last = self.last;
        Some(waiting.take().filter(|shared_event| shared_event.seq() > last).collect())
    }

    /// Whether nothing waits; then all that the hub has handed out did not concern the follower.
    fn is_quiet(&mut self, inbox: &Inbox) -> bool {
        let state = self.hub.lock();
        let waiting = inbox.lock();
        let is_quiet = waiting.events.is_empty() && !waiting.overrun;
        if is_quiet {
            self.last = self.last.max(state.position);
        }
        is_quiet
    }

    fn leave(&mut self) {
        if let Some((number, _)) = self.live.take() {
            self.hub.lock().leave(number);
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.leave();
        self.hub.lock().go();
    }
}
