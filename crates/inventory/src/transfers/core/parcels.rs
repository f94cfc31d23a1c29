//! Parcels of a step, with the lines that they name.

use entity::prelude::*;

use super::{
    refusal::Refusal,
    step::Parcel,
    transfer::{Line, Transfer},
};
use crate::stock::core::{At, Draft, Field, LotChoice, Noun, Rejection, RoomRefusal};

/// A parcel whose line was found.
pub(super) struct MatchedParcel<'a> {
    pub position: u16,
    pub quantity: i64,
    pub lots: &'a [(LotChoice, Quantity)],
    /// Index in the input; None if all goods are meant.
    pub index: Option<usize>,
    pub field: At,
}

/// Returns the requested quantities by line. `max_of` returns the largest quantity that is possible
/// for a line.
pub(super) fn match_parcels<'a>(
    draft: &mut Draft<'_>,
    transfer: &Transfer,
    requested_parcels: Option<&'a Vec<Parcel>>,
    max_of: impl Fn(&Line) -> i64,
) -> Result<Vec<MatchedParcel<'a>>, Rejection> {
    let Some(requested_parcels) = requested_parcels else {
        let whole_line = |line: &Line| MatchedParcel {
            position: line.position,
            quantity: max_of(line),
            lots: &[],
            index: None,
            field: At::input(Field::Id),
        };
        return Ok(transfer.nonzero_lines().filter(|line| max_of(line) > 0).map(whole_line).collect());
    };
    if requested_parcels.is_empty() {
        return Err(Refusal::NothingNamed.at(At::input(Field::Lines)));
    }
    let mut wanted_lines: Vec<MatchedParcel<'a>> = Vec::with_capacity(requested_parcels.len());
    for (index, parcel) in requested_parcels.iter().enumerate() {
        let line = resolve_line(transfer, &wanted_lines, (index, parcel), &max_of);
        wanted_lines.extend(draft.pass(line)?);
    }
    draft.end_pass()?;
    Ok(wanted_lines)
}

fn resolve_line<'a>(
    transfer: &Transfer,
    earlier_lines: &[MatchedParcel<'_>],
    (index, parcel): (usize, &'a Parcel),
    max_units: impl Fn(&Line) -> i64,
) -> Result<MatchedParcel<'a>, Rejection> {
    let (transfer_id, position) = parcel.line.split_line();
    let at = |name: Field| At::line(index).field(name);
    let line = transfer.nonzero_lines().find(|line| transfer_id == transfer.id && line.position == position);
    let Some(line) = line else { return Err(Rejection::not_found(Noun::TransferLine, at(Field::LineId))) };
    if earlier_lines.iter().any(|earlier_line| earlier_line.position == position) {
        return Err(Refusal::LineTwice.at(at(Field::LineId)));
    }
    let max_units = max_units(line);
    if !parcel.quantity.is_positive() || parcel.quantity.get() > max_units {
        return Err(Refusal::LineUpTo { most: max_units }.at(at(Field::Quantity)));
    }
    let (quantity, field) = (parcel.quantity.get(), at(Field::Quantity));
    Ok(MatchedParcel { position, quantity, lots: &parcel.lots, index: Some(index), field })
}
