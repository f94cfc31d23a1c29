//! Callers' input: purchase orders, their steps and receipts, returns to suppliers, and drafts of
//! reorder suggestions.

use entity::prelude::*;
use serde::Serialize;

use crate::ledger::{LotRef, ProductRef, StoreRef};

/// The most lines of an order or a return.
pub const MAX_LINES: usize = 2_000;
/// The most charges of an order, and wrong items of a delivery.
pub const MAX_CHARGES: usize = 50;
/// The most lots that the lines of one call name.
pub const MAX_LOTS: usize = 2_000;
/// The greatest tolerance in percent.
pub const MAX_PERCENT: i32 = 100;

/// Reference to a supplier, of one of two kinds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum SupplierRef {
    Id(SupplierId),
    Code(String),
}

/// Reference to a blanket order, of one of two kinds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum BlanketRef {
    Id(BlanketOrderId),
    Number(String),
}

/// Creates an order. The idempotency key's hash covers its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct PurchaseOrderCreate {
    #[serde(skip)]
    pub idempotency_key: String,
    pub supplier: SupplierRef,
    pub store: StoreRef,
    /// None for the currency of the supplier's catalogue, else the tenant's.
    pub currency: Option<Currency>,
    pub expected_on: Option<i32>,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub over_percent: i32,
    pub under_percent: i32,
    pub lines: Vec<NewPurchaseLine>,
    pub charges: Vec<NewCharge>,
    /// Whether it goes to its supplier at once; None: a DRAFT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<PurchaseStart>,
    /// The blanket order from which it calls off.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blanket_order: Option<BlanketRef>,
    /// A decimal as text; None for the rate of each receipt's day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_rate: Option<String>,
}

/// Last step of a new order in the call that creates it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum PurchaseStart {
    Ordered,
}

#[derive(Debug, Clone, Serialize)]
pub struct NewPurchaseLine {
    pub product: ProductRef,
    pub quantity: Quantity,
    pub unit_cost: Option<Money>,
    pub weight: Option<i64>,
    pub expected_on: Option<i32>,
}

#[derive(Debug, Clone, Serialize)]
pub struct NewCharge {
    pub kind: ChargeKind,
    pub basis: ChargeBasis,
    pub name: Option<String>,
    pub amount: Money,
    /// Supplier who bills it; `None` for the order's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supplier: Option<SupplierRef>,
}

/// A change of a draft; None leaves a field unchanged.
#[derive(Debug, Clone, Serialize)]
pub struct PurchaseOrderUpdate {
    #[serde(skip)]
    pub idempotency_key: String,
    pub order: PurchaseOrderId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub expected_on: Option<Option<i32>>,
    pub external_ref: Option<Option<String>>,
    pub note: Option<Option<String>>,
    pub over_percent: Option<i32>,
    pub under_percent: Option<i32>,
    pub lines: Option<Vec<NewPurchaseLine>>,
    pub charges: Option<Vec<NewCharge>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_rate: Option<Option<String>>,
}

/// A step that needs no more than the order.
#[derive(Debug, Clone, Serialize)]
pub struct PurchaseOrderAct {
    #[serde(skip)]
    pub idempotency_key: String,
    pub order: PurchaseOrderId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub note: Option<String>,
}

/// A supplier's confirmation to record.
#[derive(Debug, Clone, Serialize)]
pub struct PurchaseOrderConfirm {
    #[serde(skip)]
    pub idempotency_key: String,
    pub order: PurchaseOrderId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub external_ref: Option<String>,
    /// Confirmed day of lines that name none.
    pub on: Option<i32>,
    /// None for all open quantities, as ordered.
    pub lines: Option<Vec<ConfirmedLine>>,
}

#[derive(Debug, Clone, Serialize)]
pub struct ConfirmedLine {
    pub line: PurchaseOrderLineId,
    pub quantity: Option<Quantity>,
    pub on: Option<i32>,
}

/// An amendment of a placed order; None leaves a field unchanged.
#[derive(Debug, Clone, Serialize)]
pub struct PurchaseOrderAmend {
    #[serde(skip)]
    pub idempotency_key: String,
    pub order: PurchaseOrderId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub expected_on: Option<Option<i32>>,
    pub note: Option<Option<String>>,
    pub set_lines: Vec<PurchaseLineSet>,
    pub add_lines: Vec<NewPurchaseLine>,
    pub cancel_lines: Vec<PurchaseOrderLineId>,
    pub reason: Option<String>,
}

/// Change of a line.
#[derive(Debug, Clone, Serialize)]
pub struct PurchaseLineSet {
    pub line: PurchaseOrderLineId,
    pub quantity: Option<Quantity>,
    pub unit_cost: Option<Money>,
    pub expected_on: Option<Option<i32>>,
}

/// A delivery to receive.
#[derive(Debug, Clone, Serialize)]
pub struct PurchaseOrderReceive {
    #[serde(skip)]
    pub idempotency_key: String,
    pub order: PurchaseOrderId,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub occurred_at: Option<Timestamp>,
    /// None for all open quantities.
    pub lines: Option<Vec<ReceivedLine>>,
    pub wrong: Vec<WrongItem>,
}

#[derive(Debug, Clone, Serialize)]
pub struct ReceivedLine {
    pub line: PurchaseOrderLineId,
    pub quantity: Quantity,
    pub damaged: Quantity,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lots: Vec<ReceivedLot>,
    pub note: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
pub struct ReceivedLot {
    pub lot: LotRef,
    pub quantity: Quantity,
    pub damaged: Quantity,
}

#[derive(Debug, Clone, Serialize)]
pub struct WrongItem {
    pub product: Option<ProductRef>,
    pub quantity: Quantity,
    pub note: Option<String>,
}

/// A return of goods to the supplier.
#[derive(Debug, Clone, Serialize)]
pub struct SupplierReturnCreate {
    #[serde(skip)]
    pub idempotency_key: String,
    pub supplier: SupplierRef,
    pub store: StoreRef,
    pub external_ref: Option<String>,
    pub reason: ReasonCode,
    pub note: Option<String>,
    pub occurred_at: Option<Timestamp>,
    pub lines: Vec<NewReturnLine>,
}

#[derive(Debug, Clone, Serialize)]
pub struct NewReturnLine {
    /// None for the product of the order's line.
    pub product: Option<ProductRef>,
    pub of: Option<PurchaseOrderLineId>,
    pub quantity: Quantity,
    pub source: ReturnSource,
    pub unit_credit: Option<Money>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lot: Option<LotRef>,
}

/// Drafts for the named quantities: one order for each supplier and store.
#[derive(Debug, Clone, Serialize)]
pub struct ReorderOrder {
    #[serde(skip)]
    pub idempotency_key: String,
    pub lines: Vec<ReorderLine>,
}

#[derive(Debug, Clone, Serialize)]
pub struct ReorderLine {
    pub product: ProductRef,
    pub store: StoreRef,
    /// None for the product's default supplier.
    pub supplier: Option<SupplierRef>,
    pub quantity: Quantity,
}
