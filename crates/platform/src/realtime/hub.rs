//! Hub: one reader for each tenant's journal that is followed on this node. It keeps the newest
//! events and passes each to the followers that it concerns; followers that start late or fall
//! behind read the journal themselves (`listener`).

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use entity::prelude::TenantId;
use tokio::{sync::Notify, time::Instant};
use uuid::Uuid;

use super::{
    Follower,
    index::{Index, Interest, JOURNAL},
    ring::Ring,
    shared_event::SharedEvent,
};
use crate::{
    clock,
    storage::{
        Database, Fault, Reads, TenantScope,
        events::{Audience, Registry},
        journal::Head,
    },
};

/// Maximum waiting events of one follower; beyond it the follower reads the journal itself.
const INBOX: usize = 1_024;
/// Maximum memory of one follower's waiting events, in bytes; a single event may be larger.
const INBOX_BYTES: usize = 512 << 10;
/// Time for which a hub without followers is kept: most followers return.
const IDLE_HUB_TIMEOUT: Duration = Duration::from_mins(1);
/// Interval at which the counter is read to see whether the journal is still the same.
const JOURNAL_CHECK_INTERVAL: Duration = Duration::from_secs(5);
/// Longest wait for events before a check whether the database was promoted, which this process
/// records.
const MAX_EVENT_WAIT: Duration = Duration::from_secs(1);
/// Time between attempts when the database does not answer.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);
/// Time between two checks of a follower that waits for its hub's check of the journal.
const CHECK_WAIT_INTERVAL: Duration = Duration::from_millis(50);

/// The hubs of a node; clones share them.
#[derive(Clone)]
pub struct Hubs(Arc<Inner>);

struct Inner {
    db: Database,
    registry: &'static Registry,
    hubs: Mutex<HashMap<TenantId, Arc<Hub>>>,
}

/// A tenant's hub.
pub struct Hub {
    pub(super) scope: TenantScope,
    state: Mutex<State>,
    registry: &'static Registry,
}

pub(super) struct State {
    pub ring: Ring,
    /// `seq` of the last event that was passed to followers.
    pub position: i64,
    epoch: Uuid,
    /// Number of times that the journal was replaced by another.
    pub generation: u64,
    /// Number of promotions of the database at the last check of the journal
    /// (`Database::timeline_generation`).
    promotions: u64,
    index: Index,
    inboxes: HashMap<u64, (Interest, Arc<Inbox>)>,
    next_number: u64,
    /// Number of followers, both those that read missed events and those that receive new ones.
    followers: usize,
    idle_since: Instant,
    /// True if the hub delivers no more events: a new follower makes a new hub.
    ended: bool,
}

/// Events that wait for a follower.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    waiting: Mutex<WaitingEvents>,
    pub notify: Notify,
}

#[derive(Debug, Default)]
pub(super) struct WaitingEvents {
    pub events: VecDeque<Arc<SharedEvent>>,
    bytes: usize,
    /// True if more events arrived than fit, or the journal was replaced: the waiting events are
    /// incomplete.
    pub overrun: bool,
}

impl WaitingEvents {
    fn has_room(&self, weight: usize) -> bool {
        self.events.is_empty() || self.events.len() < INBOX && self.bytes + weight <= INBOX_BYTES
    }

    /// Removes and returns all waiting events.
    pub fn take(&mut self) -> impl Iterator<Item = Arc<SharedEvent>> {
        self.bytes = 0;
        self.events.drain(..)
    }
}

impl Inbox {
    pub fn lock(&self) -> MutexGuard<'_, WaitingEvents> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hubs {
    pub fn new(db: Database, registry: &'static Registry) -> Self {
        Self(Arc::new(Inner { db, registry, hubs: Mutex::default() }))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Arc<Hub>>> {
        self.0.hubs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get_open_hub(&self, tenant: TenantId) -> Option<Arc<Hub>> {
        let hub = self.lock().get(&tenant)?.clone();
        let mut state = hub.lock();
        state.idle_since = Instant::now();
        let is_open = !state.ended;
        drop(state);
        is_open.then_some(hub)
    }

    pub(super) async fn open(&self, tenant: TenantId) -> Result<Arc<Hub>, Fault> {
        let scope = self.0.db.tenant(tenant);
        // Following begins before the head is read, so nothing can slip between the two.
        let mut follower = Follower::new(scope.clone(), 0);
        let promotions = self.0.db.timeline_generation();
        let head = scope.head().await?;
        follower.skip_to(head.seq);
        let hub = Arc::new(Hub::new(scope, self.0.registry, head, promotions));
        let mut hubs = self.lock();
        // A concurrent call may have opened the hub first.
        if let Some(existing) = hubs.get(&tenant).filter(|existing| !existing.lock().ended) {
            return Ok(existing.clone());
        }
        hubs.insert(tenant, hub.clone());
        tokio::spawn(read(hub.clone(), follower, self.clone()));
        Ok(hub)
    }

    /// Returns the numbers of followed tenants and of followers on this node.
    pub fn counts(&self) -> (usize, usize) {
        let hubs = self.lock();
        (hubs.len(), hubs.values().map(|hub| hub.lock().followers).sum())
    }
}

/// Delivers a tenant's events for as long as the hub has followers.
async fn read(hub: Arc<Hub>, mut follower: Follower, hubs: Hubs) {
    let mut checked_at = Instant::now();
    while !hub.is_over() {
        let events = match follower.next(MAX_EVENT_WAIT).await {
            Ok(events) => events,
            Err(fault) => {
                tracing::warn!(error = %fault, "the journal cannot be read");
                tokio::time::sleep(RETRY_INTERVAL).await;
                continue;
            }
        };
        // Events of another timeline may reuse numbers: they are not delivered before their epoch
        // is known.
        if let Some(head) = hub.detect_replacement_after_promotion().await {
            follower.skip_to(head);
            continue;
        }
        hub.deliver_events(events.into_iter().map(SharedEvent::new));
        if checked_at.elapsed() >= JOURNAL_CHECK_INTERVAL {
            checked_at = Instant::now();
            if let Some(head) = hub.detect_replaced_journal().await {
                follower.skip_to(head);
            }
        }
    }
    let mut open_hubs = hubs.lock();
    if open_hubs.get(&hub.tenant()).is_some_and(|registered| Arc::ptr_eq(registered, &hub)) {
        open_hubs.remove(&hub.tenant());
    }
}

impl Hub {
    fn new(scope: TenantScope, registry: &'static Registry, head: Head, promotions: u64) -> Self {
        let state = State {
            ring: Ring::default(),
            position: head.seq,
            epoch: head.epoch,
            generation: 0,
            promotions,
            index: Index::default(),
            inboxes: HashMap::new(),
            next_number: 0,
            followers: 0,
            idle_since: Instant::now(),
            ended: false,
        };
        Self { scope, state: Mutex::new(state), registry }
    }

    fn tenant(&self) -> TenantId {
        self.scope.tenant()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the hub has had no followers for a while; from then on it accepts none.
    fn is_over(&self) -> bool {
        let mut state = self.lock();
        if state.followers > 0 {
            state.idle_since = Instant::now();
        }
        state.ended = state.idle_since.elapsed() >= IDLE_HUB_TIMEOUT;
        state.ended
    }

    fn deliver_events(&self, events: impl Iterator<Item = Arc<SharedEvent>>) {
        let mut state = self.lock();
        for shared_event in events {
            let mut inbox_numbers = state.index.interested_followers(JOURNAL, &Audience::All);
            if let Some((topic, audience)) = shared_event.audience(self.registry) {
                inbox_numbers.extend(state.index.interested_followers(topic, &audience));
            }
            for number in inbox_numbers {
                state.deliver_to_inbox(number, &shared_event);
            }
            state.position = shared_event.seq();
            state.ring.push(shared_event);
        }
    }

    /// Checks whether the journal was replaced: by a restore, or by one with another epoch. If so,
    /// all followers start over, and the new head is returned.
    async fn detect_replaced_journal(&self) -> Option<i64> {
        self.restart_if_replaced(self.scope.head().await.ok()?)
    }

    /// Checks the same if the database was promoted since the last check, and retries until the
    /// head can be read.
    async fn detect_replacement_after_promotion(&self) -> Option<i64> {
        let promotions = self.scope.database().timeline_generation();
        if self.lock().promotions == promotions {
            return None;
        }
        loop {
            match self.scope.head().await {
                Ok(head) => {
                    let new_head = self.restart_if_replaced(head);
                    self.lock().promotions = promotions;
                    return new_head;
                }
                Err(fault) => tracing::warn!(error = %fault, "the head of the journal cannot be read"),
            }
            clock::sleep(RETRY_INTERVAL).await;
        }
    }

    /// Waits until the journal was checked after the last promotion of the database that this
    /// process has recorded.
    pub(super) async fn wait_for_journal_check(&self) {
        while self.lock().promotions != self.scope.database().timeline_generation() {
            clock::sleep(CHECK_WAIT_INTERVAL).await;
        }
    }

    fn restart_if_replaced(&self, head: Head) -> Option<i64> {
        let mut state = self.lock();
        if head.epoch == state.epoch && head.seq >= state.position {
            return None;
        }
        self.scope.database().announcer().reset_journal(self.tenant(), head.seq);
        (state.epoch, state.position) = (head.epoch, head.seq);
        state.generation += 1;
        state.ring.clear();
        let inbox_numbers: Vec<u64> = state.inboxes.keys().copied().collect();
        inbox_numbers.into_iter().for_each(|number| state.overrun(number));
        Some(head.seq)
    }
}

impl State {
    fn deliver_to_inbox(&mut self, number: u64, shared_event: &Arc<SharedEvent>) {
        let Some((_, inbox)) = self.inboxes.get(&number) else { return };
        let mut contents = inbox.lock();
        if contents.has_room(shared_event.weight()) {
            contents.bytes += shared_event.weight();
            contents.events.push_back(shared_event.clone());
            drop(contents);
            inbox.notify.notify_one();
            return;
        }
        drop(contents);
        self.overrun(number);
    }

    /// Marks a follower's inbox as overrun and removes it: the follower has to read the journal
    /// itself.
    fn overrun(&mut self, number: u64) {
        let Some((interest, inbox)) = self.inboxes.remove(&number) else { return };
        self.index.remove(number, &interest);
        let mut contents = inbox.lock();
        contents.take().for_each(drop);
        contents.overrun = true;
        drop(contents);
        inbox.notify.notify_one();
    }

    pub fn add_follower(&mut self) {
        self.followers += 1;
    }

    pub fn remove_follower(&mut self) {
        self.followers -= 1;
        self.idle_since = Instant::now();
    }

    pub fn add_inbox(&mut self, interest: &Interest) -> (u64, Arc<Inbox>) {
        let number = self.next_number;
        self.next_number += 1;
        let inbox = Arc::new(Inbox::default());
        self.index.insert(number, interest);
        self.inboxes.insert(number, (interest.clone(), inbox.clone()));
        (number, inbox)
    }

    pub fn remove_inbox(&mut self, number: u64) {
        if let Some((interest, _)) = self.inboxes.remove(&number) {
            self.index.remove(number, &interest);
        }
    }
}
