//! Events of export schedules.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{EventViewer, PayloadVisibility, Terms};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::core::Schedule;

pub use platform::storage::events::EventType;

platform::events! {
    /// Export schedules, and the results of their runs.
    EXPORT_SCHEDULE: ExportScheduleEvent = Terms { permission: code::<kind::ExchangeRun>(), shown: PayloadVisibility::Part(shown), stream: None } => {
        EXPORT_SCHEDULE_SET "export_schedule.set",
        EXPORT_SCHEDULE_DELETED "export_schedule.deleted",
        EXPORT_SCHEDULE_REQUESTED "export_schedule.requested",
        EXPORT_SCHEDULE_COMPLETED "export_schedule.completed" by system,
        EXPORT_SCHEDULE_FAILED "export_schedule.failed" by system,
    }
}

/// The payload of a schedule's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportScheduleEvent {
    pub id: ExportScheduleId,
    pub name: String,
    pub entity: ExportEntity,
    pub status: ExportScheduleStatus,
    pub maker: Uuid,
    pub version: i64,
    /// Name of the manifest of a run that has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manifest: Option<String>,
    /// Number of rows of a run that has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<i64>,
    /// Error of a failed run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

impl ExportScheduleEvent {
    pub fn of(schedule: &Schedule) -> Self {
        Self {
            id: schedule.id,
            name: schedule.fields.name.clone(),
            entity: schedule.fields.entity,
            status: schedule.status,
            maker: schedule.maker.id,
            version: schedule.version,
            manifest: None,
            rows: None,
            error: None,
        }
    }
}

/// Shows a schedule to its maker, and to viewers who hold the permission for all stores.
fn shown(event: &ExportScheduleEvent, viewer: EventViewer<'_>) -> Option<Value> {
    // The nil ID stands for no store: only a viewer who may export for all stores covers it.
    let is_seen = event.maker == viewer.viewer() || viewer.covers(StoreId::NIL);
    (viewer.is_permitted() && is_seen).then(|| {
        json!({ "id": event.id, "name": event.name, "entity": event.entity, "status": event.status, "version": event.version,
            "manifest": event.manifest, "rows": event.rows, "error": event.error })
    })
}
