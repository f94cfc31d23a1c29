//! Who is asking for what, while it is being carried out: carried by the task, so that no shell function can forget to hand it on.

use std::{
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use entity::prelude::*;

use super::{
    core::{Entry, Outcome, Target, changes},
    pen::Pen,
    rows,
};
use crate::storage::{
    Bulk,
    journal::Event,
    rider::{self, Rider},
};

/// Where a request came from. The front puts one into each operation's data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    pub request_id: String,
    pub ip: Option<String>,
    pub session: Option<SessionId>,
}

/// What is asked for, by whom, and what is known of it by now.
pub struct Stamp {
    pub action: String,
    pub origin: Origin,
    pen: Pen,
    known: Mutex<Known>,
    is_recorded: AtomicBool,
    has_committed: AtomicBool,
    refusals: AtomicU32,
}

#[derive(Debug, Clone, Default)]
struct Known {
    tenant: Option<TenantId>,
    actor: Option<Actor>,
    target: Option<Target>,
    codes: Vec<String>,
    /// Said by the room that found out, so that a transaction of no tenant may be the one that is meant.
    is_attributed: bool,
}

/// Codes of one refusal that are kept; the first ones say what was wrong.
const MOST_CODES: usize = 10;

tokio::task_local! {
    static STAMP: Arc<Stamp>;
}

impl Stamp {
    pub fn new(action: String, origin: Origin, pen: Pen, who: Option<(TenantId, Actor)>, target: Option<Target>) -> Arc<Self> {
        let (tenant, actor) = who.unzip();
        let known = Mutex::new(Known { tenant, actor, target, codes: Vec::new(), is_attributed: false });
        let (is_recorded, has_committed) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Self { action, origin, pen, known, is_recorded, has_committed, refusals: AtomicU32::new(0) })
    }

    /// The stamp of what this task carries out; none for jobs and queries.
    pub fn current() -> Option<Arc<Self>> {
        STAMP.try_with(Arc::clone).ok()
    }

    /// Carries something out under this stamp: each transaction that it commits for the caller's tenant takes the entry along.
    pub async fn over<T>(self: &Arc<Self>, future: impl Future<Output = T>) -> T {
        STAMP.scope(self.clone(), rider::with(self.clone(), future)).await
    }

    fn known<R>(&self, what: impl FnOnce(&mut Known) -> R) -> R {
        what(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a committed transaction holds the entry.
    pub fn is_recorded(&self) -> bool {
        self.is_recorded.load(Ordering::Acquire)
    }
    /// Says that a transaction with the entry has committed.
    pub fn recorded(&self) {
        self.is_recorded.store(true, Ordering::Release);
    }
    /// Whether any transaction of this task has committed, of whichever tenant or of none.
    pub fn has_committed(&self) -> bool {
        self.has_committed.load(Ordering::Acquire)
    }
    /// Notes the code of a refusal.
    pub fn note(&self, code: &str) {
        self.known(|known| {
            if known.codes.len() < MOST_CODES && !known.codes.iter().any(|seen| seen == code) {
                known.codes.push(code.to_owned());
            }
        });
    }
    /// How many refusals the answer carries as data.
    pub fn refusals(&self) -> u32 {
        self.refusals.load(Ordering::Relaxed)
    }
    pub fn was_refused(&self) -> bool {
        self.known(|known| !known.codes.is_empty())
    }
    /// The tenant whose log the entry belongs to; the deployment's own where nobody's tenant is known.
    pub fn tenant(&self) -> TenantId {
        self.known(|known| known.tenant).unwrap_or(TenantId::NIL)
    }

    /// The entry as it stands now. `events` is the first and last number of what it wrote.
    pub fn entry(&self, outcome: Outcome, target: Option<Target>, events: Option<(i64, i64)>) -> (Entry, Option<String>) {
        let known = self.known(|known| known.clone());
        let codes = Some(known.codes).filter(|codes| !codes.is_empty() && outcome != Outcome::Done);
        let entry = Entry {
            tenant: known.tenant.unwrap_or(TenantId::NIL),
            id: self.pen.clock().id(),
            at: self.pen.clock().now(),
            actor: known.actor,
            session: self.origin.session,
            action: self.action.clone(),
            outcome,
            target: known.target.or(target),
            request_id: self.origin.request_id.clone(),
            changes: changes(codes, events),
            ip_commitment: None,
        };
        (entry, self.origin.ip.clone())
    }
    pub fn pen(&self) -> &Pen {
        &self.pen
    }
}

/// Says whose log the entry of this task belongs to, where the caller had to show first who they are: a login, a reset.
pub fn attribute(tenant: TenantId, actor: Actor) {
    if let Some(stamp) = Stamp::current() {
        stamp.known(|known| (known.tenant, known.actor, known.is_attributed) = (Some(tenant), Some(actor), true));
    }
}

/// Says what the entry of this task is about, where neither its arguments nor its events do.
pub fn about(target: Target) {
    if let Some(stamp) = Stamp::current() {
        stamp.known(|known| known.target = Some(target));
    }
}

/// Notes the code of a refusal of this task.
pub fn refused(code: &str) {
    if let Some(stamp) = Stamp::current() {
        stamp.note(code);
    }
}

/// Notes a refusal that this task's answer carries as data, by its code.
pub fn told(code: &str) {
    if let Some(stamp) = Stamp::current() {
        stamp.note(code);
        stamp.refusals.fetch_add(1, Ordering::Relaxed);
    }
}

impl Rider for Stamp {
    fn rows(&self, tenant: TenantId, events: &[Arc<Event>]) -> Option<Bulk> {
        // What is written for no tenant, or beside the caller's, is not yet what was asked for.
        let known = self.known(|known| known.clone());
        let is_meant = if tenant == TenantId::NIL { known.is_attributed } else { known.tenant == Some(tenant) };
        if self.is_recorded() || !is_meant {
            return None;
        }
        let numbers = events.first().zip(events.last()).map(|(first, last)| (first.seq, last.seq));
        let target = events.first().and_then(|event| target_of(event));
        // What is refused may still change something: a token that comes back ends its session.
        let outcome = if known.codes.is_empty() { Outcome::Done } else { Outcome::Refused };
        Some(rows::waiting(&self.pen, [self.entry(outcome, target, numbers)]))
    }
    fn arrived(&self, has_taken: bool) {
        self.has_committed.store(true, Ordering::Release);
        if has_taken {
            self.recorded();
        }
    }
}

/// What an event is about: the id that its payload calls `id`.
fn target_of(event: &Event) -> Option<Target> {
    #[derive(serde::Deserialize)]
    struct About {
        id: String,
    }
    Target::parse(&serde_json::from_str::<About>(&event.payload).ok()?.id)
}
