//! Events of notes.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{EventViewer, PayloadVisibility, Terms};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

platform::events! {
    /// Notes.
    NOTE: NoteEvent = Terms { permission: code::<kind::StoreRead>(), shown: PayloadVisibility::Part(visible_note_payload), stream: None } => {
        NOTE_ADDED "note.added",
        NOTE_UPDATED "note.updated",
    }
}

/// The payload of a note's event, without the text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NoteEvent {
    pub id: NoteId,
    pub version: i64,
    /// The object that the note is about.
    pub node_id: String,
    pub audience: NoteAudience,
    pub mentions: Vec<MemberId>,
    /// Permission that reading the object takes, for one of its stores if it has any.
    pub permission: Option<String>,
    pub stores: Vec<StoreId>,
}

/// Whether a viewer may read an object that takes this permission, for one of its stores if it has
/// any.
pub fn is_reader(viewer: EventViewer<'_>, permission: Option<&str>, stores: &[StoreId]) -> bool {
    let reads = |permission: &str| {
        let covers = stores.is_empty() || stores.iter().any(|store| viewer.covers_with(permission, *store));
        viewer.holds(permission) && covers
    };
    viewer.is_permitted() && !viewer.is_confined() && permission.is_none_or(reads)
}

/// Shows a note's event to viewers who may read its object.
fn visible_note_payload(note: &NoteEvent, viewer: EventViewer<'_>) -> Option<Value> {
    is_reader(viewer, note.permission.as_deref(), &note.stores).then(|| {
        json!({ "id": note.id, "version": note.version, "nodeId": note.node_id, "audience": note.audience, "mentions": note.mentions })
    })
}
