//! Commands that set and lift holds: the goods of an order stay until its last hold is lifted. Holds
//! change neither its status nor its stock.

use entity::prelude::*;

use super::{
    book::OrderBook,
    decision::{OrderDecision, OrderFact},
    hold::{Hold, MAX_ACTIVE_HOLDS},
    needs::OrderNeeds,
    order::Order,
    refusal::Refusal,
};
use crate::{
    ledger::{Books, Decide, Decision, Needs},
    orders::events::{self, EventType, OrderEvent},
    stock::core::{At, Draft, Field, Noun, Rejection, RoomRefusal},
};

#[derive(Debug, Clone)]
pub struct SetHold {
    pub id: HoldId,
    pub order: OrderId,
    pub expected_version: Option<i64>,
    pub kind: String,
    pub reason: String,
    pub note: Option<String>,
    pub actor: Actor,
}

#[derive(Debug, Clone)]
pub struct LiftHold {
    pub id: HoldId,
    /// The hold's order, which never changes and was read before.
    pub order: OrderId,
    pub expected_version: Option<i64>,
    pub actor: Actor,
}

/// A command on the holds of one order.
#[derive(Debug, Clone)]
pub enum HoldCommand {
    Set(SetHold),
    Lift(LiftHold),
}

impl HoldCommand {
    const fn order(&self) -> OrderId {
        match self {
            Self::Set(command) => command.order,
            Self::Lift(command) => command.order,
        }
    }
}

impl Decide for HoldCommand {
    fn name(&self) -> &'static str {
        match self {
            Self::Set(_) => "order.hold_set",
            Self::Lift(_) => "order.hold_lift",
        }
    }

    fn weight(&self) -> usize {
        1
    }

    fn needs(&self, needs: &mut Needs) {
        needs.documents.with(|document_needs: &mut OrderNeeds| {
            document_needs.orders.insert(self.order());
            document_needs.holds.insert(self.order());
        });
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let result = books.read(|book: &OrderBook| match self {
            Self::Set(command) => decide_set_hold(book, draft.now(), command),
            Self::Lift(command) => decide_lift_hold(book, draft.now(), command),
        });
        result.map(Decision::of)
    }
}

/// True if holds can be set on an order in this status: while any goods have yet to leave.
pub const fn can_be_held(status: OrderStatus) -> bool {
    matches!(status, OrderStatus::Draft | OrderStatus::Pending | OrderStatus::Confirmed | OrderStatus::PartiallyFulfilled)
}

/// Rejects steps that let goods of the order leave, or bring them nearer to it, while it has a
/// hold. Checked in the command that the ledger decides, on the locked order.
pub fn check_not_on_hold(order: &Order, at: At) -> Result<(), Rejection> {
    if order.hold_kinds.is_empty() {
        return Ok(());
    }
    let mut kinds = order.hold_kinds.clone();
    kinds.dedup();
    Err(Refusal::OnHold { kinds }.at(at))
}

fn decide_set_hold(book: &OrderBook, now: Timestamp, command: &SetHold) -> Result<OrderDecision, Rejection> {
    let current_order = book.orders.get(&command.order).ok_or_else(|| Rejection::not_found(Noun::Order, At::input(Field::Id)))?;
    current_order.check_version(command.expected_version)?;
    if !can_be_held(current_order.status) {
        return Err(Refusal::NothingToHold(current_order.status).at(At::input(Field::Id)));
    }
    if current_order.hold_kinds.len() >= MAX_ACTIVE_HOLDS {
        return Err(Refusal::HeldOften { most: MAX_ACTIVE_HOLDS }.at(At::input(Field::Id)));
    }
    let mut order = current_order.clone();
    let hold = Hold {
        id: command.id,
        order: order.id,
        kind: command.kind.clone(),
        reason: command.reason.clone(),
        note: command.note.clone(),
        placed_at: now,
        actor: command.actor,
        lifted: None,
        rule: None,
        matched: None,
    };
    order.hold_kinds.push(hold.kind.clone());
    order.hold_kinds.sort_unstable();
    order.touch(now);
    Ok(build_hold_decision(order, vec![hold], events::ORDER_HELD, command.actor))
}

fn decide_lift_hold(book: &OrderBook, now: Timestamp, command: &LiftHold) -> Result<OrderDecision, Rejection> {
    let current_order = book.orders.get(&command.order).ok_or_else(|| Rejection::not_found(Noun::Hold, At::input(Field::Id)))?;
    current_order.check_version(command.expected_version)?;
    let standing = book.holds.get(&command.order).into_iter().flatten();
    let lifted: Vec<Hold> = standing.filter(|hold| hold.id == command.id).cloned().collect();
    if lifted.is_empty() {
        return Err(Refusal::HoldLifted.at(At::input(Field::Id)));
    }
    let mut order = current_order.clone();
    let lifted = remove_holds(&mut order, lifted, (now, command.actor));
    order.touch(now);
    Ok(build_hold_decision(order, lifted, events::ORDER_HOLD_LIFTED, command.actor))
}

/// Removes these holds, which are set, from the order.
pub(crate) fn remove_holds(order: &mut Order, holds: Vec<Hold>, by: (Timestamp, Actor)) -> Vec<Hold> {
    for hold in &holds {
        if let Some(index) = order.hold_kinds.iter().position(|kind| *kind == hold.kind) {
            order.hold_kinds.remove(index);
        }
    }
    holds.into_iter().map(|hold| Hold { lifted: Some(by), ..hold }).collect()
}

/// Sets holds on the order again that were lifted, as far as it may be held.
pub(crate) fn reapply_holds(order: &mut Order, holds: Vec<Hold>, (now, actor): (Timestamp, Actor)) -> Vec<Hold> {
    if !can_be_held(order.status) {
        return Vec::new();
    }
    let room = MAX_ACTIVE_HOLDS.saturating_sub(order.hold_kinds.len());
    let set: Vec<Hold> = holds.into_iter().take(room).map(|hold| Hold { placed_at: now, actor, lifted: None, ..hold }).collect();
    order.hold_kinds.extend(set.iter().map(|hold| hold.kind.clone()));
    order.hold_kinds.sort_unstable();
    set
}

fn build_hold_decision(order: Order, holds: Vec<Hold>, kind: EventType<OrderEvent>, actor: Actor) -> OrderDecision {
    let event = OrderFact { kind, order: order.id, before: Some(order.status), by: actor.into(), changed: Vec::new() };
    OrderDecision { orders: vec![order], events: vec![event], holds, ..OrderDecision::default() }
}
