//! Reversing the receipt of a return: its goods leave again, and they are awaited as after the
//! approval.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    act::find_order_line,
    book::{ReturnBasis, ReturnBook, ReturnOutcome, StateBefore, build_decision},
    needs::ReturnNeeds,
    refusal::ReturnStepRefusal,
    sales_return::{Return, ReturnState},
};
use crate::{
    ledger::{Books, Decide, Decision, Needs},
    orders::core::{Order, OrderBook, OrderNeeds, count},
    returns::events::RETURN_REOPENED,
    reversals::core::{
        Call, DependencyReason, DependentDocument, Dependents, Effect, Original, Refusal as ReversalRefusal, Reversal,
        ReversalBook, ReversalDecision, Subject, level_effects, needs as mirror_needs, post_mirror, select_entries,
        status_effect,
    },
    stock::core::{At, Draft, Field, Movement, Noun, Reference, ReferenceKind, Rejection, RoomRefusal},
};

/// A return with received goods, as it was read: refused as stale if it changed meanwhile.
#[derive(Debug, Clone)]
pub struct ReverseReceipt {
    pub ret: ReturnId,
    /// The orders of its lines, read before: they never change.
    pub orders: Vec<OrderId>,
    pub expected_version: Option<i64>,
    /// Version of the return at which the other fields were read.
    pub seen: i64,
    /// Movements of its receipts, step by step.
    pub originals: Vec<Movement>,
    /// True if lines are named, which is refused: the reversal is always whole.
    pub has_lines: bool,
    pub call: Call,
}

#[derive(Debug, Clone)]
pub struct ReceiptReversal(pub Box<ReverseReceipt>);

impl Decide for ReceiptReversal {
    fn name(&self) -> &'static str {
        "return.reverse"
    }

    fn weight(&self) -> usize {
        self.0.originals.iter().map(|original| original.entries.len()).sum::<usize>().max(1)
    }

    fn needs(&self, needs: &mut Needs) {
        let ReverseReceipt { ret, orders, originals, call, .. } = self.0.as_ref();
        mirror_needs(needs, originals, call.on_shortage);
        needs.held_by_orders.extend(orders);
        needs.documents.with(|document_needs: &mut OrderNeeds| document_needs.orders.extend(orders));
        needs.documents.with(|document_needs: &mut ReturnNeeds| document_needs.returns.insert(*ret));
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let ((sales_return, orders), reversal) = books.read(|orders: &OrderBook| {
            books.read(|returns: &ReturnBook| {
                books.read(|reversed: &ReversalBook| decide(ReturnBasis { orders, returns }, reversed, draft, &self.0))
            })
        })?;
        let mut decision = Decision::of(sales_return);
        if !orders.orders.is_empty() {
            decision.documents.put(orders);
        }
        decision.documents.put(ReversalDecision { reversal });
        Ok(decision)
    }
}

fn decide(
    basis: ReturnBasis<'_>,
    reversed: &ReversalBook,
    draft: &mut Draft<'_>,
    command: &ReverseReceipt,
) -> Result<(ReturnOutcome, Reversal), Rejection> {
    let (call, field) = (&command.call, At::input(Field::Document));
    let missing = || Rejection::not_found(Noun::Document, field);
    let return_before = basis.returns.returns.get(&command.ret).ok_or_else(missing)?;
    return_before.expect(Some(command.seen))?;
    return_before.expect(command.expected_version)?;
    if command.has_lines {
        return Err(ReversalRefusal::WholeOnly.at(At::input(Field::Lines)));
    }
    let (ReturnState::PartiallyReceived { received_at } | ReturnState::Received { received_at }) = return_before.state else {
        return Err(ReturnStepRefusal::Status(return_before.status()).at(field));
    };
    check_not_inspected(return_before)?;
    if command.originals.is_empty() {
        return Err(ReversalRefusal::NothingMoved.at(field));
    }
    let parts = select_entries(draft, &pair_entries(return_before, &command.originals), reversed, None)?;
    let occurred_at = call.moment(draft, received_at)?;
    let mirrored_lines = post_mirror(draft, (call, occurred_at), &command.originals, &parts)?;
    let mut sales_return = return_before.clone();
    let orders = restore_requested(basis, draft, &mut sales_return)?;
    let mut effects: Vec<Effect> =
        status_effect(&sales_return.id, &return_before.status(), &sales_return.status()).into_iter().collect();
    effects.extend(receipt_effects(return_before, basis, &orders));
    effects.extend(level_effects(draft, parts.iter().map(|part| part.entry.key), &parts)?);
    let first = parts.first().map(|part| part.entry.key).ok_or_else(missing)?;
    let id = sales_return.id.uuid();
    let subject =
        Subject { kind: ReversedKind::ReturnReceipt, part: id, document: id, store: sales_return.store, other_store: None };
    let reversal = Reversal::of(draft, (call, subject), (occurred_at, first), mirrored_lines, effects)?;
    Ok((build_decision(sales_return, Some(StateBefore::of(return_before)), RETURN_REOPENED, orders, call.actor), reversal))
}

/// Refuses to reverse the receipt of inspected goods, which are on sale, in quarantine or written
/// off.
fn check_not_inspected(sales_return: &Return) -> Result<(), Rejection> {
    if !sales_return.was_inspected() {
        return Ok(());
    }
    let own_document = DependentDocument::Document(Reference { kind: ReferenceKind::Return, id: sales_return.id.uuid() });
    let dependents = Dependents { why: DependencyReason::Inspected, documents: vec![own_document], count: 1 };
    Err(ReversalRefusal::InUse(dependents).at(At::input(Field::Document)))
}

/// Pairs the entries with the lines that received them: the entries of a product are assigned in
/// the order of its lines.
fn pair_entries(sales_return: &Return, originals: &[Movement]) -> Vec<Original> {
    let mut lines_left: Vec<(u16, ProductId, i64)> =
        sales_return.lines.iter().filter_map(|line| Some((line.position, line.product?, line.received.get()))).collect();
    let mut paired = Vec::new();
    for original in originals {
        for entry in original.entries.iter().filter(|entry| entry.on_hand_delta != 0) {
            let is_of = |(_, product, _): &(u16, ProductId, i64)| *product == entry.key.product;
            let index = lines_left
                .iter()
                .position(|line_left| is_of(line_left) && line_left.2 > 0)
                .or_else(|| lines_left.iter().position(is_of));
            let Some((position, _, units_left)) = index.and_then(|index| lines_left.get_mut(index)) else { continue };
            *units_left -= entry.on_hand_delta;
            let line = sales_return.id.line::<entity::id::kind::ReturnLineId>(*position).uuid();
            paired.push(Original { line, movement: original.id, entry: entry.clone() });
        }
    }
    paired
}

/// Restores the state before any receipt, and the pieces to requested. Quantities that had been
/// given up are requested again, as far as the order's line allows it.
fn restore_requested(
    basis: ReturnBasis<'_>,
    draft: &Draft<'_>,
    sales_return: &mut Return,
) -> Result<BTreeMap<OrderId, Order>, Rejection> {
    let mut orders = BTreeMap::new();
    let was_complete = matches!(sales_return.state, ReturnState::Received { .. });
    let id = sales_return.id;
    for line in &mut sales_return.lines {
        for piece in &mut line.matches {
            let order_line_after = find_order_line(basis, &mut orders, piece.line)?;
            let pending = if was_complete { piece.quantity } else { piece.received };
            order_line_after.returned = count(order_line_after.returned.get() - piece.received.get());
            order_line_after.return_pending = count(order_line_after.return_pending.get() + pending.get());
            if order_line_after.returnable() < 0 {
                let (order, _) = piece.line.split_line();
                let dependents = Dependents::without_documents(DependencyReason::AskedBack { order, ret: id });
                return Err(ReversalRefusal::InUse(dependents).at(At::input(Field::Document)));
            }
            piece.received = Quantity::ZERO;
        }
        line.received = Quantity::ZERO;
        line.lots.iter_mut().for_each(|lot| lot.received = Quantity::ZERO);
    }
    sales_return.state = ReturnState::Approved;
    sales_return.touch(draft.now());
    orders.values_mut().for_each(|order: &mut Order| order.touch(draft.now()));
    Ok(orders)
}

/// Returns the effects on the received quantities of the return's lines and on the returned
/// quantities of the orders' lines.
fn receipt_effects(return_before: &Return, basis: ReturnBasis<'_>, orders: &BTreeMap<OrderId, Order>) -> Vec<Effect> {
    let received_lines = return_before.lines.iter().filter(|line| line.received.is_positive());
    let of_line = |position: u16| return_before.id.line::<entity::id::kind::ReturnLineId>(position);
    let mut effects: Vec<Effect> = received_lines
        .map(|line| Effect::quantity(&of_line(line.position), ReversalEffect::Received, -line.received.get()))
        .collect();
    for (id, order) in orders {
        let Some(before) = basis.order(*id) else { continue };
        for (line, before) in order.lines.iter().zip(&before.lines).filter(|(line, before)| line.returned != before.returned) {
            let delta = line.returned.get() - before.returned.get();
            effects.push(Effect::quantity(&order.line_id(line.position), ReversalEffect::Returned, delta));
        }
    }
    effects
}
