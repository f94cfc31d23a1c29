//! Rules that set holds automatically: when an order is confirmed, and with each edit and payment
//! from then on.

use entity::prelude::*;

use super::{
    book::OrderBook,
    decision::{ActionDetails, OrderDecision, OrderFact},
    hold::{Hold, MAX_ACTIVE_HOLDS, MatchedProperties},
    hold_commands::remove_holds,
    line::Line,
    order::Order,
    rule_facts::AddressFacts,
    rule_fields::{MoreConditions, RuleFields},
};
use crate::{
    catalog::core::text::fold,
    orders::events::{EventType, ORDER_HELD, ORDER_HOLD_LIFTED, OrderEvent},
};

impl RuleFields {
    /// Returns the properties of the order that make the rule match; None if any condition is not
    /// met.
    fn matched(&self, order: &Order, (book, address_facts): (&OrderBook, &AddressFacts)) -> Option<MatchedProperties> {
        use PaymentStatus::{Authorised, NothingDue, Overpaid, Paid};
        let mut matched = MatchedProperties::default();
        if let Some(least) = self.total_at_least {
            let total = order.current_total();
            matched.total = Some(total.minor).filter(|minor| least.currency == total.currency && *minor >= least.minor);
            matched.total?;
        }
        if self.is_unpaid {
            if matches!(order.derived_paid().payment, Authorised | NothingDue | Overpaid | Paid) {
                return None;
            }
            matched.refunded = Some(order.paid.refunded);
        }
        if self.lacks_address && !address_facts.lacks_address {
            return None;
        }
        if !self.countries.is_empty() {
            matched.country = Some(order.country.clone().filter(|country| self.countries.contains(country))?);
        }
        self.more.matched(order, (book, address_facts), matched)
    }
}

impl MoreConditions {
    fn matched(
        &self,
        order: &Order,
        (book, address_facts): (&OrderBook, &AddressFacts),
        mut matched: MatchedProperties,
    ) -> Option<MatchedProperties> {
        if self.is_billed_elsewhere {
            let (shipping_country, billed_country) = (order.country.as_ref()?, address_facts.billing_country.as_ref()?);
            if fold(shipping_country) == fold(billed_country) {
                return None;
            }
            (matched.country, matched.billing_country) = (Some(shipping_country.clone()), Some(billed_country.clone()));
        }
        if self.is_new_customer {
            if has_bought(book, order) {
                return None;
            }
            matched.customer = order.customer;
        }
        if !self.customer_tags.is_empty() {
            let customer = order.customer?;
            let facts = book.facts.customers.get(&customer)?;
            if !has_one_of(&facts.tags, &self.customer_tags) {
                return None;
            }
            matched.customer = Some(customer);
        }
        if !self.product_tags.is_empty() {
            let has_tag = |product: &ProductId| {
                let tags = book.facts.product_tags.get(product);
                tags.is_some_and(|tags| has_one_of(tags, &self.product_tags))
            };
            let counting = order.lines.iter().filter(|line| line.current() > 0).filter_map(Line::product);
            matched.products = counting.filter(has_tag).collect();
            if matched.products.is_empty() {
                return None;
            }
            matched.products.sort_unstable();
            matched.products.dedup();
        }
        Some(matched)
    }
}

/// True if one of these folded tags is among those of a rule.
fn has_one_of(folded: &[String], tags: &[String]) -> bool {
    tags.iter().any(|tag| folded.contains(&fold(tag)))
}

/// True if the customer has received goods of another order.
fn has_bought(book: &OrderBook, order: &Order) -> bool {
    let Some(customer) = order.customer else { return false };
    let has_left = |status| matches!(status, OrderStatus::PartiallyFulfilled | OrderStatus::Fulfilled | OrderStatus::Closed);
    book.facts.customers.get(&customer).is_some_and(|facts| facts.has_bought)
        || book.orders.values().any(|other| other.id != order.id && other.customer == Some(customer) && has_left(other.status))
}

/// Applies the rules in force to the orders of a decision that are to be fulfilled: each sets its
/// hold on an order that it matches, and lifts it from an order that it no longer matches, if the
/// rule says so.
pub(crate) fn apply_hold_rules(book: &OrderBook, now: Timestamp, decision: &mut OrderDecision) {
    if book.hold_rules.is_empty() {
        return;
    }
    let mut orders = std::mem::take(&mut decision.orders);
    for order in &mut orders {
        if matches!(order.status, OrderStatus::Confirmed | OrderStatus::PartiallyFulfilled) {
            apply_rules_to_order(book, now, order, decision);
        }
    }
    decision.orders = orders;
}

fn apply_rules_to_order(book: &OrderBook, now: Timestamp, order: &mut Order, decision: &mut OrderDecision) {
    let no_address = AddressFacts::default();
    let new_facts = decision.whereabouts.iter().find(|(id, _)| *id == order.id).map(|(_, address_facts)| address_facts.clone());
    let address_facts = new_facts.unwrap_or_else(|| book.facts.whereabouts.get(&order.id).unwrap_or(&no_address).clone());
    let rule_holds = holds_set_by_rules(book, order.id, decision);
    let mut number = rule_holds.len() as u16;
    let in_force = book.hold_rules.iter().filter(|rule| rule.archived_at.is_none()).map(|rule| &rule.fields);
    for rule in in_force {
        let mut own_holds = rule_holds.iter().filter(|hold| hold.rule.as_ref() == Some(&rule.code));
        let standing = own_holds.clone().find(|hold| hold.lifted.is_none());
        match (rule.matched(order, (book, &address_facts)), standing) {
            (None, Some(hold)) if rule.more.lifts_itself => {
                let lifted = remove_holds(order, vec![hold.clone()], (now, Actor::SYSTEM));
                // The rule lifted the hold, not a person: there is no exemption to keep.
                decision.holds.extend(lifted.into_iter().map(|hold| Hold { matched: None, ..hold }));
                decision.events.push(status_event(order, rule, ORDER_HOLD_LIFTED));
            }
            (Some(matched), Some(hold)) if hold.matched.as_ref() != Some(&matched) => {
                decision.rematched.push(Hold { matched: Some(matched), ..hold.clone() });
            }
            (Some(matched), None) => {
                let exempts = |hold: &Hold| hold.matched.as_ref().is_some_and(|lifted_match| matched.is_within(lifted_match));
                let is_full = order.hold_kinds.len() >= MAX_ACTIVE_HOLDS || number >= entity::id::MAX_LINES;
                if !is_full && !own_holds.any(exempts) {
                    number += 1;
                    order.hold_kinds.push(rule.kind.clone());
                    decision.holds.push(rule.hold((order.id, number), matched, now));
                    decision.events.push(status_event(order, rule, ORDER_HELD));
                }
            }
            (None, _) | (Some(_), Some(_)) => {}
        }
    }
    order.hold_kinds.sort_unstable();
}

/// Returns the holds that rules have set on an order, including those of the decision so far.
fn holds_set_by_rules(book: &OrderBook, order: OrderId, decision: &OrderDecision) -> Vec<Hold> {
    let mut rule_holds = book.facts.set.get(&order).cloned().unwrap_or_default();
    for hold in decision.holds.iter().filter(|hold| hold.order == order && hold.rule.is_some()) {
        rule_holds.retain(|existing| existing.id != hold.id);
        rule_holds.push(hold.clone());
    }
    rule_holds
}

fn status_event(order: &Order, rule: &RuleFields, kind: EventType<OrderEvent>) -> OrderFact {
    let by = ActionDetails { actor: Actor::SYSTEM, reason: Some(rule.reason.clone()), cancel: None, register: None };
    OrderFact { kind, order: order.id, before: Some(order.status), by, changed: Vec::new() }
}

impl RuleFields {
    /// Returns the rule's hold; `number` counts the holds that rules have set on the order.
    fn hold(&self, (order, number): (OrderId, u16), matched: MatchedProperties, now: Timestamp) -> Hold {
        Hold {
            id: order.line(number),
            order,
            kind: self.kind.clone(),
            reason: self.reason.clone(),
            note: None,
            placed_at: now,
            actor: Actor::SYSTEM,
            lifted: None,
            rule: Some(self.code.clone()),
            matched: Some(matched),
        }
    }
}
