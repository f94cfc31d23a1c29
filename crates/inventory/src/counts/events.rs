//! Events of counts.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{EventViewer, PayloadVisibility, Terms};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use platform::storage::events::EventType;

platform::events! {
    /// Counts.
    COUNT: CountEvent = Terms { permission: code::<kind::CountRead>(), shown: PayloadVisibility::Part(visible_count_payload), stream: None } => {
        COUNT_CREATED "count.created",
        COUNT_STARTED "count.started",
        COUNT_RECORDED "count.recorded",
        COUNT_SUBMITTED "count.submitted",
        COUNT_RECOUNTED "count.recounted",
        COUNT_COMPLETED "count.completed",
        COUNT_CANCELLED "count.cancelled",
        COUNT_REVERSED "count.reversed",
    }
}

/// The payload of a count's event: the count's key data and status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CountEvent {
    pub count: CountId,
    pub number: i64,
    pub kind: CountKind,
    pub status: CountStatus,
    pub store: StoreId,
    pub version: i64,
    /// Number of lines that changed.
    pub lines: usize,
    /// Status before the step; `None` for a new count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<CountStatus>,
}

/// A count of a store that the viewer sees.
fn visible_count_payload(count: &CountEvent, viewer: EventViewer<'_>) -> Option<Value> {
    viewer.covers(count.store).then(|| {
        json!({ "id": count.count, "number": count.number, "kind": count.kind, "status": count.status, "storeId": count.store,
            "lines": count.lines, "version": count.version })
    })
}
