//! Events of works, shipments and carriers.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{Audience, EventViewer, PayloadVisibility, Stream, Subject, Terms, Topic};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::core::{Accepted, Rejected, WorkHead};

pub use platform::storage::events::EventType;

/// Topic of changes of works.
pub const WORKS: Topic = Topic("fulfilmentWorks");

platform::events! {
    /// Works of stores on orders.
    WORK: WorkEvent = Terms {
        permission: code::<kind::FulfilmentRead>(),
        shown: PayloadVisibility::Part(visible_work_payload),
        stream: Some(Stream { topic: WORKS, concerns: |work| Audience::Of(vec![Subject::of(work.store)]) }),
    } => {
        WORK_CREATED "fulfilment_work.created",
        WORK_CHANGED "fulfilment_work.changed",
        WORK_REJECTED "fulfilment_work.rejected",
    }
    /// Shipments of orders.
    FULFILMENT: FulfilmentEvent = Terms {
        permission: code::<kind::FulfilmentRead>(),
        shown: PayloadVisibility::Part(visible_fulfilment_payload),
        stream: None,
    } => {
        FULFILMENT_SHIPPED "fulfilment.shipped",
        FULFILMENT_DELIVERED "fulfilment.delivered",
        FULFILMENT_FAILED "fulfilment.failed",
        FULFILMENT_CANCELLED "fulfilment.cancelled",
    }
    /// Waves: works of a store that are picked, packed and shipped together.
    WAVE: WaveEvent = Terms {
        permission: code::<kind::FulfilmentRead>(),
        shown: PayloadVisibility::Part(visible_wave_payload),
        stream: None,
    } => {
        WAVE_CREATED "fulfilment_wave.created",
        WAVE_CLOSED "fulfilment_wave.closed",
    }
    /// Shipping carriers.
    CARRIER: CarrierChanged = Terms { permission: code::<kind::StoreRead>(), shown: PayloadVisibility::Whole, stream: None } => {
        CARRIER_SET "carrier.set",
    }
    /// E-mails to customers whose goods are ready.
    READY_EMAIL: ReadyEmailChanged = Terms { permission: code::<kind::StoreRead>(), shown: PayloadVisibility::Whole, stream: None } => {
        READY_EMAIL_SET "ready_email.set",
    }
}

/// The payload of the event of a changed e-mail setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReadyEmailChanged {
    /// None for the tenant's setting.
    pub store_id: Option<StoreId>,
    pub version: i64,
}

/// The payload of a work's event: the work without its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkEvent {
    pub work: FulfilmentWorkId,
    pub order: OrderId,
    pub nth: u16,
    pub store: StoreId,
    pub status: WorkStatus,
    pub due_at: Timestamp,
    pub version: i64,
    /// Status before the change; None for a new work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<WorkStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<(ActorKind, uuid::Uuid)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reject_reason: Option<RejectReason>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved_from: Option<FulfilmentWorkId>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl WorkEvent {
    /// Returns the work as of the event, without its lines, its note and its code.
    pub fn head(&self) -> WorkHead {
        let to_actor = |(kind, id)| Actor { kind, id };
        WorkHead {
            id: self.work,
            order: self.order,
            nth: self.nth,
            store: self.store,
            status: self.status,
            due_at: self.due_at,
            accepted: self.accepted_at.zip(self.assignee).map(|(at, assignee_ref)| Accepted { at, by: to_actor(assignee_ref) }),
            ready: None,
            rejected: self.reject_reason.map(|reason| Rejected { reason, note: None }),
            moved_from: self.moved_from,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

/// The payload of a shipment's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FulfilmentEvent {
    pub fulfilment: FulfilmentId,
    pub order: OrderId,
    pub store: StoreId,
    pub status: FulfilmentStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work: Option<FulfilmentWorkId>,
}

/// The payload of an event of a wave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WaveEvent {
    pub wave: FulfilmentWaveId,
    pub store: StoreId,
    pub version: i64,
}

/// The payload of `carrier.set`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CarrierChanged {
    pub id: CarrierId,
    pub code: String,
    pub version: i64,
}

/// Returns a work of a store that the viewer sees; None for viewers that are bound to a channel.
fn visible_work_payload(work: &WorkEvent, viewer: EventViewer<'_>) -> Option<Value> {
    (!viewer.is_confined() && viewer.covers(work.store)).then(|| {
        json!({ "id": work.work, "orderId": work.order, "status": work.status, "storeId": work.store, "version": work.version })
    })
}

/// Returns a shipment from a store that the viewer sees.
fn visible_fulfilment_payload(fulfilment_event: &FulfilmentEvent, viewer: EventViewer<'_>) -> Option<Value> {
    (!viewer.is_confined() && viewer.covers(fulfilment_event.store))
        .then(|| json!({ "id": fulfilment_event.fulfilment, "orderId": fulfilment_event.order, "status": fulfilment_event.status, "storeId": fulfilment_event.store, "workId": fulfilment_event.work }))
}

/// Returns a wave of a store that the viewer sees.
fn visible_wave_payload(wave_event: &WaveEvent, viewer: EventViewer<'_>) -> Option<Value> {
    (!viewer.is_confined() && viewer.covers(wave_event.store))
        .then(|| json!({ "id": wave_event.wave, "storeId": wave_event.store, "version": wave_event.version }))
}
