//! Changes of stock by one command.

use entity::prelude::*;

use super::{
    level::{Level, LevelKey},
    lot::{Lot, LotLevel, UnavailableUnits},
    movement::Movement,
    reservation::Reservation,
};

/// Result of an accepted command: movements in order, and the levels and reservations as they are
/// after it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StockDecision {
    pub movements: Vec<Movement>,
    pub levels: Vec<Level>,
    pub reservations: Vec<Reservation>,
    pub lots: Vec<Lot>,
    pub lot_levels: Vec<LotLevel>,
    /// Lots that were created or changed, and not only moved.
    pub changed_lots: Vec<LotId>,
    /// The lot that the command edits, before and after.
    pub edited_lot: Option<Box<(Lot, Lot)>>,
    /// Orders whose reservations were reduced to make room for the command.
    pub gave_way: Vec<OrderId>,
    /// Unavailable units by condition after it, of the levels and lots that it changed.
    pub asides: Vec<((LevelKey, Option<LotId>), UnavailableUnits)>,
    /// Change of the units of lots that are named by parcels which have not left.
    pub in_parcels: Vec<((LevelKey, LotId), i64)>,
    /// The changes of `in_parcels` for each order of the parcels.
    pub packed: Vec<((LevelKey, OrderId), i64)>,
}
