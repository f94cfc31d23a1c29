//! What the journal says of transfers.

use entity::prelude::*;
use platform::storage::journal::NewEvent;
use serde::{Deserialize, Serialize};

use super::events::event;
use crate::transfers::core::TransferDecision;

/// The payload of a transfer's event: whom it concerns, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransferEvent {
    pub transfer: TransferId,
    pub number: i64,
    pub status: TransferStatus,
    pub from: StoreId,
    pub to: StoreId,
    pub version: i64,
    /// Where it stood before; None for a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<TransferStatus>,
}

pub fn transfer_event(decision: &TransferDecision) -> NewEvent {
    let transfer = &decision.transfer;
    let payload = TransferEvent {
        transfer: transfer.id,
        number: transfer.number,
        status: transfer.status,
        from: transfer.from,
        to: transfer.to,
        version: transfer.version,
        before: decision.before,
    };
    event(decision.event, &payload)
}
