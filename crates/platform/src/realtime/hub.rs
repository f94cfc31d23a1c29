//! One reader of each tenant's journal that is followed on this node. It keeps the newest events and hands each to the followers
//! whom it concerns; those who come late or fall behind read up by themselves (`listener`).

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
    listener::Listener,
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

/// Events that wait for one follower before it has to read up by itself.
const INBOX: usize = 1_024;
/// The memory that those may take, in bytes; one event may be larger by itself.
const INBOX_BYTES: usize = 512 << 10;
/// How long a hub stays when nobody follows: most who go come back.
const LINGER: Duration = Duration::from_mins(1);
/// How often the counter is asked whether the journal is still the one that was read.
const LOOK: Duration = Duration::from_secs(5);
/// How long events are waited for before it is asked whether the database was promoted, which this process knows.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between attempts when the database does not answer.
const PAUSE: Duration = Duration::from_millis(500);
/// Between looks of a follower that waits for its hub's look.
const SOON: Duration = Duration::from_millis(50);

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
    /// All events up to this one have been handed out.
    pub position: i64,
    epoch: Uuid,
    /// How often the journal turned out to be another one.
    pub generation: u64,
    /// The promotions of the database since which the journal was looked at (`Database::timeline_generation`).
    promotions: u64,
    index: Index,
    inboxes: HashMap<u64, (Interest, Arc<Inbox>)>,
    next_number: u64,
    /// Those who follow, whether they read up or are handed what comes.
    followers: usize,
    idle_since: Instant,
    /// No more events come: whoever comes makes a new hub.
    ended: bool,
}

/// What waits for a follower.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    waiting: Mutex<Waiting>,
    pub notify: Notify,
}

#[derive(Debug, Default)]
pub(super) struct Waiting {
    pub events: VecDeque<Arc<SharedEvent>>,
    bytes: usize,
    /// More came than fits, or the journal became another one: what waits here is not all.
    pub overrun: bool,
}

impl Waiting {
    fn has_room(&self, weight: usize) -> bool {
        self.events.is_empty() || self.events.len() < INBOX && self.bytes + weight <= INBOX_BYTES
    }

    /// All that waits, which then waits no more.
    pub fn take(&mut self) -> impl Iterator<Item = Arc<SharedEvent>> {
        self.bytes = 0;
        self.events.drain(..)
    }
}

impl Inbox {
    pub fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hubs {
    pub fn new(db: Database, registry: &'static Registry) -> Self {
        Self(Arc::new(Inner { db, registry, hubs: Mutex::default() }))
    }

    /// Follows a tenant's events. What commits from now on is not missed, whatever is read in between.
    pub async fn listen(&self, tenant: TenantId, interest: Interest) -> Result<Listener, Fault> {
        let hub = match self.known(tenant) {
            Some(hub) => hub,
            None => self.open(tenant).await?,
        };
        Ok(Listener::new(hub, interest))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Arc<Hub>>> {
        self.0.hubs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, tenant: TenantId) -> Option<Arc<Hub>> {
        let hub = self.lock().get(&tenant)?.clone();
        let mut state = hub.lock();
        state.idle_since = Instant::now();
        let lives = !state.ended;
        drop(state);
        lives.then_some(hub)
    }

    async fn open(&self, tenant: TenantId) -> Result<Arc<Hub>, Fault> {
        let scope = self.0.db.tenant(tenant);
        // Following begins before the head is read, so nothing can slip between the two.
        let mut follower = Follower::new(scope.clone(), 0);
        let promotions = self.0.db.timeline_generation();
        let head = scope.head().await?;
        follower.skip_to(head.seq);
        let hub = Arc::new(Hub::new(scope, self.0.registry, head, promotions));
        let mut hubs = self.lock();
        // Somebody else may have been faster.
        if let Some(known) = hubs.get(&tenant).filter(|known| !known.lock().ended) {
            return Ok(known.clone());
        }
        hubs.insert(tenant, hub.clone());
        tokio::spawn(read(hub.clone(), follower, self.clone()));
        Ok(hub)
    }

    /// Tenants that are followed on this node, and their followers.
    pub fn counts(&self) -> (usize, usize) {
        let hubs = self.lock();
        (hubs.len(), hubs.values().map(|hub| hub.lock().followers).sum())
    }
}

/// Hands out a tenant's events for as long as somebody follows them.
async fn read(hub: Arc<Hub>, mut follower: Follower, hubs: Hubs) {
    let mut looked = Instant::now();
    while !hub.is_over() {
        let events = match follower.next(PATIENCE).await {
            Ok(events) => events,
            Err(fault) => {
                tracing::warn!(error = %fault, "the journal cannot be read");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // Events of another timeline may have numbers that others had: they are not handed out before it is known which epoch they are of.
        if let Some(head) = hub.is_another_since_promotion().await {
            follower.skip_to(head);
            continue;
        }
        hub.hand_out(events.into_iter().map(SharedEvent::new));
        if looked.elapsed() >= LOOK {
            looked = Instant::now();
            if let Some(head) = hub.is_another().await {
                follower.skip_to(head);
            }
        }
    }
    let mut all = hubs.lock();
    if all.get(&hub.tenant()).is_some_and(|known| Arc::ptr_eq(known, &hub)) {
        all.remove(&hub.tenant());
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

    /// Whether nobody has followed for a while; from then on nobody can.
    fn is_over(&self) -> bool {
        let mut state = self.lock();
        if state.followers > 0 {
            state.idle_since = Instant::now();
        }
        state.ended = state.idle_since.elapsed() >= LINGER;
        state.ended
    }

    fn hand_out(&self, events: impl Iterator<Item = Arc<SharedEvent>>) {
        let mut state = self.lock();
        for shared_event in events {
            let mut concerned = state.index.concerned(JOURNAL, &Audience::All);
            if let Some((topic, audience)) = shared_event.audience(self.registry) {
                concerned.extend(state.index.concerned(topic, &audience));
            }
            for number in concerned {
                state.drop_into(number, &shared_event);
            }
            state.position = shared_event.seq();
            state.ring.push(shared_event);
        }
    }

    /// Whether the journal is not the one that was read: restored, or its epoch changed. Then everybody starts over, and the head is told.
    async fn is_another(&self) -> Option<i64> {
        self.begins_anew(self.scope.head().await.ok()?)
    }

    /// The same where the database was promoted since the last look, for as long as it takes to learn it.
    async fn is_another_since_promotion(&self) -> Option<i64> {
        let promotions = self.scope.database().timeline_generation();
        if self.lock().promotions == promotions {
            return None;
        }
        loop {
            match self.scope.head().await {
                Ok(head) => {
                    let another = self.begins_anew(head);
                    self.lock().promotions = promotions;
                    return another;
                }
                Err(fault) => tracing::warn!(error = %fault, "the head of the journal cannot be read"),
            }
            clock::sleep(PAUSE).await;
        }
    }

    /// Waits until the journal was looked at since the last promotion of the database that this process knows of.
    pub(super) async fn is_looked_at(&self) {
        while self.lock().promotions != self.scope.database().timeline_generation() {
            clock::sleep(SOON).await;
        }
    }

    fn begins_anew(&self, head: Head) -> Option<i64> {
        let mut state = self.lock();
        if head.epoch == state.epoch && head.seq >= state.position {
            return None;
        }
        self.scope.database().announcer().begin_anew(self.tenant(), head.seq);
        (state.epoch, state.position) = (head.epoch, head.seq);
        state.generation += 1;
        state.ring.clear();
        let all: Vec<u64> = state.inboxes.keys().copied().collect();
        all.into_iter().for_each(|number| state.overrun(number));
        Some(head.seq)
    }
}

impl State {
    fn drop_into(&mut self, number: u64, shared_event: &Arc<SharedEvent>) {
        let Some((_, inbox)) = self.inboxes.get(&number) else { return };
        let mut waiting = inbox.lock();
        if waiting.has_room(shared_event.weight()) {
            waiting.bytes += shared_event.weight();
            waiting.events.push_back(shared_event.clone());
            drop(waiting);
            inbox.notify.notify_one();
            return;
        }
        drop(waiting);
        self.overrun(number);
    }

    /// The follower has to read up by itself.
    fn overrun(&mut self, number: u64) {
        let Some((interest, inbox)) = self.inboxes.remove(&number) else { return };
        self.index.remove(number, &interest);
        let mut waiting = inbox.lock();
        waiting.take().for_each(drop);
        waiting.overrun = true;
        drop(waiting);
        inbox.notify.notify_one();
    }

    pub fn come(&mut self) {
        self.followers += 1;
    }

    pub fn go(&mut self) {
        self.followers -= 1;
        self.idle_since = Instant::now();
    }

    pub fn enter(&mut self, interest: &Interest) -> (u64, Arc<Inbox>) {
        let number = self.next_number;
        self.next_number += 1;
        let inbox = Arc::new(Inbox::default());
        self.index.insert(number, interest);
        self.inboxes.insert(number, (interest.clone(), inbox.clone()));
        (number, inbox)
    }

    pub fn leave(&mut self, number: u64) {
        if let Some((interest, _)) = self.inboxes.remove(&number) {
            self.index.remove(number, &interest);
        }
    }
}
