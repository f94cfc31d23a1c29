//! Undoing an order's sales: over the counter, whole; by a shipment, whose goods are reserved for
//! the order again.

use entity::prelude::*;

use super::{
    act::build_decision,
    book::OrderBook,
    command,
    decision::{ActionDetails, OrderDecision},
    line::{Line, count},
    needs::OrderNeeds,
    order::Order,
    refusal::Refusal,
    reservations::{order_movement_head, reservation},
    shipment::{Fulfilment, FulfilmentLine},
};
use crate::{
    ledger::{Books, Decide, Decision, Needs},
    orders::events::ORDER_CANCELLED,
    reversals::core::{
        Call, DependencyReason, Dependents, Effect, Original, Part, Refusal as ReversalRefusal, RequestedLine, Reversal,
        ReversalBook, ReversalDecision, Subject, level_effects, needs as mirror_needs, post_mirror, select_entries,
        status_effect,
    },
    stock::core::{At, Delta, Draft, Entry, Field, LevelKey, Movement, MovementHead, Noun, Rejection, Reservation, RoomRefusal},
};

/// A sale over the counter to undo, as it was read: the command is refused as stale if its order
/// has changed since.
#[derive(Debug, Clone)]
pub struct ReverseSale {
    pub order: OrderId,
    pub expected_version: Option<i64>,
    /// The version of the order that everything else was read at.
    pub seen: i64,
    /// Movement that the sale posted.
    pub original: Movement,
    /// Lines are rejected: a sale is undone whole.
    pub lines: Option<Vec<RequestedLine>>,
    /// Register of the reversal; None if none is named.
    pub register: Option<String>,
    pub call: Call,
}

#[derive(Debug, Clone)]
pub struct SaleReversal(pub Box<ReverseSale>);

impl Decide for SaleReversal {
    fn name(&self) -> &'static str {
        "order.reverse"
    }

    fn weight(&self) -> usize {
        self.0.original.entries.len()
    }

    fn needs(&self, needs: &mut Needs) {
        let ReverseSale { order, original, call, .. } = self.0.as_ref();
        mirror_needs(needs, std::slice::from_ref(original), call.on_shortage);
        command::order(*order, needs);
        needs.documents.with(|document_needs: &mut OrderNeeds| document_needs.invoiced.insert(*order));
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let (orders, reversal) =
            books.read(|book: &OrderBook| books.read(|reversed: &ReversalBook| decide(book, reversed, draft, &self.0)))?;
        let mut decision = Decision::of(orders);
        decision.documents.put(ReversalDecision { reversal });
        Ok(decision)
    }
}

fn decide(
    book: &OrderBook,
    reversed: &ReversalBook,
    draft: &mut Draft<'_>,
    sale: &ReverseSale,
) -> Result<(OrderDecision, Reversal), Rejection> {
    let ReverseSale { original, call, .. } = sale;
    let field = At::input(Field::Document);
    let missing = || Rejection::not_found(Noun::Document, field);
    let original_order = book.orders.get(&sale.order).ok_or_else(missing)?;
    original_order.check_version(Some(sale.seen))?;
    original_order.check_version(sale.expected_version)?;
    let mut order = original_order.clone();
    // A sale over the counter delivered all of its lines.
    let sold: Vec<FulfilmentLine> = order.lines.iter().map(full_sale_line).collect();
    let parts = select_entries(draft, &assign_entries(&order, &sold, original), reversed, None)?;
    if sale.lines.is_some() {
        return Err(ReversalRefusal::WholeOnly.at(At::input(Field::Lines)));
    }
    if order.status != OrderStatus::Fulfilled {
        return Err(Refusal::Status(order.status).at(field));
    }
    check_not_returned(&order, &sold)?;
    check_not_invoiced(book, &order, &sold)?;
    let occurred_at = call.moment(draft, order.placed_at)?;
    let mirror_lines = post_mirror(draft, (call, occurred_at), std::slice::from_ref(original), &parts)?;
    for line in &mut order.lines {
        (line.cancelled, line.fulfilled) = (count(line.cancelled.get() + line.fulfilled.get()), Quantity::ZERO);
    }
    order.status = OrderStatus::Cancelled;
    order.touch(draft.now());
    let mut effects = order_effects(original_order, &order);
    effects.extend(level_effects(draft, parts.iter().map(|part| part.entry.key), &parts)?);
    let first_key = parts.first().map(|part| part.entry.key).ok_or_else(missing)?;
    let id = order.id.uuid();
    let subject = Subject { kind: ReversedKind::Sale, part: id, document: id, store: order.store, other_store: None };
    let reversal = Reversal::of(draft, (call, subject), (occurred_at, first_key), mirror_lines, effects)?;
    let (reason, register) = (Some(call.note.clone()), sale.register.clone());
    let by = ActionDetails { actor: call.actor, reason, cancel: Some(CancelReason::Error), register };
    Ok((build_decision(book, order, ORDER_CANCELLED, by), reversal))
}

fn full_sale_line(line: &Line) -> FulfilmentLine {
    FulfilmentLine { position: line.position, quantity: line.quantity }
}

/// Assigns the entries of a sale to the lines of its order. The entries of a line follow each other
/// and sum to the quantity that left for it; where they may belong to several lines, they go to the
/// first of them. Lines are posted in their order; older shipments posted them in the order of the
/// input.
pub fn assign_entries(order: &Order, sold: &[FulfilmentLine], original: &Movement) -> Vec<Original> {
    let mut unassigned_goods: Vec<(u16, ProductId, i64)> = shipped_goods(order, sold);
    let entries: Vec<&Entry> = original.entries.iter().filter(|entry| entry.on_hand_delta != 0).collect();
    let mut unmatched_entries = entries.as_slice();
    let mut originals = Vec::with_capacity(unmatched_entries.len());
    while let Some(first_entry) = unmatched_entries.first() {
        let product = first_entry.key.product;
        let whole_match =
            unassigned_goods.iter_mut().filter(|(_, goods, _)| *goods == product).find_map(|(position, _, units)| {
                let matched_entries = entries_of(unmatched_entries, product, *units)?;
                *units = 0;
                Some((Some(*position), matched_entries))
            });
        let (position, matched_entries) = whole_match.unwrap_or_else(|| {
            let unassigned = unassigned_goods.iter_mut().find(|(_, goods, units)| *goods == product && *units > 0);
            let position = unassigned.map(|(position, _, units)| {
                *units += first_entry.on_hand_delta;
                *position
            });
            (position, 1)
        });
        let (line_entries, remaining_entries) = unmatched_entries.split_at(matched_entries);
        unmatched_entries = remaining_entries;
        if let Some(position) = position {
            let line = order.line_id(position).uuid();
            originals.extend(line_entries.iter().map(|entry| Original { line, movement: original.id, entry: (*entry).clone() }));
        }
    }
    originals
}

/// Returns the number of leading entries that take exactly this many units of a product out of
/// stock; None if no number does.
fn entries_of(entries: &[&Entry], product: ProductId, units: i64) -> Option<usize> {
    let mut sum = 0;
    for (index, entry) in entries.iter().take_while(|entry| entry.key.product == product).enumerate() {
        sum -= entry.on_hand_delta;
        if sum >= units {
            return (sum == units).then_some(index + 1);
        }
    }
    None
}

/// Returns the quantities that left stock, by line and product, for the sold quantities of each
/// line.
pub fn shipped_goods(order: &Order, sold: &[FulfilmentLine]) -> Vec<(u16, ProductId, i64)> {
    let mut goods = Vec::with_capacity(sold.len());
    for sold_line in sold {
        let Some(line) = order.lines.iter().find(|line| line.position == sold_line.position) else { continue };
        goods.extend(
            line.goods().map(|(product, part_quantity)| (line.position, product, sold_line.quantity.get() * part_quantity)),
        );
    }
    goods
}

/// Refuses to take back what came back, or is to come back: fewer units would have left than that.
pub fn check_not_returned(order: &Order, sold: &[FulfilmentLine]) -> Result<(), Rejection> {
    let units = |line: &Line| {
        sold.iter().find(|sold_line| sold_line.position == line.position).map_or(0, |sold_line| sold_line.quantity.get())
    };
    if order.lines.iter().any(|line| units(line) > line.returnable()) {
        let dependents = Dependents::without_documents(DependencyReason::Returned { order: order.id });
        return Err(ReversalRefusal::InUse(dependents).at(At::input(Field::Document)));
    }
    Ok(())
}

/// Rejects the reversal of a sale whose units are invoiced and not credited: fewer net units would
/// have left than are invoiced. Units invoiced before they left do not block it.
pub fn check_not_invoiced(book: &OrderBook, order: &Order, sold: &[FulfilmentLine]) -> Result<(), Rejection> {
    let is_missed = |sold_line: &FulfilmentLine| {
        let invoiced = book.invoiced.get(&(order.id, sold_line.position)).copied().unwrap_or_default();
        let line = order.lines.iter().find(|line| line.position == sold_line.position);
        line.is_some_and(|line| {
            let fulfilled_quantity = line.fulfilled.get();
            fulfilled_quantity >= invoiced && fulfilled_quantity - sold_line.quantity.get() - line.returned.get() < invoiced
        })
    };
    if sold.iter().any(is_missed) {
        let dependents = Dependents::without_documents(DependencyReason::Invoiced { order: order.id });
        return Err(ReversalRefusal::InUse(dependents).at(At::input(Field::Document)));
    }
    Ok(())
}

/// Returns the changes of the order's status and of its lines' quantities.
pub fn order_effects(previous: &Order, order: &Order) -> Vec<Effect> {
    let mut effects: Vec<Effect> = status_effect(&order.id, &previous.status, &order.status).into_iter().collect();
    for (line, before) in order.lines.iter().zip(&previous.lines) {
        let quantities = [
            (ReversalEffect::Fulfilled, line.fulfilled, before.fulfilled),
            (ReversalEffect::Open, line.open, before.open),
            (ReversalEffect::Cancelled, line.cancelled, before.cancelled),
        ];
        let changed = quantities.into_iter().filter(|(_, new_quantity, old_quantity)| new_quantity != old_quantity);
        let id: OrderLineId = order.line_id(line.position);
        effects.extend(
            changed
                .map(|(kind, new_quantity, old_quantity)| Effect::quantity(&id, kind, new_quantity.get() - old_quantity.get())),
        );
    }
    effects
}

/// Reopens the units of a shipment that is undone, and reserves the returned goods in the store
/// that they had left.
pub fn reverse_shipped_units(
    draft: &mut Draft<'_>,
    order: &mut Order,
    shipment: &Fulfilment,
    (parts, actor, holding): (&[Part], Actor, MovementId),
) -> Result<(), Rejection> {
    for shipped_line in &shipment.lines {
        let Some(line) = order.line_mut(shipped_line.position) else { continue };
        line.fulfilled = count(line.fulfilled.get() - shipped_line.quantity.get());
        line.open = count(line.open.get() + shipped_line.quantity.get());
    }
    let has_left = order.lines.iter().any(|line| line.fulfilled.is_positive());
    order.status = if has_left { OrderStatus::PartiallyFulfilled } else { OrderStatus::Confirmed };
    order.touch(draft.now());
    reserve_returned_goods(draft, order, shipment, (parts, actor, holding))
}

/// Reserves the goods that are back. The mirror movement already restores consumed reservations;
/// the rest is reserved here.
fn reserve_returned_goods(
    draft: &mut Draft<'_>,
    order: &Order,
    shipment: &Fulfilment,
    (parts, actor, holding): (&[Part], Actor, MovementId),
) -> Result<(), Rejection> {
    let (field, now) = (At::input(Field::Document), draft.now());
    let mut begin = Some(MovementHead { actor, ..order_movement_head(holding, MovementKind::Reserve, order, now) });
    for (number, (position, product, units)) in (1u16..).zip(shipped_goods(order, &shipment.lines)) {
        let (key, line) = (LevelKey { product, store: shipment.store }, order.line_id(position).uuid());
        let line_parts = parts.iter().filter(|part| part.line == line && part.entry.key == key);
        let held_units: i64 = line_parts.map(|part| -part.entry.reserved_delta).sum();
        let missing_units = units - held_units;
        if missing_units > 0 {
            let available = draft.movable_quantity(key, field)?;
            if available < missing_units {
                return Err(draft.reserve_shortage(key, (missing_units, available), field));
            }
            if let Some(head) = begin.take() {
                draft.begin(head, key, field)?;
            }
            draft.post(key, Delta { reserved: missing_units, ..Delta::default() }, None, None, field)?;
        }
        let hold = reservation(order, (position, number), key, (count(units), now));
        draft.put_reservation(Reservation { id: holding.line(number), ..hold });
    }
    Ok(())
}
