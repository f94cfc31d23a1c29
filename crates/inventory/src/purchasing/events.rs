//! Events of purchase orders, returns to suppliers and suppliers' catalogues. No amounts: costs
//! need a permission of their own.

use entity::prelude::*;
use iam::access::{code, kind};
use platform::storage::events::{EventViewer, PayloadVisibility, Terms};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use platform::storage::events::EventType;

platform::events! {
    /// Purchase orders.
    PURCHASE_ORDER: PurchaseOrderEvent = Terms {
        permission: code::<kind::PurchaseRead>(),
        shown: PayloadVisibility::Part(visible_order_payload),
        stream: None,
    } => {
        PURCHASE_ORDER_CREATED "purchase_order.created",
        PURCHASE_ORDER_UPDATED "purchase_order.updated",
        PURCHASE_ORDER_SUBMITTED "purchase_order.submitted",
        PURCHASE_ORDER_APPROVED "purchase_order.approved",
        PURCHASE_ORDER_REJECTED "purchase_order.rejected",
        PURCHASE_ORDER_ORDERED "purchase_order.ordered",
        PURCHASE_ORDER_RECEIVED "purchase_order.received",
        PURCHASE_ORDER_CLOSED "purchase_order.closed",
        PURCHASE_ORDER_CANCELLED "purchase_order.cancelled",
        PURCHASE_ORDER_CONFIRMED "purchase_order.confirmed",
        PURCHASE_ORDER_AMENDED "purchase_order.amended",
        PURCHASE_ORDER_SENT "purchase_order.sent" by system,
    }
    /// Returns to suppliers.
    SUPPLIER_RETURN: SupplierReturnEvent = Terms {
        permission: code::<kind::PurchaseRead>(),
        shown: PayloadVisibility::Part(visible_return_payload),
        stream: None,
    } => {
        SUPPLIER_RETURN_CREATED "supplier_return.created",
    }
    /// Blanket orders.
    BLANKET_ORDER: BlanketOrderEvent = Terms { permission: code::<kind::PurchaseRead>(), shown: PayloadVisibility::Whole, stream: None } => {
        BLANKET_ORDER_CREATED "blanket_order.created",
        BLANKET_ORDER_ACTIVATED "blanket_order.activated",
        BLANKET_ORDER_UPDATED "blanket_order.updated",
        BLANKET_ORDER_EXPIRED "blanket_order.expired" by system,
        BLANKET_ORDER_CLOSED "blanket_order.closed",
    }
    /// Products as suppliers offer them.
    SUPPLIER_PRODUCT: SupplyChanged = Terms { permission: code::<kind::ProductRead>(), shown: PayloadVisibility::Whole, stream: None } => {
        SUPPLIER_PRODUCT_CREATED "supplier_product.created",
        SUPPLIER_PRODUCT_UPDATED "supplier_product.updated",
        SUPPLIER_PRODUCT_ARCHIVED "supplier_product.archived",
        SUPPLIER_PRODUCT_RESTORED "supplier_product.restored",
    }
}

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
    /// Status before the step; `None` for a new order.
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

/// The payload of a blanket order's event. It has no store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BlanketOrderEvent {
    pub id: BlanketOrderId,
    pub number: i64,
    pub status: BlanketOrderStatus,
    pub supplier_id: SupplierId,
    pub version: i64,
    /// Status before the step; `None` for a new order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<BlanketOrderStatus>,
}

/// The payload of an event about a supplier's product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupplyChanged {
    pub product: ProductId,
    pub supplier: SupplierId,
    pub version: i64,
}

/// A purchase order for a store that the viewer sees.
fn visible_order_payload(order: &PurchaseOrderEvent, viewer: EventViewer<'_>) -> Option<Value> {
    viewer.covers(order.store).then(|| {
        json!({ "id": order.purchase_order, "number": order.number, "status": order.status, "supplierId": order.supplier,
            "storeId": order.store, "version": order.version })
    })
}

/// A return from a store that the viewer sees.
fn visible_return_payload(ret: &SupplierReturnEvent, viewer: EventViewer<'_>) -> Option<Value> {
    viewer
        .covers(ret.store)
        .then(|| json!({ "id": ret.supplier_return, "number": ret.number, "supplierId": ret.supplier, "storeId": ret.store }))
}
