//! Parcels of a work.

use entity::prelude::*;

use super::carriers::Label;

/// Goods that are packed together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    pub id: ParcelId,
    /// 1-based inside its work.
    pub position: u16,
    /// In grams.
    pub weight: Option<i64>,
    pub label: Label,
    /// None until the parcel has left.
    pub sent: Option<ParcelShipment>,
    pub created_at: Timestamp,
    pub lines: Vec<ParcelLine>,
    /// Lots of the lines that name lots; those of a line sum to its quantity. Lines without named
    /// lots take the lots that expire first.
    pub lots: Vec<ParcelLot>,
}

/// Quantity of a work's line in a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParcelLine {
    /// The work's line.
    pub nth: u16,
    pub quantity: i64,
}

/// Quantity of a lot in a parcel for a work's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParcelLot {
    /// The work's line.
    pub nth: u16,
    pub lot: LotId,
    /// 0 if the units were taken out again.
    pub units: i64,
}

/// Shipment of a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParcelShipment {
    pub fulfilment: FulfilmentId,
    pub status: FulfilmentStatus,
}

impl Parcel {
    pub fn is_empty(&self) -> bool {
        self.lines.iter().all(|line| line.quantity == 0)
    }

    /// Removes lots that do not sum to their line: a node of an earlier release, which has no lots
    /// in parcels, took goods out of it.
    pub fn drop_stale_lots(&mut self) {
        for line in &self.lines {
            let lot_units: i64 = self.lots.iter().filter(|lot| lot.nth == line.nth).map(|lot| lot.units).sum();
            if lot_units != line.quantity {
                self.lots.iter_mut().filter(|lot| lot.nth == line.nth).for_each(|lot| lot.units = 0);
            }
        }
    }
}
