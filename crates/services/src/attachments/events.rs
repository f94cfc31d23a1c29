//! Events of attachments.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{EventViewer, Shown, Terms};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

platform::events! {
    /// Attachments.
    ATTACHMENT: AttachmentEvent = Terms { permission: code::<kind::StoreRead>(), shown: Shown::Part(shown_attachment), stream: None } => {
        ATTACHMENT_ADDED "attachment.added",
        ATTACHMENT_REMOVED "attachment.removed",
    }
}

/// The payload of an attachment's event. Its name and description are not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttachmentEvent {
    pub id: AttachmentId,
    /// The object that the file is attached to.
    pub node_id: String,
    pub file_id: FileId,
    /// What reading the object takes: a permission, for one of the stores where there are any.
    pub permission: Option<String>,
    pub stores: Vec<StoreId>,
}

/// An attachment is shown to readers of its object.
fn shown_attachment(attachment: &AttachmentEvent, viewer: EventViewer<'_>) -> Option<Value> {
    let reads = |permission: &str| {
        let covers = attachment.stores.is_empty() || attachment.stores.iter().any(|store| viewer.covers_with(permission, *store));
        viewer.holds(permission) && covers
    };
    let is_seen = viewer.is_permitted() && !viewer.is_confined() && attachment.permission.as_deref().is_none_or(reads);
    is_seen.then(|| json!({ "id": attachment.id, "nodeId": attachment.node_id, "fileId": attachment.file_id }))
}
