//! Journal events of an alert: all its fields but prices and costs, which not every reader may see.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{self, Audience, EventViewer, PayloadVisibility, Stream, Terms, Topic};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::core::{Alert, AlertValues, FailedSchedule, Handling, Subject, SubjectIds};

pub use platform::storage::events::EventType;

/// Topic of subscriptions to alerts.
pub const ALERTS: Topic = Topic("alerts");

platform::events! {
    /// Alerts.
    ALERT: AlertEvent = Terms {
        permission: code::<kind::AlertRead>(),
        shown: PayloadVisibility::Part(visible_alert_payload),
        stream: Some(Stream { topic: ALERTS, concerns: |alert| {
            let subjects = alert.store.map(events::Subject::of).into_iter().chain(alert.product.map(events::Subject::of));
            Audience::Of(subjects.collect())
        } }),
    } => {
        ALERT_OPENED "alert.opened" by system,
        ALERT_ACKNOWLEDGED "alert.acknowledged",
        ALERT_SNOOZED "alert.snoozed",
        ALERT_WOKEN "alert.woken" by system,
        ALERT_ASSIGNED "alert.assigned",
        ALERT_RESOLVED "alert.resolved",
    }
    /// Rules of alerts.
    ALERT_RULE: RuleChanged = Terms { permission: code::<kind::AlertRuleWrite>(), shown: PayloadVisibility::Whole, stream: None } => {
        ALERT_RULE_SET "alert_rule.set",
        ALERT_RULE_DELETED "alert_rule.deleted",
    }
}

/// The payload of an event about a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleChanged {
    pub id: AlertRuleId,
    pub kind: AlertKind,
    pub version: i64,
}

/// The payload of an alert's event: the alert as the event left it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AlertEvent {
    pub alert: AlertId,
    pub kind: AlertKind,
    pub state: AlertState,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<ProductId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase_order: Option<PurchaseOrderId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transfer: Option<TransferId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<CountId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// ID of the schedule of a saved view or of exports, depending on the kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Uuid>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<i32>,
    pub opened_at: Timestamp,
    /// Seq of the event that crossed the threshold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snoozed_until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<MemberId>,
    pub version: i64,
    pub updated_at: Timestamp,
}

impl AlertEvent {
    pub fn of(alert: &Alert) -> Self {
        let SubjectIds { store, product, lot, purchase_order, transfer, count, order, schedule } = alert.subject.ids();
        let failed_schedule = alert.figures.schedule.as_ref();
        Self {
            alert: alert.id,
            kind: alert.kind,
            state: alert.state(),
            store,
            product,
            lot,
            purchase_order,
            transfer,
            count,
            order,
            schedule,
            schedule_name: failed_schedule.map(|failed_schedule| failed_schedule.name.clone()),
            error: failed_schedule.and_then(|failed_schedule| failed_schedule.error.clone()),
            quantity: alert.figures.quantity,
            threshold: alert.figures.threshold,
            day: alert.figures.day,
            opened_at: alert.opened_at,
            seq: alert.seq,
            snoozed_until: alert.handling.snoozed_until(),
            resolved_at: alert.handling.resolved_at(),
            assignee: alert.assignee,
            version: alert.version,
            updated_at: alert.updated_at,
        }
    }

    fn subject(&self) -> Option<Subject> {
        let Self { store, product, lot, purchase_order, transfer, count, order, schedule, .. } = *self;
        Subject::of(self.kind, SubjectIds { store, product, lot, purchase_order, transfer, count, order, schedule })
    }

    /// Returns the alert as the event left it; fields that the event does not carry are taken from
    /// the current row. `None` if the event does not fit its kind or its state.
    pub fn alert(&self, row: Option<&Alert>) -> Option<Alert> {
        let schedule = self.schedule_name.clone().map(|name| FailedSchedule { name, error: self.error.clone() });
        let resolution = self.resolved_at.map(|at| (at, row.and_then(|row| row.handling.resolver())));
        Some(Alert {
            id: self.alert,
            kind: self.kind,
            subject: self.subject()?,
            handling: Handling::of(self.state, self.snoozed_until, resolution)?,
            figures: AlertValues {
                quantity: self.quantity,
                threshold: self.threshold,
                day: self.day,
                margin: row.and_then(|row| row.figures.margin),
                schedule,
            },
            opened_at: self.opened_at,
            seq: self.seq,
            assignee: self.assignee,
            note: row.and_then(|row| row.note.clone()),
            version: self.version,
            updated_at: self.updated_at,
        })
    }
}

/// Shows an alert of a store to viewers of the store; an alert without a store to viewers who see
/// all stores and its subject (costs or schedules).
fn visible_alert_payload(alert: &AlertEvent, viewer: EventViewer<'_>) -> Option<Value> {
    // The nil ID stands for no store: only a viewer of all stores covers it.
    let is_seen = viewer.covers(alert.store.unwrap_or(StoreId::NIL));
    let sees_subject = alert.store.is_some()
        || match alert.kind {
            AlertKind::SavedViewScheduleFailed => viewer.holds(code::<kind::ViewManage>()),
            AlertKind::ExportScheduleFailed => viewer.covers_with(code::<kind::ExchangeRun>(), StoreId::NIL),
            _ => viewer.holds(code::<kind::ProductCostRead>()),
        };
    (is_seen && sees_subject).then(|| {
        let schedule = alert.schedule.and_then(|_| alert.subject()).map(|subject| subject.text());
        json!({ "id": alert.alert, "kind": alert.kind, "state": alert.state, "storeId": alert.store, "productId": alert.product,
            "lotId": alert.lot, "purchaseOrderId": alert.purchase_order, "transferId": alert.transfer, "countId": alert.count, "orderId": alert.order,
            "scheduleId": schedule, "scheduleName": alert.schedule_name, "error": alert.error,
            "quantity": alert.quantity, "threshold": alert.threshold, "assigneeId": alert.assignee, "version": alert.version })
    })
}
