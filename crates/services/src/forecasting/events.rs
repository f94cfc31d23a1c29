//! Events of series that move demand from outside.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{EventViewer, Shown, Terms};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::core::FactorSeries;

pub use platform::storage::events::EventType;

platform::events! {
    /// Series that move demand from outside.
    FACTOR_SERIES: FactorEvent = Terms { permission: code::<kind::StockPolicy>(), shown: Shown::Part(shown_factor), stream: None } => {
        FACTOR_SERIES_SET "factor_series.set",
        FACTOR_SERIES_REMOVED "factor_series.removed",
    }
}

/// The payload of a series' event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FactorEvent {
    pub code: String,
    pub kind: FactorKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
    pub version: i64,
}

impl FactorEvent {
    pub fn of(series: &FactorSeries) -> Self {
        Self { code: series.code.clone(), kind: series.kind, store: series.store, version: series.version }
    }
}

/// A series that is of a store of the viewer's, or of no single one.
fn shown_factor(event: &FactorEvent, viewer: EventViewer<'_>) -> Option<Value> {
    let is_seen = event.store.is_none_or(|store| viewer.covers(store));
    is_seen.then(|| json!({ "code": event.code, "kind": event.kind, "storeId": event.store, "version": event.version }))
}
