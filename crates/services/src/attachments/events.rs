//! Events of attachments.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{EventViewer, PayloadVisibility, Terms};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::notes::events::is_reader;

platform::events! {
    /// Attachments.
    ATTACHMENT: AttachmentEvent = Terms { permission: code::<kind::StoreRead>(), shown: PayloadVisibility::Part(visible_attachment_payload), stream: None } => {
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
    /// Permission that reading the object takes, for one of its stores if it has any.
    pub permission: Option<String>,
    pub stores: Vec<StoreId>,
}

/// Shows an attachment to readers of its object.
fn visible_attachment_payload(attachment: &AttachmentEvent, viewer: EventViewer<'_>) -> Option<Value> {
    let is_seen = is_reader(viewer, attachment.permission.as_deref(), &attachment.stores);
    is_seen.then(|| json!({ "id": attachment.id, "nodeId": attachment.node_id, "fileId": attachment.file_id }))
}
