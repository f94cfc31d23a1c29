//! Shipments of an order, and the quantities of its lines that left with them.

use entity::prelude::*;

/// A shipment of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fulfilment {
    pub id: FulfilmentId,
    pub order: OrderId,
    pub store: StoreId,
    pub status: FulfilmentStatus,
    pub shipped_at: Option<Timestamp>,
    /// The store's work that was shipped; None for a shipment without a work.
    pub work: Option<FulfilmentWorkId>,
    pub delivered_at: Option<Timestamp>,
    /// Time at which a failed delivery was reported, and its reason.
    pub failed_at: Option<Timestamp>,
    pub failed_reason: Option<String>,
    pub lines: Vec<FulfilmentLine>,
}

impl Fulfilment {
    /// Creates a fulfilment of goods that leave now.
    pub fn shipped((id, order): (FulfilmentId, OrderId), store: StoreId, at: Timestamp, lines: Vec<FulfilmentLine>) -> Self {
        Self {
            id,
            order,
            store,
            status: FulfilmentStatus::Shipped,
            shipped_at: Some(at),
            work: None,
            delivered_at: None,
            failed_at: None,
            failed_reason: None,
            lines,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FulfilmentLine {
    pub position: u16,
    pub quantity: Quantity,
}
