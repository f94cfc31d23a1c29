//! Who is asking for what, while it is being carried out: carried by the task, so that no shell function can forget to hand it on.

use std::{
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use entity::prelude::*;
use serde_json::Value;

use super::{
    core::{Entry, Outcome, Target, changes, changes_of},
    fields::{Fields, differences},
    rows,
    writer::AuditWriter,
};
use crate::{
    secrets::DataKey,
    storage::{
        Bulk, Work,
        commit_hook::{self, CommitHook, ObjectChange},
        journal::Event,
    },
};

/// Where a request came from. The front puts one into each operation's data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    pub request_id: String,
    pub ip: Option<String>,
    pub session: Option<SessionId>,
}

/// What is asked for, by whom, and what is known of it by now.
pub struct AuditContext {
    pub action: String,
    pub origin: Origin,
    audit_writer: AuditWriter,
    facts: Mutex<EntryFacts>,
    is_recorded: AtomicBool,
    has_committed: AtomicBool,
    refusals: AtomicU32,
}

#[derive(Debug, Clone, Default)]
struct EntryFacts {
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
    static AUDIT_CONTEXT: Arc<AuditContext>;
}

impl AuditContext {
    pub fn new(
        action: String,
        origin: Origin,
        audit_writer: AuditWriter,
        who: Option<(TenantId, Actor)>,
        target: Option<Target>,
    ) -> Arc<Self> {
        let (tenant, actor) = who.unzip();
        let facts = Mutex::new(EntryFacts { tenant, actor, target, codes: Vec::new(), is_attributed: false });
        let (is_recorded, has_committed) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Self { action, origin, audit_writer, facts, is_recorded, has_committed, refusals: AtomicU32::new(0) })
    }

    /// The context of what this task carries out; none for jobs and queries.
    pub fn current() -> Option<Arc<Self>> {
        AUDIT_CONTEXT.try_with(Arc::clone).ok()
    }

    /// Carries something out in this context: each transaction that it commits for the caller's tenant takes the entry along.
    pub async fn over<T>(self: &Arc<Self>, future: impl Future<Output = T>) -> T {
        AUDIT_CONTEXT.scope(self.clone(), commit_hook::with(self.clone(), future)).await
    }

    fn facts<R>(&self, what: impl FnOnce(&mut EntryFacts) -> R) -> R {
        what(&mut self.facts.lock().unwrap_or_else(PoisonError::into_inner))
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
        self.facts(|facts| {
            if facts.codes.len() < MOST_CODES && !facts.codes.iter().any(|seen| seen == code) {
                facts.codes.push(code.to_owned());
            }
        });
    }
    /// How many refusals the answer carries as data.
    pub fn refusals(&self) -> u32 {
        self.refusals.load(Ordering::Relaxed)
    }
    pub fn was_refused(&self) -> bool {
        self.facts(|facts| !facts.codes.is_empty())
    }
    /// The tenant whose log the entry belongs to; the deployment's own where nobody's tenant is known.
    pub fn tenant(&self) -> TenantId {
        self.facts(|facts| facts.tenant).unwrap_or(TenantId::NIL)
    }

    /// The entry as it stands now. `events` is the first and last number of what it wrote.
    pub fn entry(&self, outcome: Outcome, target: Option<Target>, events: Option<(i64, i64)>) -> (Entry, Option<String>) {
        let facts = self.facts(|facts| facts.clone());
        let codes = Some(facts.codes).filter(|codes| !codes.is_empty() && outcome != Outcome::Done);
        let entry = Entry {
            tenant: facts.tenant.unwrap_or(TenantId::NIL),
            id: self.audit_writer.clock().id(),
            at: self.audit_writer.clock().now(),
            actor: facts.actor,
            session: self.origin.session,
            action: self.action.clone(),
            outcome,
            target: facts.target.or(target),
            request_id: self.origin.request_id.clone(),
            changes: changes(codes, events),
            ip_commitment: None,
        };
        (entry, self.origin.ip.clone())
    }
    /// The entry of a command that was done, and that of the document whose fields it changed, where what was asked for is about something else.
    pub fn entries_of(
        &self,
        document: Option<Target>,
        events: Option<(i64, i64)>,
        fields: Option<Vec<Value>>,
    ) -> [Option<rows::New>; 2] {
        let (mut entry, ip) = self.entry(Outcome::Done, document.clone(), events);
        let Some(fields) = fields else { return [Some((entry, ip)), None] };
        if entry.target == document {
            entry.changes = changes_of(None, events, Some(fields));
            return [Some((entry, ip)), None];
        }
        let (mut changed, from) = self.entry(Outcome::Done, None, None);
        (changed.target, changed.changes) = (document, changes_of(None, None, Some(fields)));
        [Some((entry, ip)), Some((changed, from))]
    }
    /// The entry of an object that was changed.
    fn entry_of(&self, change: ObjectChange, events: Option<(i64, i64)>) -> (Entry, Option<String>) {
        let (mut entry, ip) = self.entry(Outcome::Done, None, events);
        entry.target = Some(Target { kind: change.kind, id: change.id });
        entry.changes = changes_of(None, events, Some(change.fields));
        (entry, ip)
    }
    pub fn audit_writer(&self) -> &AuditWriter {
        &self.audit_writer
    }
}

/// Says whose log the entry of this task belongs to, where the caller had to show first who they are: a login, a reset.
pub fn attribute(tenant: TenantId, actor: Actor) {
    if let Some(audit_context) = AuditContext::current() {
        audit_context.facts(|facts| (facts.tenant, facts.actor, facts.is_attributed) = (Some(tenant), Some(actor), true));
    }
}

/// Says what the entry of this task is about, where neither its arguments nor its events do.
pub fn set_target(target: Target) {
    if let Some(audit_context) = AuditContext::current() {
        audit_context.facts(|facts| facts.target = Some(target));
    }
}

/// Whether what objects a transaction of this task changes is written down. Whoever works for that alone asks first.
pub fn listens() -> bool {
    commit_hook::is_set()
}

/// Notes that the transaction changes an object from one state to another, for its entry. A state that is absent is that of an object which is made
/// or removed; the key is that of the person's history whose object it is.
pub fn changed<K: entity::id::Kind>(
    work: &mut Work,
    id: Id<K>,
    before: Option<&Fields>,
    after: Option<&Fields>,
    key: Option<&DataKey>,
) {
    if listens() {
        note_differences(work, Target::of(id), differences(before, after, key));
    }
}

/// The same of an object whose kind is known only as the program runs.
pub fn changed_node(work: &mut Work, target: &Target, before: &Fields, after: &Fields) {
    if listens() {
        note_differences(work, target.clone(), differences(Some(before), Some(after), None));
    }
}

fn note_differences(work: &mut Work, target: Target, fields: Vec<Value>) {
    if !fields.is_empty() {
        work.note_change(ObjectChange { kind: target.kind, id: target.id, fields });
    }
}

/// Notes the code of a refusal of this task.
pub fn refused(code: &str) {
    if let Some(audit_context) = AuditContext::current() {
        audit_context.note(code);
    }
}

/// Notes a refusal that this task's answer carries as data, by its code.
pub fn refused_in_data(code: &str) {
    if let Some(audit_context) = AuditContext::current() {
        audit_context.note(code);
        audit_context.refusals.fetch_add(1, Ordering::Relaxed);
    }
}

impl CommitHook for AuditContext {
    fn rows(&self, tenant: TenantId, events: &[Arc<Event>], changes: Vec<ObjectChange>) -> Option<Bulk> {
        // What is written for no tenant, or beside the caller's, is not yet what was asked for.
        let facts = self.facts(|facts| facts.clone());
        let is_meant = if tenant == TenantId::NIL { facts.is_attributed } else { facts.tenant == Some(tenant) };
        let is_recorded = self.is_recorded();
        if !is_meant || (is_recorded && changes.is_empty()) {
            return None;
        }
        let numbers = events.first().zip(events.last()).map(|(first, last)| (first.seq, last.seq));
        let target = events.first().and_then(|event| target_of(event));
        // What is refused may still change something: a token that comes back ends its session.
        let outcome = if facts.codes.is_empty() { Outcome::Done } else { Outcome::Refused };
        let is_about = |change: &ObjectChange| {
            facts.target.as_ref().is_none_or(|target| target.kind == change.kind && target.id == change.id)
        };
        // The entry of what was asked for is that of an object which it changed, where it is about nothing else.
        let is_told = outcome == Outcome::Done && changes.iter().any(is_about);
        let own = (!is_recorded && !is_told).then(|| self.entry(outcome, target, numbers));
        // The events are told once, however many objects they are about.
        let first = if own.is_some() { None } else { numbers };
        let events = std::iter::once(first).chain(std::iter::repeat(None));
        let of_objects = changes.into_iter().zip(events).map(|(change, events)| self.entry_of(change, events));
        Some(rows::waiting(&self.audit_writer, own.into_iter().chain(of_objects)))
    }
    fn committed(&self, has_taken: bool) {
        self.has_committed.store(true, Ordering::Release);
        if has_taken {
            self.recorded();
        }
    }
}

/// What an event is about: the id that its payload calls `id`.
fn target_of(event: &Event) -> Option<Target> {
    #[derive(serde::Deserialize)]
    struct PayloadId {
        id: String,
    }
    Target::parse(&serde_json::from_str::<PayloadId>(&event.payload).ok()?.id)
}
