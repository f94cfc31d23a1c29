//! Lots and serial numbers that parcels name: they leave, and no others.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    book::{Touched, WorkBook, WorkDecision},
    parcel::ParcelLot,
    refusal::Refusal,
    work::{Work, WorkLine},
};
use crate::stock::core::{At, Draft, Field, LevelKey, LotChoice, LotLevel, Noun, Rejection, RoomRefusal};

/// A lot that a line of a new parcel names.
#[derive(Debug, Clone)]
pub struct NamedLot {
    /// Which of the parcel's lines, from 0.
    pub row: usize,
    pub choice: LotChoice,
    /// The lot that was found by that name, so that it is known where it lies; None where there was none.
    pub id: Option<LotId>,
    pub quantity: Quantity,
}

/// A parcel that is being packed.
pub(super) struct Packing<'a> {
    pub book: &'a WorkBook,
    pub work: &'a Work,
    /// What lines of the parcel have named before.
    pub before: &'a [ParcelLot],
}

impl Packing<'_> {
    /// How much of a lot is in parcels by its name that have not left the work's store.
    fn named(&self, lot: LotId) -> i64 {
        let (id, store) = (self.work.head.id, self.work.head.store);
        let others = self.book.works.values().filter(|work| work.head.id != id && work.head.store == store);
        let parcels = others.chain(std::iter::once(self.work)).flat_map(|work| &work.parcels);
        let lots = parcels.filter(|parcel| parcel.sent.is_none()).flat_map(|parcel| &parcel.lots);
        let units: i64 = lots.chain(self.before).filter(|own| own.lot == lot).map(|own| own.units).sum();
        units + self.book.packed.get(&(store, lot)).copied().unwrap_or(0)
    }
}

/// The lots that a line names: each of its product, in its store, in no other parcel, and once. They sum to the line; none may be named. `at` is the
/// line; of lots that are refused, all of one stage are told.
pub(super) fn lots_named(
    draft: &mut Draft<'_>,
    packing: &Packing<'_>,
    (line, quantity): (&WorkLine, i64),
    named: &[&NamedLot],
    at: At,
) -> Result<Vec<ParcelLot>, Rejection> {
    let mut lots: Vec<ParcelLot> = Vec::with_capacity(named.len());
    for (index, one) in named.iter().enumerate() {
        let lot = lot_named(draft, packing, (line, &lots), one, at.item(Field::Lots, index));
        lots.extend(draft.pass(lot)?);
    }
    let sum: i128 = lots.iter().map(|own| i128::from(own.units)).sum();
    // The sum of lots of which some were refused says nothing of the line.
    if !named.is_empty() && lots.len() == named.len() && sum != i128::from(quantity) {
        draft.refuse(Refusal::LotsSum { quantity, sum }.at(at.field(Field::Lots)))?;
    }
    Ok(lots)
}

/// A lot that a line names, behind those that it has named before; `item` is its place.
fn lot_named(
    draft: &Draft<'_>,
    packing: &Packing<'_>,
    (line, before): (&WorkLine, &[ParcelLot]),
    named: &NamedLot,
    item: At,
) -> Result<ParcelLot, Rejection> {
    let (key, at) = (LevelKey { product: line.product, store: packing.work.head.store }, item.field(Field::Lot));
    let said = draft.lot_said(line.product, &named.choice, at).map_err(|why| Rejection { at, ..why })?;
    let lot = said.ok_or_else(|| Rejection::not_found(Noun::Lot, at))?;
    if before.iter().any(|own| own.lot == lot.id) {
        return Err(Refusal::LotTwice { code: lot.code.clone() }.at(at));
    }
    let there = draft.lot_level(key, lot.id).map_or(0, LotLevel::available);
    let most = (there - packing.named(lot.id)).max(0);
    let units = named.quantity.get();
    if units <= 0 || units > most {
        return Err(Refusal::LotUpTo { code: lot.code.clone(), most }.at(item.field(Field::Quantity)));
    }
    Ok(ParcelLot { nth: line.nth, lot: lot.id, units })
}

/// How much more, or less, a decision leaves in parcels by the names of lots that have not left, by where the lots lie and by the parcels' order.
pub fn named_since(book: &WorkBook, decision: &WorkDecision) -> BTreeMap<(LevelKey, LotId, OrderId), i64> {
    let mut all: BTreeMap<(LevelKey, LotId, OrderId), i64> = BTreeMap::new();
    for Touched { work, .. } in &decision.works {
        let before = book.works.get(&(work.head.order, work.head.nth));
        for ((key, lot), units) in before.into_iter().flat_map(places) {
            *all.entry((key, lot, work.head.order)).or_default() -= units;
        }
        for ((key, lot), units) in places(work) {
            *all.entry((key, lot, work.head.order)).or_default() += units;
        }
    }
    all.retain(|_, delta| *delta != 0);
    all
}

/// What parcels of a work that have not left name of lots.
fn places(work: &Work) -> impl Iterator<Item = ((LevelKey, LotId), i64)> {
    let parcels = work.parcels.iter().filter(|parcel| parcel.sent.is_none());
    parcels.flat_map(|parcel| &parcel.lots).filter_map(move |of| {
        let line = work.lines.iter().find(|line| line.nth == of.nth)?;
        Some(((LevelKey { product: line.product, store: work.head.store }, of.lot), of.units))
    })
}

/// Whether so much of a line, taken out of parcels, would be a part of what lots are named of: nothing says which of them it is.
pub(super) fn splits_lots(work: &Work, nth: u16, quantity: i64) -> bool {
    let mut left = quantity;
    for parcel in work.parcels.iter().rev().filter(|parcel| parcel.sent.is_none()) {
        let is_named = parcel.lots.iter().any(|lot| lot.nth == nth && lot.units > 0);
        for line in parcel.lines.iter().filter(|line| line.nth == nth) {
            let out = left.min(line.quantity);
            if is_named && out > 0 && out < line.quantity {
                return true;
            }
            left -= out;
        }
    }
    false
}
