//! What returns are decided on, and what becomes of them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use entity::prelude::*;

use super::sales_return::Return;
use crate::{
    orders::core::{Order, OrderBook, OrderDecision},
    returns::events::{EventType, ReturnEvent},
};

/// How much of each order line came back with returns that are CLOSED.
pub type Settled = BTreeMap<OrderLineId, i64>;

/// What left with orders, and as which lot; None for what was not kept by lots when it left.
pub type Shipped = HashMap<OrderId, BTreeSet<(ProductId, Option<LotId>)>>;

/// The returns that a batch has loaded and locked, and what is known of what came back.
#[derive(Debug, Clone, Default)]
pub struct ReturnBook {
    pub returns: HashMap<ReturnId, Return>,
    /// Of the orders that returns are closed on.
    pub settled: Settled,
    /// Of the orders that goods with serial numbers come back on.
    pub shipped: Shipped,
    /// External references that are taken.
    pub taken_refs: HashSet<String>,
    /// Of returns that are to be opened again, what rests on what they gave back.
    pub since: HashMap<ReturnId, ClosedSince>,
}

/// What came after a return was closed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClosedSince {
    /// Returns of the same orders that were closed later, the newest first.
    pub returns: Vec<ReturnId>,
    /// Payments that gave money back for it, the newest first.
    pub payments: Vec<PaymentId>,
}

/// A return is decided on itself and on the orders that it goes back on, which it changes.
#[derive(Debug, Clone, Copy)]
pub struct ReturnBasis<'b> {
    pub orders: &'b OrderBook,
    pub returns: &'b ReturnBook,
}

impl<'b> ReturnBasis<'b> {
    /// The order as it stands before the command.
    pub fn order(self, id: OrderId) -> Option<&'b Order> {
        self.orders.orders.get(&id)
    }
}

/// What an accepted command did to a return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnDecision {
    pub sales_return: Return,
    /// What happened to it, for the stream.
    pub event: EventType<ReturnEvent>,
    /// What the command found; None of a return that it made.
    pub before: Option<Before>,
}

impl ReturnDecision {
    /// Whether the return was created and closed in one step.
    pub fn is_closed_at_once(&self) -> bool {
        self.before.is_none() && self.sales_return.status() == ReturnStatus::Closed
    }
}

/// A return before a command: what had rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// The lots of each line, in the order of the lines.
    lots: Vec<Vec<LotId>>,
}

impl Before {
    pub fn of(sales_return: &Return) -> Self {
        Self { lots: sales_return.lines.iter().map(|line| line.lots.iter().map(|lot| lot.lot).collect()).collect() }
    }
    /// Whether the line at this place had come in this lot.
    pub fn has_lot(&self, line: usize, lot: LotId) -> bool {
        self.lots.get(line).is_some_and(|lots| lots.contains(&lot))
    }
}

/// What an accepted command did to a return, and to the orders that it goes back on.
pub type Decided = (ReturnDecision, OrderDecision);

impl ReturnBook {
    /// Brings the returns forward by an accepted decision.
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
