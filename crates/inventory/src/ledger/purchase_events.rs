//! What the journal says of purchase orders and returns to suppliers. No amounts: costs are not for everybody.

use entity::prelude::*;
use platform::storage::journal::NewEvent;
use serde::{Deserialize, Serialize};

use crate::purchasing::core::{DocumentEvent, PurchaseDecision};

/// The payload of a purchase order's event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PurchaseOrderEvent {
    pub purchase_order: PurchaseOrderId,
    pub number: i64,
    pub status: PurchaseOrderStatus,
    pub supplier: SupplierId,
    pub store: StoreId,
    pub version: i64,
    /// Where it stood before; None for a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<PurchaseOrderStatus>,
}

/// The payload of the event of a return to a supplier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SupplierReturnEvent {
    pub supplier_return: SupplierReturnId,
    pub number: i64,
    pub supplier: SupplierId,
    pub store: StoreId,
}

pub(super) fn event_of(of: &DocumentEvent, decision: &PurchaseDecision) -> Option<NewEvent> {
    if let Some(order) = of.order.and_then(|id| decision.orders.iter().find(|order| order.id == id)) {
        let payload = PurchaseOrderEvent {
            purchase_order: order.id,
            number: order.number,
            status: order.status,
            supplier: order.supplier,
            store: order.store,
            version: order.version,
            before: of.before,
        };
        return Some(event(of.kind, &payload));
    }
    let ret = of.ret.and_then(|id| decision.returns.iter().find(|ret| ret.id == id))?;
    let payload = SupplierReturnEvent { supplier_return: ret.id, number: ret.number, supplier: ret.supplier, store: ret.store };
    Some(event(of.kind, &payload))
}

fn event(kind: &'static str, payload: &impl Serialize) -> NewEvent {
    // Payloads are plain structs with text keys: they always have a JSON form.
    NewEvent { kind, payload: serde_json::to_string(payload).unwrap_or_default() }
}
