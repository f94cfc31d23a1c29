//! Received quantity of a line with its lots, and the check that the lots sum to it.

use entity::prelude::*;

use super::refusal::Refusal;
use crate::stock::core::{At, Draft, Facts, Field, LotChoice, Rejection, RoomRefusal};

/// Received quantity of a line: sound goods, and damaged ones in addition.
#[derive(Debug, Clone)]
pub struct ReceiveLine {
    pub line: PurchaseOrderLineId,
    pub quantity: Quantity,
    pub damaged: Quantity,
    /// Lots of the line, if stock is kept by lots: they sum to the two figures above.
    pub lots: Vec<ReceivedLot>,
    pub note: Option<String>,
}

/// Received quantity of a line in one lot: sound goods, and damaged ones in addition.
#[derive(Debug, Clone)]
pub struct ReceivedLot {
    pub lot: LotChoice,
    pub quantity: Quantity,
    pub damaged: Quantity,
}

/// Checks that products that are kept by lots are received in lots that sum to the line, and others in none.
pub(super) fn check_lots(
    draft: &mut Draft<'_>,
    facts: &Facts,
    (index, received_line): (usize, &ReceiveLine),
    lots_field: At,
) -> Result<(), Rejection> {
    let rejection = |refusal: Refusal| Err(refusal.at(lots_field));
    let (sku, tracking) = (|| facts.sku.clone(), facts.tracking);
    if facts.tracking == Tracking::None {
        let is_fine = received_line.lots.is_empty();
        return if is_fine { Ok(()) } else { rejection(Refusal::NotTracked { sku: sku() }) };
    }
    if received_line.lots.is_empty() {
        return rejection(Refusal::LotsUnsaid { sku: sku(), tracking });
    }
    let mut is_fine = true;
    for (nth, lot) in received_line.lots.iter().enumerate() {
        let at = |name: Field| At::line(index).part(Field::Lots, nth).field(name);
        if lot.quantity.is_negative() || lot.damaged.is_negative() || (lot.quantity.is_zero() && lot.damaged.is_zero()) {
            draft.refuse(Refusal::LotOfNothing.at(at(Field::Quantity)))?;
            is_fine = false;
        } else if received_line.lots[..nth].iter().any(|other| other.lot.is_specified() && other.lot.word() == lot.lot.word()) {
            draft.refuse(Refusal::LotTwice.at(at(Field::Lot)))?;
            is_fine = false;
        }
    }
    let sum = |lot_quantity: fn(&ReceivedLot) -> Quantity| {
        received_line.lots.iter().map(|lot| i128::from(lot_quantity(lot).get())).sum::<i128>()
    };
    let (undamaged, damaged) = (sum(|lot| lot.quantity), sum(|lot| lot.damaged));
    // The sum of the lots is not checked if one of them is invalid.
    if !is_fine || (undamaged, damaged) == (i128::from(received_line.quantity.get()), i128::from(received_line.damaged.get())) {
        return Ok(());
    }
    rejection(Refusal::LotsSum {
        tracking,
        quantity: received_line.quantity,
        damaged: received_line.damaged,
        sums: (undamaged, damaged),
    })
}
