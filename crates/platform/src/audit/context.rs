//! Caller and action of the current task: the task carries them, so that no shell function can
//! forget to pass them on.

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

/// Origin of a request. The front puts one into each operation's data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    pub request_id: String,
    pub ip: Option<String>,
    pub session: Option<SessionId>,
}

/// Action of a task, its caller, and the facts known by now.
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
    /// True if a room attributed the entry to a tenant, so that a transaction without a tenant may
    /// write it.
    is_attributed: bool,
}

/// Maximum codes that are kept of one refusal. The first ones name the cause.
const MAX_CODES: usize = 10;

tokio::task_local! {
    static AUDIT_CONTEXT: Arc<AuditContext>;
}

impl AuditContext {
    pub fn new(
        action: String,
        origin: Origin,
        audit_writer: AuditWriter,
        tenant_actor: Option<(TenantId, Actor)>,
        target: Option<Target>,
    ) -> Arc<Self> {
        let (tenant, actor) = tenant_actor.unzip();
        let facts = Mutex::new(EntryFacts { tenant, actor, target, codes: Vec::new(), is_attributed: false });
        let (is_recorded, has_committed) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Self { action, origin, audit_writer, facts, is_recorded, has_committed, refusals: AtomicU32::new(0) })
    }

    /// Returns the context of the current task; None for jobs and queries.
    pub fn current() -> Option<Arc<Self>> {
        AUDIT_CONTEXT.try_with(Arc::clone).ok()
    }

    /// Runs an action in this context: each transaction that it commits for the caller's tenant
    /// includes the entry.
    pub async fn run_within<T>(self: &Arc<Self>, future: impl Future<Output = T>) -> T {
        AUDIT_CONTEXT.scope(self.clone(), commit_hook::with(self.clone(), future)).await
    }

    fn facts<R>(&self, operation: impl FnOnce(&mut EntryFacts) -> R) -> R {
        operation(&mut self.facts.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a committed transaction holds the entry.
    pub fn is_recorded(&self) -> bool {
        self.is_recorded.load(Ordering::Acquire)
    }
    /// Records that a transaction with the entry has committed.
    pub fn mark_recorded(&self) {
        self.is_recorded.store(true, Ordering::Release);
    }
    /// Whether any transaction of this task has committed, of whichever tenant or of none.
    pub fn has_committed(&self) -> bool {
        self.has_committed.load(Ordering::Acquire)
    }
    /// Notes the code of a refusal.
    pub fn note(&self, code: &str) {
        self.facts(|facts| {
            if facts.codes.len() < MAX_CODES && !facts.codes.iter().any(|existing_code| existing_code == code) {
                facts.codes.push(code.to_owned());
            }
        });
    }
    /// Returns the number of refusals that the answer carries as data.
    pub fn refusals(&self) -> u32 {
        self.refusals.load(Ordering::Relaxed)
    }
    pub fn was_refused(&self) -> bool {
        self.facts(|facts| !facts.codes.is_empty())
    }
    /// Returns the tenant whose log the entry belongs to; the deployment's own log if no tenant is
    /// known.
    pub fn tenant(&self) -> TenantId {
        self.facts(|facts| facts.tenant).unwrap_or(TenantId::NIL)
    }

    /// Returns the entry with the facts known now. `events` is the first and last number of the
    /// events written.
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
    /// Returns the entry of a command that was executed, and a second one for the document whose
    /// fields it changed if the first has another target.
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
    /// Returns the entry of a changed object.
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

/// Attributes this task's entry to a tenant and an actor that authenticated during the task: a
/// login, a reset.
pub fn attribute(tenant: TenantId, actor: Actor) {
    if let Some(audit_context) = AuditContext::current() {
        audit_context.facts(|facts| (facts.tenant, facts.actor, facts.is_attributed) = (Some(tenant), Some(actor), true));
    }
}

/// Sets the target of this task's entry, if neither its arguments nor its events name it.
pub fn set_target(target: Target) {
    if let Some(audit_context) = AuditContext::current() {
        audit_context.facts(|facts| facts.target = Some(target));
    }
}

/// Whether changes of objects by this task's transactions are logged. Check it before doing work
/// that only the log needs.
pub fn logs_changes() -> bool {
    commit_hook::is_set()
}

/// Notes for the entry that the transaction changes an object from one state to another. The
/// earlier state is absent if the object is created, the later one if it is removed; the key is the
/// history key of the person that the object is about.
pub fn changed<K: entity::id::Kind>(
    work: &mut Work,
    id: Id<K>,
    before: Option<&Fields>,
    after: Option<&Fields>,
    key: Option<&DataKey>,
) {
    if logs_changes() {
        note_differences(work, Target::of(id), differences(before, after, key));
    }
}

/// Does the same as `changed`, for an object whose kind is known only at run time.
pub fn changed_node(work: &mut Work, target: &Target, before: &Fields, after: &Fields) {
    if logs_changes() {
        note_differences(work, target.clone(), differences(Some(before), Some(after), None));
    }
}

fn note_differences(work: &mut Work, target: Target, fields: Vec<Value>) {
    if !fields.is_empty() {
        work.note_change(ObjectChange { kind: target.kind, id: target.id, fields });
    }
}

/// Notes the code of a refusal in this task's context.
pub fn note_refusal_code(code: &str) {
    if let Some(audit_context) = AuditContext::current() {
        audit_context.note(code);
    }
}

/// Notes the code of a refusal that this task's answer contains as data.
pub fn record_refusal_code(code: &str) {
    if let Some(audit_context) = AuditContext::current() {
        audit_context.note(code);
        audit_context.refusals.fetch_add(1, Ordering::Relaxed);
    }
}

impl CommitHook for AuditContext {
    fn rows(&self, tenant: TenantId, events: &[Arc<Event>], changes: Vec<ObjectChange>) -> Option<Bulk> {
        // Rows of no tenant, or of another tenant than the caller's, are not yet the requested
        // change.
        let facts = self.facts(|facts| facts.clone());
        let is_own_tenant = if tenant == TenantId::NIL { facts.is_attributed } else { facts.tenant == Some(tenant) };
        let is_recorded = self.is_recorded();
        if !is_own_tenant || (is_recorded && changes.is_empty()) {
            return None;
        }
        let numbers = events.first().zip(events.last()).map(|(first, last)| (first.seq, last.seq));
        let target = events.first().and_then(|event| target_of(event));
        // A refused action may still change something: a reused token ends its session.
        let outcome = if facts.codes.is_empty() { Outcome::Done } else { Outcome::Refused };
        let is_about = |change: &ObjectChange| {
            facts.target.as_ref().is_none_or(|target| target.kind == change.kind && target.id == change.id)
        };
        // The entry of a changed object also serves as the action's entry, unless the action has
        // another target.
        let is_covered = outcome == Outcome::Done && changes.iter().any(is_about);
        let own_entry = (!is_recorded && !is_covered).then(|| self.entry(outcome, target, numbers));
        // Only the first entry lists the events, however many objects they are about.
        let first = if own_entry.is_some() { None } else { numbers };
        let events = std::iter::once(first).chain(std::iter::repeat(None));
        let object_entries = changes.into_iter().zip(events).map(|(change, events)| self.entry_of(change, events));
        Some(rows::unchained_rows(&self.audit_writer, own_entry.into_iter().chain(object_entries)))
    }
    fn committed(&self, has_taken: bool) {
        self.has_committed.store(true, Ordering::Release);
        if has_taken {
            self.mark_recorded();
        }
    }
}

/// Returns the target of an event: the ID that its payload calls `id`.
fn target_of(event: &Event) -> Option<Target> {
    #[derive(serde::Deserialize)]
    struct PayloadId {
        id: String,
    }
    Target::parse(&serde_json::from_str::<PayloadId>(&event.payload).ok()?.id)
}
