//! Steps of a requested return: approving or rejecting it, and receiving its goods. `inspect` has
//! their inspection, `close` closes it.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    book::{Before, Decided, ReturnBasis, decided},
    close::close,
    inspect::inspect,
    lots_chosen::{Goods, LotSelection},
    posting::{of_lot, return_head, stocked},
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

pub fn decide_return_step(basis: ReturnBasis<'_>, draft: &mut Draft<'_>, act: &ActOnReturn) -> Result<Decided, Rejection> {
    let mut ret = open(basis, act)?;
    let before = Before::of(&ret);
    let now = draft.now();
    let mut orders = Orders::new();
    match &act.step {
        ReturnStep::Approve => ret.state = ReturnState::Approved,
        ReturnStep::Reject { reason } => {
            release_pending(basis, &mut orders, &ret)?;
            ret.state = ReturnState::Rejected { reason: reason.clone() };
        }
        ReturnStep::Receive(goods) => receive(basis, draft, (&mut ret, &mut orders), act, goods)?,
        ReturnStep::Inspect(inspection) => inspect(draft, &mut ret, act, inspection)?,
        ReturnStep::Close { refund } => close(basis, (&mut ret, &mut orders), *refund)?,
    }
    ret.touch(now);
    orders.values_mut().for_each(|order| order.touch(now));
    Ok(decided(ret, Some(before), act.step.event(), orders, act.actor))
}

/// Returns the return, if its state allows the step.
fn open(basis: ReturnBasis<'_>, act: &ActOnReturn) -> Result<Return, Rejection> {
    let ret = basis.returns.returns.get(&act.ret).ok_or_else(|| Rejection::not_found(Noun::Return, At::input(Field::Id)))?;
    ret.expect(act.expected_version)?;
    if return_actions_from(ret.status()).any(|open| open == act.step.action()) {
        return Ok(ret.clone());
    }
    Err(ret.not_open())
}

/// Returns the order's line that a piece names, in the order with the step's changes so far.
pub(super) fn order_line<'o>(
    basis: ReturnBasis<'_>,
    orders: &'o mut Orders,
    line: OrderLineId,
) -> Result<&'o mut Line, Rejection> {
    let (id, position) = line.split_line();
    let missing = || Rejection::not_found(Noun::OrderLine, At::input(Field::Id));
    let known = basis.order(id).ok_or_else(missing)?;
    orders.entry(id).or_insert_with(|| known.clone()).line_mut(position).ok_or_else(missing)
}

/// Releases the order lines' pending quantities of goods that have not come.
fn release_pending(basis: ReturnBasis<'_>, orders: &mut Orders, ret: &Return) -> Result<(), Rejection> {
    for piece in ret.lines.iter().flat_map(|line| &line.matches) {
        let left = piece.quantity.get() - piece.received.get();
        if left > 0 {
            let line = order_line(basis, orders, piece.line)?;
            line.return_pending = count(line.return_pending.get() - left);
        }
    }
    Ok(())
}

/// Credits the received quantity of a line to its order lines, in the order of its pieces; the rest
/// came from no known order.
fn credit(basis: ReturnBasis<'_>, orders: &mut Orders, line: &mut ReturnLine, quantity: i64) -> Result<(), Rejection> {
    line.received = count(line.received.get() + quantity);
    let mut left = quantity;
    for piece in &mut line.matches {
        let taken = left.min(piece.quantity.get() - piece.received.get());
        if taken == 0 {
            continue;
        }
        left -= taken;
        piece.received = count(piece.received.get() + taken);
        let of = order_line(basis, orders, piece.line)?;
        of.return_pending = count(of.return_pending.get() - taken);
        of.returned = count(of.returned.get() + taken);
    }
    Ok(())
}

/// A position, its quantity and lot, and the place in the input.
type Wanted = (u16, i64, LotChoice, At);

fn wanted(draft: &mut Draft<'_>, ret: &Return, goods: &ReceivedGoods) -> Result<Vec<Wanted>, Rejection> {
    let Some(named) = &goods.lines else {
        let awaited = ret.lines.iter().filter(|line| line.kind == LineKind::Product && line.awaited() > 0);
        return Ok(awaited.map(|line| (line.position, line.awaited(), LotChoice::Unsaid, At::input(Field::Lines))).collect());
    };
    if named.is_empty() && goods.rest == RemainderPolicy::Awaited {
        return Err(ReturnStepRefusal::NothingNamed.at(At::input(Field::Lines)));
    }
    let mut taken: BTreeMap<u16, i64> = BTreeMap::new();
    let mut wanted = Vec::with_capacity(named.len());
    for (index, one) in named.iter().enumerate() {
        let (of, position) = one.line.split_line();
        let at = |name: Field| At::line(index).field(name);
        let line = ret.lines.iter().find(|line| of == ret.id && line.position == position);
        let Some(line) = line else {
            draft.refuse(Rejection::not_found(Noun::ReturnLine, at(Field::LineId)))?;
            continue;
        };
        if line.kind == LineKind::Charge {
            draft.refuse(ReturnStepRefusal::ChargeDoesNotCome.at(at(Field::LineId)))?;
            continue;
        }
        let before = taken.entry(position).or_default();
        let left = line.awaited() - *before;
        if !one.quantity.is_positive() || one.quantity.get() > left {
            draft.refuse(ReturnStepRefusal::AwaitedUpTo { most: left }.at(at(Field::Quantity)))?;
            continue;
        }
        *before += one.quantity.get();
        wanted.push((position, one.quantity.get(), one.lot.clone(), at(Field::Quantity)));
    }
    draft.end_pass()?;
    Ok(wanted)
}

/// Returns the lots for goods of lines without a named lot.
fn lots_chosen(draft: &Draft<'_>, ret: &Return, left: Option<&ReturnableLots>, wanted: &[Wanted]) -> LotSelection {
    let Some(left) = left else { return LotSelection::default() };
    let goods = |(index, (position, units, lot, _)): (usize, &Wanted)| {
        let line = ret.lines.iter().find(|line| line.position == *position)?;
        Some(Goods::of(line, index, (stocked(draft, ret, line)?, *units, lot.clone())))
    };
    let goods: Vec<Goods> = wanted.iter().enumerate().filter_map(goods).collect();
    LotSelection::of(draft, left, &goods)
}

/// Adds the goods to stock as unavailable: the inspection decides about them.
fn receive(
    basis: ReturnBasis<'_>,
    draft: &mut Draft<'_>,
    (ret, orders): (&mut Return, &mut Orders),
    act: &ActOnReturn,
    goods: &ReceivedGoods,
) -> Result<(), Rejection> {
    if let Some(left) = &goods.left {
        left.expect(basis)?;
    }
    let at = goods.occurred_at.unwrap_or(draft.now());
    let business_date = check_moment(draft.book(), at, &act.time_zone)?;
    let head = return_head(act, ret, (act.movements[0], MovementKind::Return), at);
    let mut begin = Some(head);
    let wanted = wanted(draft, ret, goods)?;
    let lots = lots_chosen(draft, ret, goods.left.as_ref(), &wanted);
    for (index, one) in wanted.into_iter().enumerate() {
        let came = receive_line(basis, draft, (&mut *ret, &mut *orders), (&lots, index, one), &mut begin);
        draft.pass(came)?;
    }
    draft.end_pass()?;
    let products = ret.lines.iter().filter(|line| line.kind == LineKind::Product);
    let (came, awaited) = products.fold((0, 0), |(came, left), line| (came + line.received.get(), left + line.awaited()));
    if came == 0 && awaited > 0 {
        return Err(ReturnStepRefusal::NothingCame.at(At::input(Field::Lines)));
    }
    if ret.state.received_at().is_none() {
        // Reports count the return on the day of its first receipt.
        (ret.occurred_at, ret.business_date) = (at, business_date);
    }
    let received_at = ret.state.received_at().map_or(at, |before| before.max(at));
    ret.state = ReturnState::PartiallyReceived { received_at };
    if awaited == 0 || goods.rest == RemainderPolicy::GivenUp {
        ret.state = ReturnState::Received { received_at };
        for line in ret.lines.iter_mut().filter(|line| line.kind == LineKind::Charge) {
            let awaited = line.awaited();
            credit(basis, orders, line, awaited)?;
        }
        release_pending(basis, orders, ret)?;
    }
    Ok(())
}

/// Receives goods of a line into stock, if the product is stocked, and credits them to its order
/// lines. The movement begins with the first of them.
fn receive_line(
    basis: ReturnBasis<'_>,
    draft: &mut Draft<'_>,
    (ret, orders): (&mut Return, &mut Orders),
    (lots, index, (position, quantity, lot, field)): (&LotSelection, usize, Wanted),
    begin: &mut Option<MovementHead>,
) -> Result<(), Rejection> {
    let line = ret.lines.iter().find(|line| line.position == position);
    let goes_to = line.and_then(|line| Some((stocked(draft, ret, line)?, line)));
    let mut came_in = None;
    if let Some((key, line)) = goes_to {
        check_receivable(&draft.level(key, field)?.facts, field)?;
        if let Some(head) = begin.as_ref() {
            draft.begin(head.clone(), key, field)?;
            *begin = None;
        }
        let lot = lots.lot((index, key.product), &lot, field)?;
        came_in = post_unavailable(draft, key, (quantity, lot), field)?;
        check_serial_was_shipped(basis, draft, line, of_lot(field))?;
    } else if lot.is_said() {
        return Err(ReturnStepRefusal::NotByLots.at(of_lot(field)));
    }
    let Some(line) = ret.line_mut(position) else { return Ok(()) };
    credit(basis, orders, line, quantity)?;
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
    match line.lots.iter_mut().find(|known| known.lot == lot) {
        Some(known) => known.received = count(known.received.get() + quantity),
        None => line.lots.push(ReturnLot { lot, received: count(quantity), inspected: Quantity::ZERO }),
    }
}
