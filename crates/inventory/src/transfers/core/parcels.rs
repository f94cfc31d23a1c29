//! Parcels of a step, with the lines that they name.

use entity::prelude::*;

use super::{
    refusal::Refusal,
    step::Parcel,
    transfer::{Line, Transfer},
};
use crate::stock::core::{At, Draft, Field, LotChoice, Noun, Rejection, RoomRefusal};

/// A parcel whose line was found.
pub(super) struct Wanted<'a> {
    pub position: u16,
    pub quantity: i64,
    pub lots: &'a [(LotChoice, Quantity)],
    /// Index in the input; None if all goods are meant.
    pub index: Option<usize>,
    pub field: At,
}

/// Returns the requested quantities by line. `most` returns the largest quantity that is possible
/// for a line.
pub(super) fn wanted<'a>(
    draft: &mut Draft<'_>,
    transfer: &Transfer,
    named: Option<&'a Vec<Parcel>>,
    most: impl Fn(&Line) -> i64,
) -> Result<Vec<Wanted<'a>>, Rejection> {
    let Some(named) = named else {
        let whole = |line: &Line| Wanted {
            position: line.position,
            quantity: most(line),
            lots: &[],
            index: None,
            field: At::input(Field::Id),
        };
        return Ok(transfer.nonzero_lines().filter(|line| most(line) > 0).map(whole).collect());
    };
    if named.is_empty() {
        return Err(Refusal::NothingNamed.at(At::input(Field::Lines)));
    }
    let mut found: Vec<Wanted<'a>> = Vec::with_capacity(named.len());
    for (index, one) in named.iter().enumerate() {
        let line = resolve_line(transfer, &found, (index, one), &most);
        found.extend(draft.pass(line)?);
    }
    draft.end_pass()?;
    Ok(found)
}

fn resolve_line<'a>(
    transfer: &Transfer,
    before: &[Wanted<'_>],
    (index, one): (usize, &'a Parcel),
    most: impl Fn(&Line) -> i64,
) -> Result<Wanted<'a>, Rejection> {
    let (of, position) = one.line.split_line();
    let at = |name: Field| At::line(index).field(name);
    let line = transfer.nonzero_lines().find(|line| of == transfer.id && line.position == position);
    let Some(line) = line else { return Err(Rejection::not_found(Noun::TransferLine, at(Field::LineId))) };
    if before.iter().any(|wanted| wanted.position == position) {
        return Err(Refusal::LineTwice.at(at(Field::LineId)));
    }
    let most = most(line);
    if !one.quantity.is_positive() || one.quantity.get() > most {
        return Err(Refusal::LineUpTo { most }.at(at(Field::Quantity)));
    }
    let (quantity, field) = (one.quantity.get(), at(Field::Quantity));
    Ok(Wanted { position, quantity, lots: &one.lots, index: Some(index), field })
}
