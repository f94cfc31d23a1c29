//! Something in a history, as clients see it.

use async_graphql::{Context, Enum, ID, SimpleObject};
use entity::prelude::{self, ActorKind, IntegrationId, MemberId};
use iam::access::kind;
use macros::resolvers;
use serde_json::Value;
use services::history::{
    core::{EntryKind, entry_kind},
    shell::Item,
};
use uuid::Uuid;

use crate::{
    access::find_author,
    audit::hide,
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{DateTime, Json},
    },
    identity::find_member,
    notes::Note,
};

/// Kind of something in a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum HistoryKind {
    /// Fields were changed: `fields` has them with their values.
    Change,
    /// A document took a step, or its stock was touched without a movement of its own.
    Step,
    /// Stock moved.
    Movement,
    /// A note was added.
    Note,
    /// Another event of an object that is not a document.
    Event,
    /// Step of a document that belongs to the object: of an order's work, fulfilment, return or reversal. `targetId` names it.
    Document,
    /// A payment was recorded or taken back.
    Payment,
    /// An invoice or credit note was issued, or a paper drawn.
    Paper,
}

/// Returns the kind of an entry in the API; `plain` is that of other actions on the object itself.
pub const fn to_history_kind(kind: EntryKind, plain_kind: HistoryKind) -> HistoryKind {
    match kind {
        EntryKind::Change => HistoryKind::Change,
        EntryKind::Plain => plain_kind,
        EntryKind::Document => HistoryKind::Document,
        EntryKind::Payment => HistoryKind::Payment,
        EntryKind::Paper => HistoryKind::Paper,
    }
}

/// Kind of an actor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE")]
pub enum HistoryActorKind {
    /// Member of the tenant.
    Member,
    /// Program of the tenant or of a partner.
    Integration,
    /// Job of Entrepot itself.
    System,
    /// Caller without credentials.
    Anonymous,
}

/// Actor of an action. None: the caller had not authenticated.
#[derive(Debug, Clone, Copy)]
pub struct HistoryActor(pub Option<prelude::Actor>);

impl HistoryActor {
    /// The ID of the actor if it is a member whom the caller may see.
    fn visible_member(self, ctx: &Context<'_>) -> Answer<Option<MemberId>> {
        let Some(actor_ref) = self.0.filter(|actor_ref| actor_ref.kind == ActorKind::Member) else { return Ok(None) };
        let is_known = ctx.caller()?.actor == actor_ref || ctx.holds::<kind::MemberRead>();
        Ok(is_known.then(|| MemberId::from_uuid(actor_ref.id)))
    }
}

/// Actor of something that was done, as far as the caller may know.
#[resolvers]
impl HistoryActor {
    /// Kind of the actor.
    async fn kind(&self) -> HistoryActorKind {
        match self.0.map(|actor_ref| actor_ref.kind) {
            Some(ActorKind::Member) => HistoryActorKind::Member,
            Some(ActorKind::Integration) => HistoryActorKind::Integration,
            Some(ActorKind::System) => HistoryActorKind::System,
            None => HistoryActorKind::Anonymous,
        }
    }
    /// ID of the member or integration. Null for others, and for a member without member.read.
    async fn id(&self, ctx: &Context<'_>) -> Answer<Option<ID>> {
        let Some(actor_ref) = self.0 else { return Ok(None) };
        Ok(match actor_ref.kind {
            ActorKind::Member => self.visible_member(ctx)?.map(|id| ID(id.to_string())),
            ActorKind::Integration => Some(ID(IntegrationId::from_uuid(actor_ref.id).to_string())),
            ActorKind::System => None,
        })
    }
    /// Name; "a member" without member.read.
    async fn name(&self, ctx: &Context<'_>) -> Answer<String> {
        let Some(actor_ref) = self.0 else { return Ok("anonymous".to_owned()) };
        let name = match actor_ref.kind {
            ActorKind::Member => match self.visible_member(ctx)? {
                Some(id) => find_member(ctx, id).await?.map(|member| member.display_name),
                None => None,
            },
            ActorKind::Integration => {
                find_author(ctx, IntegrationId::from_uuid(actor_ref.id)).await?.map(|integration| integration.0.name.clone())
            }
            ActorKind::System => Some(actor_ref.system_name().to_owned()),
        };
        let nameless = if actor_ref.kind == ActorKind::Member { "a member" } else { "an integration" };
        Ok(name.unwrap_or_else(|| nameless.to_owned()))
    }
}

/// A field that was changed.
#[derive(Debug, Clone, SimpleObject)]
pub struct HistoryField {
    /// Path of the field, as in `price`; `roles.` and the ID of a role; or `lines.`, the ID of a line and its field. `leftOut` counts changed fields
    /// beyond 500.
    pub path: String,
    /// Value before, as the API writes it; of a value beyond 4 KiB `{sha256, length}`; of a personal value a mark of 16 characters, the same for the
    /// same value of the same person until they are erased. Null when there was none, when isMasked, and of notes and metadata of an order.
    pub before: Option<Json>,
    /// Value after, in the same form. Null when there is none, when isMasked, and of notes and metadata of an order.
    pub after: Option<Json>,
    /// True if the value identifies a person; `before` and `after` are masked then.
    pub is_personal: bool,
    /// True if before and after are hidden because the caller lacks a permission.
    pub is_masked: bool,
}

/// Characters of a hashed value that are shown: enough to distinguish values.
const HASH_DISPLAY_LENGTH: usize = 16;

impl HistoryField {
    /// From a field of an entry, with the values that the caller may see.
    fn of(ctx: &Context<'_>, mut field: Value) -> Answer<Self> {
        let caller = ctx.caller()?;
        let is_masked = hide(caller, &mut field);
        let is_personal = field["isPersonal"] == Value::Bool(true);
        let visible_value = |value: Value| match value {
            Value::Null => None,
            Value::String(hash) if is_personal => Some(Json(Value::String(hash.chars().take(HASH_DISPLAY_LENGTH).collect()))),
            value => Some(Json(value)),
        };
        Ok(Self {
            path: field["path"].as_str().unwrap_or_default().to_owned(),
            before: visible_value(field["before"].take()),
            after: visible_value(field["after"].take()),
            is_personal,
            is_masked,
        })
    }
}

/// Step in the history of an object.
#[derive(Debug, Clone)]
pub struct HistoryItem {
    pub item: Item,
    /// The object whose history it is.
    pub target: Uuid,
    /// Kind of entries without fields: those of a document are steps.
    pub plain: HistoryKind,
}

crate::connection!(counted HistoryConnection, HistoryEdge, HistoryItem, "steps in the history of an object");

impl HistoryItem {
    fn fields_of(&self) -> Vec<Value> {
        let Item::Entry(stored) = &self.item else { return Vec::new() };
        let changes: Value = serde_json::from_str(&stored.entry.changes).unwrap_or_default();
        changes.get("fields").and_then(Value::as_array).cloned().unwrap_or_default()
    }
}

/// Step in the history of an object.
#[resolvers]
impl HistoryItem {
    /// Kind.
    async fn kind(&self) -> HistoryKind {
        match &self.item {
            Item::Moved(_) => HistoryKind::Movement,
            Item::Noted(_) => HistoryKind::Note,
            Item::Entry(stored) => to_history_kind(entry_kind(self.target, &stored.entry), self.plain),
        }
    }
    /// ID of the document, payment or invoice of another history that the entry is about, to look it up with `node`. Null of what was done to the
    /// object itself, and of movements and notes.
    async fn target_id(&self) -> Option<ID> {
        let Item::Entry(stored) = &self.item else { return None };
        stored.entry.target.as_ref().filter(|target| target.id != self.target).map(|target| ID(target.to_string()))
    }
    /// Time at which it was recorded.
    async fn at(&self) -> DateTime {
        DateTime(match &self.item {
            Item::Entry(stored) => stored.entry.at,
            Item::Moved(movement) => movement.recorded_at,
            Item::Noted(note) => note.created_at,
        })
    }
    /// Actor.
    async fn actor(&self) -> HistoryActor {
        HistoryActor(match &self.item {
            Item::Entry(stored) => stored.entry.actor,
            Item::Moved(movement) => Some(movement.actor),
            Item::Noted(note) => Some(note.author),
        })
    }
    /// Name of the mutation, or a word with dots for what is no mutation; the kind of a movement, as in RECEIPT; `noteAdd` of a note.
    async fn action(&self) -> &str {
        match &self.item {
            Item::Entry(stored) => stored.entry.action.as_str(),
            Item::Moved(movement) => movement.kind.as_str(),
            Item::Noted(_) => "noteAdd",
        }
    }
    /// ID of the request, as its answer and the server's log have it. Null of movements and notes.
    async fn request_id(&self) -> Option<&str> {
        match &self.item {
            Item::Entry(stored) => Some(stored.entry.request_id.as_str()),
            Item::Moved(_) | Item::Noted(_) => None,
        }
    }
    /// ID of the audit entry, movement or note, to look it up with `node`.
    async fn node_id(&self) -> ID {
        ID(match &self.item {
            Item::Entry(stored) => stored.entry.id.to_string(),
            Item::Moved(movement) => movement.id.to_string(),
            Item::Noted(note) => note.id.to_string(),
        })
    }
    /// Fields that were changed; empty unless the kind is CHANGE, or DOCUMENT with changed fields.
    async fn fields(&self, ctx: &Context<'_>) -> Answer<Vec<HistoryField>> {
        self.fields_of().into_iter().map(|field| HistoryField::of(ctx, field)).collect()
    }
    /// The note. Null unless the kind is NOTE.
    async fn note(&self) -> Option<Note> {
        match &self.item {
            Item::Noted(note) => Some(Note(note.clone())),
            Item::Entry(_) | Item::Moved(_) => None,
        }
    }
}
