//! Events of saved views. They do not carry documents: readers fetch them.

use entity::prelude::*;
use iam::access::{Caller, REGISTRY, Reach, code, kind};
use platform::{
    clock::rfc3339,
    storage::events::{EventViewer, PayloadVisibility, Terms},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::core::{Schedule, View};
use crate::backups::OmittedField;

pub use platform::storage::events::EventType;

platform::events! {
    /// Saved views.
    SAVED_VIEW: SavedViewEvent = Terms { permission: code::<kind::ViewRead>(), shown: PayloadVisibility::Part(visible_view_payload), stream: None } => {
        SAVED_VIEW_CREATED "saved_view.created",
        SAVED_VIEW_UPDATED "saved_view.updated",
        SAVED_VIEW_DELETED "saved_view.deleted",
        SAVED_VIEW_LINK_CREATED "saved_view.link_created",
        SAVED_VIEW_LINK_REVOKED "saved_view.link_revoked",
        SAVED_VIEW_SCHEDULE_SET "saved_view.schedule_set",
        SAVED_VIEW_SCHEDULE_DELETED "saved_view.schedule_deleted",
    }
    /// Tables that schedules have made.
    VIEW: ViewResultEvent = Terms { permission: code::<kind::ViewRead>(), shown: PayloadVisibility::Part(visible_result_payload), stream: None } => {
        VIEW_RESULT "view.result" by system,
    }
    /// Schedules of saved views.
    SAVED_VIEW_SCHEDULE: ScheduleEndedEvent = Terms { permission: code::<kind::ViewManage>(), shown: PayloadVisibility::Part(visible_schedule_end_payload), stream: None } => {
        SCHEDULE_FAILED "saved_view_schedule.failed" by system,
        SCHEDULE_STOPPED "saved_view_schedule.stopped" by system,
    }
}

/// Returns the field with the rows of a query, which archives of the journal leave out: the rows
/// may hold any data.
#[must_use]
pub fn omitted_rows_field() -> OmittedField {
    OmittedField { kind: VIEW_RESULT.name(), field: "told" }
}

/// The payload of a view's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SavedViewEvent {
    pub id: SavedViewId,
    pub slug: String,
    pub name: String,
    pub version: i64,
    /// Whether it is shared with some alone: then only those who manage views see its events.
    #[serde(default)]
    pub is_restricted: bool,
}

impl SavedViewEvent {
    pub fn of(view: &View) -> Self {
        Self {
            id: view.id,
            slug: view.fields.slug.clone(),
            name: view.fields.name.clone(),
            version: view.version,
            is_restricted: view.readers.is_some(),
        }
    }
}

/// The payload of a table's event. Its rows are shown to the owner of the schedule alone, with the
/// rights that they were read with: other viewers of the event may not have the right to see the
/// whole table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ViewResultEvent {
    pub id: SavedViewId,
    pub slug: String,
    pub schedule: SavedViewScheduleId,
    /// Due time of the run.
    pub due_at: Timestamp,
    /// Number of rows of the table.
    pub rows: u64,
    /// SHA-256 of the table, in hexadecimal digits.
    pub hash: String,
    /// Path at which the view is read as such a table.
    pub path: String,
    /// Owner of the rights with which the table was made. `None` in older events, which contain no
    /// rows.
    #[serde(default)]
    pub owner: Option<Uuid>,
    /// Whether the view is shared with some alone: then only those who manage views, and the owner, see the event.
    #[serde(default)]
    pub is_restricted: bool,
    /// The first rows, if the schedule adds them to its event. Stored as `told`: journals and older
    /// versions have this name.
    #[serde(default, rename = "told")]
    pub first_rows: Option<Vec<Value>>,
    /// The rights that these rows were read with. `None` in older events, and without rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rights: Option<Vec<TableRights>>,
}

/// Permissions that a table was made with, and their stores and channel: the nil store stands for
/// all stores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableRights {
    pub permissions: Vec<String>,
    pub stores: Vec<StoreId>,
    /// `None` for all channels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelId>,
}

impl TableRights {
    /// Returns the rights of the caller whom a table is made for. Permissions for the same stores
    /// are grouped.
    pub fn of(caller: &Caller) -> Vec<Self> {
        let (rights, channel) = (&caller.permissions, caller.channel);
        let mut right_groups: Vec<Self> = Vec::new();
        for index in rights.bits().indices() {
            let stores = match rights.reach(index) {
                Reach::Everywhere => vec![StoreId::NIL],
                Reach::Stores(stores) => stores.to_vec(),
            };
            let permission = REGISTRY[index].code.to_owned();
            match right_groups.iter_mut().find(|group| group.stores == stores) {
                Some(group) => group.permissions.push(permission),
                None => right_groups.push(Self { permissions: vec![permission], stores, channel }),
            }
        }
        right_groups
    }

    /// Whether the viewer holds these, too. An integration may have been bound to a channel since.
    fn is_viewer_entitled(&self, viewer: EventViewer<'_>) -> bool {
        let is_within = self.channel.map_or(!viewer.is_confined(), |channel| viewer.includes(channel));
        is_within
            && self.permissions.iter().all(|permission| self.stores.iter().all(|store| viewer.covers_with(permission, *store)))
    }
}

/// The payload of the event of a schedule whose run has failed, or that has stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleEndedEvent {
    pub id: SavedViewScheduleId,
    pub view: SavedViewId,
    pub slug: String,
    pub status: ScheduleStatus,
    pub reason: Option<String>,
}

impl ScheduleEndedEvent {
    pub fn of(view: &View, schedule: &Schedule) -> Self {
        Self {
            id: schedule.id,
            view: view.id,
            slug: view.fields.slug.clone(),
            status: schedule.status,
            reason: schedule.last_error.clone(),
        }
    }
}

fn visible_result_payload(event: &ViewResultEvent, viewer: EventViewer<'_>) -> Option<Value> {
    let is_owner = event.owner == Some(viewer.viewer());
    let is_shown = viewer.is_permitted() && (!event.is_restricted || is_owner || viewer.holds(code::<kind::ViewManage>()));
    is_shown.then(|| {
        let mut payload = json!({ "id": event.id, "slug": event.slug, "scheduleId": event.schedule, "dueAt": rfc3339(event.due_at),
            "rows": event.rows, "hash": event.hash, "path": event.path });
        // An integration is one owner with many keys, and rights can be revoked: the rows are shown
        // to viewers who hold all rights that they were read with.
        let may_read = is_owner && event.rights.iter().flatten().all(|rights| rights.is_viewer_entitled(viewer));
        if let Some(rows) = event.first_rows.as_ref().filter(|_| may_read) {
            payload["table"] = json!({ "rows": rows, "truncated": (rows.len() as u64) < event.rows });
        }
        payload
    })
}

fn visible_schedule_end_payload(event: &ScheduleEndedEvent, viewer: EventViewer<'_>) -> Option<Value> {
    viewer.is_permitted().then(|| {
        json!({ "id": event.id, "savedViewId": event.view, "slug": event.slug, "status": event.status.as_str(), "reason": event.reason })
    })
}

fn visible_view_payload(event: &SavedViewEvent, viewer: EventViewer<'_>) -> Option<Value> {
    let is_shown = viewer.is_permitted() && (!event.is_restricted || viewer.holds(code::<kind::ViewManage>()));
    is_shown.then(|| json!({ "id": event.id, "slug": event.slug, "name": event.name, "version": event.version }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backups::core::archived::archived_payload;

    #[test]
    fn an_archive_has_the_event_of_a_table_without_its_rows() {
        let event = ViewResultEvent {
            id: SavedViewId::NIL,
            slug: "best-customers".to_owned(),
            schedule: SavedViewScheduleId::NIL,
            due_at: Timestamp(0),
            rows: 1,
            hash: String::new(),
            path: String::new(),
            owner: None,
            is_restricted: false,
            first_rows: Some(vec![json!({ "name": "Ada Lovelace" })]),
            rights: None,
        };
        let payload = serde_json::to_string(&event).unwrap();
        let archived = archived_payload(VIEW_RESULT.name(), &payload, &[omitted_rows_field()]).unwrap().unwrap();
        assert!(payload.contains("Lovelace") && !archived.contains("Lovelace"), "{archived}");
        let archived: ViewResultEvent = serde_json::from_str(&archived).unwrap();
        assert_eq!(archived, ViewResultEvent { first_rows: None, ..event });
    }
}
