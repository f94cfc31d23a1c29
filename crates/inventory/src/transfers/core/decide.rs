//! Decisions on the steps of a transfer.

use entity::prelude::*;

use super::{
    begin::apply_first_steps,
    change::update_transfer,
    holds::{loaded_holds, reserve_lines},
    moves::{receive_goods, ship_goods, write_off_rest},
    plan::{add_planned_line, check_products_exist, check_ref_is_free, duplicate_line},
    refusal::Refusal,
    states::{Action, may},
    step::{NewTransfer, PlannedQuantity, Step, Steps},
    transfer::{Line, StateBefore, Transfer, TransferBook, TransferDecision, TransferState, head, not_open},
};
use crate::ledger::DocumentNumber;
use crate::stock::core::{At, Delta, Draft, Field, LevelKey, MovementHead, Noun, Rejection, RoomRefusal};

/// Decides one step against the loaded state; the draft collects its effects on stock.
pub fn decide(book: &TransferBook, draft: &mut Draft<'_>, steps: &Steps) -> Result<TransferDecision, Rejection> {
    let (mut transfer, before) = match (&steps.step, steps.step.action()) {
        (Step::Create(new), _) => (create_transfer(book, draft, steps, new)?, None),
        (_, Some(action)) => {
            let transfer = find_transfer(book, steps, action)?;
            let before = StateBefore { status: transfer.status(), lines: transfer.lines.len() };
            (transfer, Some(before))
        }
        (_, None) => return Err(Rejection::not_found(Noun::Transfer, At::input(Field::Id))),
    };
    let mut created_state = None;
    let edited = matches!(steps.step, Step::Update(_)).then(|| Box::new(transfer.clone()));
    match &steps.step {
        Step::Create(new) => created_state = apply_first_steps(draft, &mut transfer, steps, &new.begin)?,
        Step::Update(change) => update_transfer(book, draft, &mut transfer, steps, change)?,
        Step::Ready { seen, reservations } => {
            if *seen != transfer.version {
                return Err(transfer.stale());
            }
            reserve_lines(draft, &mut transfer, steps, reservations, |_| At::input(Field::Id))?;
        }
        Step::Ship(shipment) => {
            has_levels(draft, &transfer)?;
            ship_goods(draft, &mut transfer, steps, shipment)?;
        }
        Step::Receive(arrival) => {
            has_levels(draft, &transfer)?;
            receive_goods(draft, &mut transfer, steps, arrival)?;
        }
        Step::Close(loss) => {
            has_levels(draft, &transfer)?;
            write_off_rest(draft, &mut transfer, steps, loss)?;
        }
        Step::Cancel { seen, note } => cancel_transfer(draft, &mut transfer, steps, *seen, note.as_ref())?,
    }
    if before.is_some() || created_state.is_some() {
        transfer.touch(draft.now());
    }
    Ok(TransferDecision { transfer, event: steps.step.event(), before, made: created_state, unsent: Vec::new(), edited })
}

/// Returns the transfer, if its state allows the action.
fn find_transfer(book: &TransferBook, steps: &Steps, action: Action) -> Result<Transfer, Rejection> {
    let stored_transfer = book.transfers.get(&steps.transfer);
    let transfer = stored_transfer.ok_or_else(|| Rejection::not_found(Noun::Transfer, At::input(Field::Id)))?;
    transfer.expect(steps.expected_version)?;
    if may(transfer.status(), action) { Ok(transfer.clone()) } else { Err(not_open(transfer)) }
}

/// Checks that the levels of every line are loaded. A line that was added after the step's levels
/// were read makes the step stale.
fn has_levels(draft: &Draft<'_>, transfer: &Transfer) -> Result<(), Rejection> {
    let is_loaded = |line: &Line| {
        let keys = [transfer.from, transfer.to].map(|store| LevelKey { product: line.product, store });
        keys.into_iter().all(|key| draft.level(key, At::NOWHERE).is_ok())
    };
    if transfer.nonzero_lines().all(is_loaded) { Ok(()) } else { Err(transfer.stale()) }
}

fn create_transfer(book: &TransferBook, draft: &mut Draft<'_>, steps: &Steps, new: &NewTransfer) -> Result<Transfer, Rejection> {
    check_products_exist(draft, (new.from, new.to), &new.lines)?;
    if new.from == new.to {
        draft.refuse(Refusal::SameStore.at(At::input(Field::ToStore)))?;
    }
    if new.lines.is_empty() {
        draft.refuse(Refusal::NoLines.at(At::input(Field::Lines)))?;
    }
    draft.pass(check_ref_is_free(book, new.external_ref.as_ref()))?;
    let now = draft.now();
    let mut transfer = Transfer {
        id: steps.transfer,
        number: DocumentNumber::Pending,
        state: TransferState::Draft,
        from: new.from,
        to: new.to,
        external_ref: new.external_ref.clone(),
        note: new.note.clone(),
        expected_at: new.expected_at,
        metadata: new.metadata.clone(),
        actor: steps.actor,
        version: 1,
        created_at: now,
        updated_at: now,
        lines: Vec::with_capacity(new.lines.len()),
    };
    for (index, planned) in new.lines.iter().enumerate() {
        let line = create_line(draft, &mut transfer, (index, *planned));
        draft.pass(line)?;
    }
    draft.end_pass()?;
    Ok(transfer)
}

fn create_line(draft: &Draft<'_>, transfer: &mut Transfer, (index, planned): (usize, PlannedQuantity)) -> Result<(), Rejection> {
    if !planned.quantity.is_positive() {
        return Err(Refusal::NotPositive.at(At::line(index).field(Field::Quantity)));
    }
    if transfer.lines.iter().any(|line| line.product == planned.product) {
        return Err(duplicate_line(index));
    }
    add_planned_line(draft, transfer, (index, planned), [Field::FromStore, Field::ToStore].map(At::input))
}

fn cancel_transfer(
    draft: &mut Draft<'_>,
    transfer: &mut Transfer,
    steps: &Steps,
    seen_version: i64,
    note: Option<&String>,
) -> Result<(), Rejection> {
    if seen_version != transfer.version {
        return Err(transfer.stale());
    }
    let field = At::input(Field::Id);
    let now = draft.now();
    let release_head = head(steps.movements[0], MovementKind::Release, transfer, (steps.actor, now));
    let mut has_begun = false;
    for mut reservation in loaded_holds(draft, transfer) {
        if !has_begun {
            draft.begin(MovementHead { note: note.cloned(), ..release_head.clone() }, reservation.key, field)?;
            has_begun = true;
        }
        let held_units = reservation.remaining.get();
        draft.post(reservation.key, Delta { reserved: -held_units, ..Delta::default() }, None, None, field)?;
        reservation.give_back(held_units, ReservationStatus::Released, now);
        draft.put_reservation(reservation);
    }
    if note.is_some() {
        transfer.note = note.cloned();
    }
    transfer.state = TransferState::Cancelled;
    Ok(())
}
