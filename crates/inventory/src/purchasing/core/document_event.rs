//! Facts about documents of purchasing, of which their events are made.

use entity::prelude::*;

use crate::purchasing::events::{BlanketOrderEvent, EventType, PurchaseOrderEvent, SupplierReturnEvent};

/// A fact about a document, for its event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DocumentEvent {
    Order {
        kind: EventType<PurchaseOrderEvent>,
        order: PurchaseOrderId,
        /// Status before; `None` for a new document.
        before: Option<PurchaseOrderStatus>,
        /// Status and version at the time of the event; `None` if the decision left the order so.
        stood: Option<(PurchaseOrderStatus, i64)>,
    },
    Return {
        kind: EventType<SupplierReturnEvent>,
        ret: SupplierReturnId,
    },
    Blanket {
        kind: EventType<BlanketOrderEvent>,
        blanket: BlanketOrderId,
        /// Status before; `None` for a new document.
        before: Option<BlanketOrderStatus>,
    },
}
