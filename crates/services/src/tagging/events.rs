//! Events of tags.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{EventViewer, Shown, Terms};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::notes::events::is_reader;

platform::events! {
    /// Tags and custom data of objects.
    NODE_TAGS: NodeTagsEvent = Terms { permission: code::<kind::StoreRead>(), shown: Shown::Part(shown_tags), stream: None } => {
        NODE_TAGS_UPDATED "node_tags.updated",
    }
}

/// The payload of an event of tags. The tags are not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeTagsEvent {
    /// The object that is tagged.
    pub node_id: String,
    pub version: i64,
    /// What reading the object takes: a permission, for one of the stores where there are any.
    pub permission: Option<String>,
    pub stores: Vec<StoreId>,
}

/// Tags are shown to readers of their object.
fn shown_tags(tags: &NodeTagsEvent, viewer: EventViewer<'_>) -> Option<Value> {
    let is_seen = is_reader(viewer, tags.permission.as_deref(), &tags.stores);
    is_seen.then(|| json!({ "nodeId": tags.node_id, "version": tags.version }))
}
