//! Undoing an order's sales: over the counter, whole; by a shipment, whose goods are reserved for
//! the order again.

use entity::prelude::*;

use super::{
    act::build_decision,
    book::OrderBook,
    command,
    decision::{By, OrderDecision},
    hold::{order_head, reservation},
    line::{Line, count},
    needs::OrderNeeds,
    order::{Fulfilment, FulfilmentLine, Order},
    refusal::Refusal,
};
use crate::{
    ledger::{Books, Decide, Decision, Needs},
    orders::events::ORDER_CANCELLED,
    reversals::core::{
        Call, DependencyReason, Dependents, Effect, Original, Part, Refusal as ReversalRefusal, RequestedLine, Reversal,
        ReversalBook, ReversalDecision, Subject, choose, level_effects, mirror, needs as mirror_needs, status_effect,
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
        needs.documents.with(|own: &mut OrderNeeds| own.invoiced.insert(*order));
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
    let was = book.orders.get(&sale.order).ok_or_else(missing)?;
    was.expect(Some(sale.seen))?;
    was.expect(sale.expected_version)?;
    let mut order = was.clone();
    // A sale over the counter delivered all of its lines.
    let sold: Vec<FulfilmentLine> = order.lines.iter().map(sold_whole).collect();
    let parts = choose(draft, &assign_entries(&order, &sold, original), reversed, None)?;
    if sale.lines.is_some() {
        return Err(ReversalRefusal::WholeOnly.at(At::input(Field::Lines)));
    }
    if order.status != OrderStatus::Fulfilled {
        return Err(Refusal::Status(order.status).at(field));
    }
    check_not_returned(&order, &sold)?;
    check_not_invoiced(book, &order, &sold)?;
    let occurred_at = call.moment(draft, order.placed_at)?;
    let mirrored = mirror(draft, (call, occurred_at), std::slice::from_ref(original), &parts)?;
    for line in &mut order.lines {
        (line.cancelled, line.fulfilled) = (count(line.cancelled.get() + line.fulfilled.get()), Quantity::ZERO);
    }
    order.status = OrderStatus::Cancelled;
    order.touch(draft.now());
    let mut effects = order_effects(was, &order);
    effects.extend(level_effects(draft, parts.iter().map(|part| part.entry.key), &parts)?);
    let first = parts.first().map(|part| part.entry.key).ok_or_else(missing)?;
    let id = order.id.uuid();
    let subject = Subject { kind: ReversedKind::Sale, part: id, document: id, store: order.store, other_store: None };
    let reversal = Reversal::of(draft, (call, subject), (occurred_at, first), mirrored, effects)?;
    let (reason, register) = (Some(call.note.clone()), sale.register.clone());
    let by = By { actor: call.actor, reason, cancel: Some(CancelReason::Error), register };
    Ok((build_decision(book, order, ORDER_CANCELLED, by), reversal))
}

fn sold_whole(line: &Line) -> FulfilmentLine {
    FulfilmentLine { position: line.position, quantity: line.quantity }
}

/// Assigns the entries of a sale to the lines of its order. The entries of a line follow each other
/// and sum to the quantity that left for it; where they may belong to several lines, they go to the
/// first of them. Lines are posted in their order; older shipments posted them in the order of the
/// input.
pub fn assign_entries(order: &Order, sold: &[FulfilmentLine], original: &Movement) -> Vec<Original> {
    let mut left: Vec<(u16, ProductId, i64)> = shipped_goods(order, sold);
    let entries: Vec<&Entry> = original.entries.iter().filter(|entry| entry.on_hand_delta != 0).collect();
    let mut rest = entries.as_slice();
    let mut posted = Vec::with_capacity(rest.len());
    while let Some(first) = rest.first() {
        let product = first.key.product;
        let whole = left.iter_mut().filter(|(_, goods, _)| *goods == product).find_map(|(position, _, units)| {
            let many = entries_of(rest, product, *units)?;
            *units = 0;
            Some((Some(*position), many))
        });
        let (position, many) = whole.unwrap_or_else(|| {
            let one = left.iter_mut().find(|(_, goods, units)| *goods == product && *units > 0);
            let position = one.map(|(position, _, units)| {
                *units += first.on_hand_delta;
                *position
            });
            (position, 1)
        });
        let (own, behind) = rest.split_at(many);
        rest = behind;
        if let Some(position) = position {
            let line = order.line_id(position).uuid();
            posted.extend(own.iter().map(|entry| Original { line, movement: original.id, entry: (*entry).clone() }));
        }
    }
    posted
}

/// Returns the number of leading entries that take exactly this many units of a product out of
/// stock; None if no number does.
fn entries_of(entries: &[&Entry], product: ProductId, units: i64) -> Option<usize> {
    let mut sum = 0;
    for (nth, entry) in entries.iter().take_while(|entry| entry.key.product == product).enumerate() {
        sum -= entry.on_hand_delta;
        if sum >= units {
            return (sum == units).then_some(nth + 1);
        }
    }
    None
}

/// Returns the quantities that left stock, by line and product, for the sold quantities of each
/// line.
pub fn shipped_goods(order: &Order, sold: &[FulfilmentLine]) -> Vec<(u16, ProductId, i64)> {
    let mut goods = Vec::with_capacity(sold.len());
    for one in sold {
        let Some(line) = order.lines.iter().find(|line| line.position == one.position) else { continue };
        goods.extend(line.goods().map(|(product, takes)| (line.position, product, one.quantity.get() * takes)));
    }
    goods
}

/// Refuses to take back what came back, or is to come back: fewer units would have left than that.
pub fn check_not_returned(order: &Order, sold: &[FulfilmentLine]) -> Result<(), Rejection> {
    let units = |line: &Line| sold.iter().find(|one| one.position == line.position).map_or(0, |one| one.quantity.get());
    if order.lines.iter().any(|line| units(line) > line.returnable()) {
        let rests = Dependents::without_documents(DependencyReason::Returned { order: order.id });
        return Err(ReversalRefusal::InUse(rests).at(At::input(Field::Document)));
    }
    Ok(())
}

/// Rejects the reversal of a sale whose units are invoiced and not credited: fewer net units would
/// have left than are invoiced. Units invoiced before they left do not block it.
pub fn check_not_invoiced(book: &OrderBook, order: &Order, sold: &[FulfilmentLine]) -> Result<(), Rejection> {
    let is_missed = |one: &FulfilmentLine| {
        let invoiced = book.invoiced.get(&(order.id, one.position)).copied().unwrap_or_default();
        let line = order.lines.iter().find(|line| line.position == one.position);
        line.is_some_and(|line| {
            let left = line.fulfilled.get();
            left >= invoiced && left - one.quantity.get() - line.returned.get() < invoiced
        })
    };
    if sold.iter().any(is_missed) {
        let rests = Dependents::without_documents(DependencyReason::Invoiced { order: order.id });
        return Err(ReversalRefusal::InUse(rests).at(At::input(Field::Document)));
    }
    Ok(())
}

/// Returns the changes of the order's status and of its lines' quantities.
pub fn order_effects(was: &Order, order: &Order) -> Vec<Effect> {
    let mut effects: Vec<Effect> = status_effect(&order.id, &was.status, &order.status).into_iter().collect();
    for (line, before) in order.lines.iter().zip(&was.lines) {
        let figures = [
            (ReversalEffect::Fulfilled, line.fulfilled, before.fulfilled),
            (ReversalEffect::Open, line.open, before.open),
            (ReversalEffect::Cancelled, line.cancelled, before.cancelled),
        ];
        let changed = figures.into_iter().filter(|(_, now, then)| now != then);
        let id: OrderLineId = order.line_id(line.position);
        effects.extend(changed.map(|(kind, now, then)| Effect::quantity(&id, kind, now.get() - then.get())));
    }
    effects
}

/// Reopens the units of a shipment that is undone, and reserves the returned goods in the store
/// that they had left.
pub fn unship(
    draft: &mut Draft<'_>,
    order: &mut Order,
    shipment: &Fulfilment,
    (parts, actor, holding): (&[Part], Actor, MovementId),
) -> Result<(), Rejection> {
    for one in &shipment.lines {
        let Some(line) = order.line_mut(one.position) else { continue };
        line.fulfilled = count(line.fulfilled.get() - one.quantity.get());
        line.open = count(line.open.get() + one.quantity.get());
    }
    let has_left = order.lines.iter().any(|line| line.fulfilled.is_positive());
    order.status = if has_left { OrderStatus::PartiallyFulfilled } else { OrderStatus::Confirmed };
    order.touch(draft.now());
    reserve_again(draft, order, shipment, (parts, actor, holding))
}

/// Reserves the goods that are back. The mirror movement already restores consumed reservations;
/// the rest is reserved here.
fn reserve_again(
    draft: &mut Draft<'_>,
    order: &Order,
    shipment: &Fulfilment,
    (parts, actor, holding): (&[Part], Actor, MovementId),
) -> Result<(), Rejection> {
    let (field, now) = (At::input(Field::Document), draft.now());
    let mut begin = Some(MovementHead { actor, ..order_head(holding, MovementKind::Reserve, order, now) });
    for (number, (position, product, units)) in (1u16..).zip(shipped_goods(order, &shipment.lines)) {
        let (key, line) = (LevelKey { product, store: shipment.store }, order.line_id(position).uuid());
        let own = parts.iter().filter(|part| part.line == line && part.entry.key == key);
        let held: i64 = own.map(|part| -part.entry.reserved_delta).sum();
        let more = units - held;
        if more > 0 {
            let there = draft.movable(key, field)?;
            if there < more {
                return Err(draft.reserve_shortage(key, (more, there), field));
            }
            if let Some(head) = begin.take() {
                draft.begin(head, key, field)?;
            }
            draft.post(key, Delta { reserved: more, ..Delta::default() }, None, None, field)?;
        }
        let hold = reservation(order, (position, number), key, (count(units), now));
        draft.put_reservation(Reservation { id: holding.line(number), ..hold });
    }
    Ok(())
}
