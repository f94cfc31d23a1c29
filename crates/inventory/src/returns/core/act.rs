//! Steps of a requested return: approving or rejecting it, and receiving its goods. `inspect` has
//! their inspection, `close` closes it.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    book::{ReturnBasis, ReturnOutcome, StateBefore, build_decision},
    close::close_return,
    inspect::inspect_goods,
    lots_chosen::{Goods, LotSelection},
    posting::{find_stocked_level, lot_field, return_head},
    refusal::ReturnStepRefusal,
    returnable_lots::ReturnableLots,
    sales_return::{Return, ReturnLine, ReturnLot, ReturnState},
    states::return_actions_from,
    step::{ActOnReturn, ReceivedGoods, RemainderPolicy, ReturnStep},
    take_in::{check_receivable, check_serial_was_shipped},
};
use crate::{
    orders::core::{Line, Order, count},
    stock::core::{
        At, Dates, Delta, Draft, Field, LevelKey, LotChoice, MovementHead, Noun, Posting, Rejection, RoomRefusal, check_moment,
    },
};

/// The orders that a step changes, updated line by line.
type Orders = BTreeMap<OrderId, Order>;

pub fn decide_return_step(
    basis: ReturnBasis<'_>,
    draft: &mut Draft<'_>,
    command: &ActOnReturn,
) -> Result<ReturnOutcome, Rejection> {
    let mut sales_return = find_return(basis, command)?;
    let before = StateBefore::of(&sales_return);
    let now = draft.now();
    let mut orders = Orders::new();
    match &command.step {
        ReturnStep::Approve => sales_return.state = ReturnState::Approved,
        ReturnStep::Reject { reason } => {
            release_pending_units(basis, &mut orders, &sales_return)?;
            sales_return.state = ReturnState::Rejected { reason: reason.clone() };
        }
        ReturnStep::Receive(goods) => receive_goods(basis, draft, (&mut sales_return, &mut orders), command, goods)?,
        ReturnStep::Inspect(inspection) => inspect_goods(draft, &mut sales_return, command, inspection)?,
        ReturnStep::Close { refund } => close_return(basis, (&mut sales_return, &mut orders), *refund)?,
    }
    sales_return.touch(now);
    orders.values_mut().for_each(|order| order.touch(now));
    Ok(build_decision(sales_return, Some(before), command.step.event(), orders, command.actor))
}

/// Returns the return, if its state allows the step.
fn find_return(basis: ReturnBasis<'_>, command: &ActOnReturn) -> Result<Return, Rejection> {
    let sales_return =
        basis.returns.returns.get(&command.ret).ok_or_else(|| Rejection::not_found(Noun::Return, At::input(Field::Id)))?;
    sales_return.expect(command.expected_version)?;
    if return_actions_from(sales_return.status()).any(|possible_action| possible_action == command.step.action()) {
        return Ok(sales_return.clone());
    }
    Err(sales_return.not_open())
}

/// Returns the order's line that a piece names, in the order with the step's changes so far.
pub(super) fn find_order_line<'o>(
    basis: ReturnBasis<'_>,
    orders: &'o mut Orders,
    line: OrderLineId,
) -> Result<&'o mut Line, Rejection> {
    let (id, position) = line.split_line();
    let missing = || Rejection::not_found(Noun::OrderLine, At::input(Field::Id));
    let stored_order = basis.order(id).ok_or_else(missing)?;
    orders.entry(id).or_insert_with(|| stored_order.clone()).line_mut(position).ok_or_else(missing)
}

/// Releases the order lines' pending quantities of goods that have not come.
fn release_pending_units(basis: ReturnBasis<'_>, orders: &mut Orders, sales_return: &Return) -> Result<(), Rejection> {
    for piece in sales_return.lines.iter().flat_map(|line| &line.matches) {
        let pending_units = piece.quantity.get() - piece.received.get();
        if pending_units > 0 {
            let line = find_order_line(basis, orders, piece.line)?;
            line.return_pending = count(line.return_pending.get() - pending_units);
        }
    }
    Ok(())
}

/// Credits the received quantity of a line to its order lines, in the order of its pieces; the rest
/// came from no known order.
fn credit_order_lines(
    basis: ReturnBasis<'_>,
    orders: &mut Orders,
    line: &mut ReturnLine,
    quantity: i64,
) -> Result<(), Rejection> {
    line.received = count(line.received.get() + quantity);
    let mut remaining = quantity;
    for piece in &mut line.matches {
        let credited_units = remaining.min(piece.quantity.get() - piece.received.get());
        if credited_units == 0 {
            continue;
        }
        remaining -= credited_units;
        piece.received = count(piece.received.get() + credited_units);
        let order_line_after = find_order_line(basis, orders, piece.line)?;
        order_line_after.return_pending = count(order_line_after.return_pending.get() - credited_units);
        order_line_after.returned = count(order_line_after.returned.get() + credited_units);
    }
    Ok(())
}

/// A position, its quantity and lot, and the place in the input.
type RequestedGoods = (u16, i64, LotChoice, At);

fn parse_received_goods(
    draft: &mut Draft<'_>,
    sales_return: &Return,
    goods: &ReceivedGoods,
) -> Result<Vec<RequestedGoods>, Rejection> {
    let Some(requested_lines) = &goods.lines else {
        let awaited = sales_return.lines.iter().filter(|line| line.kind == LineKind::Product && line.awaited() > 0);
        return Ok(awaited.map(|line| (line.position, line.awaited(), LotChoice::Unsaid, At::input(Field::Lines))).collect());
    };
    if requested_lines.is_empty() && goods.rest == RemainderPolicy::Awaited {
        return Err(ReturnStepRefusal::NothingNamed.at(At::input(Field::Lines)));
    }
    let mut units_by_line: BTreeMap<u16, i64> = BTreeMap::new();
    let mut wanted_lines = Vec::with_capacity(requested_lines.len());
    for (index, requested_line) in requested_lines.iter().enumerate() {
        let (return_id, position) = requested_line.line.split_line();
        let at = |name: Field| At::line(index).field(name);
        let line = sales_return.lines.iter().find(|line| return_id == sales_return.id && line.position == position);
        let Some(line) = line else {
            draft.refuse(Rejection::not_found(Noun::ReturnLine, at(Field::LineId)))?;
            continue;
        };
        if line.kind == LineKind::Charge {
            draft.refuse(ReturnStepRefusal::ChargeDoesNotCome.at(at(Field::LineId)))?;
            continue;
        }
        let earlier_units = units_by_line.entry(position).or_default();
        let awaited_units = line.awaited() - *earlier_units;
        if !requested_line.quantity.is_positive() || requested_line.quantity.get() > awaited_units {
            draft.refuse(ReturnStepRefusal::AwaitedUpTo { most: awaited_units }.at(at(Field::Quantity)))?;
            continue;
        }
        *earlier_units += requested_line.quantity.get();
        wanted_lines.push((position, requested_line.quantity.get(), requested_line.lot.clone(), at(Field::Quantity)));
    }
    draft.end_pass()?;
    Ok(wanted_lines)
}

/// Returns the lots for goods of lines without a named lot.
fn select_lots(
    draft: &Draft<'_>,
    sales_return: &Return,
    returnable_lots: Option<&ReturnableLots>,
    wanted_lines: &[RequestedGoods],
) -> LotSelection {
    let Some(returnable_lots) = returnable_lots else { return LotSelection::default() };
    let goods = |(index, (position, units, lot, _)): (usize, &RequestedGoods)| {
        let line = sales_return.lines.iter().find(|line| line.position == *position)?;
        Some(Goods::of(line, index, (find_stocked_level(draft, sales_return, line)?, *units, lot.clone())))
    };
    let goods: Vec<Goods> = wanted_lines.iter().enumerate().filter_map(goods).collect();
    LotSelection::of(draft, returnable_lots, &goods)
}

/// Adds the goods to stock as unavailable: the inspection decides about them.
fn receive_goods(
    basis: ReturnBasis<'_>,
    draft: &mut Draft<'_>,
    (sales_return, orders): (&mut Return, &mut Orders),
    command: &ActOnReturn,
    goods: &ReceivedGoods,
) -> Result<(), Rejection> {
    if let Some(returnable_lots) = &goods.left {
        returnable_lots.expect(basis)?;
    }
    let at = goods.occurred_at.unwrap_or(draft.now());
    let business_date = check_moment(draft.book(), at, &command.time_zone)?;
    let head = return_head(command, sales_return, (command.movements[0], MovementKind::Return), at);
    let mut pending_head = Some(head);
    let wanted_lines = parse_received_goods(draft, sales_return, goods)?;
    let lots = select_lots(draft, sales_return, goods.left.as_ref(), &wanted_lines);
    for (index, wanted_line) in wanted_lines.into_iter().enumerate() {
        let line_result =
            receive_line(basis, draft, (&mut *sales_return, &mut *orders), (&lots, index, wanted_line), &mut pending_head);
        draft.pass(line_result)?;
    }
    draft.end_pass()?;
    let products = sales_return.lines.iter().filter(|line| line.kind == LineKind::Product);
    let (received_units, awaited) = products.fold((0, 0), |(received_units, awaited_units), line| {
        (received_units + line.received.get(), awaited_units + line.awaited())
    });
    if received_units == 0 && awaited > 0 {
        return Err(ReturnStepRefusal::NothingCame.at(At::input(Field::Lines)));
    }
    if sales_return.state.received_at().is_none() {
        // Reports count the return on the day of its first receipt.
        (sales_return.occurred_at, sales_return.business_date) = (at, business_date);
    }
    let received_at = sales_return.state.received_at().map_or(at, |before| before.max(at));
    sales_return.state = ReturnState::PartiallyReceived { received_at };
    if awaited == 0 || goods.rest == RemainderPolicy::GivenUp {
        sales_return.state = ReturnState::Received { received_at };
        for line in sales_return.lines.iter_mut().filter(|line| line.kind == LineKind::Charge) {
            let awaited = line.awaited();
            credit_order_lines(basis, orders, line, awaited)?;
        }
        release_pending_units(basis, orders, sales_return)?;
    }
    Ok(())
}

/// Receives goods of a line into stock, if the product is stocked, and credits them to its order
/// lines. The movement begins with the first of them.
fn receive_line(
    basis: ReturnBasis<'_>,
    draft: &mut Draft<'_>,
    (sales_return, orders): (&mut Return, &mut Orders),
    (lots, index, (position, quantity, lot, field)): (&LotSelection, usize, RequestedGoods),
    pending_head: &mut Option<MovementHead>,
) -> Result<(), Rejection> {
    let line = sales_return.lines.iter().find(|line| line.position == position);
    let stocked_line = line.and_then(|line| Some((find_stocked_level(draft, sales_return, line)?, line)));
    let mut came_in = None;
    if let Some((key, line)) = stocked_line {
        check_receivable(&draft.level(key, field)?.facts, field)?;
        if let Some(head) = pending_head.as_ref() {
            draft.begin(head.clone(), key, field)?;
            *pending_head = None;
        }
        let lot = lots.lot((index, key.product), &lot, field)?;
        came_in = post_unavailable(draft, key, (quantity, lot), field)?;
        check_serial_was_shipped(basis, draft, line, lot_field(field))?;
    } else if lot.is_specified() {
        return Err(ReturnStepRefusal::NotByLots.at(lot_field(field)));
    }
    let Some(line) = sales_return.line_mut(position) else { return Ok(()) };
    credit_order_lines(basis, orders, line, quantity)?;
    if let Some(lot) = came_in {
        record_received_lot(line, lot, quantity);
    }
    Ok(())
}

/// Adds an entry that brings stock in as unavailable; returns its lot, if stock is kept by lots.
fn post_unavailable(
    draft: &mut Draft<'_>,
    key: LevelKey,
    (quantity, lot): (i64, LotChoice),
    field: At,
) -> Result<Option<LotId>, Rejection> {
    let cost = draft.level(key, field)?.facts.cost;
    let delta = Delta { on_hand: quantity, unavailable: quantity, ..Delta::default() };
    let condition = Some(Condition::Quarantine);
    draft.post_to(key, Posting { delta, cost, note: None, lot, condition, dates: Dates::Override }, field)?;
    Ok(draft.last_posted_lot())
}

fn record_received_lot(line: &mut ReturnLine, lot: LotId, quantity: i64) {
    match line.lots.iter_mut().find(|return_lot| return_lot.lot == lot) {
        Some(return_lot) => return_lot.received = count(return_lot.received.get() + quantity),
        None => line.lots.push(ReturnLot { lot, received: count(quantity), inspected: Quantity::ZERO }),
    }
}
