//! A note as clients see it.

use std::sync::Arc;

use async_graphql::{Context, Enum, ID, SimpleObject};
use entity::prelude::NoteId;
use inventory::ledger::Ledger;
use macros::resolvers;
use services::notes::{core, rows, shell};

use crate::{
    graphql::{
        context::ContextExt,
        fault::Answer,
        scalars::{DateTime, Long},
    },
    history::HistoryActor,
    nodes,
};

/// Earlier texts of a note that are shown.
const MAX_EDITS: i64 = 50;

/// Audience of a note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Enum)]
#[graphql(rename_items = "SCREAMING_SNAKE_CASE", remote = "entity::enums::NoteAudience")]
pub enum NoteAudience {
    /// Members and integrations of the tenant.
    Staff,
    /// The customer, too: the text may be shown to them.
    Customer,
}

/// A note of a person or an integration about an object.
#[derive(Debug, Clone)]
pub struct Note(pub Arc<core::Note>);

impl From<core::Note> for Note {
    fn from(note: core::Note) -> Self {
        Self(Arc::new(note))
    }
}

/// A text that a note had before.
#[derive(Debug, Clone, SimpleObject)]
pub struct NoteEdit {
    /// Version of the note that had the text, from 1.
    pub version: Long,
    /// The text.
    pub text: String,
    /// Time from which the note had it.
    pub written_at: DateTime,
}

crate::connection!(counted NoteConnection, NoteEdge, Note, "notes");

/// Note of a member or an integration on an object. Callers who may read the object may read the
/// note.
#[resolvers]
impl Note {
    /// ID of the note.
    pub async fn id(&self) -> ID {
        ID(self.0.id.to_string())
    }
    /// ID of the thing that the note is about.
    async fn node_id(&self) -> ID {
        ID(self.0.target.to_string())
    }
    /// Text, 1 to 4,000 characters.
    async fn text(&self) -> &str {
        &self.0.body
    }
    /// Audience.
    async fn audience(&self) -> NoteAudience {
        self.0.audience.into()
    }
    /// Author.
    async fn author(&self) -> HistoryActor {
        HistoryActor(Some(self.0.author))
    }
    /// IDs of the members whom the note mentions, at most 20.
    async fn mentions(&self, ctx: &Context<'_>) -> Answer<Vec<ID>> {
        let scope = ctx.required_data::<Ledger>()?.database().tenant(ctx.caller()?.tenant);
        let member_ids = rows::mentions_of(&scope, &[self.0.id]).await?.remove(&self.0.id).unwrap_or_default();
        Ok(member_ids.into_iter().map(|member| ID(member.to_string())).collect())
    }
    /// Texts that the note had before, the last one first; at most 50.
    async fn edits(&self, ctx: &Context<'_>) -> Answer<Vec<NoteEdit>> {
        if self.0.version == 1 {
            return Ok(Vec::new());
        }
        let scope = ctx.required_data::<Ledger>()?.database().tenant(ctx.caller()?.tenant);
        let edits = rows::edits_of(&scope, self.0.id, MAX_EDITS).await?;
        let to_note_edit =
            |edit: core::Edit| NoteEdit { version: Long(edit.version), text: edit.body, written_at: DateTime(edit.written_at) };
        Ok(edits.into_iter().map(to_note_edit).collect())
    }
    /// True if the note was edited more often than `edits` has texts.
    async fn has_more_edits(&self) -> bool {
        // Each change keeps the text that it replaces.
        self.0.version > MAX_EDITS + 1
    }
    /// Time at which the note was added.
    async fn created_at(&self) -> DateTime {
        DateTime(self.0.created_at)
    }
    /// Version of the note, +1 for each change.
    pub async fn version(&self) -> Long {
        Long(self.0.version)
    }
    /// Time of the last change.
    pub async fn updated_at(&self) -> DateTime {
        DateTime(self.0.updated_at)
    }
}

/// The note with an ID, for callers who may read the object that it is about.
pub async fn find_note(ctx: &Context<'_>, id: uuid::Uuid) -> Answer<Option<Note>> {
    let scope = ctx.required_data::<Ledger>()?.database().tenant(ctx.caller()?.tenant);
    let Some(note) = shell::find(&scope, NoteId::from_uuid(id)).await? else { return Ok(None) };
    // Notes have no notes, so the recursion ends after one step.
    let node = Box::pin(nodes::find(ctx, &note.target.to_string())).await?;
    Ok(node.map(|_| note.into()))
}
