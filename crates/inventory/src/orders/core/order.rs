//! An order as the rules see it.

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
    redraft::{DraftSourcing, ResourcedDraft},
    rule_facts::{RuleFacts, Whereabouts},
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
    /// Who sold it.
    pub store: StoreId,
    pub channel: ChannelId,
    pub customer: Option<CustomerId>,
    pub external_ref: Option<String>,
    /// The country that it was sold to: as it was given, else its customer's then. It stays, whatever becomes of the customer.
    pub country: Option<String>,
    /// The register that it was placed at, as its caller named it.
    pub register: Option<String>,
    pub total: Money,
    pub placed_at: Timestamp,
    pub business_date: i32,
    pub expires_at: Option<Timestamp>,
    pub actor: Actor,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// What was paid of it and given back.
    pub paid: Paid,
    /// The kinds of the holds that stand, sorted: one for each.
    pub hold_kinds: Vec<String>,
    pub lines: Vec<Line>,
}

/// A count that was computed from counts that are in range.
pub(crate) fn count(value: i64) -> Quantity {
    debug_assert!(value >= 0, "a line's counters never go below 0");
    Quantity::new(value.max(0)).unwrap_or(Quantity::ZERO)
}

impl Order {
    pub fn line_id(&self, position: u16) -> OrderLineId {
        self.id.line(position)
    }
    /// The sum of its lines without what was cancelled.
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
    /// Where an order stands of which something has left.
    pub fn fulfilment_status(&self) -> OrderStatus {
        let outstanding = self.lines.iter().any(|line| line.outstanding() > 0);
        if outstanding { OrderStatus::PartiallyFulfilled } else { OrderStatus::Fulfilled }
    }
    /// Whether any of it can be shipped as it stands: where all that is left waits for stock, nothing can.
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

/// Goods that left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fulfilment {
    pub id: FulfilmentId,
    pub order: OrderId,
    pub store: StoreId,
    pub status: FulfilmentStatus,
    pub shipped_at: Option<Timestamp>,
    /// The store's work that it ships; None where it left without one.
    pub work: Option<FulfilmentWorkId>,
    pub delivered_at: Option<Timestamp>,
    /// When it became known that it did not arrive, and why.
    pub failed_at: Option<Timestamp>,
    pub failed_reason: Option<String>,
    pub lines: Vec<FulfilmentLine>,
}

impl Fulfilment {
    /// Of what leaves now.
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

/// What an order of charges alone needs to know of its store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreFacts {
    pub time_zone: String,
    pub archived: bool,
}

/// What an order needs to know of the customer that it names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuyerFacts {
    pub country: Option<String>,
    /// Of one that is merged: since when the one that it is merged into is archived.
    pub archived_at: Option<Timestamp>,
}

/// The orders that a batch has loaded and locked, and what is known of what they name.
#[derive(Debug, Clone, Default)]
pub struct OrderBook {
    pub orders: HashMap<OrderId, Order>,
    /// What those of them that are edited say beside their lines; nothing of one that says nothing.
    pub details: HashMap<OrderId, OrderDetail>,
    /// For when orders are wanted whose goods commands change, of those that say so.
    pub wanted: HashMap<OrderId, Timestamp>,
    /// How much of their lines is invoiced and not credited, of orders that commands ask it of: by order and position.
    pub invoiced: HashMap<(OrderId, u16), i64>,
    /// How drafts will look for their stock that commands say it of anew; nothing of one that is held at its store.
    pub drafted: HashMap<OrderId, DraftSourcing>,
    /// External references that are taken, per channel.
    pub taken_refs: std::collections::HashSet<(ChannelId, String)>,
    /// Channels and customers that commands of the batch name and that exist; channels with since when they are archived.
    pub channels: HashMap<ChannelId, Option<Timestamp>>,
    pub customers: HashMap<CustomerId, BuyerFacts>,
    /// Stores of orders that name no product.
    pub stores: HashMap<StoreId, StoreFacts>,
    /// What the kits that commands name are made of.
    pub kits: Kits,
    /// The holds that stand, of orders that commands ask for.
    pub holds: HoldsByOrder,
    /// The rules that set holds, by their codes; none where no order is confirmed, changed or paid.
    pub hold_rules: Vec<HoldRule>,
    /// What those rules ask.
    pub facts: RuleFacts,
}

/// A fact about an order, for the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFact {
    pub kind: EventType<OrderEvent>,
    pub order: OrderId,
    /// Where it stood before; None for what has just been made.
    pub before: Option<OrderStatus>,
    pub by: By,
    /// The fields that an edit changed, as the API calls them.
    pub changed: Vec<&'static str>,
}

/// Who did something to an order, and why.
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

/// What an accepted command did to orders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderDecision {
    pub orders: Vec<Order>,
    pub fulfilments: Vec<Fulfilment>,
    pub events: Vec<OrderFact>,
    /// How drafts will look for their stock once they are confirmed, and where they go.
    pub drafted: Vec<(OrderId, SourcingRule, Option<Position>)>,
    /// Drafts that will look for it another way than before.
    pub resourced: Vec<ResourcedDraft>,
    /// Orders whose holds gave way, as they are: their own rows do not change.
    pub shortened: Vec<Order>,
    /// Holds that were set on orders, and those that were lifted.
    pub holds: Vec<Hold>,
    /// Holds that stand and of which something else makes their rules match.
    pub rematched: Vec<Hold>,
    /// Where orders go and are billed to, where that was said.
    pub whereabouts: Vec<(OrderId, Whereabouts)>,
    /// What was said of orders beside their lines.
    pub details: Vec<DetailChange>,
    /// Lines that were added to orders which had been placed before.
    pub added: Vec<(OrderId, u16)>,
    /// True, not refused, and worth a look.
    pub hints: Vec<Hint>,
    /// The order as an edit found it.
    pub before: Option<Box<Order>>,
    /// What an edit changed of who the order is for, as the audit log keeps it: marks.
    pub personal: Vec<Value>,
    /// Whether whoever asked is bound to a channel: of what a store has accepted they change nothing but notes.
    pub by_channel: bool,
}

impl OrderBook {
    /// Brings the orders forward by an accepted decision.
    pub fn evolve(&mut self, decision: &OrderDecision) {
        for order in &decision.orders {
            // A reference that an edit gave up is free once the batch is written: its row has it until then.
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
