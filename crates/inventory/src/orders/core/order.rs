//! Orders: the state that their rules decide on.

use std::collections::HashMap;

use entity::prelude::*;
use serde_json::Value;

use super::{
    detail::{DetailChange, OrderDetail},
    hint::Hint,
    hold_rule::HoldRule,
    holds::{Hold, HoldsByOrder},
    kit::Kits,
    line::Line,
    paid::Paid,
    redraft::{DraftSourcing, DraftSourcingChange},
    rule_facts::{AddressFacts, RuleFacts},
    sourcing::{Position, SourcingRule},
};
use crate::{
    ledger::DocumentNumber,
    orders::events::{EventType, OrderEvent},
    stock::core::{Noun, Rejection},
};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub id: OrderId,
    pub number: DocumentNumber,
    pub status: OrderStatus,
    /// Store that sold the order.
    pub store: StoreId,
    pub channel: ChannelId,
    pub customer: Option<CustomerId>,
    pub external_ref: Option<String>,
    /// Country that the order was sold to: the stated one, else its customer's at that time. It
    /// stays when the customer changes.
    pub country: Option<String>,
    /// The register of the order, as the caller named it.
    pub register: Option<String>,
    pub total: Money,
    pub placed_at: Timestamp,
    pub business_date: i32,
    pub expires_at: Option<Timestamp>,
    pub actor: Actor,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Amounts paid and refunded.
    pub paid: Paid,
    /// The kinds of the holds that are set, sorted: one for each hold.
    pub hold_kinds: Vec<String>,
    pub lines: Vec<Line>,
}

/// Converts a count that was computed from counts within the range.
pub(crate) fn count(value: i64) -> Quantity {
    debug_assert!(value >= 0, "a line's counters never go below 0");
    Quantity::new(value.max(0)).unwrap_or(Quantity::ZERO)
}

impl Order {
    pub fn line_id(&self, position: u16) -> OrderLineId {
        self.id.line(position)
    }
    /// Returns the sum of the lines without cancelled units.
    pub fn current_total(&self) -> Money {
        let sum = self.lines.iter().try_fold(Money::zero(self.total.currency), |sum, line| sum.checked_add(line.current_total()));
        sum.unwrap_or(self.total)
    }
    pub fn line_mut(&mut self, position: u16) -> Option<&mut Line> {
        self.lines.iter_mut().find(|line| line.position == position)
    }
    pub fn touch(&mut self, now: Timestamp) {
        self.version += 1;
        self.updated_at = now;
    }
    /// Returns the status of an order that has shipped in part or in full.
    pub fn fulfilment_status(&self) -> OrderStatus {
        let outstanding = self.lines.iter().any(|line| line.outstanding() > 0);
        if outstanding { OrderStatus::PartiallyFulfilled } else { OrderStatus::Fulfilled }
    }
    /// True if the order has units that can be shipped now: backordered units cannot.
    pub fn has_open(&self) -> bool {
        self.lines.iter().any(|line| line.open.is_positive())
    }
    /// Checks the version that the caller saw.
    pub fn expect(&self, version: Option<i64>) -> Result<(), Rejection> {
        match version {
            Some(expected) if expected != self.version => Err(Rejection::stale(Noun::Order, self.id.uuid(), self.version)),
            _ => Ok(()),
        }
    }
}

/// A shipment of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fulfilment {
    pub id: FulfilmentId,
    pub order: OrderId,
    pub store: StoreId,
    pub status: FulfilmentStatus,
    pub shipped_at: Option<Timestamp>,
    /// The store's work that was shipped; None for a shipment without a work.
    pub work: Option<FulfilmentWorkId>,
    pub delivered_at: Option<Timestamp>,
    /// Time at which a failed delivery was reported, and its reason.
    pub failed_at: Option<Timestamp>,
    pub failed_reason: Option<String>,
    pub lines: Vec<FulfilmentLine>,
}

impl Fulfilment {
    /// Creates a fulfilment of goods that leave now.
    pub fn shipped((id, order): (FulfilmentId, OrderId), store: StoreId, at: Timestamp, lines: Vec<FulfilmentLine>) -> Self {
        Self {
            id,
            order,
            store,
            status: FulfilmentStatus::Shipped,
            shipped_at: Some(at),
            work: None,
            delivered_at: None,
            failed_at: None,
            failed_reason: None,
            lines,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FulfilmentLine {
    pub position: u16,
    pub quantity: Quantity,
}

/// Properties of a store that no loaded level has: that of an order of charges alone, or of a draft
/// whose store or time changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreFacts {
    pub time_zone: String,
    pub archived: bool,
}

/// Properties of its customer that an order needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuyerFacts {
    pub country: Option<String>,
    /// Time at which the customer was archived; for a merged one, that of the customer it was
    /// merged into.
    pub archived_at: Option<Timestamp>,
}

/// The orders that a batch has loaded and locked, with the rows that they refer to.
#[derive(Debug, Clone, Default)]
pub struct OrderBook {
    pub orders: HashMap<OrderId, Order>,
    /// Details of the edited orders; absent for an order without any.
    pub details: HashMap<OrderId, OrderDetail>,
    /// Requested times of orders whose goods the commands change; absent for an order without one.
    pub wanted: HashMap<OrderId, Timestamp>,
    /// Invoiced quantities that are not credited, by order and position, for orders whose commands
    /// need them.
    pub invoiced: HashMap<(OrderId, u16), i64>,
    /// Sourcing settings of the drafts whose commands change them; absent for a draft that is
    /// reserved at its store.
    pub drafted: HashMap<OrderId, DraftSourcing>,
    /// External references that are taken, per channel.
    pub taken_refs: std::collections::HashSet<(ChannelId, String)>,
    /// Existing channels and customers that commands of the batch name; channels with the time
    /// since which they are archived.
    pub channels: HashMap<ChannelId, Option<Timestamp>>,
    pub customers: HashMap<CustomerId, BuyerFacts>,
    /// Stores of orders without products.
    pub stores: HashMap<StoreId, StoreFacts>,
    /// Parts of the kits that commands name.
    pub kits: Kits,
    /// The holds of orders that commands refer to.
    pub holds: HoldsByOrder,
    /// The rules that set holds, by their codes; empty if no order is confirmed, changed or paid.
    pub hold_rules: Vec<HoldRule>,
    /// Facts that the conditions of those rules need.
    pub facts: RuleFacts,
}

/// A fact about an order, for the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFact {
    pub kind: EventType<OrderEvent>,
    pub order: OrderId,
    /// Status before the change; None for a new order.
    pub before: Option<OrderStatus>,
    pub by: By,
    /// The fields that an edit changed, by their names in the API.
    pub changed: Vec<&'static str>,
}

/// Actor and reason of an action on an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    pub actor: Actor,
    pub reason: Option<String>,
    pub cancel: Option<CancelReason>,
    pub register: Option<String>,
}

impl From<Actor> for By {
    fn from(actor: Actor) -> Self {
        Self { actor, reason: None, cancel: None, register: None }
    }
}

/// Effects of an accepted command on orders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderDecision {
    pub orders: Vec<Order>,
    pub fulfilments: Vec<Fulfilment>,
    pub events: Vec<OrderFact>,
    /// Sourcing rules that drafts use once they are confirmed, and their destinations.
    pub drafted: Vec<(OrderId, SourcingRule, Option<Position>)>,
    /// Drafts whose sourcing changed.
    pub resourced: Vec<DraftSourcingChange>,
    /// Orders whose reservations were shortened: their own rows do not change.
    pub shortened: Vec<Order>,
    /// Holds that were set on orders, and those that were lifted.
    pub holds: Vec<Hold>,
    /// Holds whose rules now match by other properties of the order.
    pub rematched: Vec<Hold>,
    /// Facts of the addresses for rules, of orders whose addresses were given.
    pub whereabouts: Vec<(OrderId, AddressFacts)>,
    /// Changes of orders' details beside their lines.
    pub details: Vec<DetailChange>,
    /// Lines that edits added to existing orders.
    pub added: Vec<(OrderId, u16)>,
    /// Findings that do not reject the edit, but should be reviewed.
    pub hints: Vec<Hint>,
    /// The order before an edit.
    pub before: Option<Box<Order>>,
    /// Changes of personal data by an edit, as marks for the audit log.
    pub personal: Vec<Value>,
    /// True if the caller is bound to a channel: it may change only the notes of orders that a
    /// store has accepted.
    pub by_channel: bool,
}

impl OrderBook {
    /// Applies an accepted decision to the orders.
    pub fn evolve(&mut self, decision: &OrderDecision) {
        for order in &decision.orders {
            // A reference that an edit gave up is free only after the batch is written: its row has
            // it until then.
            let had_it = |was: &Order| was.channel == order.channel && was.external_ref == order.external_ref;
            if let Some(reference) = &order.external_ref
                && !self.orders.get(&order.id).is_some_and(had_it)
            {
                self.taken_refs.insert((order.channel, reference.clone()));
            }
            self.orders.insert(order.id, order.clone());
        }
        for hold in &decision.holds {
            let standing = self.holds.entry(hold.order).or_default();
            standing.retain(|known| known.id != hold.id);
            if hold.lifted.is_none() {
                standing.push(hold.clone());
            }
            self.facts.note(hold);
        }
        for hold in &decision.rematched {
            if let Some(known) = self.holds.entry(hold.order).or_default().iter_mut().find(|known| known.id == hold.id) {
                known.clone_from(hold);
            }
            self.facts.note(hold);
        }
        self.facts.whereabouts.extend(decision.whereabouts.iter().cloned());
        for draft in &decision.resourced {
            match draft.after {
                Some(sourcing) => self.drafted.insert(draft.order, sourcing),
                None => self.drafted.remove(&draft.order),
            };
        }
        for change in &decision.details {
            self.details.insert(change.after.order, change.after.clone());
        }
    }
}
