//! A return of goods to their supplier, with its lines.

use entity::prelude::*;

use crate::ledger::DocumentNumber;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplierReturn {
    pub id: SupplierReturnId,
    pub number: DocumentNumber,
    pub supplier: SupplierId,
    pub store: StoreId,
    /// The order of all lines that name one.
    pub order: Option<PurchaseOrderId>,
    pub external_ref: Option<String>,
    pub credit: Money,
    pub reason: ReasonCode,
    pub note: Option<String>,
    pub occurred_at: Timestamp,
    pub business_date: i32,
    pub actor: Actor,
    pub created_at: Timestamp,
    pub lines: Vec<SupplierReturnLine>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplierReturnLine {
    pub position: u16,
    pub product: ProductId,
    pub sku: String,
    pub name: String,
    pub decimals: u8,
    pub of: Option<PurchaseOrderLineId>,
    pub quantity: Quantity,
    pub source: ReturnSource,
    /// For one whole unit.
    pub unit_credit: Money,
    pub total: Money,
    /// Quantity that reversals brought back.
    pub reversed: Quantity,
}

/// Reversed quantity of a return's line after a reversal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReversedReturnLine {
    pub ret: SupplierReturnId,
    pub position: u16,
    pub reversed: Quantity,
}
