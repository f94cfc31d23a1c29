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
        ReversalBook, ReversalDecision, Subject, level_effects, needs as mirror_needs, post_mirror, select_entries,
        status_effect,
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
        let Self(command, keys) = self;
        needs.levels.extend(keys);
        mirror_needs(needs, std::slice::from_ref(&command.original), command.call.on_shortage);
        needs.documents.with(|document_needs: &mut PurchaseNeeds| {
            document_needs.orders.insert(command.receipt.order);
            document_needs.moved_orders.insert(command.receipt.order);
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
    let Some((placement, _)) = order.state.placement_and_receipt() else {
        return Err(Refusal::Status(order.status()).at(At::input(Field::Document)));
    };
    if order.version != command.seen || command.expected_version.is_some_and(|expected| expected != order.version) {
        return Err(Rejection::stale(Noun::PurchaseOrder, order.id.uuid(), order.version));
    }
    let originals = lines_of(&order, receipt, original);
    let parts = select_entries(draft, &originals, reversed, command.lines.as_deref())?;
    let occurred_at = call.moment(draft, receipt.occurred_at)?;
    let (before, lines_before) = (order.status(), order.lines.clone());
    let taken_back = deduct_parts(&mut order, receipt, &parts)?;
    reopen_line(&mut order);
    order.state = state(&order, command, &taken_back, placement);
    let lines = post_mirror(draft, (call, occurred_at), std::slice::from_ref(original), &parts)?;
    for (line, previous_line) in order.lines.iter().zip(&lines_before) {
        let incoming = line.open.get() - previous_line.open.get();
        if incoming != 0 {
            draft.post(order.key(line), Delta { incoming, ..Delta::default() }, None, None, At::input(Field::Document))?;
        }
    }
    order.touch(draft.now());
    let effects = build_effects(draft, &order, (before, &lines_before), &parts)?;
    let first_key = order.lines.first().map(|line| order.key(line)).ok_or_else(missing)?;
    let subject = Subject {
        kind: ReversedKind::GoodsReceipt,
        part: receipt.id.uuid(),
        document: order.id.uuid(),
        store: order.store,
        other_store: None,
    };
    let reversal = Reversal::of(draft, (call, subject), (occurred_at, first_key), lines, effects)?;
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
    let reversed_quantity = |line: &ReceiptLine| {
        taken_back
            .iter()
            .find(|reversed_line| reversed_line.position == line.position)
            .map_or(line.reversed, |reversed_line| reversed_line.reversed)
    };
    let is_left = receipt.lines.iter().any(|line| line.quantity > reversed_quantity(line));
    let received_at = command.others_at.max(is_left.then_some(receipt.occurred_at));
    let is_open = order.lines.iter().any(|line| line.open.is_positive());
    match received_at {
        None => OrderState::Ordered(placement),
        Some(at) if is_open => OrderState::PartiallyReceived(placement, at),
        Some(at) => OrderState::Received(placement, at),
    }
}

fn build_effects(
    draft: &Draft<'_>,
    order: &PurchaseOrder,
    (status, lines): (PurchaseOrderStatus, &[Line]),
    parts: &[Part],
) -> Result<Vec<Effect>, Rejection> {
    let mut effects: Vec<Effect> = status_effect(&order.id, &status, &order.status()).into_iter().collect();
    for (line, previous_line) in order.lines.iter().zip(lines) {
        let quantities = [
            (ReversalEffect::Received, line.received, previous_line.received),
            (ReversalEffect::Damaged, line.damaged, previous_line.damaged),
            (ReversalEffect::Open, line.open, previous_line.open),
        ];
        let changed = quantities.into_iter().filter(|(_, new_quantity, old_quantity)| new_quantity != old_quantity);
        let id = order.line_id(line.position);
        effects.extend(
            changed
                .map(|(kind, new_quantity, old_quantity)| Effect::quantity(&id, kind, new_quantity.get() - old_quantity.get())),
        );
    }
    effects.extend(level_effects(draft, order.lines.iter().map(|line| order.key(line)), parts)?);
    Ok(effects)
}

/// Pairs the movement's entries with the lines of the receipt that posted them. A line's entries
/// are consecutive; if several lines are of one product, a line's entries are those that sum to its
/// quantity and cost.
fn lines_of(order: &PurchaseOrder, receipt: &GoodsReceipt, original: &Movement) -> Vec<Original> {
    let product = |line: &ReceiptLine| order.lines.iter().find(|own| own.position == line.position).map(|own| own.product);
    let mut unmatched_lines: Vec<&ReceiptLine> = receipt.lines.iter().collect();
    let entries: Vec<_> = original.entries.iter().filter(|entry| entry.on_hand_delta != 0).collect();
    let mut originals = Vec::with_capacity(entries.len());
    let mut unmatched_entries = entries.as_slice();
    while let Some(first_entry) = unmatched_entries.first() {
        let of_product = |line: &&ReceiptLine| product(line) == Some(first_entry.key.product);
        // Returns the number of entries that sum to the line, and whether their value does, too.
        let entry_run = |line: &ReceiptLine| {
            let (mut entries, mut units, mut total_value) = (0, 0, 0);
            for entry in unmatched_entries.iter().take_while(|entry| entry.key.product == first_entry.key.product) {
                entries += 1;
                units += entry.on_hand_delta;
                total_value += entry.value.map_or(0, |value| value.minor);
                if units >= line.quantity.get() {
                    break;
                }
            }
            (entries, units == line.quantity.get() && line.landed_cost().is_some_and(|landed| landed.minor == total_value))
        };
        let candidate_indexes: Vec<usize> =
            (0..unmatched_lines.len()).filter(|index| of_product(&unmatched_lines[*index])).collect();
        let exact_index = candidate_indexes.iter().copied().find(|index| entry_run(unmatched_lines[*index]).1);
        let Some(index) = exact_index.or_else(|| candidate_indexes.first().copied()) else { break };
        let line = unmatched_lines.remove(index);
        let (own, remaining) = unmatched_entries.split_at(entry_run(line).0);
        let id: Uuid = order.line_id(line.position).uuid();
        originals.extend(own.iter().map(|entry| Original { line: id, movement: original.id, entry: (*entry).clone() }));
        unmatched_entries = remaining;
    }
    originals
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
    let mut reversed_lines = Vec::with_capacity(sums.len());
    for row in &receipt.lines {
        let id: PurchaseOrderLineId = order.line_id(row.position);
        let Some(&(units, damaged, field)) = sums.get(&id.uuid()) else { continue };
        let Some(line) = order.lines.iter_mut().find(|line| line.position == row.position) else { continue };
        if line.received.get() - units < line.returned.get() {
            let dependents = Dependents::without_documents(DependencyReason::SupplierReturn { line: id });
            return Err(ReversalRefusal::InUse(dependents).at(field));
        }
        let reversed_quantity = count(row.reversed.get() + units);
        let receipt_shares =
            LandedShares { goods: row.goods.minor, charges: row.charges.minor, charges_in_books: row.charges_in_books };
        let removed_shares = receipt_shares.between((row.reversed, reversed_quantity), row.quantity);
        line.remove_receipt(count(line.received.get() - units), removed_shares).ok_or_else(|| Refusal::LineTooLarge.at(field))?;
        line.damaged = count(line.damaged.get() - damaged);
        let reversed_damaged = count(row.reversed_damaged.get() + damaged);
        reversed_lines.push(ReversedReceiptLine {
            receipt: receipt.id,
            position: row.position,
            reversed: reversed_quantity,
            reversed_damaged,
        });
    }
    Ok(reversed_lines)
}

/// Reopens all quantities that have not arrived: also those given up within the tolerance when the
/// order was complete, but not cancelled lines.
fn reopen_line(order: &mut PurchaseOrder) {
    for line in order.lines.iter_mut().filter(|line| !line.is_cancelled()) {
        line.open = count((line.quantity.get() - line.received.get()).max(0));
        line.short = Quantity::ZERO;
    }
}
