//! Choice of the entries that a reversal undoes, and the quantity of each.

use std::cmp::Reverse;

use entity::prelude::*;
use uuid::Uuid;

use super::{
    refusal::Refusal,
    reversal::{Part, ReversalBook},
};
use crate::stock::core::{At, Draft, Entry, Field, Noun, Rejection, RoomRefusal};

/// An entry that was posted for a line of a document.
#[derive(Debug, Clone)]
pub struct Original {
    pub line: Uuid,
    pub movement: MovementId,
    pub entry: Entry,
}

/// Requested reversal of a line.
#[derive(Debug, Clone)]
pub struct RequestedLine {
    pub line: Uuid,
    /// None for all that can still be reversed.
    pub quantity: Option<Quantity>,
    /// Only units of this lot.
    pub lot: Option<LotId>,
}

/// Returns the number of units that an entry moved.
fn moved_units(entry: &Entry) -> i64 {
    let delta = if entry.on_hand_delta == 0 { entry.in_transit_delta } else { entry.on_hand_delta };
    delta.abs()
}

/// Chooses the entries to reverse and their quantities, in the order in which they were posted. A
/// line that is reversed in part gives sound goods before those that were set aside, and its last
/// lot before its first.
pub fn select_entries(
    draft: &mut Draft<'_>,
    originals: &[Original],
    book: &ReversalBook,
    requested_lines: Option<&[RequestedLine]>,
) -> Result<Vec<Part>, Rejection> {
    let reversed_units = |original: &Original| book.reversed.get(&(original.movement, original.entry.line)).copied().unwrap_or(0);
    let mut units_left: Vec<i64> =
        originals.iter().map(|original| moved_units(&original.entry) - reversed_units(original)).collect();
    if units_left.iter().all(|units_left| *units_left <= 0) {
        return Err(Refusal::AlreadyReversed.at(At::input(Field::Document)));
    }
    let part = |part_index: usize, quantity: i64, field: At| {
        let Original { line, movement, entry } = originals[part_index].clone();
        Part { line, movement, entry, quantity, field }
    };
    let Some(requested_lines) = requested_lines else {
        let whole_parts = units_left.iter().enumerate().filter(|(_, units_left)| **units_left > 0);
        return Ok(whole_parts
            .map(|(part_index, units_left)| part(part_index, *units_left, At::input(Field::Document)))
            .collect());
    };
    if requested_lines.is_empty() {
        return Err(Refusal::NoLines.at(At::input(Field::Lines)));
    }
    let mut chosen_parts: Vec<(usize, i64, At)> = Vec::new();
    for (index, requested_line) in requested_lines.iter().enumerate() {
        let matching_parts =
            select_line_entries(originals, &units_left, (requested_line, &requested_lines[..index]), At::line(index));
        let Some((mut indices, mut remaining_quantity)) = draft.pass(matching_parts)? else { continue };
        indices.sort_by_key(|part_index| (originals[*part_index].entry.unavailable_delta != 0, Reverse(*part_index)));
        for part_index in indices {
            let quantity_taken = remaining_quantity.min(units_left[part_index].max(0));
            if quantity_taken > 0 {
                chosen_parts.push((part_index, quantity_taken, At::line(index).field(Field::Quantity)));
                units_left[part_index] -= quantity_taken;
                remaining_quantity -= quantity_taken;
            }
        }
    }
    draft.end_pass()?;
    chosen_parts.sort_by_key(|(part_index, ..)| *part_index);
    Ok(chosen_parts.into_iter().map(|(part_index, quantity, field)| part(part_index, quantity, field)).collect())
}

/// Returns the entries of a line that was not named before, and the quantity to reverse of them.
fn select_line_entries(
    originals: &[Original],
    units_left: &[i64],
    (requested_line, earlier_lines): (&RequestedLine, &[RequestedLine]),
    line: At,
) -> Result<(Vec<usize>, i64), Rejection> {
    if earlier_lines.iter().any(|other| other.line == requested_line.line && other.lot == requested_line.lot) {
        return Err(Refusal::LineTwice.at(line.field(Field::LineId)));
    }
    let is_of_line = |index: &usize| {
        originals[*index].line == requested_line.line
            && (requested_line.lot.is_none() || originals[*index].entry.lot == requested_line.lot)
    };
    let indices: Vec<usize> = (0..originals.len()).filter(is_of_line).collect();
    if indices.is_empty() {
        return Err(Rejection::not_found(Noun::Line, line.field(Field::LineId)));
    }
    let max_quantity: i64 = indices.iter().map(|index| units_left[*index].max(0)).sum();
    let requested_quantity = requested_line.quantity.map_or(max_quantity, Quantity::get);
    if requested_quantity <= 0 || requested_quantity > max_quantity {
        return Err(Refusal::LineUpTo { most: max_quantity }.at(line.field(Field::Quantity)));
    }
    Ok((indices, requested_quantity))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stock::core::{Book, LevelKey};

    fn entry(line: u16, on_hand: i64, unavailable: i64) -> Entry {
        Entry {
            line,
            key: LevelKey { product: ProductId::NIL, store: StoreId::NIL },
            lot: None,
            condition: None,
            on_hand_delta: on_hand,
            reserved_delta: 0,
            unavailable_delta: unavailable,
            incoming_delta: 0,
            in_transit_delta: 0,
            on_hand_after: Quantity::ZERO,
            reserved_after: Quantity::ZERO,
            unavailable_after: Quantity::ZERO,
            version_after: 1,
            occurred_max: Timestamp(0),
            unit_cost: None,
            value: None,
            note: None,
        }
    }

    fn line(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn originals() -> Vec<Original> {
        let of = |of: u128, entry: Entry| Original { line: line(of), movement: MovementId::NIL, entry };
        vec![of(1, entry(1, 7, 0)), of(1, entry(2, 3, 3)), of(2, entry(3, 5, 0))]
    }

    fn quantities(parts: &[Part]) -> Vec<(u16, i64)> {
        parts.iter().map(|part| (part.entry.line, part.quantity)).collect()
    }

    fn wanted(of: u128, quantity: i64) -> RequestedLine {
        RequestedLine { line: line(of), quantity: Quantity::new(quantity), lot: None }
    }

    fn stock() -> Book {
        Book::new(Timestamp(0), |_, _| 0)
    }

    fn chosen(book: &ReversalBook, wanted: Option<&[RequestedLine]>) -> Result<Vec<Part>, Rejection> {
        select_entries(&mut Draft::new(&stock()), &originals(), book, wanted)
    }

    #[test]
    fn all_that_is_left_goes_back_where_no_line_is_named() {
        let mut book = ReversalBook::default();
        assert_eq!(quantities(&chosen(&book, None).unwrap()), [(1, 7), (2, 3), (3, 5)]);
        book.reversed.insert((MovementId::NIL, 1), 4);
        book.reversed.insert((MovementId::NIL, 3), 5);
        assert_eq!(quantities(&chosen(&book, None).unwrap()), [(1, 3), (2, 3)]);
        book.reversed.extend([((MovementId::NIL, 1), 7), ((MovementId::NIL, 2), 3)]);
        let refused = chosen(&book, None).unwrap_err();
        assert_eq!(refused, Refusal::AlreadyReversed.at(At::input(Field::Document)));
    }

    #[test]
    fn sound_goods_go_back_before_damaged_ones() {
        let book = ReversalBook::default();
        let of = |quantity| chosen(&book, Some(&[wanted(1, quantity)])).map(|parts| quantities(&parts));
        assert_eq!((of(6), of(8)), (Ok(vec![(1, 6)]), Ok(vec![(1, 7), (2, 1)])));
        assert_eq!(of(11), Err(Refusal::LineUpTo { most: 10 }.at(At::line(0).field(Field::Quantity))));
        let twice = chosen(&book, Some(&[wanted(1, 1), wanted(1, 1)])).unwrap_err();
        assert_eq!(twice, Refusal::LineTwice.at(At::line(1).field(Field::LineId)));
    }

    #[test]
    fn every_line_that_cannot_go_back_is_told() {
        let (stock, book) = (stock(), ReversalBook::default());
        let told = |lines: &[RequestedLine]| {
            let mut draft = Draft::collecting_refusals(&stock);
            let end = select_entries(&mut draft, &originals(), &book, Some(lines)).err();
            draft.into_rejections(end)
        };
        let too_much = |line: usize, most: i64| Refusal::LineUpTo { most }.at(At::line(line).field(Field::Quantity));
        assert_eq!(told(&[wanted(1, 11), wanted(2, 6)]), [too_much(0, 10), too_much(1, 5)]);
        let unknown = |line: usize| Rejection::not_found(Noun::Line, At::line(line).field(Field::LineId));
        assert_eq!(told(&[wanted(8, 1), wanted(1, 11), wanted(9, 1)]), [unknown(0), unknown(2)]);
        assert!(told(&[wanted(1, 10), wanted(2, 5)]).is_empty());
    }
}
