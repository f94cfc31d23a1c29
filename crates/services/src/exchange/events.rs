//! Events of exchanges.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{EventViewer, PayloadVisibility, Terms};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

platform::events! {
    /// Imports, exports and mutations for each line of a file.
    EXCHANGE: ExchangeEvent = Terms { permission: code::<kind::ExchangeRun>(), shown: PayloadVisibility::Part(visible_exchange_payload), stream: None } => {
        EXCHANGE_CREATED "exchange.created",
        EXCHANGE_CANCELLED "exchange.cancelled",
        EXCHANGE_FINISHED "exchange.finished" by system,
    }
}

/// The payload of an exchange's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExchangeEvent {
    pub id: ExchangeId,
    pub kind: String,
    #[serde(default)]
    pub maker: Option<Uuid>,
    pub state: String,
    pub version: i64,
}

/// Shows an exchange to its requester, and to viewers with the permission for all stores.
fn visible_exchange_payload(run: &ExchangeEvent, viewer: EventViewer<'_>) -> Option<Value> {
    // No store has the nil ID: only a viewer with the permission for all stores covers it.
    let is_seen = run.maker == Some(viewer.viewer()) || viewer.covers(StoreId::NIL);
    (viewer.is_permitted() && is_seen)
        .then(|| json!({ "id": run.id, "kind": run.kind, "state": run.state, "version": run.version }))
}
