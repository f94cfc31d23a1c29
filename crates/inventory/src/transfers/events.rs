//! Events of transfers.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{EventViewer, PayloadVisibility, Terms};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use platform::storage::events::EventType;

platform::events! {
    /// Transfers.
    TRANSFER: TransferEvent = Terms {
        permission: code::<kind::TransferRead>(),
        shown: PayloadVisibility::Part(visible_transfer_payload),
        stream: None,
    } => {
        TRANSFER_CREATED "transfer.created",
        TRANSFER_UPDATED "transfer.updated",
        TRANSFER_READY "transfer.ready",
        TRANSFER_SHIPPED "transfer.shipped",
        TRANSFER_RECEIVED "transfer.received",
        TRANSFER_CLOSED "transfer.closed",
        TRANSFER_CANCELLED "transfer.cancelled",
    }
}

/// The payload of a transfer's event: the transfer's key data and status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransferEvent {
    pub transfer: TransferId,
    pub number: i64,
    pub status: TransferStatus,
    pub from: StoreId,
    pub to: StoreId,
    pub version: i64,
    /// Status before the step; `None` for a new transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<TransferStatus>,
}

/// A transfer from or to a store that the viewer sees.
fn visible_transfer_payload(transfer: &TransferEvent, viewer: EventViewer<'_>) -> Option<Value> {
    [transfer.from, transfer.to].into_iter().any(|store| viewer.covers(store)).then(|| {
        json!({ "id": transfer.transfer, "number": transfer.number, "status": transfer.status, "fromStoreId": transfer.from,
            "toStoreId": transfer.to, "version": transfer.version })
    })
}
