//! Events of tags.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{EventViewer, PayloadVisibility, Terms};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::notes::events::is_reader;

platform::events! {
    /// Tags and custom data of objects.
    NODE_TAGS: NodeTagsEvent = Terms { permission: code::<kind::StoreRead>(), shown: PayloadVisibility::Part(visible_tags_payload), stream: None } => {
        NODE_TAGS_UPDATED "node_tags.updated",
    }
}

/// The payload of an event of tags, without the tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeTagsEvent {
    /// The tagged object.
    pub node_id: String,
    pub version: i64,
    /// Permission that reading the object takes, for one of its stores if it has any.
    pub permission: Option<String>,
    pub stores: Vec<StoreId>,
}

/// Shows tags to readers of their object.
fn visible_tags_payload(tags: &NodeTagsEvent, viewer: EventViewer<'_>) -> Option<Value> {
    let is_seen = is_reader(viewer, tags.permission.as_deref(), &tags.stores);
    is_seen.then(|| json!({ "nodeId": tags.node_id, "version": tags.version }))
}
