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
    receive_line::{ReceiveLine, ReceivedLot, check_lots},
    refusal::{AmendRefusal, Refusal},
    states::Action,
};
use crate::currency::core::{FrozenRate, allocate_by_weights as spread, split_by_unit_cost};
use crate::purchasing::events;
use crate::stock::core::{
    At, Delta, Draft, Field, LotChoice, MovementHead, Noun, Posting, Reference, ReferenceKind, Rejection, RoomRefusal,
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

/// Goods that were not ordered. They are recorded as a discrepancy and not received.
#[derive(Debug, Clone)]
pub struct WrongItem {
    pub product: Option<ProductId>,
    pub quantity: Quantity,
    pub note: Option<String>,
}

pub fn decide_receive(book: &PurchaseBook, draft: &mut Draft<'_>, command: &Receive) -> Result<PurchaseDecision, Rejection> {
    let mut order = book.order_for(command.order, Action::Receive, command.expected_version)?;
    let Some((placement, last_at)) = order.state.placement_and_receipt() else { return Err(order.status_refusal()) };
    check_numbers(&order)?;
    let (before, now) = (order.status(), draft.now());
    let occurred_at = command.occurred_at.unwrap_or(now);
    let mut counted = ReceiptDraft { receipt: command.id, now, lines: Vec::new(), lots: Vec::new(), discrepancies: Vec::new() };
    for (index, received_line) in received_lines(draft, &order, command)?.iter().enumerate() {
        let line = count_line(draft, command, &mut order, &mut counted, (index, received_line));
        draft.pass(line)?;
    }
    for (index, wrong_item) in command.wrong.iter().enumerate() {
        draft.pass(counted.receive_wrong_item(&mut order, index, wrong_item))?;
    }
    draft.end_pass()?;
    if counted.lines.is_empty() && counted.discrepancies.is_empty() {
        return Err(Refusal::NothingReceived.at(At::input(Field::Lines)));
    }
    order.check_books_currency(command.rate.as_ref())?;
    counted.value_in_books(command.rate.as_ref())?;
    let received_at = last_at.map_or(occurred_at, |at| at.max(occurred_at));
    let rest_by_position = set_status_after_receipt(&mut order, &mut counted, (placement, received_at));
    post_receipt(draft, &order, &counted, &rest_by_position, (movement(&order, command, occurred_at), command.lines.is_some()))?;
    let Some(first_key) = order.lines.first().map(|line| order.key(line)) else {
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
        business_date: draft.business_date(occurred_at, first_key, At::input(Field::OccurredAt))?,
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
    counted: &mut ReceiptDraft,
    (index, received_line): (usize, &(usize, ReceiveLine)),
) -> Result<(), Rejection> {
    let facts = draft.level(order.key(&order.lines[received_line.0]), At::input(Field::Id))?.facts.clone();
    let lots_field = if command.lines.is_some() { At::line(index).field(Field::Lots) } else { At::input(Field::Lines) };
    check_lots(draft, &facts, (index, &received_line.1), lots_field)?;
    counted.line(order, index, received_line).map(|()| counted.lots.push(received_line.1.lots.clone()))
}

/// Returns the received lines in the order of the input, each with its index in the order.
fn received_lines(
    draft: &mut Draft<'_>,
    order: &PurchaseOrder,
    command: &Receive,
) -> Result<Vec<(usize, ReceiveLine)>, Rejection> {
    let Some(lines) = &command.lines else {
        let open_lines = order.lines.iter().enumerate().filter(|(_, line)| line.open.is_positive());
        let open_line = |line: &Line| ReceiveLine {
            line: order.line_id(line.position),
            quantity: line.open,
            damaged: Quantity::ZERO,
            lots: Vec::new(),
            note: None,
        };
        return Ok(open_lines.map(|(line_index, line)| (line_index, open_line(line))).collect());
    };
    let indexes: BTreeMap<u16, usize> =
        order.lines.iter().enumerate().map(|(line_index, line)| (line.position, line_index)).collect();
    let mut placed_lines = Vec::with_capacity(lines.len());
    let mut seen_lines = vec![false; order.lines.len()];
    for (index, requested_line) in lines.iter().enumerate() {
        let field = || At::line(index).field(Field::LineId);
        let (order_id, position) = requested_line.line.split_line::<entity::id::kind::PurchaseOrderId>();
        let line_index = indexes.get(&position).copied().filter(|_| order_id == order.id);
        let line_index = line_index.ok_or_else(|| Rejection::not_found(Noun::PurchaseOrderLine, field()));
        let Some(line_index) = draft.pass(line_index)? else { continue };
        if std::mem::replace(&mut seen_lines[line_index], true) {
            draft.refuse(Refusal::LineTwice.at(field()))?;
        }
        placed_lines.push((line_index, requested_line.clone()));
    }
    draft.end_pass()?;
    Ok(placed_lines)
}

/// Lines and discrepancies of the receipt so far.
struct ReceiptDraft {
    receipt: GoodsReceiptId,
    now: Timestamp,
    lines: Vec<ReceiptLine>,
    /// The lots of each line.
    lots: Vec<Vec<ReceivedLot>>,
    discrepancies: Vec<Discrepancy>,
}

impl ReceiptDraft {
    fn line(
        &mut self,
        order: &mut PurchaseOrder,
        index: usize,
        (line_index, received_line): &(usize, ReceiveLine),
    ) -> Result<(), Rejection> {
        let at = |name: Field| At::line(index).field(name);
        if received_line.quantity.is_negative() || received_line.damaged.is_negative() {
            return Err(Refusal::NegativeQuantity.at(at(Field::Quantity)));
        }
        let line = &order.lines[*line_index];
        if line.is_cancelled() {
            return Err(AmendRefusal::LineCancelled { sku: line.sku.clone() }.at(at(Field::LineId)));
        }
        let arrived = received_line.quantity.get() + received_line.damaged.get();
        let (previously_received, max_units) = (line.received.get(), line.most.get());
        if arrived == 0 || previously_received + arrived > max_units {
            return Err(
                Refusal::LineUpTo { sku: line.sku.clone(), most: max_units - previously_received }.at(at(Field::Quantity))
            );
        }
        let received = count(previously_received + arrived);
        let over = received.get() - line.quantity.get().max(previously_received);
        let line = &mut order.lines[*line_index];
        let receipt_shares = line.add_receipt(received).ok_or_else(|| Refusal::LineTooLarge.at(at(Field::Quantity)))?;
        line.damaged = count(line.damaged.get() + received_line.damaged.get());
        line.open = count((line.open.get() - arrived).max(0));
        self.lines.push(ReceiptLine {
            position: line.position,
            quantity: count(arrived),
            damaged: received_line.damaged,
            goods: Money::new(receipt_shares.goods, order.currency),
            charges: Money::new(receipt_shares.charges, order.currency),
            charges_in_books: receipt_shares.charges_in_books,
            in_books: None,
            reversed: Quantity::ZERO,
            reversed_damaged: Quantity::ZERO,
        });
        for (kind, quantity) in [(DiscrepancyKind::Over, over), (DiscrepancyKind::Damaged, received_line.damaged.get())] {
            if quantity > 0 {
                let position = order.lines[*line_index].position;
                self.note(order, kind, (Some(position), None), (count(quantity), received_line.note.clone()));
            }
        }
        Ok(())
    }

    /// Converts the goods' total and the charges' total once each, and shares both out over the lines; charges in other currencies than the order's
    /// are added by their value in the books.
    fn value_in_books(&mut self, rate: Option<&FrozenRate>) -> Result<(), Rejection> {
        let Some(rate) = rate else { return Ok(()) };
        let shares = |line_amount: fn(&ReceiptLine) -> i64| {
            let parts: Vec<i64> = self.lines.iter().map(line_amount).collect();
            let total = parts.iter().try_fold(0_i64, |sum, part| sum.checked_add(*part));
            total.and_then(|total| rate.convert(total)).map(|total| spread(total, &parts))
        };
        let shares = shares(|line| line.goods.minor).zip(shares(|line| line.charges.minor));
        let too_large = || Refusal::ReceiptTooLarge.at(At::input(Field::Lines));
        let (goods, charges) = shares.ok_or_else(too_large)?;
        for (line, (goods, charges)) in self.lines.iter_mut().zip(goods.into_iter().zip(charges)) {
            let parts = [goods, charges, line.charges_in_books].map(|minor| Money::new(minor, rate.to));
            let line_total = parts.into_iter().try_fold(Money::zero(rate.to), Money::checked_add);
            line.in_books = Some(line_total.ok_or_else(too_large)?);
        }
        Ok(())
    }

    fn receive_wrong_item(&mut self, order: &mut PurchaseOrder, index: usize, item: &WrongItem) -> Result<(), Rejection> {
        if !item.quantity.is_positive() {
            return Err(Refusal::NotPositive.at(At::row(Field::WrongItems, index).field(Field::Quantity)));
        }
        self.note(order, DiscrepancyKind::WrongItem, (None, item.product), (item.quantity, item.note.clone()));
        Ok(())
    }

    fn note(
        &mut self,
        order: &mut PurchaseOrder,
        kind: DiscrepancyKind,
        (position, product): (Option<u16>, Option<ProductId>),
        (quantity, note): (Quantity, Option<String>),
    ) {
        let discrepancy = order.note(kind, quantity, self.now);
        self.discrepancies.push(Discrepancy { receipt: Some(self.receipt), position, product, note, ..discrepancy });
    }
}

/// Sets the order's status. If every line is complete within the tolerance, open quantities are given up, and returned by line.
fn set_status_after_receipt(
    order: &mut PurchaseOrder,
    counted: &mut ReceiptDraft,
    (placement, received_at): (Placement, Timestamp),
) -> BTreeMap<u16, i64> {
    let mut rest_by_position = BTreeMap::new();
    if counted.lines.is_empty() {
        return rest_by_position;
    }
    let under = order.under_percent;
    let is_complete = order.lines.iter().all(|line| line.is_complete(under));
    if !is_complete {
        order.state = OrderState::PartiallyReceived(placement, received_at);
        return rest_by_position;
    }
    order.state = OrderState::Received(placement, received_at);
    for line_index in 0..order.lines.len() {
        let short = order.lines[line_index].give_up();
        if short.is_positive() {
            let position = order.lines[line_index].position;
            rest_by_position.insert(position, short.get());
            counted.note(order, DiscrepancyKind::Short, (Some(position), None), (short, None));
        }
    }
    rest_by_position
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
    counted: &ReceiptDraft,
    rest_by_position: &BTreeMap<u16, i64>,
    (head, is_typed): (MovementHead, bool),
) -> Result<(), Rejection> {
    let Some(first_line) = order.lines.first() else { return Ok(()) };
    let field = At::input(Field::Lines);
    draft.begin(head, order.key(first_line), field)?;
    let mut rest_by_position = rest_by_position.clone();
    for (index, (row, lots)) in counted.lines.iter().zip(&counted.lots).enumerate() {
        let Some(line) = order.lines.iter().find(|line| line.position == row.position) else { continue };
        // Planned stock to remove: the received quantity, as far as it was open before, and the rest that will not come.
        let arrived = row.quantity.get();
        let before = line.received.get() - arrived;
        let planned = arrived.min((line.quantity.get() - before).max(0)) + rest_by_position.remove(&row.position).unwrap_or(0);
        let parts = PlannedLine { row, lots, planned };
        let posted = post(draft, order, line, parts, is_typed.then(|| At::line(index)));
        draft.pass(posted)?;
    }
    for (position, rest) in rest_by_position {
        let Some(line) = order.lines.iter().find(|line| line.position == position) else { continue };
        draft.post(order.key(line), Delta { incoming: -rest, ..Delta::default() }, None, None, field)?;
    }
    draft.end();
    Ok(())
}

/// A line of a receipt with its lots, and its part of incoming stock.
struct PlannedLine<'a> {
    row: &'a ReceiptLine,
    lots: &'a [ReceivedLot],
    planned: i64,
}

/// Posts one entry, or two if the cost does not divide; separately for sound and damaged units, and for each lot.
fn post(
    draft: &mut Draft<'_>,
    order: &PurchaseOrder,
    line: &Line,
    PlannedLine { row, lots, mut planned }: PlannedLine<'_>,
    at: Option<At>,
) -> Result<(), Rejection> {
    let field = at.map_or(At::input(Field::Lines), |at| at.field(Field::Quantity));
    let too_large = || Refusal::ReceiptTooLarge.at(field);
    let landed_cost = row.landed_cost().ok_or_else(too_large)?;
    let untracked_lot =
        ReceivedLot { lot: LotChoice::Unsaid, quantity: count(row.quantity.get() - row.damaged.get()), damaged: row.damaged };
    let parts = if lots.is_empty() { std::slice::from_ref(&untracked_lot) } else { lots };
    let mut posted_units = 0;
    for (nth, part) in parts.iter().enumerate() {
        let of_lot = at.filter(|_| !lots.is_empty()).map(|at| at.part(Field::Lots, nth).field(Field::Quantity));
        let field = of_lot.unwrap_or(field);
        // Damaged units are posted as such, in entries of their own.
        let by_condition = [(part.quantity.get(), None), (part.damaged.get(), Some(Condition::Damaged))];
        for (arrived, condition) in by_condition.into_iter().filter(|(arrived, _)| *arrived > 0) {
            // The cost of a line is spread over its lots so that they add up to it.
            let value = share(landed_cost.minor, posted_units + arrived, row.quantity.get())
                - share(landed_cost.minor, posted_units, row.quantity.get());
            posted_units += arrived;
            for (quantity, cost) in
                split_by_unit_cost(Money::new(value, landed_cost.currency), arrived, line.decimals).ok_or_else(too_large)?
            {
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
