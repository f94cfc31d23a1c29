//! State that returns are decided on, and their decisions.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use entity::prelude::*;

use super::sales_return::Return;
use crate::{
    orders::{
        core::{Order, OrderBook, OrderDecision, OrderFact},
        events::ORDER_UPDATED,
    },
    returns::events::{EventType, ReturnEvent},
};

/// Returned quantity of each order line by returns that are CLOSED.
pub type ReturnedQuantities = BTreeMap<OrderLineId, i64>;

/// Products that left with each order, with their lot; `None` for stock that was not kept by lots
/// when it left.
pub type ShippedProducts = HashMap<OrderId, BTreeSet<(ProductId, Option<LotId>)>>;

/// The returns that a batch has loaded and locked, and the facts about goods that came back.
#[derive(Debug, Clone, Default)]
pub struct ReturnBook {
    pub returns: HashMap<ReturnId, Return>,
    /// Settled quantities of the orders whose returns are closed.
    pub settled: ReturnedQuantities,
    /// Shipped lots of the orders on which goods with serial numbers come back.
    pub shipped: ShippedProducts,
    /// External references that are taken.
    pub taken_refs: HashSet<String>,
    /// Later facts that depend on the refund of returns that are to be reopened.
    pub since: HashMap<ReturnId, ClosedSince>,
}

/// Facts that followed the closing of a return and depend on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClosedSince {
    /// Returns of the same orders that were closed later, the newest first.
    pub returns: Vec<ReturnId>,
    /// Payments that refunded it, newest first.
    pub payments: Vec<PaymentId>,
}

/// State that a return is decided on: its own, and that of its orders, which it changes.
#[derive(Debug, Clone, Copy)]
pub struct ReturnBasis<'b> {
    pub orders: &'b OrderBook,
    pub returns: &'b ReturnBook,
}

impl<'b> ReturnBasis<'b> {
    /// Returns the order before the command.
    pub fn order(self, id: OrderId) -> Option<&'b Order> {
        self.orders.orders.get(&id)
    }
}

/// Result of an accepted command on a return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnDecision {
    pub sales_return: Return,
    /// Kind of the event for the stream.
    pub event: EventType<ReturnEvent>,
    /// The return before the command; `None` if the command created it.
    pub before: Option<StateBefore>,
}

impl ReturnDecision {
    /// Whether the return was created and closed in one step.
    pub fn is_closed_at_once(&self) -> bool {
        self.before.is_none() && self.sales_return.status() == ReturnStatus::Closed
    }
}

/// State of a return before a command: the lots that have rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateBefore {
    /// The lots of each line, in the order of the lines.
    lots: Vec<Vec<LotId>>,
}

impl StateBefore {
    pub fn of(sales_return: &Return) -> Self {
        Self { lots: sales_return.lines.iter().map(|line| line.lots.iter().map(|lot| lot.lot).collect()).collect() }
    }
    /// Whether the line at this place had come in this lot.
    pub fn has_lot(&self, line: usize, lot: LotId) -> bool {
        self.lots.get(line).is_some_and(|lots| lots.contains(&lot))
    }
}

/// Result of an accepted command on a return, and on its orders.
pub type ReturnOutcome = (ReturnDecision, OrderDecision);

/// Returns the decision with a return and the orders that it changed, each with its event.
pub(super) fn build_decision(
    sales_return: Return,
    before: Option<StateBefore>,
    event: EventType<ReturnEvent>,
    orders: BTreeMap<OrderId, Order>,
    actor: Actor,
) -> ReturnOutcome {
    // A return changes no order's status.
    let updated = |order: &Order| {
        let (before, by, changed) = (Some(order.status), actor.into(), Vec::new());
        OrderFact { kind: ORDER_UPDATED, order: order.id, before, by, changed }
    };
    let events = orders.values().map(updated).collect();
    let changed = OrderDecision { orders: orders.into_values().collect(), events, ..OrderDecision::default() };
    (ReturnDecision { sales_return, event, before }, changed)
}

impl ReturnBook {
    /// Applies an accepted decision to the returns.
    pub fn evolve(&mut self, decision: &ReturnDecision) {
        let sales_return = &decision.sales_return;
        self.taken_refs.extend(sales_return.external_ref.clone());
        if sales_return.status() == ReturnStatus::Closed {
            for piece in sales_return.lines.iter().flat_map(|line| &line.matches) {
                *self.settled.entry(piece.line).or_default() += piece.received.get();
            }
        }
        self.returns.insert(sales_return.id, sales_return.clone());
    }
}
