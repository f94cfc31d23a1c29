//! An entry as clients see it.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, SimpleObject};
use iam::access::{Caller, Reach, index_of};
use macros::resolvers;
use platform::audit::{MaskStore, Seal, rows::StoredEntry};
use serde_json::Value;

use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{DateTime, Json, Long},
    },
    identity::{Actor, SystemActor, actor},
    nodes::{self, Node},
};

/// Outcome of an audited call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "platform::audit::Outcome")]
pub enum AuditOutcome {
    /// The call was carried out.
    Done,
    /// The call was accepted and changed nothing, as its effect was there before.
    Unchanged,
    /// The input was refused; `changes` has the codes of the refusals.
    Refused,
    /// The caller was refused: a permission, a step-up or a second factor was missing.
    Denied,
    /// The call failed because of an internal fault.
    Failed,
}

/// Entry of the audit log, chained to the previous entry by its hash.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    stored: Arc<StoredEntry>,
    seal: Seal,
}

impl AuditEntry {
    /// None while the entry is not in the hash chain yet.
    pub fn of(stored: StoredEntry) -> Option<Self> {
        let seal = stored.seal?;
        Some(Self { stored: Arc::new(stored), seal })
    }
}

/// Removes the values of a field whose mask the caller does not hold, or not for its stores;
/// returns whether they were removed. An unknown permission hides the field from every caller.
pub fn hide(caller: &Caller, field: &mut Value) -> bool {
    let Some(mask) = field.get("mask").and_then(Value::as_str) else { return false };
    let store = field.get("maskStore").and_then(Value::as_str);
    let is_seen = |index: usize| match store.map(MaskStore::parse) {
        None => caller.permissions.holds(index),
        Some(Some(MaskStore::One(store))) => caller.permissions.reach(index).covers(store),
        Some(Some(MaskStore::All) | None) => caller.permissions.reach(index) == Reach::Everywhere,
    };
    let is_hidden = !index_of(mask).is_some_and(is_seen);
    if is_hidden {
        field["before"] = Value::Null;
        field["after"] = Value::Null;
    }
    is_hidden
}

/// Entry of the audit log, chained to the previous entry by its hash.
#[resolvers(requires = AuditRead)]
impl AuditEntry {
    /// ID of the entry.
    pub async fn id(&self) -> ID {
        self.stored.entry.id.to_string().into()
    }
    /// Number in the tenant's audit log, from 1 without gaps.
    pub async fn seq(&self) -> Long {
        Long(self.seal.seq)
    }
    /// Time at which the entry was written.
    pub async fn at(&self) -> DateTime {
        DateTime(self.stored.entry.at)
    }
    /// Actor who made the call: a member, an integration, the system for its own jobs, or anonymous before
    /// authentication.
    pub async fn actor(&self, ctx: &Context<'_>) -> Answer<Actor> {
        match self.stored.entry.actor {
            Some(entry_actor) => actor(ctx, entry_actor).await,
            None => Ok(Actor::SystemActor(SystemActor { name: "anonymous".to_owned() })),
        }
    }
    /// Action of the call: the name of the mutation, or of the query that was denied; a dotted name for an action that
    /// is neither.
    pub async fn action(&self) -> &str {
        &self.stored.entry.action
    }
    /// Outcome of the call.
    pub async fn outcome(&self) -> AuditOutcome {
        self.stored.entry.outcome.into()
    }
    /// Object of the action; null when it no longer exists, when there was no single object, or when you may not see
    /// it.
    pub async fn target(&self, ctx: &Context<'_>) -> Option<Node> {
        let target = self.stored.entry.target.as_ref()?;
        nodes::find(ctx, &target.to_string()).await.ok().flatten()
    }
    /// ID of the object that the call was about, also where the object can no longer be seen. Null when it was about none.
    pub async fn target_id(&self) -> Option<ID> {
        self.stored.entry.target.as_ref().map(|target| target.to_string().into())
    }
    /// ID of the request, as its answer and the server's log have it.
    pub async fn request_id(&self) -> &str {
        &self.stored.entry.request_id
    }
    /// IP address that the call came from. Null when it is not kept any more.
    pub async fn ip(&self) -> Option<&str> {
        self.stored.address.as_ref().map(|address| address.ip.as_str())
    }
    /// JSON object. `events`: the first and the last number of the events it wrote. `codes`: codes of its refusal. `fields`: differences of its target,
    /// each `{path, before, after, isPersonal}` with values as the API writes them, at most 4 KiB each, longer ones as `{sha256, length}`. Values of
    /// personal fields are marks: HMAC-SHA-256 under a key that erasing the person destroys. A field with `mask` has null values without that permission,
    /// which is needed for the store of `maskStore`, or for all stores where that is `ALL`.
    pub async fn changes(&self, ctx: &Context<'_>) -> Answer<Json> {
        let caller = ctx.caller()?;
        let Json(mut changes) = Json::from_text(&self.stored.entry.changes);
        if let Some(fields) = changes.get_mut("fields").and_then(Value::as_array_mut) {
            for field in fields {
                hide(caller, field);
            }
        }
        Ok(Json(changes))
    }
    /// The hash of the entry before, in hex; zeros for the first.
    pub async fn prev_hash(&self) -> String {
        hex::encode(self.seal.prev)
    }
    /// SHA-256 over the hash before, the number and everything that the entry says, in hex.
    pub async fn hash(&self) -> String {
        hex::encode(self.seal.hash)
    }
}

crate::connection!(counted AuditEntryConnection, AuditEntryEdge, AuditEntry, "audit entries");

/// Result of a verification of the audit log.
#[derive(Debug, Clone, SimpleObject)]
pub struct AuditVerification {
    /// True if every entry in the range is as it was written.
    pub ok: bool,
    /// Number of the first entry that is not as it was written. Null when all are.
    pub first_broken_seq: Option<Long>,
    /// Hash of the last valid entry, in hex: compare it with a checkpoint that you kept.
    pub head_hash: String,
}
