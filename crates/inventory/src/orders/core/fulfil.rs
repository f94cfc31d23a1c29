//! The command that ships goods of an order, with its lines and lots, and the goods that leave.

use entity::prelude::*;

use crate::stock::core::{At, LevelKey, LotChoice, Shortage};

/// A shipment of named units, or of all open ones.
#[derive(Debug, Clone)]
pub struct Fulfil {
    pub order: OrderId,
    pub expected_version: Option<i64>,
    /// Store that the goods leave; None for the order's store.
    pub store: Option<StoreId>,
    pub lines: Option<Vec<LineQuantity>>,
    /// Lots that were packed by name. The rest of a line's goods comes from the line's own lot.
    pub lots: Vec<LotPart>,
    pub occurred_at: Option<Timestamp>,
    pub on_shortage: Shortage,
    pub actor: Actor,
    pub fulfilment: FulfilmentId,
    /// IDs for the movements that may be needed: shortening of other reservations, release
    /// elsewhere, and the sale.
    pub movements: [MovementId; 3],
}

#[derive(Debug, Clone)]
pub struct LineQuantity {
    pub line: OrderLineId,
    pub quantity: Quantity,
    pub lot: LotChoice,
}

/// Quantity of a lot of a product that leaves for a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LotPart {
    pub position: u16,
    pub product: ProductId,
    pub lot: LotId,
    pub units: i64,
}

/// Quantity of one product that leaves for a line, and the part of it that was reserved at that
/// store.
pub(super) struct Parcel {
    pub position: u16,
    pub key: LevelKey,
    pub quantity: i64,
    /// Quantity reserved in the store that the goods leave.
    pub held: i64,
    pub cost: Option<Money>,
    /// Lots, whose units sum to the quantity.
    pub lots: Vec<(LotChoice, i64)>,
    /// Quantity of the product in one unit of the line.
    pub takes: i64,
    pub field: At,
}
