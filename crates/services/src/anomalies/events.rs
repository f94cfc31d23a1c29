//! Events of anomalous days.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::{
    clock::day_text,
    storage::events::{EventViewer, PayloadVisibility, Terms},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::core::Anomaly;

pub use platform::storage::events::EventType;

platform::events! {
    /// Anomalies: days on which the demand for a product in a store was unusual.
    ANOMALY: AnomalyEvent = Terms { permission: code::<kind::ReportRead>(), shown: PayloadVisibility::Part(visible_anomaly_payload), stream: None } => {
        ANOMALY_FLAGGED "anomaly.flagged" by system,
    }
}

/// The payload of a flagged day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AnomalyEvent {
    pub id: AnomalyId,
    pub kind: AnomalyKind,
    pub product: ProductId,
    pub store: StoreId,
    /// Days since 1970-01-01.
    pub day: i32,
}

impl AnomalyEvent {
    pub const fn of(anomaly: &Anomaly) -> Self {
        let key = anomaly.found.key;
        Self { id: anomaly.id, kind: key.kind, product: key.product, store: key.store, day: anomaly.found.date }
    }
}

/// Shows an anomaly of a store that the viewer covers. Movements belong to no channel.
fn visible_anomaly_payload(event: &AnomalyEvent, viewer: EventViewer<'_>) -> Option<Value> {
    let is_seen = viewer.covers(event.store) && !viewer.is_confined();
    is_seen.then(|| {
        json!({ "id": event.id, "kind": event.kind, "productId": event.product, "storeId": event.store, "day": day_text(event.day) })
    })
}
