//! Reversing a goods receipt, whole or in part: the goods leave as they came, and the order awaits
//! them again.

use std::collections::BTreeMap;

use entity::prelude::*;
use uuid::Uuid;

use super::{
    book::{PurchaseBook, PurchaseDecision},
    command::PurchaseNeeds,
    landed_shares::LandedShares,
    order::{Line, PurchaseOrder},
    order_state::{OrderState, Placement},
    quantities::count,
    receipt::{GoodsReceipt, ReceiptLine, ReversedReceiptLine},
    refusal::Refusal,
};
use crate::{
    ledger::{Books, Decide, Decision, Needs},
    purchasing::events,
    reversals::core::{
        Call, DependencyReason, Dependents, Effect, Original, Part, Refusal as ReversalRefusal, RequestedLine, Reversal,
        ReversalBook, ReversalDecision, Subject, choose, level_effects, mirror, needs as mirror_needs, status_effect,
    },
    stock::core::{At, Delta, Draft, Field, LevelKey, Movement, Noun, Rejection, RoomRefusal},
};

/// A receipt to reverse, as it was read: refused as stale if its order changed meanwhile.
#[derive(Debug, Clone)]
pub struct ReverseReceipt {
    pub expected_version: Option<i64>,
    /// Version of the order at which the other fields were read.
    pub seen: i64,
    pub receipt: GoodsReceipt,
    /// Movement that the receipt posted.
    pub original: Movement,
    /// Time of the last other receipt that is not reversed completely.
    pub others_at: Option<Timestamp>,
    /// Lines to reverse; None for all that are left.
    pub lines: Option<Vec<RequestedLine>>,
    pub call: Call,
}

/// A reversal, with the levels of the order's lines.
#[derive(Debug, Clone)]
pub struct ReceiptReversal(pub Box<ReverseReceipt>, pub Vec<LevelKey>);

impl Decide for ReceiptReversal {
    fn name(&self) -> &'static str {
        "goods_receipt.reverse"
    }

    fn weight(&self) -> usize {
        self.0.original.entries.len().max(self.1.len())
    }

    fn needs(&self, needs: &mut Needs) {
        let Self(reverse, keys) = self;
        needs.levels.extend(keys);
        mirror_needs(needs, std::slice::from_ref(&reverse.original), reverse.call.on_shortage);
        needs.documents.with(|own: &mut PurchaseNeeds| {
            own.orders.insert(reverse.receipt.order);
            own.moved.insert(reverse.receipt.order);
        });
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let (purchases, reversal) =
            books.read(|book: &PurchaseBook| books.read(|reversed: &ReversalBook| decide(book, reversed, draft, &self.0)))?;
        let mut decision = Decision::of(purchases);
        decision.documents.put(ReversalDecision { reversal });
        Ok(decision)
    }
}

fn decide(
    book: &PurchaseBook,
    reversed: &ReversalBook,
    draft: &mut Draft<'_>,
    command: &ReverseReceipt,
) -> Result<(PurchaseDecision, Reversal), Rejection> {
    let ReverseReceipt { receipt, original, call, .. } = command;
    let missing = || Rejection::not_found(Noun::Document, At::input(Field::Document));
    let mut order = book.orders.get(&receipt.order).ok_or_else(missing)?.clone();
    let Some((placement, _)) = order.state.placed() else {
        return Err(Refusal::Status(order.status()).at(At::input(Field::Document)));
    };
    if order.version != command.seen || command.expected_version.is_some_and(|expected| expected != order.version) {
        return Err(Rejection::stale(Noun::PurchaseOrder, order.id.uuid(), order.version));
    }
    let originals = lines_of(&order, receipt, original);
    let parts = choose(draft, &originals, reversed, command.lines.as_deref())?;
    let occurred_at = call.moment(draft, receipt.occurred_at)?;
    let (before, lines_before) = (order.status(), order.lines.clone());
    let taken_back = deduct_parts(&mut order, receipt, &parts)?;
    reopen(&mut order);
    order.state = state(&order, command, &taken_back, placement);
    let lines = mirror(draft, (call, occurred_at), std::slice::from_ref(original), &parts)?;
    for (line, was) in order.lines.iter().zip(&lines_before) {
        let incoming = line.open.get() - was.open.get();
        if incoming != 0 {
            draft.post(order.key(line), Delta { incoming, ..Delta::default() }, None, None, At::input(Field::Document))?;
        }
    }
    order.touch(draft.now());
    let effects = effects(draft, &order, (before, &lines_before), &parts)?;
    let first = order.lines.first().map(|line| order.key(line)).ok_or_else(missing)?;
    let subject = Subject {
        kind: ReversedKind::GoodsReceipt,
        part: receipt.id.uuid(),
        document: order.id.uuid(),
        store: order.store,
        other_store: None,
    };
    let reversal = Reversal::of(draft, (call, subject), (occurred_at, first), lines, effects)?;
    let events = vec![order.event(events::PURCHASE_ORDER_UPDATED, Some(before))];
    Ok((PurchaseDecision { orders: vec![order], events, taken_back, ..PurchaseDecision::default() }, reversal))
}

/// Returns the order's state after the reversal, from the receipts that remain. An order that was
/// received in excess may still be complete.
fn state(
    order: &PurchaseOrder,
    command: &ReverseReceipt,
    taken_back: &[ReversedReceiptLine],
    placement: Placement,
) -> OrderState {
    let receipt = &command.receipt;
    let undone = |line: &ReceiptLine| {
        taken_back.iter().find(|one| one.position == line.position).map_or(line.reversed, |one| one.reversed)
    };
    let is_left = receipt.lines.iter().any(|line| line.quantity > undone(line));
    let received_at = command.others_at.max(is_left.then_some(receipt.occurred_at));
    let is_open = order.lines.iter().any(|line| line.open.is_positive());
    match received_at {
        None => OrderState::Ordered(placement),
        Some(at) if is_open => OrderState::PartiallyReceived(placement, at),
        Some(at) => OrderState::Received(placement, at),
    }
}

fn effects(
    draft: &Draft<'_>,
    order: &PurchaseOrder,
    (status, lines): (PurchaseOrderStatus, &[Line]),
    parts: &[Part],
) -> Result<Vec<Effect>, Rejection> {
    let mut effects: Vec<Effect> = status_effect(&order.id, &status, &order.status()).into_iter().collect();
    for (line, was) in order.lines.iter().zip(lines) {
        let figures = [
            (ReversalEffect::Received, line.received, was.received),
            (ReversalEffect::Damaged, line.damaged, was.damaged),
            (ReversalEffect::Open, line.open, was.open),
        ];
        let changed = figures.into_iter().filter(|(_, now, then)| now != then);
        let id = order.line_id(line.position);
        effects.extend(changed.map(|(kind, now, then)| Effect::quantity(&id, kind, now.get() - then.get())));
    }
    effects.extend(level_effects(draft, order.lines.iter().map(|line| order.key(line)), parts)?);
    Ok(effects)
}

/// Pairs the movement's entries with the lines of the receipt that posted them. A line's entries
/// are consecutive; if several lines are of one product, a line's entries are those that sum to its
/// quantity and cost.
fn lines_of(order: &PurchaseOrder, receipt: &GoodsReceipt, original: &Movement) -> Vec<Original> {
    let product = |line: &ReceiptLine| order.lines.iter().find(|own| own.position == line.position).map(|own| own.product);
    let mut left: Vec<&ReceiptLine> = receipt.lines.iter().collect();
    let entries: Vec<_> = original.entries.iter().filter(|entry| entry.on_hand_delta != 0).collect();
    let mut found = Vec::with_capacity(entries.len());
    let mut rest = entries.as_slice();
    while let Some(first) = rest.first() {
        let of_product = |line: &&ReceiptLine| product(line) == Some(first.key.product);
        // Returns the number of entries that sum to the line, and whether their value does, too.
        let run = |line: &ReceiptLine| {
            let (mut entries, mut units, mut worth) = (0, 0, 0);
            for entry in rest.iter().take_while(|entry| entry.key.product == first.key.product) {
                entries += 1;
                units += entry.on_hand_delta;
                worth += entry.value.map_or(0, |value| value.minor);
                if units >= line.quantity.get() {
                    break;
                }
            }
            (entries, units == line.quantity.get() && line.landed().is_some_and(|landed| landed.minor == worth))
        };
        let places: Vec<usize> = (0..left.len()).filter(|place| of_product(&left[*place])).collect();
        let exact = places.iter().copied().find(|place| run(left[*place]).1);
        let Some(place) = exact.or_else(|| places.first().copied()) else { break };
        let line = left.remove(place);
        let (own, later) = rest.split_at(run(line).0);
        let id: Uuid = order.line_id(line.position).uuid();
        found.extend(own.iter().map(|entry| Original { line: id, movement: original.id, entry: (*entry).clone() }));
        rest = later;
    }
    found
}

/// Removes the parts from the order's lines, with the charges that they carry, and returns the
/// reversed quantities of the receipt's lines.
fn deduct_parts(
    order: &mut PurchaseOrder,
    receipt: &GoodsReceipt,
    parts: &[Part],
) -> Result<Vec<ReversedReceiptLine>, Rejection> {
    let mut sums: BTreeMap<Uuid, (i64, i64, At)> = BTreeMap::new();
    for part in parts {
        let (units, damaged, _) = sums.entry(part.line).or_insert((0, 0, part.field));
        *units += part.quantity;
        *damaged += if part.entry.unavailable_delta == 0 { 0 } else { part.quantity };
    }
    let mut all = Vec::with_capacity(sums.len());
    for row in &receipt.lines {
        let id: PurchaseOrderLineId = order.line_id(row.position);
        let Some(&(units, damaged, field)) = sums.get(&id.uuid()) else { continue };
        let Some(line) = order.lines.iter_mut().find(|line| line.position == row.position) else { continue };
        if line.received.get() - units < line.returned.get() {
            let rests = Dependents::without_documents(DependencyReason::SupplierReturn { line: id });
            return Err(ReversalRefusal::InUse(rests).at(field));
        }
        let undone = count(row.reversed.get() + units);
        let carried = LandedShares { goods: row.goods.minor, charges: row.charges.minor, charges_in_books: row.charges_in_books };
        let back = carried.between((row.reversed, undone), row.quantity);
        line.remove_receipt(count(line.received.get() - units), back).ok_or_else(|| Refusal::LineTooLarge.at(field))?;
        line.damaged = count(line.damaged.get() - damaged);
        let reversed_damaged = count(row.reversed_damaged.get() + damaged);
        all.push(ReversedReceiptLine { receipt: receipt.id, position: row.position, reversed: undone, reversed_damaged });
    }
    Ok(all)
}

/// Reopens all quantities that have not arrived: also those given up within the tolerance when the
/// order was complete, but not cancelled lines.
fn reopen(order: &mut PurchaseOrder) {
    for line in order.lines.iter_mut().filter(|line| !line.is_cancelled()) {
        line.open = count((line.quantity.get() - line.received.get()).max(0));
        line.short = Quantity::ZERO;
    }
}
