//! What can be done to a return that was asked for: approve or reject it, take its goods in, and close it. Looking at them is `inspect`'s.

use std::collections::BTreeMap;

use entity::prelude::*;

use super::{
    book::{Before, Decided, ReturnBasis},
    close::close,
    create::{comes_in, decided},
    inspect::{Inspection, inspect, of_lot},
    lots_chosen::{Goods, LotsChosen},
    lots_left::LotsLeft,
    refusal::ReturnStepRefusal,
    sales_return::{Return, ReturnLine, ReturnLot, ReturnState},
    states::{ReturnAction, return_actions_from},
    take_in::left_with,
};
use crate::{
    orders::core::{Line, Order, count},
    returns::events::{self, EventType, ReturnEvent},
    stock::core::{
        At, Dates, Delta, Draft, Field, LevelKey, LotChoice, MovementHead, Noun, Posting, Reference, ReferenceKind, Rejection,
        RoomRefusal, check_moment,
    },
};

/// A step of a return.
#[derive(Debug, Clone)]
pub struct ActOnReturn {
    pub ret: ReturnId,
    /// The orders that its lines go back on, read before: they never change.
    pub orders: Vec<OrderId>,
    pub expected_version: Option<i64>,
    pub note: Option<String>,
    pub actor: Actor,
    /// Ids for the movements it may need.
    pub movements: [MovementId; 2],
    /// Of the store that it comes in at.
    pub time_zone: String,
    pub step: ReturnStep,
}

#[derive(Debug, Clone)]
pub enum ReturnStep {
    Approve,
    Reject {
        reason: String,
    },
    Receive(GoodsBack),
    Inspect(Inspection),
    /// With what is given back; None: what came, at its lines' prices.
    Close {
        refund: Option<Money>,
    },
}

/// What comes.
#[derive(Debug, Clone)]
pub struct GoodsBack {
    /// None: all that has yet to come.
    pub lines: Option<Vec<LineBack>>,
    pub rest: Rest,
    /// The lots in which goods of lines that say none can come back; None until one is missing.
    pub left: Option<LotsLeft>,
    pub occurred_at: Option<Timestamp>,
}

/// What has not come yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rest {
    Awaited,
    /// Nothing more will come.
    GivenUp,
}

/// How much of a line comes, and of which lot. A line may come in several lots.
#[derive(Debug, Clone)]
pub struct LineBack {
    pub line: ReturnLineId,
    pub quantity: Quantity,
    pub lot: LotChoice,
}

impl ReturnStep {
    pub const fn action(&self) -> ReturnAction {
        match self {
            Self::Approve => ReturnAction::Approve,
            Self::Reject { .. } => ReturnAction::Reject,
            Self::Receive(_) => ReturnAction::Receive,
            Self::Inspect(_) => ReturnAction::Inspect,
            Self::Close { .. } => ReturnAction::Close,
        }
    }
    const fn event(&self) -> EventType<ReturnEvent> {
        match self {
            Self::Approve => events::RETURN_APPROVED,
            Self::Reject { .. } => events::RETURN_REJECTED,
            Self::Receive(_) => events::RETURN_RECEIVED,
            Self::Inspect(_) => events::RETURN_INSPECTED,
            Self::Close { .. } => events::RETURN_CLOSED,
        }
    }
}

/// The orders that a step changes, brought forward line by line.
type Orders = BTreeMap<OrderId, Order>;

pub fn decide_return_step(basis: ReturnBasis<'_>, draft: &mut Draft<'_>, act: &ActOnReturn) -> Result<Decided, Rejection> {
    let mut ret = open(basis, act)?;
    let before = Before::of(&ret);
    let now = draft.now();
    let mut orders = Orders::new();
    match &act.step {
        ReturnStep::Approve => ret.state = ReturnState::Approved,
        ReturnStep::Reject { reason } => {
            let_go(basis, &mut orders, &ret)?;
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

/// The return, if the step is open in its state.
fn open(basis: ReturnBasis<'_>, act: &ActOnReturn) -> Result<Return, Rejection> {
    let ret = basis.returns.returns.get(&act.ret).ok_or_else(|| Rejection::not_found(Noun::Return, At::input(Field::Id)))?;
    ret.expect(act.expected_version)?;
    if return_actions_from(ret.status()).any(|open| open == act.step.action()) {
        return Ok(ret.clone());
    }
    Err(not_open(ret))
}

/// The step is not open in the return's state.
pub(super) fn not_open(ret: &Return) -> Rejection {
    ReturnStepRefusal::Status(ret.status()).at(At::input(Field::Id))
}

/// What a return's movements have in common.
pub(super) fn return_head(act: &ActOnReturn, ret: &Return, what: (MovementId, MovementKind), at: Timestamp) -> MovementHead {
    MovementHead {
        id: what.0,
        kind: what.1,
        reason: Some(if what.1 == MovementKind::Removal { ReasonCode::Damage } else { ReasonCode::CustomerReturn }),
        note: act.note.clone(),
        external_ref: ret.external_ref.clone(),
        reference: Some(Reference { kind: ReferenceKind::Return, id: ret.id.uuid() }),
        actor: act.actor,
        reverses: None,
        occurred_at: at,
    }
}

/// Where a line's stock lies; None for what is not stocked.
pub(super) fn stocked(draft: &Draft<'_>, ret: &Return, line: &ReturnLine) -> Option<LevelKey> {
    let key = LevelKey { product: line.product?, store: ret.store };
    let level = draft.level(key, At::NOWHERE).ok()?;
    (level.facts.policy != StockPolicy::Untracked).then_some(key)
}

/// The order's line that a piece names, in the order as the step leaves it.
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

/// What was asked back and has not come is no longer asked for.
fn let_go(basis: ReturnBasis<'_>, orders: &mut Orders, ret: &Return) -> Result<(), Rejection> {
    for piece in ret.lines.iter().flat_map(|line| &line.matches) {
        let left = piece.quantity.get() - piece.received.get();
        if left > 0 {
            let line = order_line(basis, orders, piece.line)?;
            line.return_pending = count(line.return_pending.get() - left);
        }
    }
    Ok(())
}

/// Puts what came of a line on its order lines, in the order of its pieces; what they do not cover came from no known order.
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

/// A position, how much of it, of which lot, and the field that says so.
type Wanted = (u16, i64, LotChoice, At);

fn wanted(draft: &mut Draft<'_>, ret: &Return, goods: &GoodsBack) -> Result<Vec<Wanted>, Rejection> {
    let Some(named) = &goods.lines else {
        let awaited = ret.lines.iter().filter(|line| line.kind == LineKind::Product && line.awaited() > 0);
        return Ok(awaited.map(|line| (line.position, line.awaited(), LotChoice::Unsaid, At::input(Field::Lines))).collect());
    };
    if named.is_empty() && goods.rest == Rest::Awaited {
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

/// The lots in which goods come whose lines name none.
fn lots_chosen(draft: &Draft<'_>, ret: &Return, left: Option<&LotsLeft>, wanted: &[Wanted]) -> LotsChosen {
    let Some(left) = left else { return LotsChosen::default() };
    let goods = |(index, (position, units, lot, _)): (usize, &Wanted)| {
        let line = ret.lines.iter().find(|line| line.position == *position)?;
        Some(Goods::of(line, index, (stocked(draft, ret, line)?, *units, lot.clone())))
    };
    let goods: Vec<Goods> = wanted.iter().enumerate().filter_map(goods).collect();
    LotsChosen::of(draft, left, &goods)
}

/// Takes the goods on hand, but not for sale: that is for whoever looks at them to say.
fn receive(
    basis: ReturnBasis<'_>,
    draft: &mut Draft<'_>,
    (ret, orders): (&mut Return, &mut Orders),
    act: &ActOnReturn,
    goods: &GoodsBack,
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
        // Reports count it on the day that it began to come.
        (ret.occurred_at, ret.business_date) = (at, business_date);
    }
    let received_at = ret.state.received_at().map_or(at, |before| before.max(at));
    ret.state = ReturnState::PartiallyReceived { received_at };
    if awaited == 0 || goods.rest == Rest::GivenUp {
        ret.state = ReturnState::Received { received_at };
        for line in ret.lines.iter_mut().filter(|line| line.kind == LineKind::Charge) {
            let awaited = line.awaited();
            credit(basis, orders, line, awaited)?;
        }
        let_go(basis, orders, ret)?;
    }
    Ok(())
}

/// Takes goods of a line on hand, where stock is kept of them, and puts them on its order lines. The movement begins with the first of them.
fn receive_line(
    basis: ReturnBasis<'_>,
    draft: &mut Draft<'_>,
    (ret, orders): (&mut Return, &mut Orders),
    (lots, index, (position, quantity, lot, field)): (&LotsChosen, usize, Wanted),
    begin: &mut Option<MovementHead>,
) -> Result<(), Rejection> {
    let line = ret.lines.iter().find(|line| line.position == position);
    let goes_to = line.and_then(|line| Some((stocked(draft, ret, line)?, line)));
    let mut came_in = None;
    if let Some((key, line)) = goes_to {
        comes_in(&draft.level(key, field)?.facts, field)?;
        if let Some(head) = begin.as_ref() {
            draft.begin(head.clone(), key, field)?;
            *begin = None;
        }
        let lot = lots.lot((index, key.product), &lot, field)?;
        came_in = put_aside(draft, key, (quantity, lot), field)?;
        left_with(basis, draft, line, of_lot(field))?;
    } else if lot.is_said() {
        return Err(ReturnStepRefusal::NotByLots.at(of_lot(field)));
    }
    let Some(line) = ret.line_mut(position) else { return Ok(()) };
    credit(basis, orders, line, quantity)?;
    if let Some(lot) = came_in {
        note_lot(line, lot, quantity);
    }
    Ok(())
}

/// An entry that brings stock in and sets it aside; gives its lot, where it is kept by lots.
fn put_aside(
    draft: &mut Draft<'_>,
    key: LevelKey,
    (quantity, lot): (i64, LotChoice),
    field: At,
) -> Result<Option<LotId>, Rejection> {
    let cost = draft.level(key, field)?.facts.cost;
    let delta = Delta { on_hand: quantity, unavailable: quantity, ..Delta::default() };
    let condition = Some(Condition::Quarantine);
    draft.post_to(key, Posting { delta, cost, note: None, lot, condition, dates: Dates::Override }, field)?;
    Ok(draft.last_lot())
}

fn note_lot(line: &mut ReturnLine, lot: LotId, quantity: i64) {
    match line.lots.iter_mut().find(|known| known.lot == lot) {
        Some(known) => known.received = count(known.received.get() + quantity),
        None => line.lots.push(ReturnLot { lot, received: count(quantity), inspected: Quantity::ZERO }),
    }
}
