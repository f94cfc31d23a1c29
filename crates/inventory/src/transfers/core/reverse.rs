//! Undoing the steps of a transfer: what arrived is under way again, what left is back and held, what was written off is still to come.

use entity::prelude::*;
use uuid::Uuid;

use super::{
    command::TransferNeeds,
    decide::{head, held},
    moves::units,
    transfer::{Before, Line, Transfer, TransferBook, TransferDecision, TransferEnd, TransferState},
};
use crate::{
    ledger::{ALONE, Books, Decide, Decision, Needs},
    reversals::core::{
        Call, Effect, Named, Original, Part, Refusal as ReversalRefusal, Resting, Rests, Reversal, ReversalBook,
        ReversalDecision, Subject, Wanted, choose, level_effects, mirror, needs as mirror_needs, status_effect,
    },
    stock::core::{At, Delta, Draft, Field, LevelKey, LotRefusal, Movement, Noun, Rejection, RoomRefusal},
    transfers::events::TRANSFER_UPDATED,
};

/// Which step is undone.
#[derive(Debug, Clone)]
pub enum Undo {
    /// What was held beyond what left and let go then, by product; with ids for the movement that holds it again and for a hold of each line.
    Shipment { let_go: Vec<(ProductId, i64)>, holding: MovementId, holds: Vec<ReservationId> },
    /// When another part of it arrived last of which something is left.
    Receipt { others_at: Option<Timestamp> },
    /// With the lots that had left, of which some were written off.
    Close { sent: Vec<LotId> },
}

/// A step to undo, as it was read: it is refused as stale when the transfer changed meanwhile.
#[derive(Debug, Clone)]
pub struct ReverseStep {
    pub transfer: TransferId,
    pub expected_version: Option<i64>,
    /// The version of the transfer that everything else was read at.
    pub seen: i64,
    pub undo: Undo,
    /// What the step posted.
    pub original: Movement,
    /// Movements of later steps that stand.
    pub later: Vec<MovementId>,
    /// None: all that is left of it.
    pub lines: Option<Vec<Wanted>>,
    pub call: Call,
}

#[derive(Debug, Clone)]
pub struct StepReversal(pub Box<ReverseStep>);

impl Decide for StepReversal {
    fn name(&self) -> &'static str {
        "transfer.reverse"
    }

    /// What takes rows of lots away is decided in a batch of its own: a later step would find them gone.
    fn weight(&self) -> usize {
        let entries = self.0.original.entries.len();
        match &self.0.undo {
            Undo::Shipment { .. } => ALONE,
            Undo::Receipt { .. } => entries,
            // A loss has an entry a product, and loads every lot that had left.
            Undo::Close { sent } => entries.max(sent.len()),
        }
    }

    fn needs(&self, needs: &mut Needs) {
        mirror_needs(needs, std::slice::from_ref(&self.0.original), self.0.call.on_shortage);
        if let Undo::Close { sent } = &self.0.undo {
            needs.lots.ids.extend(sent);
        }
        if let Undo::Shipment { let_go, .. } = &self.0.undo {
            // A line that stayed behind whole has no entry of the original.
            let sender = self.0.original.entries.iter().find(|entry| entry.on_hand_delta < 0).map(|entry| entry.key.store);
            let levels = |store: StoreId| let_go.iter().map(move |(product, _)| LevelKey { product: *product, store });
            needs.levels.extend(sender.into_iter().flat_map(levels));
        }
        needs.documents.with(|own: &mut TransferNeeds| own.transfers.insert(self.0.transfer));
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
    let was = book.transfers.get(&command.transfer).ok_or_else(missing)?;
    let mut transfer = was.clone();
    transfer.expect(Some(command.seen))?;
    transfer.expect(command.expected_version)?;
    let parts = choose(draft, &lines_of(&transfer, original), reversed, command.lines.as_deref())?;
    let occurred_at = call.moment(draft, original.occurred_at)?;
    if command.lines.is_some() && !matches!(command.undo, Undo::Receipt { .. }) {
        return Err(ReversalRefusal::WholeOnly.at(At::input(Field::Lines)));
    }
    rests(&transfer, command)?;
    let mut unsent = Vec::new();
    if let Undo::Shipment { .. } = command.undo {
        unsent = transfer.lines.iter().flat_map(|line| line.lots.iter().map(|lot| (line.position, lot.lot))).collect();
        unsent.iter().for_each(|(_, lot)| draft.lose_on_the_way(*lot));
    }
    let lines = mirror(draft, (call, occurred_at), std::slice::from_ref(original), &parts)?;
    match &command.undo {
        Undo::Shipment { let_go, holding, holds } => {
            unship(draft, &mut transfer, (command, &parts), let_go, (*holding, holds))?;
        }
        Undo::Receipt { others_at } => {
            unreceive(draft, &mut transfer, &parts, (*others_at).max(left_at(original, reversed, &parts)));
        }
        Undo::Close { .. } => unclose(draft, &mut transfer)?,
    }
    transfer.touch(draft.now());
    let before = Before { status: was.status(), lines: was.lines.len() };
    let effects = effects(draft, &transfer, was, &parts)?;
    let (kind, store, other_store) = match command.undo {
        Undo::Shipment { .. } => (ReversedKind::TransferShipment, transfer.from, Some(transfer.to)),
        Undo::Receipt { .. } => (ReversedKind::TransferReceipt, transfer.to, None),
        Undo::Close { .. } => (ReversedKind::TransferClose, transfer.to, None),
    };
    let subject = Subject { kind, part: original.id.uuid(), document: transfer.id.uuid(), store, other_store };
    let first = parts.first().map(|part| LevelKey { store, ..part.entry.key }).ok_or_else(missing)?;
    let reversal = Reversal::of(draft, (call, subject), (occurred_at, first), lines, effects)?;
    Ok((TransferDecision { transfer, event: TRANSFER_UPDATED, before: Some(before), made: None, unsent, edited: None }, reversal))
}

/// A transfer has one line a product.
fn lines_of(transfer: &Transfer, original: &Movement) -> Vec<Original> {
    let line = |product: ProductId| transfer.lines.iter().find(|line| line.product == product);
    let of = |entry: &crate::stock::core::Entry| {
        let id: Uuid = transfer.line_id(line(entry.key.product)?.position).uuid();
        Some(Original { line: id, movement: original.id, entry: entry.clone() })
    };
    original.entries.iter().filter_map(of).collect()
}

/// A step is undone before those that followed it: what left after nothing of it arrived, what arrived while nothing is written off.
fn rests(transfer: &Transfer, command: &ReverseStep) -> Result<(), Rejection> {
    let is_lost = transfer.state.loss().is_some();
    let why = match command.undo {
        Undo::Receipt { .. } if is_lost => Resting::Loss,
        Undo::Shipment { .. } if is_lost || transfer.lines.iter().any(|line| line.received.is_positive()) => Resting::LaterSteps,
        _ => return Ok(()),
    };
    let documents: Vec<Named> = command.later.iter().rev().take(10).map(|movement| Named::Movement(*movement)).collect();
    let refusal = ReversalRefusal::InUse(Rests { why, documents, count: command.later.len() });
    Err(refusal.at(At::input(Field::Document)))
}

fn line_of<'t>(transfer: &'t mut Transfer, part: &Part) -> Option<&'t mut Line> {
    transfer.lines.iter_mut().find(|line| line.product == part.entry.key.product)
}

/// When it arrived, if something of it is left once the parts have gone back.
fn left_at(original: &Movement, reversed: &ReversalBook, parts: &[Part]) -> Option<Timestamp> {
    let left = original
        .entries
        .iter()
        .map(|entry| entry.on_hand_delta.abs() - reversed.reversed.get(&(original.id, entry.line)).copied().unwrap_or(0));
    let back = parts.iter().map(|part| part.quantity);
    (left.sum::<i64>() > back.sum::<i64>()).then_some(original.occurred_at)
}

/// `received_at` is when something of what is left arrived last.
fn unreceive(draft: &mut Draft<'_>, transfer: &mut Transfer, parts: &[Part], received_at: Option<Timestamp>) {
    let Some(shipped_at) = transfer.state.shipped_at() else { return };
    for part in parts {
        let Some(line) = line_of(transfer, part) else { continue };
        line.received = units(line.received.get() - part.quantity);
        for sent in line.lots.iter_mut().filter(|sent| Some(sent.lot) == part.entry.lot) {
            sent.received -= part.quantity;
            draft.put_on_the_way(sent.lot);
        }
    }
    transfer.state = match received_at {
        Some(received_at) => TransferState::PartiallyReceived { shipped_at, received_at },
        None => TransferState::InTransit { shipped_at },
    };
}

/// What was written off is still to come, unless it is a serial number that has turned up since: it is in one place.
fn unclose(draft: &mut Draft<'_>, transfer: &mut Transfer) -> Result<(), Rejection> {
    let TransferState::Received { shipped_at, end: TransferEnd::Lost(_, last_at) } = transfer.state else { return Ok(()) };
    for line in &mut transfer.lines {
        line.lost = Quantity::ZERO;
        for sent in line.lots.iter_mut().filter(|sent| sent.lost > 0) {
            sent.lost = 0;
            has_not_turned_up(draft, sent.lot)?;
            draft.put_on_the_way(sent.lot);
        }
    }
    transfer.state = match last_at {
        Some(received_at) => TransferState::PartiallyReceived { shipped_at, received_at },
        None => TransferState::InTransit { shipped_at },
    };
    Ok(())
}

fn has_not_turned_up(draft: &Draft<'_>, lot: LotId) -> Result<(), Rejection> {
    let Some(lot) = draft.lot(lot).filter(|lot| lot.tracking == Tracking::Serial) else { return Ok(()) };
    let code = || lot.code.clone();
    let why = match (lot.in_transit, lot.on_hand.is_positive()) {
        (false, false) => return Ok(()),
        (true, _) => LotRefusal::SerialUnderWay { code: code() },
        (false, true) => LotRefusal::SerialInStock { code: code() },
    };
    Err(why.at(At::input(Field::Document)))
}

/// Nothing has left: what is back is held again, with what was let go when it left.
fn unship(
    draft: &mut Draft<'_>,
    transfer: &mut Transfer,
    (command, parts): (&ReverseStep, &[Part]),
    let_go: &[(ProductId, i64)],
    (holding, holds): (MovementId, &[ReservationId]),
) -> Result<(), Rejection> {
    let (field, now, call) = (At::input(Field::Document), draft.now(), &command.call);
    let reserve = head(holding, MovementKind::Reserve, transfer, (call.actor, now));
    let mut has_begun = false;
    for (line, id) in transfer.lines.iter_mut().filter(|line| line.quantity.is_positive()).zip(holds) {
        let key = LevelKey { product: line.product, store: transfer.from };
        let released: i64 = let_go.iter().filter(|(product, _)| *product == line.product).map(|(_, held)| held).sum();
        let used: i64 = parts.iter().filter(|part| part.entry.key == key).map(|part| -part.entry.reserved_delta).sum();
        // A change of the lines may have let go in the same moment what the line does not ask for any more.
        let again = released.min(line.quantity.get() - used);
        (line.shipped, line.unit_cost) = (Quantity::ZERO, None);
        line.lots.clear();
        if again > 0 {
            let there = draft.movable(key, field)?;
            if there < again {
                return Err(draft.unpromised(key, (again, there), field));
            }
            if !has_begun {
                draft.begin(reserve.clone(), key, field)?;
                has_begun = true;
            }
            draft.post(key, Delta { reserved: again, ..Delta::default() }, None, None, field)?;
        }
        if used + again > 0 {
            draft.put_reservation(held(*id, key, units(used + again), &reserve));
        }
    }
    transfer.state = TransferState::Ready;
    Ok(())
}

fn effects(draft: &Draft<'_>, transfer: &Transfer, was: &Transfer, parts: &[Part]) -> Result<Vec<Effect>, Rejection> {
    let mut effects: Vec<Effect> = status_effect(&transfer.id, &was.status(), &transfer.status()).into_iter().collect();
    for (line, before) in transfer.lines.iter().zip(&was.lines) {
        let figures = [
            (ReversalEffect::Shipped, line.shipped, before.shipped),
            (ReversalEffect::Received, line.received, before.received),
            (ReversalEffect::Lost, line.lost, before.lost),
        ];
        let changed = figures.into_iter().filter(|(_, now, then)| now != then);
        let id = transfer.line_id(line.position);
        effects.extend(changed.map(|(kind, now, then)| Effect::quantity(&id, kind, now.get() - then.get())));
    }
    let senders = transfer.live().map(|line| LevelKey { product: line.product, store: transfer.from });
    effects.extend(level_effects(draft, parts.iter().map(|part| part.entry.key).chain(senders), parts)?);
    Ok(effects)
}
