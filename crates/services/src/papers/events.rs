//! Events of papers. What is printed is not told: it is read where it is kept.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{EventViewer, Shown, Terms};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

platform::events! {
    /// Papers.
    PAPER: PaperEvent = Terms { permission: code::<kind::StoreRead>(), shown: Shown::Part(shown_paper), stream: None } => {
        PAPER_ISSUED "paper.issued",
    }
}

/// The payload of a paper's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaperEvent {
    pub id: PaperId,
    pub kind: PaperKind,
    /// The document that it was drawn of.
    pub document_id: String,
    /// What reading the document takes: a permission, for one of the stores where there are any.
    pub permission: Option<String>,
    pub stores: Vec<StoreId>,
}

/// A paper is told to whoever may read its document.
fn shown_paper(paper: &PaperEvent, viewer: EventViewer<'_>) -> Option<Value> {
    let reads = |permission: &str| {
        let covers = paper.stores.is_empty() || paper.stores.iter().any(|store| viewer.covers_with(permission, *store));
        viewer.holds(permission) && covers
    };
    let is_seen = viewer.is_permitted() && !viewer.is_confined() && paper.permission.as_deref().is_none_or(reads);
    is_seen.then(|| json!({ "id": paper.id, "kind": paper.kind, "documentId": paper.document_id }))
}
