//! Picked goods are packed into parcels, and taken out of them again.

use entity::prelude::*;

use super::{
    book::WorkBook,
    carriers::Label,
    parcel::{Parcel, ParcelLine, ParcelLot},
    parcel_lots::{Packing, RequestedLot, check_named_lots},
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
    pub lots: Vec<RequestedLot>,
    pub weight: Option<i64>,
    pub label: Label,
}

/// Packs picked goods into new parcels. The book has the lots that other parcels name.
pub fn pack_parcels(draft: &mut Draft<'_>, book: &WorkBook, work: &mut Work, parcels: &[NewParcel]) -> Result<(), Rejection> {
    if parcels.is_empty() {
        return Err(Refusal::NoParcels.at(At::input(Field::Parcels)));
    }
    for (index, new) in parcels.iter().enumerate() {
        let at = At::row(Field::Parcels, index);
        let (lines, lots) = match &new.lines {
            None => (unpacked_lines(work), Vec::new()),
            Some(requested_lines) => check_packed_lines(draft, (book, work), (requested_lines, &new.lots), at)?,
        };
        let has_requested_lines = new.lines.as_ref().is_some_and(|requested_lines| !requested_lines.is_empty());
        // Rejections of lines are reported already.
        if lines.is_empty() && !has_requested_lines {
            draft.refuse(Refusal::EmptyParcel.at(at.field(Field::Lines)))?;
        }
        if new.weight.is_some_and(|weight| weight <= 0) {
            draft.refuse(Refusal::NotPositive.at(at.field(Field::Weight)))?;
        }
        for line in &lines {
            if let Some(work_line) = work.line_mut(line.nth) {
                work_line.picked -= line.quantity;
                work_line.packed += line.quantity;
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

fn unpacked_lines(work: &Work) -> Vec<ParcelLine> {
    let picked_lines = work.lines.iter().filter(|line| line.picked > 0);
    picked_lines.map(|line| ParcelLine { nth: line.nth, quantity: line.picked }).collect()
}

/// Returns the named lines of a parcel, each once and at most its picked units, with the lots that
/// they name.
fn check_packed_lines(
    draft: &mut Draft<'_>,
    (book, work): (&WorkBook, &Work),
    (requested_lines, lots): (&[(FulfilmentWorkLineId, Quantity)], &[RequestedLot]),
    at: At,
) -> Result<(Vec<ParcelLine>, Vec<ParcelLot>), Rejection> {
    let mut lines: Vec<ParcelLine> = Vec::with_capacity(requested_lines.len());
    let mut packed_lots: Vec<ParcelLot> = Vec::with_capacity(lots.len());
    for (nth, (id, quantity)) in requested_lines.iter().enumerate() {
        let at = at.part(Field::Lines, nth);
        let Some(line) = draft.pass(find_line(work, *id, at))? else { continue };
        if lines.iter().any(|line_lots| line_lots.nth == line.nth) {
            draft.refuse(Refusal::LineTwice.at(at.field(Field::LineId)))?;
            continue;
        }
        if let Some(quantity) = draft.pass(check_quantity(*quantity, line.picked, at))? {
            lines.push(ParcelLine { nth: line.nth, quantity });
            let line_lots: Vec<&RequestedLot> = lots.iter().filter(|lot| lot.row == nth).collect();
            let packing = Packing { book, work, before: &packed_lots };
            let checked_lots = check_named_lots(draft, &packing, (&line, quantity), &line_lots, at)?;
            packed_lots.extend(checked_lots);
        }
    }
    Ok((lines, packed_lots))
}

/// Returns the work's line with an ID.
pub(super) fn find_line(work: &Work, id: FulfilmentWorkLineId, at: At) -> Result<WorkLine, Rejection> {
    let (work_id, nth) = id.split_line();
    let line = work.lines.iter().find(|line| work_id == work.head.id && line.nth == nth);
    line.copied().ok_or_else(|| Rejection::not_found(Noun::FulfilmentWorkLine, at.field(Field::LineId)))
}

/// Checks that a quantity is between 1 and the maximum.
pub(super) fn check_quantity(quantity: Quantity, max_quantity: i64, at: At) -> Result<i64, Rejection> {
    if !quantity.is_positive() || quantity.get() > max_quantity {
        return Err(Refusal::UpTo { most: max_quantity }.at(at.field(Field::Quantity)));
    }
    Ok(quantity.get())
}

/// Takes goods out of parcels that have not left, the last parcel first; returns the number of
/// units taken.
pub(super) fn take_from_parcels(work: &mut Work, nth: u16, quantity: i64) -> i64 {
    let mut remaining = quantity;
    for parcel in work.parcels.iter_mut().rev().filter(|parcel| parcel.sent.is_none()) {
        for line in parcel.lines.iter_mut().filter(|line| line.nth == nth) {
            let units_out = remaining.min(line.quantity);
            line.quantity -= units_out;
            remaining -= units_out;
            if line.quantity == 0 {
                parcel.lots.iter_mut().filter(|lot| lot.nth == nth).for_each(|lot| lot.units = 0);
            }
        }
    }
    quantity - remaining
}
