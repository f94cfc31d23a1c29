//! Shipping, receiving and losing goods.

use entity::prelude::*;

use super::{
    holds::loaded_holds,
    lots::{LotPart, check_parcel_lots, lots_field, select_arriving_lots, select_leaving_lots},
    parcels::{MatchedParcel, match_parcels},
    refusal::Refusal,
    step::{Arrival, Shipment, Steps},
    transfer::{Line, Loss, SentLot, Transfer, TransferEnd, TransferState, head, not_open, units},
};
use crate::stock::core::{
    At, Delta, Draft, Field, LevelKey, LotChoice, LotRefusal, MovementHead, Posting, Reason, Refusal as StockRefusal, Rejection,
    RoomRefusal, Shortage, ensure_available,
};

/// Takes the goods from the sender's stock and adds them to the receiver's in transit.
pub(super) fn ship_goods(
    draft: &mut Draft<'_>,
    transfer: &mut Transfer,
    steps: &Steps,
    shipment: &Shipment,
) -> Result<(), Rejection> {
    let wanted_lines = match_parcels(draft, transfer, shipment.lines.as_ref(), |line| line.quantity.get())?;
    let occurred_at = shipment.occurred_at.unwrap_or(draft.now());
    let from = transfer.from;
    let shipment_head = head(steps.movements[1], MovementKind::TransferOut, transfer, (steps.actor, occurred_at));
    let shipment_head = MovementHead { note: shipment.note.clone(), ..shipment_head };
    let consumed = consume_reservations(draft, transfer, steps, &wanted_lines)?;
    let line_product = |position: u16| transfer.lines.iter().find(|line| line.position == position).map(|line| line.product);
    let mut stock_steps = Vec::with_capacity(wanted_lines.len());
    for (wanted_line, held_units) in wanted_lines.iter().zip(&consumed) {
        let Some(line_product) = line_product(wanted_line.position) else { continue };
        let key = LevelKey { product: line_product, store: from };
        if draft.collects_refusals() {
            check_parcel_lots(draft, key, wanted_line)?;
        }
        let (available_delta, on_hand_delta) = (held_units - wanted_line.quantity, -wanted_line.quantity);
        let lots = match wanted_line.lots {
            [] => vec![(LotChoice::Unsaid, -wanted_line.quantity)],
            named => named.iter().map(|(lot, quantity)| (lot.clone(), -quantity.get())).collect(),
        };
        stock_steps.push(crate::stock::core::Step { key, available_delta, on_hand_delta, lots, field: wanted_line.field });
    }
    ensure_available(draft, &stock_steps, Shortage::Refuse, &shipment_head, steps.movements[0].into())?;
    let Some(first) = stock_steps.first() else {
        return Err(Refusal::NothingLeaves.at(At::input(Field::Lines)));
    };
    draft.begin(shipment_head, first.key, At::input(Field::Id))?;
    for ((step, wanted_line), held_units) in stock_steps.iter().zip(&wanted_lines).zip(&consumed) {
        // A shortage of a line is reported once. It affects no other line: a product has one.
        if wanted_line.index.is_some() && draft.has_refused(wanted_line.field) {
            continue;
        }
        let cost = draft.level(step.key, wanted_line.field)?.facts.cost;
        let lots = select_leaving_lots(draft, step.key, (wanted_line, *held_units));
        let Some(lots) = draft.pass(lots)?.flatten() else { continue };
        let shipped_delta = Delta { on_hand: -wanted_line.quantity, reserved: -held_units, ..Delta::default() };
        let shipment_result = post_shipment(draft, (step.key, &lots), shipped_delta, cost, wanted_line.field);
        draft.pass(shipment_result)?;
        let target_key = LevelKey { store: transfer.to, ..step.key };
        let arrival_result =
            draft.post(target_key, Delta { in_transit: wanted_line.quantity, ..Delta::default() }, None, None, wanted_line.field);
        draft.pass(arrival_result)?;
        if let Some(line) = transfer.lines.iter_mut().find(|line| line.position == wanted_line.position) {
            (line.shipped, line.unit_cost) = (units(wanted_line.quantity), cost);
            line.lots = lots.into_iter().map(|(lot, shipped)| SentLot { lot, shipped, received: 0, lost: 0 }).collect();
        }
    }
    transfer.state = TransferState::InTransit { shipped_at: occurred_at };
    Ok(())
}

/// Takes the sender's stock, of each lot its part; reservations are used for the first ones.
fn post_shipment(
    draft: &mut Draft<'_>,
    (key, lots): (LevelKey, &[LotPart]),
    total_delta: Delta,
    cost: Option<Money>,
    field: At,
) -> Result<(), Rejection> {
    if lots.is_empty() {
        return draft.post(key, total_delta, cost, None, field);
    }
    let mut remaining_reserved = total_delta.reserved;
    for (lot, amount) in lots {
        let reserved = remaining_reserved.max(-amount);
        remaining_reserved -= reserved;
        let delta = Delta { on_hand: -amount, reserved, ..Delta::default() };
        draft.post_to(key, Posting { delta, cost, lot: LotChoice::Id(*lot), ..Posting::default() }, field)?;
    }
    Ok(())
}

/// Ends the transfer's reservations: returns the reserved quantity of each parcel, and releases the
/// rest that does not leave, in a movement of its own.
fn consume_reservations(
    draft: &mut Draft<'_>,
    transfer: &Transfer,
    steps: &Steps,
    wanted_lines: &[MatchedParcel<'_>],
) -> Result<Vec<i64>, Rejection> {
    let now = draft.now();
    let mut consumed = vec![0; wanted_lines.len()];
    let mut has_begun = false;
    for mut reservation in loaded_holds(draft, transfer) {
        let held_units = reservation.remaining.get();
        let is_of_product = |line: &Line| line.product == reservation.key.product;
        let position = transfer.lines.iter().find(|line| is_of_product(line)).map(|line| line.position);
        let index = wanted_lines.iter().position(|wanted_lines| Some(wanted_lines.position) == position);
        let consumed_units = index.map_or(0, |index| held_units.min(wanted_lines[index].quantity - consumed[index]));
        if let Some(index) = index {
            consumed[index] += consumed_units;
        }
        if held_units > consumed_units {
            let field = At::input(Field::Id);
            if !has_begun {
                let release_head = head(steps.movements[0], MovementKind::Release, transfer, (steps.actor, now));
                draft.begin(release_head, reservation.key, field)?;
                has_begun = true;
            }
            draft.post(
                reservation.key,
                Delta { reserved: consumed_units - held_units, ..Delta::default() },
                None,
                None,
                field,
            )?;
        }
        reservation.give_back(held_units, ReservationStatus::Consumed, now);
        draft.put_reservation(reservation);
    }
    Ok(consumed)
}

/// Adds the received goods to on hand, at the cost of their shipment.
pub(super) fn receive_goods(
    draft: &mut Draft<'_>,
    transfer: &mut Transfer,
    steps: &Steps,
    arrival: &Arrival,
) -> Result<(), Rejection> {
    let Some((shipped_at, last_at)) = transfer.state.under_way() else { return Err(not_open(transfer)) };
    let wanted_lines = match_parcels(draft, transfer, arrival.lines.as_ref(), Line::under_way)?;
    let occurred_at = arrival.occurred_at.unwrap_or(draft.now());
    if occurred_at < shipped_at {
        return Err(Refusal::ArrivesBeforeItLeft.at(At::input(Field::OccurredAt)));
    }
    let arrival_head = head(steps.movements[0], MovementKind::TransferIn, transfer, (steps.actor, occurred_at));
    let mut pending_head = Some(MovementHead { note: arrival.note.clone(), ..arrival_head });
    for wanted_line in wanted_lines {
        let Some(index) = transfer.lines.iter().position(|line| line.position == wanted_line.position) else { continue };
        let key = LevelKey { product: transfer.lines[index].product, store: transfer.to };
        if let Some(head) = pending_head.take() {
            draft.begin(head, key, wanted_line.field)?;
        }
        let receive_result = receive_line_stock(draft, transfer, (index, key), &wanted_line);
        draft.pass(receive_result)?;
    }
    draft.end_pass()?;
    let received_at = last_at.map_or(occurred_at, |at| at.max(occurred_at));
    let is_done = transfer.lines.iter().all(|line| line.under_way() == 0);
    transfer.state = if is_done {
        TransferState::Received { shipped_at, end: TransferEnd::Arrived(received_at) }
    } else {
        TransferState::PartiallyReceived { shipped_at, received_at }
    };
    Ok(())
}

/// Adds a line's goods to on hand, of each lot its part.
fn receive_line_stock(
    draft: &mut Draft<'_>,
    transfer: &mut Transfer,
    (index, key): (usize, LevelKey),
    wanted_line: &MatchedParcel<'_>,
) -> Result<(), Rejection> {
    let (line, cost) = (&transfer.lines[index], transfer.lines[index].unit_cost);
    let Some(parts) = select_arriving_lots(draft, transfer, line, wanted_line)? else { return Ok(()) };
    let arrival_delta = |quantity: i64| Delta { on_hand: quantity, in_transit: -quantity, ..Delta::default() };
    if parts.is_empty() {
        draft.post(key, arrival_delta(wanted_line.quantity), cost, None, wanted_line.field)?;
    }
    let line = &mut transfer.lines[index];
    for (lot, amount) in parts {
        let posting = Posting { delta: arrival_delta(amount), cost, lot: LotChoice::Id(lot), ..Posting::default() };
        let post_result = draft.post_to(key, posting, wanted_line.field).map_err(|refusal| at_parcel_lots(refusal, wanted_line));
        draft.pass(post_result)?;
        line.lots.iter_mut().filter(|sent_lot| sent_lot.lot == lot).for_each(|sent_lot| sent_lot.received += amount);
    }
    line.received = units(line.received.get() + wanted_line.quantity);
    Ok(())
}

/// Moves the refusal of a serial number that is in stock already to the lots that the parcel names.
fn at_parcel_lots(refusal: Rejection, wanted_line: &MatchedParcel<'_>) -> Rejection {
    match refusal.why {
        Reason::Stock(StockRefusal::Lot(LotRefusal::SerialInStock { .. } | LotRefusal::SerialUnderWay { .. })) => {
            Rejection { at: lots_field(wanted_line), ..refusal }
        }
        _ => refusal,
    }
}

/// Writes off all goods that are still under way.
pub(super) fn write_off_rest(
    draft: &mut Draft<'_>,
    transfer: &mut Transfer,
    steps: &Steps,
    loss: &Loss,
) -> Result<(), Rejection> {
    let Some((shipped_at, last_at)) = transfer.state.under_way() else { return Err(not_open(transfer)) };
    let field = At::input(Field::Id);
    let removal = head(steps.movements[0], MovementKind::Removal, transfer, (steps.actor, draft.now()));
    let mut pending_head = Some(MovementHead { reason: Some(loss.reason), note: loss.note.clone(), ..removal });
    for line in transfer.lines.iter_mut().filter(|line| line.under_way() > 0) {
        let key = LevelKey { product: line.product, store: transfer.to };
        if let Some(head) = pending_head.take() {
            draft.begin(head, key, field)?;
        }
        let lost = line.under_way();
        draft.post(key, Delta { in_transit: -lost, ..Delta::default() }, line.unit_cost, None, field)?;
        for sent_lot in line.lots.iter_mut().filter(|sent_lot| sent_lot.under_way() > 0) {
            draft.mark_lost_in_transit(sent_lot.lot);
            sent_lot.lost += sent_lot.under_way();
        }
        line.lost = units(line.lost.get() + lost);
    }
    transfer.state = TransferState::Received { shipped_at, end: TransferEnd::Lost(loss.clone(), last_at) };
    Ok(())
}
