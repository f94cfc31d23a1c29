//! Lots and serial numbers that parcels name: only these leave.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    book::{WorkBook, WorkChange, WorkDecision},
    parcel::ParcelLot,
    refusal::Refusal,
    work::{Work, WorkLine},
};
use crate::stock::core::{At, Draft, Field, LevelKey, LotChoice, LotLevel, Noun, Rejection, RoomRefusal};

/// A lot that a line of a new parcel names.
#[derive(Debug, Clone)]
pub struct RequestedLot {
    /// Index of the parcel's line, from 0.
    pub row: usize,
    pub choice: LotChoice,
    /// ID of the lot found by the choice, which locates its levels; None if no lot was found.
    pub id: Option<LotId>,
    pub quantity: Quantity,
}

/// A parcel that is being packed.
pub(super) struct Packing<'a> {
    pub book: &'a WorkBook,
    pub work: &'a Work,
    /// Lots that earlier lines of the parcel name.
    pub before: &'a [ParcelLot],
}

impl Packing<'_> {
    /// Returns the quantity of a lot that is packed by its name in parcels that have not left the
    /// work's store.
    fn packed_units(&self, lot: LotId) -> i64 {
        let (id, store) = (self.work.head.id, self.work.head.store);
        let other_works = self.book.works.values().filter(|work| work.head.id != id && work.head.store == store);
        let parcels = other_works.chain(std::iter::once(self.work)).flat_map(|work| &work.parcels);
        let lots = parcels.filter(|parcel| parcel.sent.is_none()).flat_map(|parcel| &parcel.lots);
        let units: i64 =
            lots.chain(self.before).filter(|parcel_lot| parcel_lot.lot == lot).map(|parcel_lot| parcel_lot.units).sum();
        units + self.book.packed.get(&(store, lot)).copied().unwrap_or(0)
    }
}

/// Returns the lots that a line names: each is of the line's product, in the work's store, in no
/// other parcel, and named once. They sum to the line, or there are none. `at` is the line; of
/// rejected lots, all of the first failing stage are reported.
pub(super) fn check_named_lots(
    draft: &mut Draft<'_>,
    packing: &Packing<'_>,
    (line, quantity): (&WorkLine, i64),
    named_lots: &[&RequestedLot],
    at: At,
) -> Result<Vec<ParcelLot>, Rejection> {
    let mut lots: Vec<ParcelLot> = Vec::with_capacity(named_lots.len());
    for (index, named_lot) in named_lots.iter().enumerate() {
        let lot = check_named_lot(draft, packing, (line, &lots), named_lot, at.item(Field::Lots, index));
        lots.extend(draft.pass(lot)?);
    }
    let sum: i128 = lots.iter().map(|parcel_lot| i128::from(parcel_lot.units)).sum();
    // The sum is not compared if some lots were rejected.
    if !named_lots.is_empty() && lots.len() == named_lots.len() && sum != i128::from(quantity) {
        draft.refuse(Refusal::LotsSum { quantity, sum }.at(at.field(Field::Lots)))?;
    }
    Ok(lots)
}

/// Returns a lot that a line names, checked against those that it named before; `item` is its place
/// in the input.
fn check_named_lot(
    draft: &Draft<'_>,
    packing: &Packing<'_>,
    (line, earlier_lots): (&WorkLine, &[ParcelLot]),
    named_lot: &RequestedLot,
    item: At,
) -> Result<ParcelLot, Rejection> {
    let (key, at) = (LevelKey { product: line.product, store: packing.work.head.store }, item.field(Field::Lot));
    let specified_lot =
        draft.check_specified_lot(line.product, &named_lot.choice, at).map_err(|rejection| Rejection { at, ..rejection })?;
    let lot = specified_lot.ok_or_else(|| Rejection::not_found(Noun::Lot, at))?;
    if earlier_lots.iter().any(|parcel_lot| parcel_lot.lot == lot.id) {
        return Err(Refusal::LotTwice { code: lot.code.clone() }.at(at));
    }
    let lot_available = draft.lot_level(key, lot.id).map_or(0, LotLevel::available);
    let max_units = (lot_available - packing.packed_units(lot.id)).max(0);
    let units = named_lot.quantity.get();
    if units <= 0 || units > max_units {
        return Err(Refusal::LotUpTo { code: lot.code.clone(), most: max_units }.at(item.field(Field::Quantity)));
    }
    Ok(ParcelLot { nth: line.nth, lot: lot.id, units })
}

/// Returns the changes, by level, lot and order, of the quantities of named lots in parcels that
/// have not left.
pub fn named_lot_changes(book: &WorkBook, decision: &WorkDecision) -> BTreeMap<(LevelKey, LotId, OrderId), i64> {
    let mut changes: BTreeMap<(LevelKey, LotId, OrderId), i64> = BTreeMap::new();
    for WorkChange { work, .. } in &decision.works {
        let before = book.works.get(&(work.head.order, work.head.nth));
        for ((key, lot), units) in before.into_iter().flat_map(parcel_lot_units) {
            *changes.entry((key, lot, work.head.order)).or_default() -= units;
        }
        for ((key, lot), units) in parcel_lot_units(work) {
            *changes.entry((key, lot, work.head.order)).or_default() += units;
        }
    }
    changes.retain(|_, delta| *delta != 0);
    changes
}

/// Returns the named lots in parcels of a work that have not left, with their levels and
/// quantities.
fn parcel_lot_units(work: &Work) -> impl Iterator<Item = ((LevelKey, LotId), i64)> {
    let parcels = work.parcels.iter().filter(|parcel| parcel.sent.is_none());
    parcels.flat_map(|parcel| &parcel.lots).filter_map(move |parcel_lot| {
        let line = work.lines.iter().find(|line| line.nth == parcel_lot.nth)?;
        Some(((LevelKey { product: line.product, store: work.head.store }, parcel_lot.lot), parcel_lot.units))
    })
}

/// True if taking this quantity of a line out of its parcels would take only some of the units of
/// its named lots: it is unknown which lots they would be.
pub(super) fn splits_lots(work: &Work, nth: u16, quantity: i64) -> bool {
    let mut remaining = quantity;
    for parcel in work.parcels.iter().rev().filter(|parcel| parcel.sent.is_none()) {
        let is_named = parcel.lots.iter().any(|lot| lot.nth == nth && lot.units > 0);
        for line in parcel.lines.iter().filter(|line| line.nth == nth) {
            let units_out = remaining.min(line.quantity);
            if is_named && units_out > 0 && units_out < line.quantity {
                return true;
            }
            remaining -= units_out;
        }
    }
    false
}
