//! Holds that somebody sets on an order: its goods stay until the last of them is lifted. They change neither its state nor its stock.

use std::collections::HashMap;

use entity::prelude::*;

use super::{
    needs::OrderNeeds,
    order::{Order, OrderBook, OrderDecision, OrderFact},
    refusal::Refusal,
    rule_facts::Matched,
};
use crate::{
    ledger::{Books, Decide, Decision, Needs},
    orders::events::{self, EventType, OrderEvent},
    stock::core::{At, Draft, Field, Noun, Rejection, RoomRefusal},
};

/// Kinds that mean something to the platform. A tenant has others of its own.
pub const FRAUD: &str = "FRAUD";
pub const PAYMENT: &str = "PAYMENT";
const KNOWN: [&str; 4] = ["CREDIT", FRAUD, "ADDRESS", PAYMENT];
/// What the platform itself flags, which nobody sets.
const FLAGS: [&str; 2] = ["SHORT", "SOURCING"];
/// Holds of an order that stand at once.
pub(super) const MOST_STANDING: usize = 100;
/// Characters of a hold's kind.
pub const MAX_KIND: usize = 64;

/// A hold on an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub id: HoldId,
    pub order: OrderId,
    pub kind: String,
    pub reason: String,
    pub note: Option<String>,
    pub placed_at: Timestamp,
    pub actor: Actor,
    /// When and by whom it was lifted; None while it stands.
    pub lifted: Option<(Timestamp, Actor)>,
    /// The code of the rule that set it; None of one that somebody set.
    pub rule: Option<String>,
    /// What made the rule match, as it was asked last; None of one that somebody set, and of one that the rule took off.
    pub matched: Option<Matched>,
}

/// Holds that stand, of orders that commands of a batch ask for.
pub type HoldsByOrder = HashMap<OrderId, Vec<Hold>>;

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
    /// The order that it is on, read before: that never changes.
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
            Self::Set(c) => c.order,
            Self::Lift(c) => c.order,
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
        needs.documents.with(|own: &mut OrderNeeds| {
            own.orders.insert(self.order());
            own.holds.insert(self.order());
        });
    }

    fn decide(&self, draft: &mut Draft<'_>, books: &Books) -> Result<Decision, Rejection> {
        let decided = books.read(|book: &OrderBook| match self {
            Self::Set(c) => decide_set(book, draft.now(), c),
            Self::Lift(c) => decide_lift(book, draft.now(), c),
        });
        decided.map(Decision::of)
    }
}

/// Whether holds can be set on an order in this state: while something of it is still to leave.
pub const fn may_be_held(status: OrderStatus) -> bool {
    matches!(status, OrderStatus::Draft | OrderStatus::Pending | OrderStatus::Confirmed | OrderStatus::PartiallyFulfilled)
}

/// Refuses what lets goods of the order leave, or brings them nearer to it, while a hold stands. Asked in the command that the ledger decides,
/// on the order that it has locked.
pub fn not_held(order: &Order, at: At) -> Result<(), Rejection> {
    if order.hold_kinds.is_empty() {
        return Ok(());
    }
    let mut kinds = order.hold_kinds.clone();
    kinds.dedup();
    Err(Refusal::OnHold { kinds }.at(at))
}

/// The kind as it is kept: the platform's own words in capitals. None for one that nobody sets, and for what is no single line.
pub fn kept_kind(kind: &str) -> Option<String> {
    let kind = kind.trim();
    let is = |word: &&&str| word.eq_ignore_ascii_case(kind);
    if kind.is_empty() || kind.chars().any(char::is_control) || FLAGS.iter().any(|flag| is(&flag)) {
        return None;
    }
    Some(KNOWN.iter().find(is).copied().unwrap_or(kind).to_owned())
}

fn decide_set(book: &OrderBook, now: Timestamp, command: &SetHold) -> Result<OrderDecision, Rejection> {
    let known = book.orders.get(&command.order).ok_or_else(|| Rejection::not_found(Noun::Order, At::input(Field::Id)))?;
    known.expect(command.expected_version)?;
    if !may_be_held(known.status) {
        return Err(Refusal::NothingToHold(known.status).at(At::input(Field::Id)));
    }
    if known.hold_kinds.len() >= MOST_STANDING {
        return Err(Refusal::HeldOften { most: MOST_STANDING }.at(At::input(Field::Id)));
    }
    let mut order = known.clone();
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
    Ok(changed(order, vec![hold], events::ORDER_HELD, command.actor))
}

fn decide_lift(book: &OrderBook, now: Timestamp, command: &LiftHold) -> Result<OrderDecision, Rejection> {
    let known = book.orders.get(&command.order).ok_or_else(|| Rejection::not_found(Noun::Hold, At::input(Field::Id)))?;
    known.expect(command.expected_version)?;
    let standing = book.holds.get(&command.order).into_iter().flatten();
    let lifted: Vec<Hold> = standing.filter(|hold| hold.id == command.id).cloned().collect();
    if lifted.is_empty() {
        return Err(Refusal::HoldLifted.at(At::input(Field::Id)));
    }
    let mut order = known.clone();
    let lifted = lift(&mut order, lifted, (now, command.actor));
    order.touch(now);
    Ok(changed(order, lifted, events::ORDER_HOLD_LIFTED, command.actor))
}

/// Takes these holds, which stand, off the order.
pub(crate) fn lift(order: &mut Order, holds: Vec<Hold>, by: (Timestamp, Actor)) -> Vec<Hold> {
    for hold in &holds {
        if let Some(place) = order.hold_kinds.iter().position(|kind| *kind == hold.kind) {
            order.hold_kinds.remove(place);
        }
    }
    holds.into_iter().map(|hold| Hold { lifted: Some(by), ..hold }).collect()
}

/// Sets holds on the order again that were lifted, as far as it may be held.
pub(crate) fn set_again(order: &mut Order, holds: Vec<Hold>, (now, actor): (Timestamp, Actor)) -> Vec<Hold> {
    if !may_be_held(order.status) {
        return Vec::new();
    }
    let room = MOST_STANDING.saturating_sub(order.hold_kinds.len());
    let set: Vec<Hold> = holds.into_iter().take(room).map(|hold| Hold { placed_at: now, actor, lifted: None, ..hold }).collect();
    order.hold_kinds.extend(set.iter().map(|hold| hold.kind.clone()));
    order.hold_kinds.sort_unstable();
    set
}

fn changed(order: Order, holds: Vec<Hold>, kind: EventType<OrderEvent>, actor: Actor) -> OrderDecision {
    let event = OrderFact { kind, order: order.id, before: Some(order.status), by: actor.into(), changed: Vec::new() };
    OrderDecision { orders: vec![order], events: vec![event], holds, ..OrderDecision::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platforms_words_are_kept_in_capitals_and_flags_are_nobodys_to_set() {
        assert_eq!(kept_kind(" fraud "), Some("FRAUD".to_owned()));
        assert_eq!(kept_kind("Payment"), Some("PAYMENT".to_owned()));
        assert_eq!(kept_kind("Gift wrap missing"), Some("Gift wrap missing".to_owned()));
        for odd in ["", "  ", "short", "SOURCING", "two\nlines", "a\0b"] {
            assert_eq!(kept_kind(odd), None, "{odd:?}");
        }
    }
}
