//! The orders that a batch decides on, with the rows that they refer to.

use std::collections::HashMap;

use entity::prelude::*;

use super::{
    decision::OrderDecision, detail::OrderDetail, hold::HoldsByOrder, kit::Kits, order::Order, rule_facts::RuleFacts,
    rule_fields::HoldRule, sourcing::DraftSourcing,
};

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

impl OrderBook {
    /// Applies an accepted decision to the orders.
    pub fn evolve(&mut self, decision: &OrderDecision) {
        for order in &decision.orders {
            // A reference that an edit gave up is free only after the batch is written: its row has
            // it until then.
            let had_reference =
                |previous: &Order| previous.channel == order.channel && previous.external_ref == order.external_ref;
            if let Some(reference) = &order.external_ref
                && !self.orders.get(&order.id).is_some_and(had_reference)
            {
                self.taken_refs.insert((order.channel, reference.clone()));
            }
            self.orders.insert(order.id, order.clone());
        }
        for hold in &decision.holds {
            let standing_holds = self.holds.entry(hold.order).or_default();
            standing_holds.retain(|existing_hold| existing_hold.id != hold.id);
            if hold.lifted.is_none() {
                standing_holds.push(hold.clone());
            }
            self.facts.note(hold);
        }
        for hold in &decision.rematched {
            if let Some(existing_hold) =
                self.holds.entry(hold.order).or_default().iter_mut().find(|existing_hold| existing_hold.id == hold.id)
            {
                existing_hold.clone_from(hold);
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
