//! What the journal says of purchase orders and returns to suppliers. No amounts: costs are not for everybody.

use platform::storage::journal::NewEvent;

use crate::purchasing::{
    core::{DocumentEvent, PurchaseDecision},
    events::{PurchaseOrderEvent, SupplierReturnEvent},
};

pub(super) fn event_of(of: &DocumentEvent, decision: &PurchaseDecision) -> Option<NewEvent> {
    match *of {
        DocumentEvent::Order { kind, order, before } => {
            let order = decision.orders.iter().find(|one| one.id == order)?;
            Some(kind.event(&PurchaseOrderEvent {
                purchase_order: order.id,
                number: order.number,
                status: order.status,
                supplier: order.supplier,
                store: order.store,
                version: order.version,
                before,
            }))
        }
        DocumentEvent::Return { kind, ret } => {
            let ret = decision.returns.iter().find(|one| one.id == ret)?;
            Some(kind.event(&SupplierReturnEvent {
                supplier_return: ret.id,
                number: ret.number,
                supplier: ret.supplier,
                store: ret.store,
            }))
        }
    }
}
