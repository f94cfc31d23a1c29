//! Events of returns.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{EventViewer, PayloadVisibility, Terms};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::orders::events::customer;

pub use platform::storage::events::EventType;

platform::events! {
    /// Returns.
    RETURN: ReturnEvent = Terms { permission: code::<kind::OrderRead>(), shown: PayloadVisibility::Part(visible_return_payload), stream: None } => {
        RETURN_CREATED "return.created",
        RETURN_APPROVED "return.approved",
        RETURN_REJECTED "return.rejected",
        RETURN_RECEIVED "return.received",
        RETURN_INSPECTED "return.inspected",
        RETURN_CLOSED "return.closed",
        RETURN_REOPENED "return.reopened",
    }
}

/// The payload of a return's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReturnEvent {
    #[serde(rename = "return")]
    pub ret: ReturnId,
    pub number: i64,
    pub store: StoreId,
    pub customer: Option<CustomerId>,
    pub orders: Vec<OrderId>,
    /// Status after the step. Events of earlier versions of Entrepot lack it, and the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<ReturnStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
}

/// A return to a store that the viewer sees.
fn visible_return_payload(return_event: &ReturnEvent, viewer: EventViewer<'_>) -> Option<Value> {
    // The event does not have the channel of the returned goods.
    (!viewer.is_confined() && viewer.covers(return_event.store)).then(|| {
        json!({ "id": return_event.ret, "number": return_event.number, "storeId": return_event.store, "customerId": customer(return_event.customer, viewer),
            "orderIds": return_event.orders, "status": return_event.status, "version": return_event.version })
    })
}
