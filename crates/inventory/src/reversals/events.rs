//! Events of reversals. They have no amounts, since costs need a permission.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::{
    events::{EventViewer, PayloadVisibility, Terms},
    journal::NewEvent,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::core::Reversal;

pub use platform::storage::events::EventType;

platform::events! {
    /// Reversals of documents.
    REVERSAL: ReversalEvent = Terms {
        permission: code::<kind::StockMovementRead>(),
        shown: PayloadVisibility::Part(visible_reversal_payload),
        stream: None,
    } => {
        DOCUMENT_REVERSED "document.reversed",
    }
}

/// The payload of a reversal's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReversalEvent {
    pub reversal: ReversalId,
    pub number: i64,
    pub kind: ReversedKind,
    /// ID of the reversed part, without the prefix of its kind.
    pub part: Uuid,
    pub document: Uuid,
    pub store: StoreId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_store: Option<StoreId>,
}

/// Returns a reversal in a store that the viewer sees.
fn visible_reversal_payload(reversal: &ReversalEvent, viewer: EventViewer<'_>) -> Option<Value> {
    let stores = [Some(reversal.store), reversal.other_store];
    stores
        .into_iter()
        .flatten()
        .any(|store| viewer.covers(store))
        .then(|| json!({ "id": reversal.reversal, "number": reversal.number, "kind": reversal.kind, "storeId": reversal.store }))
}

pub fn build_reversed_event(reversal: &Reversal) -> NewEvent {
    let subject = reversal.subject;
    DOCUMENT_REVERSED.event(&ReversalEvent {
        reversal: reversal.id,
        number: reversal.number.get(),
        kind: subject.kind,
        part: subject.part,
        document: subject.document,
        store: subject.store,
        other_store: subject.other_store,
    })
}
