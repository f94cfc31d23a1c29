//! Picked goods are packed into parcels, and taken out of them again.

use entity::prelude::*;

use super::{
    book::WorkBook,
    carriers::Label,
    parcel::{Parcel, ParcelLine, ParcelLot},
    parcel_lots::{NamedLot, Packing, check_named_lots},
    refusal::Refusal,
    work::{Work, WorkLine},
};
use crate::stock::core::{At, Draft, Field, Noun, Rejection, RoomRefusal};

/// A parcel to pack.
#[derive(Debug, Clone)]
pub struct NewParcel {
    pub id: ParcelId,
    /// None for everything picked.
    pub lines: Option<Vec<(FulfilmentWorkLineId, Quantity)>>,
    pub lots: Vec<NamedLot>,
    pub weight: Option<i64>,
    pub label: Label,
}

/// Packs picked goods into new parcels. The book has the lots that other parcels name.
pub fn pack(draft: &mut Draft<'_>, book: &WorkBook, work: &mut Work, parcels: &[NewParcel]) -> Result<(), Rejection> {
    if parcels.is_empty() {
        return Err(Refusal::NoParcels.at(At::input(Field::Parcels)));
    }
    for (index, new) in parcels.iter().enumerate() {
        let at = At::row(Field::Parcels, index);
        let (lines, lots) = match &new.lines {
            None => (picked(work), Vec::new()),
            Some(named) => check_packed_lines(draft, (book, work), (named, &new.lots), at)?,
        };
        let is_named = new.lines.as_ref().is_some_and(|named| !named.is_empty());
        // Rejections of lines are reported already.
        if lines.is_empty() && !is_named {
            draft.refuse(Refusal::EmptyParcel.at(at.field(Field::Lines)))?;
        }
        if new.weight.is_some_and(|weight| weight <= 0) {
            draft.refuse(Refusal::NotPositive.at(at.field(Field::Weight)))?;
        }
        for line in &lines {
            if let Some(own) = work.line_mut(line.nth) {
                own.picked -= line.quantity;
                own.packed += line.quantity;
            }
        }
        let position = work.parcels.len() as u16 + 1;
        if position > entity::id::MAX_LINES {
            return Err(Refusal::TooManyParcels { most: entity::id::MAX_LINES }.at(at));
        }
        let (label, weight) = (new.label.clone(), new.weight);
        work.parcels.push(Parcel { id: new.id, position, weight, label, sent: None, created_at: draft.now(), lines, lots });
    }
    draft.end_pass()
}

fn picked(work: &Work) -> Vec<ParcelLine> {
    let all = work.lines.iter().filter(|line| line.picked > 0);
    all.map(|line| ParcelLine { nth: line.nth, quantity: line.picked }).collect()
}

/// Returns the named lines of a parcel, each once and at most its picked units, with the lots that
/// they name.
fn check_packed_lines(
    draft: &mut Draft<'_>,
    (book, work): (&WorkBook, &Work),
    (named, lots): (&[(FulfilmentWorkLineId, Quantity)], &[NamedLot]),
    at: At,
) -> Result<(Vec<ParcelLine>, Vec<ParcelLot>), Rejection> {
    let mut lines: Vec<ParcelLine> = Vec::with_capacity(named.len());
    let mut packed: Vec<ParcelLot> = Vec::with_capacity(lots.len());
    for (nth, (id, quantity)) in named.iter().enumerate() {
        let at = at.part(Field::Lines, nth);
        let Some(line) = draft.pass(find_line(work, *id, at))? else { continue };
        if lines.iter().any(|own| own.nth == line.nth) {
            draft.refuse(Refusal::LineTwice.at(at.field(Field::LineId)))?;
            continue;
        }
        if let Some(quantity) = draft.pass(within(*quantity, line.picked, at))? {
            lines.push(ParcelLine { nth: line.nth, quantity });
            let own: Vec<&NamedLot> = lots.iter().filter(|lot| lot.row == nth).collect();
            let packing = Packing { book, work, before: &packed };
            let found = check_named_lots(draft, &packing, (&line, quantity), &own, at)?;
            packed.extend(found);
        }
    }
    Ok((lines, packed))
}

/// Returns the work's line with an ID.
pub(super) fn find_line(work: &Work, id: FulfilmentWorkLineId, at: At) -> Result<WorkLine, Rejection> {
    let (of, nth) = id.split_line();
    let line = work.lines.iter().find(|line| of == work.head.id && line.nth == nth);
    line.copied().ok_or_else(|| Rejection::not_found(Noun::FulfilmentWorkLine, at.field(Field::LineId)))
}

/// Checks that a quantity is between 1 and the maximum.
pub(super) fn within(quantity: Quantity, most: i64, at: At) -> Result<i64, Rejection> {
    if !quantity.is_positive() || quantity.get() > most {
        return Err(Refusal::UpTo { most }.at(at.field(Field::Quantity)));
    }
    Ok(quantity.get())
}

/// Takes goods out of parcels that have not left, the last parcel first; returns the number of
/// units taken.
pub(super) fn unpack(work: &mut Work, nth: u16, quantity: i64) -> i64 {
    let mut left = quantity;
    for parcel in work.parcels.iter_mut().rev().filter(|parcel| parcel.sent.is_none()) {
        for line in parcel.lines.iter_mut().filter(|line| line.nth == nth) {
            let out = left.min(line.quantity);
            line.quantity -= out;
            left -= out;
            if line.quantity == 0 {
                parcel.lots.iter_mut().filter(|lot| lot.nth == nth).for_each(|lot| lot.units = 0);
            }
        }
    }
    quantity - left
}
