//! What the journal says of transfers.

use platform::storage::journal::NewEvent;

use crate::transfers::{core::TransferDecision, events::TransferEvent};

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
    decision.event.event(&payload)
}
