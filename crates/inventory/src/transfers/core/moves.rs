//! Shipping, receiving and losing goods.

use entity::prelude::*;

use super::{
    holds::held_for,
    lots::{LotPart, arriving, check_named_parcel_lots, leaving, lots_field},
    parcels::{Wanted, wanted},
    refusal::Refusal,
    step::{Arrival, Shipment, Steps},
    transfer::{Line, Loss, SentLot, Transfer, TransferEnd, TransferState, head, not_open, units},
};
use crate::stock::core::{
    At, Delta, Draft, Field, LevelKey, LotChoice, LotRefusal, MovementHead, Posting, Reason, Refusal as StockRefusal, Rejection,
    RoomRefusal, Shortage, ensure_available,
};

/// Takes the goods from the sender's stock and adds them to the receiver's in transit.
pub(super) fn ship(draft: &mut Draft<'_>, transfer: &mut Transfer, steps: &Steps, shipment: &Shipment) -> Result<(), Rejection> {
    let wanted = wanted(draft, transfer, shipment.lines.as_ref(), |line| line.quantity.get())?;
    let occurred_at = shipment.occurred_at.unwrap_or(draft.now());
    let from = transfer.from;
    let out = head(steps.movements[1], MovementKind::TransferOut, transfer, (steps.actor, occurred_at));
    let out = MovementHead { note: shipment.note.clone(), ..out };
    let consumed = consume_reservations(draft, transfer, steps, &wanted)?;
    let product = |position: u16| transfer.lines.iter().find(|line| line.position == position).map(|line| line.product);
    let mut needed = Vec::with_capacity(wanted.len());
    for (one, held) in wanted.iter().zip(&consumed) {
        let Some(product) = product(one.position) else { continue };
        let key = LevelKey { product, store: from };
        if draft.collects_refusals() {
            check_named_parcel_lots(draft, key, one)?;
        }
        let (available_delta, on_hand_delta) = (held - one.quantity, -one.quantity);
        let lots = match one.lots {
            [] => vec![(LotChoice::Unsaid, -one.quantity)],
            named => named.iter().map(|(lot, quantity)| (lot.clone(), -quantity.get())).collect(),
        };
        needed.push(crate::stock::core::Step { key, available_delta, on_hand_delta, lots, field: one.field });
    }
    ensure_available(draft, &needed, Shortage::Refuse, &out, steps.movements[0].into())?;
    let Some(first) = needed.first() else {
        return Err(Refusal::NothingLeaves.at(At::input(Field::Lines)));
    };
    draft.begin(out, first.key, At::input(Field::Id))?;
    for ((step, one), held) in needed.iter().zip(&wanted).zip(&consumed) {
        // A shortage of a line is reported once. It affects no other line: a product has one.
        if one.index.is_some() && draft.has_refused(one.field) {
            continue;
        }
        let cost = draft.level(step.key, one.field)?.facts.cost;
        let lots = leaving(draft, step.key, (one, *held));
        let Some(lots) = draft.pass(lots)?.flatten() else { continue };
        let leaves = Delta { on_hand: -one.quantity, reserved: -held, ..Delta::default() };
        let left = post_shipment(draft, (step.key, &lots), leaves, cost, one.field);
        draft.pass(left)?;
        let there = LevelKey { store: transfer.to, ..step.key };
        let arrives = draft.post(there, Delta { in_transit: one.quantity, ..Delta::default() }, None, None, one.field);
        draft.pass(arrives)?;
        if let Some(line) = transfer.lines.iter_mut().find(|line| line.position == one.position) {
            (line.shipped, line.unit_cost) = (units(one.quantity), cost);
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
    leaves: Delta,
    cost: Option<Money>,
    field: At,
) -> Result<(), Rejection> {
    if lots.is_empty() {
        return draft.post(key, leaves, cost, None, field);
    }
    let mut held = leaves.reserved;
    for (lot, amount) in lots {
        let reserved = held.max(-amount);
        held -= reserved;
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
    wanted: &[Wanted<'_>],
) -> Result<Vec<i64>, Rejection> {
    let now = draft.now();
    let mut consumed = vec![0; wanted.len()];
    let mut has_begun = false;
    for mut reservation in held_for(draft, transfer) {
        let held = reservation.remaining.get();
        let is_of = |line: &Line| line.product == reservation.key.product;
        let position = transfer.lines.iter().find(|line| is_of(line)).map(|line| line.position);
        let place = wanted.iter().position(|wanted| Some(wanted.position) == position);
        let leaves = place.map_or(0, |place| held.min(wanted[place].quantity - consumed[place]));
        if let Some(place) = place {
            consumed[place] += leaves;
        }
        if held > leaves {
            let field = At::input(Field::Id);
            if !has_begun {
                let release = head(steps.movements[0], MovementKind::Release, transfer, (steps.actor, now));
                draft.begin(release, reservation.key, field)?;
                has_begun = true;
            }
            draft.post(reservation.key, Delta { reserved: leaves - held, ..Delta::default() }, None, None, field)?;
        }
        reservation.give_back(held, ReservationStatus::Consumed, now);
        draft.put_reservation(reservation);
    }
    Ok(consumed)
}

/// Adds the received goods to on hand, at the cost of their shipment.
pub(super) fn receive(draft: &mut Draft<'_>, transfer: &mut Transfer, steps: &Steps, arrival: &Arrival) -> Result<(), Rejection> {
    let Some((shipped_at, last_at)) = transfer.state.under_way() else { return Err(not_open(transfer)) };
    let wanted = wanted(draft, transfer, arrival.lines.as_ref(), Line::under_way)?;
    let occurred_at = arrival.occurred_at.unwrap_or(draft.now());
    if occurred_at < shipped_at {
        return Err(Refusal::ArrivesBeforeItLeft.at(At::input(Field::OccurredAt)));
    }
    let enter = head(steps.movements[0], MovementKind::TransferIn, transfer, (steps.actor, occurred_at));
    let mut begin = Some(MovementHead { note: arrival.note.clone(), ..enter });
    for one in wanted {
        let Some(place) = transfer.lines.iter().position(|line| line.position == one.position) else { continue };
        let key = LevelKey { product: transfer.lines[place].product, store: transfer.to };
        if let Some(head) = begin.take() {
            draft.begin(head, key, one.field)?;
        }
        let came = receive_line_stock(draft, transfer, (place, key), &one);
        draft.pass(came)?;
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
    (place, key): (usize, LevelKey),
    one: &Wanted<'_>,
) -> Result<(), Rejection> {
    let (line, cost) = (&transfer.lines[place], transfer.lines[place].unit_cost);
    let Some(parts) = arriving(draft, transfer, line, one)? else { return Ok(()) };
    let arrives = |quantity: i64| Delta { on_hand: quantity, in_transit: -quantity, ..Delta::default() };
    if parts.is_empty() {
        draft.post(key, arrives(one.quantity), cost, None, one.field)?;
    }
    let line = &mut transfer.lines[place];
    for (lot, amount) in parts {
        let posting = Posting { delta: arrives(amount), cost, lot: LotChoice::Id(lot), ..Posting::default() };
        let posted = draft.post_to(key, posting, one.field).map_err(|refusal| of_lots(refusal, one));
        draft.pass(posted)?;
        line.lots.iter_mut().filter(|sent| sent.lot == lot).for_each(|sent| sent.received += amount);
    }
    line.received = units(line.received.get() + one.quantity);
    Ok(())
}

/// Moves the refusal of a serial number that is in stock already to the lots that the parcel names.
fn of_lots(refusal: Rejection, one: &Wanted<'_>) -> Rejection {
    match refusal.why {
        Reason::Stock(StockRefusal::Lot(LotRefusal::SerialInStock { .. } | LotRefusal::SerialUnderWay { .. })) => {
            Rejection { at: lots_field(one), ..refusal }
        }
        _ => refusal,
    }
}

/// Writes off all goods that are still under way.
pub(super) fn close(draft: &mut Draft<'_>, transfer: &mut Transfer, steps: &Steps, loss: &Loss) -> Result<(), Rejection> {
    let Some((shipped_at, last_at)) = transfer.state.under_way() else { return Err(not_open(transfer)) };
    let field = At::input(Field::Id);
    let removal = head(steps.movements[0], MovementKind::Removal, transfer, (steps.actor, draft.now()));
    let mut begin = Some(MovementHead { reason: Some(loss.reason), note: loss.note.clone(), ..removal });
    for line in transfer.lines.iter_mut().filter(|line| line.under_way() > 0) {
        let key = LevelKey { product: line.product, store: transfer.to };
        if let Some(head) = begin.take() {
            draft.begin(head, key, field)?;
        }
        let lost = line.under_way();
        draft.post(key, Delta { in_transit: -lost, ..Delta::default() }, line.unit_cost, None, field)?;
        for sent in line.lots.iter_mut().filter(|sent| sent.under_way() > 0) {
            draft.mark_lost_in_transit(sent.lot);
            sent.lost += sent.under_way();
        }
        line.lost = units(line.lost.get() + lost);
    }
    transfer.state = TransferState::Received { shipped_at, end: TransferEnd::Lost(loss.clone(), last_at) };
    Ok(())
}
