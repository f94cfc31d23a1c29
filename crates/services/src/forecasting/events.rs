//! Events of forecasts: a run was made, the intervals of a demand class do not hold their promise,
//! an external factor was set.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::{
    clock::day_text,
    storage::events::{EventViewer, PayloadVisibility, Terms},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::core::{Drift, FactorSeries};

pub use platform::storage::events::EventType;

platform::events! {
    /// Runs of forecasts.
    FORECAST: RunEvent = Terms { permission: code::<kind::ReportRead>(), shown: PayloadVisibility::Part(visible_run_payload), stream: None } => {
        FORECAST_COMPLETED "forecast.completed" by system,
    }
    /// Demand classes whose intervals have left their band.
    FORECAST_DRIFT: DriftEvent = Terms { permission: code::<kind::ReportRead>(), shown: PayloadVisibility::Part(visible_drift_payload), stream: None } => {
        FORECAST_DRIFTED "forecast.drifted" by system,
    }
    /// External series that influence demand.
    FACTOR_SERIES: FactorEvent = Terms { permission: code::<kind::StockPolicy>(), shown: PayloadVisibility::Part(visible_factor_payload), stream: None } => {
        FACTOR_SERIES_SET "factor_series.set",
        FACTOR_SERIES_REMOVED "factor_series.removed",
    }
}

/// The payload of a run's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunEvent {
    /// The Monday of the first forecast week, in days since 1970-01-01.
    pub first_week: i32,
    pub series: i64,
}

/// The payload of a class that has drifted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DriftEvent {
    pub class: DemandClass,
    /// Forecasts of the last weeks with an 80 % interval, and those whose actual demand was inside.
    pub scored: i64,
    pub inside: i64,
}

impl DriftEvent {
    pub const fn of(class: DemandClass, drift: Drift) -> Self {
        Self { class, scored: drift.scored, inside: drift.inside }
    }
}

fn visible_run_payload(event: &RunEvent, viewer: EventViewer<'_>) -> Option<Value> {
    viewer.is_permitted().then(|| json!({ "firstWeek": day_text(event.first_week), "series": event.series }))
}

fn visible_drift_payload(event: &DriftEvent, viewer: EventViewer<'_>) -> Option<Value> {
    viewer.is_permitted().then(|| json!({ "class": event.class, "scored": event.scored, "inside80": event.inside }))
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

/// Shows a series of a store that the viewer covers, or one without a store.
fn visible_factor_payload(event: &FactorEvent, viewer: EventViewer<'_>) -> Option<Value> {
    let is_seen = event.store.is_none_or(|store| viewer.covers(store));
    is_seen.then(|| json!({ "code": event.code, "kind": event.kind, "storeId": event.store, "version": event.version }))
}
