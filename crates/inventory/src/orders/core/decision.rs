//! Effects of an accepted command on orders, and the facts of which their events are made.

use entity::prelude::*;
use serde_json::Value;

use super::{
    detail::DetailChange,
    hint::Hint,
    hold::Hold,
    order::Order,
    rule_facts::AddressFacts,
    shipment::Fulfilment,
    sourcing::{DraftSourcingChange, Position, SourcingRule},
};
use crate::orders::events::{EventType, OrderEvent};

/// A fact about an order, for the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFact {
    pub kind: EventType<OrderEvent>,
    pub order: OrderId,
    /// Status before the change; None for a new order.
    pub before: Option<OrderStatus>,
    pub by: ActionDetails,
    /// The fields that an edit changed, by their names in the API.
    pub changed: Vec<&'static str>,
}

/// Actor and reason of an action on an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionDetails {
    pub actor: Actor,
    pub reason: Option<String>,
    pub cancel: Option<CancelReason>,
    pub register: Option<String>,
}

impl From<Actor> for ActionDetails {
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
