//! Changing a transfer: a draft freely, a READY one by the difference of each line, a sent one only
//! in its texts.

use std::collections::HashMap;

use entity::prelude::*;

use super::{
    holds::{check_in_stock, loaded_holds, new_hold},
    plan::{add_planned_line, check_products_exist, check_ref_is_free, duplicate_line},
    refusal::Refusal,
    step::{Change, PlannedQuantity, Steps},
    transfer::{Transfer, TransferBook, TransferState, head, units},
};
use crate::stock::core::{At, Delta, Draft, Field, LevelKey, Noun, Rejection, Reservation, RoomRefusal};

/// The most lines of a transfer: each is two entries of the movement that ships it.
const MAX_TRANSFER_LINES: usize = entity::id::MAX_LINES as usize / 2;

pub(super) fn update_transfer(
    book: &TransferBook,
    draft: &mut Draft<'_>,
    transfer: &mut Transfer,
    steps: &Steps,
    change: &Change,
) -> Result<(), Rejection> {
    if transfer.state.shipped_at().is_some() {
        check_only_text_changes(draft, transfer, change)?;
    }
    if change.external_ref.is_some() && change.external_ref != transfer.external_ref {
        draft.pass(check_ref_is_free(book, change.external_ref.as_ref()))?;
        transfer.external_ref.clone_from(&change.external_ref);
    }
    if change.note.is_some() {
        transfer.note.clone_from(&change.note);
    }
    if change.metadata.is_some() {
        transfer.metadata.clone_from(&change.metadata);
    }
    transfer.expected_at = change.expected_at.or(transfer.expected_at);
    if change.lines.is_empty() { Ok(()) } else { set_lines(draft, transfer, steps, change) }
}

/// Refuses other changes than of the expected day and the note once goods have left.
fn check_only_text_changes(draft: &mut Draft<'_>, transfer: &Transfer, change: &Change) -> Result<(), Rejection> {
    let changed_fields = [
        (Field::ExternalRef, change.external_ref.is_some() && change.external_ref != transfer.external_ref),
        (Field::Metadata, change.metadata.is_some() && change.metadata != transfer.metadata),
        (Field::Lines, !change.lines.is_empty()),
    ];
    for (field, _) in changed_fields.into_iter().filter(|(_, is_changed)| *is_changed) {
        draft.refuse(Refusal::HasLeft(transfer.status()).at(At::input(field)))?;
    }
    draft.end_pass()
}

/// Sets the products' new quantities. For a READY transfer, reductions are released first, and then
/// increases are reserved, all or nothing.
fn set_lines(draft: &mut Draft<'_>, transfer: &mut Transfer, steps: &Steps, change: &Change) -> Result<(), Rejection> {
    let is_held = transfer.state == TransferState::Ready;
    if is_held && !change.may_hold {
        return Err(Refusal::SendersOnly.at(At::input(Field::Lines)));
    }
    let before: HashMap<ProductId, i64> = transfer.lines.iter().map(|line| (line.product, line.quantity.get())).collect();
    check_products_exist(draft, (transfer.from, transfer.to), &change.lines)?;
    for index in 0..change.lines.len() {
        let line = set_line(draft, transfer, (index, change.lines.as_slice()));
        draft.pass(line)?;
    }
    draft.end_pass()?;
    if transfer.lines.len() > MAX_TRANSFER_LINES {
        return Err(Refusal::TooManyLines { most: MAX_TRANSFER_LINES }.at(At::input(Field::Lines)));
    }
    if transfer.nonzero_lines().next().is_none() {
        return Err(Refusal::Emptied.at(At::input(Field::Lines)));
    }
    if is_held {
        release_excess_holds(draft, transfer, steps, &change.lines)?;
        reserve_increases(draft, transfer, steps, change, &before)?;
        draft.end_pass()?;
    }
    Ok(())
}

fn set_line(draft: &Draft<'_>, transfer: &mut Transfer, (index, lines): (usize, &[PlannedQuantity])) -> Result<(), Rejection> {
    let planned = lines[index];
    if planned.quantity.is_negative() {
        return Err(Refusal::NegativeQuantity.at(At::line(index).field(Field::Quantity)));
    }
    if lines[..index].iter().any(|earlier| earlier.product == planned.product) {
        return Err(duplicate_line(index));
    }
    let is_new = transfer.lines.iter().all(|line| line.product != planned.product);
    if is_new && planned.quantity.is_zero() {
        return Err(Rejection::not_found(Noun::LineOfThisProduct, At::line(index).field(Field::Product)));
    }
    add_planned_line(draft, transfer, (index, planned), [At::input(Field::Id); 2])
}

/// Returns the transfer's holds by product.
fn holds_by_product(draft: &Draft<'_>, transfer: &Transfer) -> HashMap<ProductId, Vec<Reservation>> {
    let mut holds: HashMap<ProductId, Vec<Reservation>> = HashMap::new();
    for reservation in loaded_holds(draft, transfer) {
        holds.entry(reservation.key.product).or_default().push(reservation);
    }
    holds
}

/// Releases the reservations of these products beyond their new quantities. If a line's reservation
/// is smaller than its quantity, less or nothing is released.
fn release_excess_holds(
    draft: &mut Draft<'_>,
    transfer: &Transfer,
    steps: &Steps,
    lines: &[PlannedQuantity],
) -> Result<(), Rejection> {
    let now = draft.now();
    let mut pending_head = Some(head(steps.movements[0], MovementKind::Release, transfer, (steps.actor, now)));
    let mut holds = holds_by_product(draft, transfer);
    for (index, planned) in lines.iter().enumerate() {
        let field = At::line(index).field(Field::Quantity);
        let product_holds = holds.remove(&planned.product).unwrap_or_default();
        let excess = product_holds.iter().map(|reservation| reservation.remaining.get()).sum::<i64>() - planned.quantity.get();
        draft.release_excess(product_holds, excess, &mut pending_head, (now, field))?;
    }
    Ok(())
}

/// Reserves the increases of lines. A line has one reservation: the earlier one ends, and a new one
/// holds the whole quantity.
fn reserve_increases(
    draft: &mut Draft<'_>,
    transfer: &Transfer,
    steps: &Steps,
    change: &Change,
    before: &HashMap<ProductId, i64>,
) -> Result<(), Rejection> {
    let now = draft.now();
    let reserve_head = head(steps.movements[1], MovementKind::Reserve, transfer, (steps.actor, now));
    let mut has_begun = false;
    let mut holds = holds_by_product(draft, transfer);
    for (index, (planned, id)) in change.lines.iter().zip(&change.reservations).enumerate() {
        let additional_units = planned.quantity.get() - before.get(&planned.product).copied().unwrap_or(0);
        if additional_units <= 0 {
            continue;
        }
        let field = At::line(index).field(Field::Quantity);
        let key = LevelKey { product: planned.product, store: transfer.from };
        let stock_check = check_in_stock(draft, (key, transfer.to), additional_units, field);
        if draft.pass(stock_check)?.is_none() {
            continue;
        }
        if !has_begun {
            draft.begin(reserve_head.clone(), key, field)?;
            has_begun = true;
        }
        draft.post(key, Delta { reserved: additional_units, ..Delta::default() }, None, None, field)?;
        let mut merged = new_hold(*id, key, units(additional_units), &reserve_head);
        for mut earlier in holds.remove(&planned.product).unwrap_or_default() {
            let earlier_units = earlier.remaining.get();
            merged.quantity = units(merged.quantity.get() + earlier_units);
            merged.created_at = merged.created_at.min(earlier.created_at);
            earlier.give_back(earlier_units, ReservationStatus::Released, now);
            draft.put_reservation(earlier);
        }
        merged.remaining = merged.quantity;
        draft.put_reservation(merged);
    }
    Ok(())
}
