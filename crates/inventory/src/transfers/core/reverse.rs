//! Reversing the steps of a transfer: received goods are under way again, shipped goods are back
//! and reserved, written-off goods are awaited again.

use entity::prelude::*;
use uuid::Uuid;

use super::{
    command::TransferNeeds,
    holds::new_hold,
    transfer::{Line, StateBefore, Transfer, TransferBook, TransferDecision, TransferEnd, TransferState, head, units},
};
use crate::{
    ledger::{Books, Decide, Decision, EXCLUSIVE_WEIGHT, Needs},
    reversals::core::{
        Call, DependencyReason, DependentDocument, Dependents, Effect, Original, Part, Refusal as ReversalRefusal, RequestedLine,
        Reversal, ReversalBook, ReversalDecision, Subject, level_effects, needs as mirror_needs, post_mirror, select_entries,
        status_effect,
    },
    stock::core::{At, Delta, Draft, Field, LevelKey, LotRefusal, Movement, Noun, Rejection, RoomRefusal},
    transfers::events::TRANSFER_UPDATED,
};

/// Step to reverse.
#[derive(Debug, Clone)]
pub enum ReversibleStep {
    /// Quantities that were held beyond the shipped ones and released with it, by product; with IDs
    /// for the movement that holds them again and for a hold of each line.
    Shipment { released_goods: Vec<(ProductId, i64)>, holding: MovementId, holds: Vec<ReservationId> },
    /// Time of the last other receipt that is not reversed completely.
    Receipt { others_at: Option<Timestamp> },
    /// The lots that had been sent, some of which were written off.
    Close { sent: Vec<LotId> },
}

/// A step to reverse, as it was read: refused as stale if the transfer changed meanwhile.
#[derive(Debug, Clone)]
pub struct ReverseStep {
    pub transfer: TransferId,
    pub expected_version: Option<i64>,
    /// Version of the transfer at which the other fields were read.
    pub seen: i64,
    pub undo: ReversibleStep,
    /// Movement that the step posted.
    pub original: Movement,
    /// Movements of later steps that are not reversed.
    pub later: Vec<MovementId>,
    /// Lines to reverse; None for all that are left.
    pub lines: Option<Vec<RequestedLine>>,
    pub call: Call,
}

#[derive(Debug, Clone)]
pub struct StepReversal(pub Box<ReverseStep>);

impl Decide for StepReversal {
    fn name(&self) -> &'static str {
        "transfer.reverse"
    }

    /// A reversal that deletes rows of lots is decided in a batch of its own: a later step would
    /// find them missing.
    fn weight(&self) -> usize {
        let entries = self.0.original.entries.len();
        match &self.0.undo {
            ReversibleStep::Shipment { .. } => EXCLUSIVE_WEIGHT,
            ReversibleStep::Receipt { .. } => entries,
            // A loss has an entry for each product, and loads every lot that had been sent.
            ReversibleStep::Close { sent } => entries.max(sent.len()),
        }
    }

    fn needs(&self, needs: &mut Needs) {
        mirror_needs(needs, std::slice::from_ref(&self.0.original), self.0.call.on_shortage);
        if let ReversibleStep::Close { sent } = &self.0.undo {
            needs.lots.ids.extend(sent);
        }
        if let ReversibleStep::Shipment { released_goods, .. } = &self.0.undo {
            // A line that was not sent at all has no entry of the original.
            let sender = self.0.original.entries.iter().find(|entry| entry.on_hand_delta < 0).map(|entry| entry.key.store);
            let levels = |store: StoreId| released_goods.iter().map(move |(product, _)| LevelKey { product: *product, store });
            needs.levels.extend(sender.into_iter().flat_map(levels));
        }
        needs.documents.with(|transfer_needs: &mut TransferNeeds| transfer_needs.transfers.insert(self.0.transfer));
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let (transfer, reversal) =
            books.read(|book: &TransferBook| books.read(|reversed: &ReversalBook| decide(book, reversed, draft, &self.0)))?;
        let mut decision = Decision::of(transfer);
        decision.documents.put(ReversalDecision { reversal });
        Ok(decision)
    }
}

fn decide(
    book: &TransferBook,
    reversed: &ReversalBook,
    draft: &mut Draft<'_>,
    command: &ReverseStep,
) -> Result<(TransferDecision, Reversal), Rejection> {
    let ReverseStep { original, call, .. } = command;
    let missing = || Rejection::not_found(Noun::Document, At::input(Field::Document));
    let transfer_before = book.transfers.get(&command.transfer).ok_or_else(missing)?;
    let mut transfer = transfer_before.clone();
    transfer.expect(Some(command.seen))?;
    transfer.expect(command.expected_version)?;
    let parts = select_entries(draft, &lines_of(&transfer, original), reversed, command.lines.as_deref())?;
    let occurred_at = call.moment(draft, original.occurred_at)?;
    if command.lines.is_some() && !matches!(command.undo, ReversibleStep::Receipt { .. }) {
        return Err(ReversalRefusal::WholeOnly.at(At::input(Field::Lines)));
    }
    check_later_steps(&transfer, command)?;
    let mut unsent = Vec::new();
    if let ReversibleStep::Shipment { .. } = command.undo {
        unsent = transfer.lines.iter().flat_map(|line| line.lots.iter().map(|lot| (line.position, lot.lot))).collect();
        unsent.iter().for_each(|(_, lot)| draft.mark_lost_in_transit(*lot));
    }
    let lines = post_mirror(draft, (call, occurred_at), std::slice::from_ref(original), &parts)?;
    match &command.undo {
        ReversibleStep::Shipment { released_goods, holding, holds } => {
            undo_shipment(draft, &mut transfer, (command, &parts), released_goods, (*holding, holds))?;
        }
        ReversibleStep::Receipt { others_at } => {
            undo_receipt(draft, &mut transfer, &parts, (*others_at).max(remaining_arrival_time(original, reversed, &parts)));
        }
        ReversibleStep::Close { .. } => undo_write_off(draft, &mut transfer)?,
    }
    transfer.touch(draft.now());
    let before = StateBefore { status: transfer_before.status(), lines: transfer_before.lines.len() };
    let effects = reversal_effects(draft, &transfer, transfer_before, &parts)?;
    let (kind, store, other_store) = match command.undo {
        ReversibleStep::Shipment { .. } => (ReversedKind::TransferShipment, transfer.from, Some(transfer.to)),
        ReversibleStep::Receipt { .. } => (ReversedKind::TransferReceipt, transfer.to, None),
        ReversibleStep::Close { .. } => (ReversedKind::TransferClose, transfer.to, None),
    };
    let subject = Subject { kind, part: original.id.uuid(), document: transfer.id.uuid(), store, other_store };
    let first = parts.first().map(|part| LevelKey { store, ..part.entry.key }).ok_or_else(missing)?;
    let reversal = Reversal::of(draft, (call, subject), (occurred_at, first), lines, effects)?;
    Ok((TransferDecision { transfer, event: TRANSFER_UPDATED, before: Some(before), made: None, unsent, edited: None }, reversal))
}

/// Returns the lines of the original's entries: a transfer has one line for each product.
fn lines_of(transfer: &Transfer, original: &Movement) -> Vec<Original> {
    let line_of_product = |product: ProductId| transfer.lines.iter().find(|line_of_product| line_of_product.product == product);
    let original_of = |entry: &crate::stock::core::Entry| {
        let id: Uuid = transfer.line_id(line_of_product(entry.key.product)?.position).uuid();
        Some(Original { line: id, movement: original.id, entry: entry.clone() })
    };
    original.entries.iter().filter_map(original_of).collect()
}

/// Refuses to reverse a step before those that followed it: a shipment is reversed only while
/// nothing is received or lost, a receipt only while nothing is written off.
fn check_later_steps(transfer: &Transfer, command: &ReverseStep) -> Result<(), Rejection> {
    let is_lost = transfer.state.loss().is_some();
    let reason = match command.undo {
        ReversibleStep::Receipt { .. } if is_lost => DependencyReason::Loss,
        ReversibleStep::Shipment { .. } if is_lost || transfer.lines.iter().any(|line| line.received.is_positive()) => {
            DependencyReason::LaterSteps
        }
        _ => return Ok(()),
    };
    let documents: Vec<DependentDocument> =
        command.later.iter().rev().take(10).map(|movement| DependentDocument::Movement(*movement)).collect();
    let refusal = ReversalRefusal::InUse(Dependents { why: reason, documents, count: command.later.len() });
    Err(refusal.at(At::input(Field::Document)))
}

fn line_of<'t>(transfer: &'t mut Transfer, part: &Part) -> Option<&'t mut Line> {
    transfer.lines.iter_mut().find(|line| line.product == part.entry.key.product)
}

/// Returns the time of the arrival if some of it is left after the parts have gone back.
fn remaining_arrival_time(original: &Movement, reversed: &ReversalBook, parts: &[Part]) -> Option<Timestamp> {
    let moved_units = original
        .entries
        .iter()
        .map(|entry| entry.on_hand_delta.abs() - reversed.reversed.get(&(original.id, entry.line)).copied().unwrap_or(0));
    let reversed_units = parts.iter().map(|part| part.quantity);
    (moved_units.sum::<i64>() > reversed_units.sum::<i64>()).then_some(original.occurred_at)
}

/// `received_at` is the time of the last receipt that is left.
fn undo_receipt(draft: &mut Draft<'_>, transfer: &mut Transfer, parts: &[Part], received_at: Option<Timestamp>) {
    let Some(shipped_at) = transfer.state.shipped_at() else { return };
    for part in parts {
        let Some(line) = line_of(transfer, part) else { continue };
        line.received = units(line.received.get() - part.quantity);
        for sent_lot in line.lots.iter_mut().filter(|sent_lot| Some(sent_lot.lot) == part.entry.lot) {
            sent_lot.received -= part.quantity;
            draft.mark_in_transit(sent_lot.lot);
        }
    }
    transfer.state = match received_at {
        Some(received_at) => TransferState::PartiallyReceived { shipped_at, received_at },
        None => TransferState::InTransit { shipped_at },
    };
}

/// Puts goods that were written off in transit again; refused if a serial number among them is in
/// stock or in transit by now.
fn undo_write_off(draft: &mut Draft<'_>, transfer: &mut Transfer) -> Result<(), Rejection> {
    let TransferState::Received { shipped_at, end: TransferEnd::Lost(_, last_at) } = transfer.state else { return Ok(()) };
    for line in &mut transfer.lines {
        line.lost = Quantity::ZERO;
        for sent_lot in line.lots.iter_mut().filter(|sent_lot| sent_lot.lost > 0) {
            sent_lot.lost = 0;
            check_not_in_stock(draft, sent_lot.lot)?;
            draft.mark_in_transit(sent_lot.lot);
        }
    }
    transfer.state = match last_at {
        Some(received_at) => TransferState::PartiallyReceived { shipped_at, received_at },
        None => TransferState::InTransit { shipped_at },
    };
    Ok(())
}

fn check_not_in_stock(draft: &Draft<'_>, lot: LotId) -> Result<(), Rejection> {
    let Some(lot) = draft.lot(lot).filter(|lot| lot.tracking == Tracking::Serial) else { return Ok(()) };
    let code = || lot.code.clone();
    let refusal = match (lot.in_transit, lot.on_hand.is_positive()) {
        (false, false) => return Ok(()),
        (true, _) => LotRefusal::SerialUnderWay { code: code() },
        (false, true) => LotRefusal::SerialInStock { code: code() },
    };
    Err(refusal.at(At::input(Field::Document)))
}

/// Restores the state before the shipment: the goods that are back are reserved again, with those
/// that were released when it was sent.
fn undo_shipment(
    draft: &mut Draft<'_>,
    transfer: &mut Transfer,
    (command, parts): (&ReverseStep, &[Part]),
    released_goods: &[(ProductId, i64)],
    (holding, holds): (MovementId, &[ReservationId]),
) -> Result<(), Rejection> {
    let (field, now, call) = (At::input(Field::Document), draft.now(), &command.call);
    let reserve_head = head(holding, MovementKind::Reserve, transfer, (call.actor, now));
    let mut has_begun = false;
    for (line, id) in transfer.lines.iter_mut().filter(|line| line.quantity.is_positive()).zip(holds) {
        let key = LevelKey { product: line.product, store: transfer.from };
        let released_units: i64 = released_goods
            .iter()
            .filter(|(product, _)| *product == line.product)
            .map(|(_, released_quantity)| released_quantity)
            .sum();
        let used_units: i64 = parts.iter().filter(|part| part.entry.key == key).map(|part| -part.entry.reserved_delta).sum();
        // A change of the lines at the same moment may have released quantities that the line no
        // longer needs.
        let units_to_reserve = released_units.min(line.quantity.get() - used_units);
        (line.shipped, line.unit_cost) = (Quantity::ZERO, None);
        line.lots.clear();
        if units_to_reserve > 0 {
            let movable_units = draft.movable_quantity(key, field)?;
            if movable_units < units_to_reserve {
                return Err(draft.reserve_shortage(key, (units_to_reserve, movable_units), field));
            }
            if !has_begun {
                draft.begin(reserve_head.clone(), key, field)?;
                has_begun = true;
            }
            draft.post(key, Delta { reserved: units_to_reserve, ..Delta::default() }, None, None, field)?;
        }
        if used_units + units_to_reserve > 0 {
            draft.put_reservation(new_hold(*id, key, units(used_units + units_to_reserve), &reserve_head));
        }
    }
    transfer.state = TransferState::Ready;
    Ok(())
}

fn reversal_effects(
    draft: &Draft<'_>,
    transfer: &Transfer,
    transfer_before: &Transfer,
    parts: &[Part],
) -> Result<Vec<Effect>, Rejection> {
    let mut effects: Vec<Effect> =
        status_effect(&transfer.id, &transfer_before.status(), &transfer.status()).into_iter().collect();
    for (line, before) in transfer.lines.iter().zip(&transfer_before.lines) {
        let quantities = [
            (ReversalEffect::Shipped, line.shipped, before.shipped),
            (ReversalEffect::Received, line.received, before.received),
            (ReversalEffect::Lost, line.lost, before.lost),
        ];
        let changed = quantities.into_iter().filter(|(_, quantity_now, quantity_before)| quantity_now != quantity_before);
        let id = transfer.line_id(line.position);
        effects.extend(changed.map(|(kind, quantity_now, quantity_before)| {
            Effect::quantity(&id, kind, quantity_now.get() - quantity_before.get())
        }));
    }
    let senders = transfer.nonzero_lines().map(|line| LevelKey { product: line.product, store: transfer.from });
    effects.extend(level_effects(draft, parts.iter().map(|part| part.entry.key).chain(senders), parts)?);
    Ok(effects)
}
