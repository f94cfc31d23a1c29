//! Receiving a delivery: quantities, damaged units, cost with its share of the charges, deviations.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    book::{PurchaseBook, PurchaseDecision},
    landed_shares::share,
    numbers::check_numbers,
    order::{Discrepancy, Line, PurchaseOrder},
    order_state::{OrderState, Placement},
    quantities::count,
    receipt::{GoodsReceipt, ReceiptLine},
    refusal::{AmendRefusal, Refusal},
    states::Action,
};
use crate::currency::core::{FrozenRate, pieces, share as spread};
use crate::purchasing::events;
use crate::stock::core::{
    At, Delta, Draft, Facts, Field, LotChoice, MovementHead, Noun, Posting, Reference, ReferenceKind, Rejection, RoomRefusal,
};

/// A delivery. `lines` is None for all open quantities.
#[derive(Debug, Clone)]
pub struct Receive {
    pub id: GoodsReceiptId,
    pub order: PurchaseOrderId,
    pub expected_version: Option<i64>,
    pub external_ref: Option<String>,
    pub note: Option<String>,
    pub occurred_at: Option<Timestamp>,
    pub lines: Option<Vec<ReceiveLine>>,
    pub wrong: Vec<WrongItem>,
    /// From the order's currency to that of the books, on the receipt's day; None if they are equal.
    pub rate: Option<FrozenRate>,
    pub actor: Actor,
    pub movement: MovementId,
}

/// Received quantity of a line: sound goods, and damaged ones in addition.
#[derive(Debug, Clone)]
pub struct ReceiveLine {
    pub line: PurchaseOrderLineId,
    pub quantity: Quantity,
    pub damaged: Quantity,
    /// Lots of the line, if stock is kept by lots: they sum to the two figures above.
    pub lots: Vec<ReceivedLot>,
    pub note: Option<String>,
}

/// Received quantity of a line in one lot: sound goods, and damaged ones in addition.
#[derive(Debug, Clone)]
pub struct ReceivedLot {
    pub lot: LotChoice,
    pub quantity: Quantity,
    pub damaged: Quantity,
}

/// Goods that were not ordered. They are recorded as a discrepancy and not received.
#[derive(Debug, Clone)]
pub struct WrongItem {
    pub product: Option<ProductId>,
    pub quantity: Quantity,
    pub note: Option<String>,
}

pub fn decide_receive(book: &PurchaseBook, draft: &mut Draft<'_>, command: &Receive) -> Result<PurchaseDecision, Rejection> {
    let mut order = book.order_for(command.order, Action::Receive, command.expected_version)?;
    let Some((placement, last_at)) = order.state.placed() else { return Err(order.not_open()) };
    check_numbers(&order)?;
    let (before, now) = (order.status(), draft.now());
    let occurred_at = command.occurred_at.unwrap_or(now);
    let mut counted = Counted { receipt: command.id, now, lines: Vec::new(), lots: Vec::new(), discrepancies: Vec::new() };
    for (index, one) in wanted(draft, &order, command)?.iter().enumerate() {
        let line = count_line(draft, command, &mut order, &mut counted, (index, one));
        draft.pass(line)?;
    }
    for (index, wrong) in command.wrong.iter().enumerate() {
        draft.pass(counted.wrong(&mut order, index, wrong))?;
    }
    draft.end_pass()?;
    if counted.lines.is_empty() && counted.discrepancies.is_empty() {
        return Err(Refusal::NothingReceived.at(At::input(Field::Lines)));
    }
    order.check_books_currency(command.rate.as_ref())?;
    counted.value_in_books(command.rate.as_ref())?;
    let received_at = last_at.map_or(occurred_at, |at| at.max(occurred_at));
    let rests = finish(&mut order, &mut counted, (placement, received_at));
    post_receipt(draft, &order, &counted, &rests, (movement(&order, command, occurred_at), command.lines.is_some()))?;
    let Some(first) = order.lines.first().map(|line| order.key(line)) else {
        return Err(Refusal::Lineless.at(At::input(Field::Id)));
    };
    order.receipts += 1;
    order.touch(now);
    let receipt = GoodsReceipt {
        id: command.id,
        order: order.id,
        number: order.receipts,
        store: order.store,
        external_ref: command.external_ref.clone(),
        note: command.note.clone(),
        occurred_at,
        business_date: draft.business_date(occurred_at, first, At::input(Field::OccurredAt))?,
        actor: command.actor,
        created_at: now,
        rate: command.rate.clone(),
        lines: counted.lines,
    };
    let events = vec![order.event(events::PURCHASE_ORDER_RECEIVED, Some(before))];
    Ok(PurchaseDecision {
        orders: vec![order],
        receipts: vec![receipt],
        discrepancies: counted.discrepancies,
        events,
        ..PurchaseDecision::default()
    })
}

fn count_line(
    draft: &mut Draft<'_>,
    command: &Receive,
    order: &mut PurchaseOrder,
    counted: &mut Counted,
    (index, one): (usize, &(usize, ReceiveLine)),
) -> Result<(), Rejection> {
    let facts = draft.level(order.key(&order.lines[one.0]), At::input(Field::Id))?.facts.clone();
    let whole = if command.lines.is_some() { At::line(index).field(Field::Lots) } else { At::input(Field::Lines) };
    check_lots(draft, &facts, (index, &one.1), whole)?;
    counted.line(order, index, one).map(|()| counted.lots.push(one.1.lots.clone()))
}

/// Returns the received lines in the order of the input, each with its index in the order.
fn wanted(draft: &mut Draft<'_>, order: &PurchaseOrder, command: &Receive) -> Result<Vec<(usize, ReceiveLine)>, Rejection> {
    let Some(lines) = &command.lines else {
        let all = order.lines.iter().enumerate().filter(|(_, line)| line.open.is_positive());
        let whole = |line: &Line| ReceiveLine {
            line: order.line_id(line.position),
            quantity: line.open,
            damaged: Quantity::ZERO,
            lots: Vec::new(),
            note: None,
        };
        return Ok(all.map(|(place, line)| (place, whole(line))).collect());
    };
    let places: BTreeMap<u16, usize> = order.lines.iter().enumerate().map(|(place, line)| (line.position, place)).collect();
    let mut found = Vec::with_capacity(lines.len());
    let mut seen = vec![false; order.lines.len()];
    for (index, one) in lines.iter().enumerate() {
        let field = || At::line(index).field(Field::LineId);
        let (of, position) = one.line.split_line::<entity::id::kind::PurchaseOrderId>();
        let place = places.get(&position).copied().filter(|_| of == order.id);
        let place = place.ok_or_else(|| Rejection::not_found(Noun::PurchaseOrderLine, field()));
        let Some(place) = draft.pass(place)? else { continue };
        if std::mem::replace(&mut seen[place], true) {
            draft.refuse(Refusal::LineTwice.at(field()))?;
        }
        found.push((place, one.clone()));
    }
    draft.end_pass()?;
    Ok(found)
}

/// Checks that products that are kept by lots are received in lots that sum to the line, and others in none.
fn check_lots(draft: &mut Draft<'_>, facts: &Facts, (index, one): (usize, &ReceiveLine), whole: At) -> Result<(), Rejection> {
    let refuse = |refusal: Refusal| Err(refusal.at(whole));
    let (sku, tracking) = (|| facts.sku.clone(), facts.tracking);
    if facts.tracking == Tracking::None {
        let is_fine = one.lots.is_empty();
        return if is_fine { Ok(()) } else { refuse(Refusal::NotTracked { sku: sku() }) };
    }
    if one.lots.is_empty() {
        return refuse(Refusal::LotsUnsaid { sku: sku(), tracking });
    }
    let mut is_fine = true;
    for (nth, lot) in one.lots.iter().enumerate() {
        let at = |name: Field| At::line(index).part(Field::Lots, nth).field(name);
        if lot.quantity.is_negative() || lot.damaged.is_negative() || (lot.quantity.is_zero() && lot.damaged.is_zero()) {
            draft.refuse(Refusal::LotOfNothing.at(at(Field::Quantity)))?;
            is_fine = false;
        } else if one.lots[..nth].iter().any(|other| other.lot.is_said() && other.lot.word() == lot.lot.word()) {
            draft.refuse(Refusal::LotTwice.at(at(Field::Lot)))?;
            is_fine = false;
        }
    }
    let sum = |of: fn(&ReceivedLot) -> Quantity| one.lots.iter().map(|lot| i128::from(of(lot).get())).sum::<i128>();
    let (sound, damaged) = (sum(|lot| lot.quantity), sum(|lot| lot.damaged));
    // The sum of the lots is not checked if one of them is invalid.
    if !is_fine || (sound, damaged) == (i128::from(one.quantity.get()), i128::from(one.damaged.get())) {
        return Ok(());
    }
    refuse(Refusal::LotsSum { tracking, quantity: one.quantity, damaged: one.damaged, sums: (sound, damaged) })
}

/// Lines and discrepancies of the receipt so far.
struct Counted {
    receipt: GoodsReceiptId,
    now: Timestamp,
    lines: Vec<ReceiptLine>,
    /// The lots of each line.
    lots: Vec<Vec<ReceivedLot>>,
    discrepancies: Vec<Discrepancy>,
}

impl Counted {
    fn line(&mut self, order: &mut PurchaseOrder, index: usize, (place, one): &(usize, ReceiveLine)) -> Result<(), Rejection> {
        let at = |name: Field| At::line(index).field(name);
        if one.quantity.is_negative() || one.damaged.is_negative() {
            return Err(Refusal::NegativeQuantity.at(at(Field::Quantity)));
        }
        let line = &order.lines[*place];
        if line.is_cancelled() {
            return Err(AmendRefusal::LineCancelled { sku: line.sku.clone() }.at(at(Field::LineId)));
        }
        let came = one.quantity.get() + one.damaged.get();
        let (had, most) = (line.received.get(), line.most.get());
        if came == 0 || had + came > most {
            return Err(Refusal::LineUpTo { sku: line.sku.clone(), most: most - had }.at(at(Field::Quantity)));
        }
        let received = count(had + came);
        let over = received.get() - line.quantity.get().max(had);
        let line = &mut order.lines[*place];
        let carried = line.add_receipt(received).ok_or_else(|| Refusal::LineTooLarge.at(at(Field::Quantity)))?;
        line.damaged = count(line.damaged.get() + one.damaged.get());
        line.open = count((line.open.get() - came).max(0));
        self.lines.push(ReceiptLine {
            position: line.position,
            quantity: count(came),
            damaged: one.damaged,
            goods: Money::new(carried.goods, order.currency),
            charges: Money::new(carried.charges, order.currency),
            charges_in_books: carried.charges_in_books,
            in_books: None,
            reversed: Quantity::ZERO,
            reversed_damaged: Quantity::ZERO,
        });
        for (kind, quantity) in [(DiscrepancyKind::Over, over), (DiscrepancyKind::Damaged, one.damaged.get())] {
            if quantity > 0 {
                let position = order.lines[*place].position;
                self.note(order, kind, (Some(position), None), (count(quantity), one.note.clone()));
            }
        }
        Ok(())
    }

    /// Converts the goods' total and the charges' total once each, and shares both out over the lines; charges in other currencies than the order's
    /// are added by their value in the books.
    fn value_in_books(&mut self, rate: Option<&FrozenRate>) -> Result<(), Rejection> {
        let Some(rate) = rate else { return Ok(()) };
        let shares = |of: fn(&ReceiptLine) -> i64| {
            let parts: Vec<i64> = self.lines.iter().map(of).collect();
            let total = parts.iter().try_fold(0_i64, |sum, part| sum.checked_add(*part));
            total.and_then(|total| rate.convert(total)).map(|total| spread(total, &parts))
        };
        let shares = shares(|line| line.goods.minor).zip(shares(|line| line.charges.minor));
        let too_large = || Refusal::ReceiptTooLarge.at(At::input(Field::Lines));
        let (goods, charges) = shares.ok_or_else(too_large)?;
        for (line, (goods, charges)) in self.lines.iter_mut().zip(goods.into_iter().zip(charges)) {
            let parts = [goods, charges, line.charges_in_books].map(|minor| Money::new(minor, rate.to));
            let whole = parts.into_iter().try_fold(Money::zero(rate.to), Money::checked_add);
            line.in_books = Some(whole.ok_or_else(too_large)?);
        }
        Ok(())
    }

    fn wrong(&mut self, order: &mut PurchaseOrder, index: usize, wrong: &WrongItem) -> Result<(), Rejection> {
        if !wrong.quantity.is_positive() {
            return Err(Refusal::NotPositive.at(At::row(Field::WrongItems, index).field(Field::Quantity)));
        }
        self.note(order, DiscrepancyKind::WrongItem, (None, wrong.product), (wrong.quantity, wrong.note.clone()));
        Ok(())
    }

    fn note(
        &mut self,
        order: &mut PurchaseOrder,
        kind: DiscrepancyKind,
        (position, product): (Option<u16>, Option<ProductId>),
        (quantity, note): (Quantity, Option<String>),
    ) {
        let noted = order.note(kind, quantity, self.now);
        self.discrepancies.push(Discrepancy { receipt: Some(self.receipt), position, product, note, ..noted });
    }
}

/// Sets the order's status. If every line is complete within the tolerance, open quantities are given up, and returned by line.
fn finish(
    order: &mut PurchaseOrder,
    counted: &mut Counted,
    (placement, received_at): (Placement, Timestamp),
) -> BTreeMap<u16, i64> {
    let mut rests = BTreeMap::new();
    if counted.lines.is_empty() {
        return rests;
    }
    let under = order.under_percent;
    let is_complete = order.lines.iter().all(|line| line.is_complete(under));
    if !is_complete {
        order.state = OrderState::PartiallyReceived(placement, received_at);
        return rests;
    }
    order.state = OrderState::Received(placement, received_at);
    for place in 0..order.lines.len() {
        let short = order.lines[place].give_up();
        if short.is_positive() {
            let position = order.lines[place].position;
            rests.insert(position, short.get());
            counted.note(order, DiscrepancyKind::Short, (Some(position), None), (short, None));
        }
    }
    rests
}

fn movement(order: &PurchaseOrder, command: &Receive, occurred_at: Timestamp) -> MovementHead {
    MovementHead {
        id: command.movement,
        kind: MovementKind::Receipt,
        reason: Some(ReasonCode::Purchase),
        note: command.note.clone(),
        external_ref: command.external_ref.clone().or_else(|| order.external_ref.clone()),
        reference: Some(Reference { kind: ReferenceKind::PurchaseOrder, id: order.id.uuid() }),
        actor: command.actor,
        reverses: None,
        occurred_at,
    }
}

/// Posts the received units at their cost, and reduces incoming stock. The lines come from the input (`is_typed`), or are all that was open.
fn post_receipt(
    draft: &mut Draft<'_>,
    order: &PurchaseOrder,
    counted: &Counted,
    rests: &BTreeMap<u16, i64>,
    (head, is_typed): (MovementHead, bool),
) -> Result<(), Rejection> {
    let Some(first) = order.lines.first() else { return Ok(()) };
    let field = At::input(Field::Lines);
    draft.begin(head, order.key(first), field)?;
    let mut rests = rests.clone();
    for (index, (row, lots)) in counted.lines.iter().zip(&counted.lots).enumerate() {
        let Some(line) = order.lines.iter().find(|line| line.position == row.position) else { continue };
        // Planned stock to remove: the received quantity, as far as it was open before, and the rest that will not come.
        let came = row.quantity.get();
        let before = line.received.get() - came;
        let planned = came.min((line.quantity.get() - before).max(0)) + rests.remove(&row.position).unwrap_or(0);
        let parts = Parts { row, lots, planned };
        let posted = post(draft, order, line, parts, is_typed.then(|| At::line(index)));
        draft.pass(posted)?;
    }
    for (position, rest) in rests {
        let Some(line) = order.lines.iter().find(|line| line.position == position) else { continue };
        draft.post(order.key(line), Delta { incoming: -rest, ..Delta::default() }, None, None, field)?;
    }
    draft.end();
    Ok(())
}

/// A line of a receipt with its lots, and its part of incoming stock.
struct Parts<'a> {
    row: &'a ReceiptLine,
    lots: &'a [ReceivedLot],
    planned: i64,
}

/// Posts one entry, or two if the cost does not divide; separately for sound and damaged units, and for each lot.
fn post(
    draft: &mut Draft<'_>,
    order: &PurchaseOrder,
    line: &Line,
    Parts { row, lots, mut planned }: Parts<'_>,
    at: Option<At>,
) -> Result<(), Rejection> {
    let field = at.map_or(At::input(Field::Lines), |at| at.field(Field::Quantity));
    let too_large = || Refusal::ReceiptTooLarge.at(field);
    let landed = row.landed().ok_or_else(too_large)?;
    let whole =
        ReceivedLot { lot: LotChoice::Unsaid, quantity: count(row.quantity.get() - row.damaged.get()), damaged: row.damaged };
    let parts = if lots.is_empty() { std::slice::from_ref(&whole) } else { lots };
    let mut upto = 0;
    for (nth, part) in parts.iter().enumerate() {
        let of_lot = at.filter(|_| !lots.is_empty()).map(|at| at.part(Field::Lots, nth).field(Field::Quantity));
        let field = of_lot.unwrap_or(field);
        // Damaged units are posted as such, in entries of their own.
        let by_condition = [(part.quantity.get(), None), (part.damaged.get(), Some(Condition::Damaged))];
        for (came, condition) in by_condition.into_iter().filter(|(came, _)| *came > 0) {
            // The cost of a line is spread over its lots so that they add up to it.
            let worth = share(landed.minor, upto + came, row.quantity.get()) - share(landed.minor, upto, row.quantity.get());
            upto += came;
            for (quantity, cost) in pieces(Money::new(worth, landed.currency), came, line.decimals).ok_or_else(too_large)? {
                let unavailable = condition.map_or(0, |_| quantity);
                let delta = Delta { on_hand: quantity, unavailable, incoming: -planned, ..Delta::default() };
                let posting = Posting { delta, cost: Some(cost), lot: part.lot.clone(), condition, ..Posting::default() };
                let posted = draft.post_to(order.key(line), posting, field);
                draft.pass(posted)?;
                planned = 0;
            }
        }
    }
    Ok(())
}
