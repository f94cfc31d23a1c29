//! Rules that set holds by themselves: when an order is confirmed, and with each edit and payment from then on.

use entity::prelude::*;
use serde::Serialize;

use super::{
    detail::{MAX_TAG, MAX_TAGS},
    holds::{self, Hold, MAX_KIND, MOST_STANDING, kept_kind},
    order::{By, Line, Order, OrderBook, OrderDecision, OrderFact},
    rule_facts::{Matched, Whereabouts},
};
use crate::{
    catalog::core::{
        customer::{MAX_COUNTRY, country_code},
        text::fold,
    },
    ledger::MAX_NOTE,
    orders::events::{EventType, ORDER_HELD, ORDER_HOLD_LIFTED, OrderEvent},
};

/// Rules of a tenant at most, with those that are archived.
pub const MOST_RULES: usize = 100;
/// Countries of a rule at most.
pub const MOST_COUNTRIES: usize = 100;
const MAX_CODE: usize = 64;

/// A rule: it matches an order of which all that it says is true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRule {
    pub fields: RuleFields,
    /// Since when it sets no holds; None while it is in force.
    pub archived_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What people say of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleFields {
    /// It names the rule, for good.
    pub code: String,
    /// Of the hold.
    pub kind: String,
    pub reason: String,
    /// The order comes to so much or more, in this currency.
    pub total_at_least: Option<Money>,
    /// It is neither paid nor authorised in full.
    pub is_unpaid: bool,
    /// It is shipped, and says no address to ship to.
    pub lacks_address: bool,
    /// It goes to one of these; empty for any country.
    pub countries: Vec<String>,
    #[serde(skip_serializing_if = "MoreConditions::is_empty")]
    pub more: MoreConditions,
}

/// What else people say of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MoreConditions {
    /// Its bill goes to another country than its goods.
    pub is_billed_elsewhere: bool,
    /// Nothing has left yet for its customer; also of an order without one.
    pub is_new_customer: bool,
    /// Its customer has one of these tags; empty for any customer, and for none.
    pub customer_tags: Vec<String>,
    /// Something of it is of a product that has one of these tags; empty for any.
    pub product_tags: Vec<String>,
    /// It takes its hold off once it does not match any more.
    pub lifts_itself: bool,
}

impl MoreConditions {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
    /// Whether they say nothing of when the rule matches.
    fn match_all(&self) -> bool {
        !self.is_billed_elsewhere && !self.is_new_customer && self.customer_tags.is_empty() && self.product_tags.is_empty()
    }
}

/// What is wrong with a field of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleProblem {
    Missing {
        name: &'static str,
    },
    Invalid {
        message: &'static str,
        name: &'static str,
    },
    /// In characters, or in countries.
    TooLong {
        most: usize,
        name: &'static str,
    },
    OutOfRange {
        message: &'static str,
        name: &'static str,
    },
    /// It would hold every order.
    NoCondition,
}

impl RuleFields {
    /// The fields as they are kept.
    ///
    /// # Errors
    /// The first thing that is wrong with them.
    pub fn checked(self) -> Result<Self, RuleProblem> {
        let texts = [(&self.code, MAX_CODE, "code"), (&self.kind, MAX_KIND, "kind"), (&self.reason, MAX_NOTE, "reason")];
        let countries = self.countries.iter().map(|country| (country, MAX_COUNTRY, "countries"));
        let tags = [(&self.more.customer_tags, "customerTags"), (&self.more.product_tags, "productTags")];
        let each = tags.into_iter().flat_map(|(list, name)| list.iter().map(move |tag| (tag, MAX_TAG, name)));
        for (text, most, name) in texts.into_iter().chain(countries).chain(each) {
            if text.chars().nth(most).is_some() {
                return Err(RuleProblem::TooLong { most, name });
            }
            if text.trim().is_empty() && ["code", "kind", "reason"].contains(&name) {
                return Err(RuleProblem::Missing { name });
            }
            if text.trim().is_empty() || text.chars().any(char::is_control) {
                return Err(RuleProblem::Invalid { message: "a text in one line is expected", name });
            }
        }
        if self.countries.len() > MOST_COUNTRIES {
            return Err(RuleProblem::TooLong { most: MOST_COUNTRIES, name: "countries" });
        }
        if let Some((_, name)) = tags.into_iter().find(|(list, _)| list.len() > MAX_TAGS) {
            return Err(RuleProblem::TooLong { most: MAX_TAGS, name });
        }
        let odd_kind = RuleProblem::Invalid { message: "SHORT and SOURCING are the platform's own", name: "kind" };
        let kind = kept_kind(&self.kind).ok_or(odd_kind)?;
        if self.total_at_least.is_some_and(|total| total.minor <= 0) {
            return Err(RuleProblem::OutOfRange { message: "an amount above 0 is expected", name: "totalAtLeast" });
        }
        let says_none = self.total_at_least.is_none() && !self.is_unpaid && !self.lacks_address && self.countries.is_empty();
        if says_none && self.more.match_all() {
            return Err(RuleProblem::NoCondition);
        }
        let countries = self.countries.into_iter().map(|country| country_code(country.trim().to_owned())).collect();
        let kept = |list: Vec<String>| -> Vec<String> { list.iter().map(|tag| tag.trim().to_owned()).collect() };
        let (customer_tags, product_tags) = (kept(self.more.customer_tags), kept(self.more.product_tags));
        let more = MoreConditions { customer_tags, product_tags, ..self.more };
        Ok(Self { code: self.code.trim().to_owned(), kind, countries, more, ..self })
    }

    /// What of the order makes it match; None where anything that it says is not true.
    fn matched(&self, order: &Order, (book, place): (&OrderBook, &Whereabouts)) -> Option<Matched> {
        use PaymentStatus::{Authorised, NothingDue, Overpaid, Paid};
        let mut matched = Matched::default();
        if let Some(least) = self.total_at_least {
            let total = order.current_total();
            matched.total = Some(total.minor).filter(|minor| least.currency == total.currency && *minor >= least.minor);
            matched.total?;
        }
        if self.is_unpaid {
            if matches!(order.paid_now().payment, Authorised | NothingDue | Overpaid | Paid) {
                return None;
            }
            matched.refunded = Some(order.paid.refunded);
        }
        if self.lacks_address && !place.lacks_address {
            return None;
        }
        if !self.countries.is_empty() {
            matched.country = Some(order.country.clone().filter(|country| self.countries.contains(country))?);
        }
        self.more.matched(order, (book, place), matched)
    }
}

impl MoreConditions {
    fn matched(&self, order: &Order, (book, place): (&OrderBook, &Whereabouts), mut matched: Matched) -> Option<Matched> {
        if self.is_billed_elsewhere {
            let (goes, billed) = (order.country.as_ref()?, place.billing_country.as_ref()?);
            if fold(goes) == fold(billed) {
                return None;
            }
            (matched.country, matched.billing_country) = (Some(goes.clone()), Some(billed.clone()));
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

/// Whether one of these tags, which are folded, is among those that a rule names.
fn has_one_of(folded: &[String], named: &[String]) -> bool {
    named.iter().any(|tag| folded.contains(&fold(tag)))
}

/// Whether something has left for the customer by another order.
fn has_bought(book: &OrderBook, order: &Order) -> bool {
    let Some(customer) = order.customer else { return false };
    let has_left = |status| matches!(status, OrderStatus::PartiallyFulfilled | OrderStatus::Fulfilled | OrderStatus::Closed);
    book.facts.customers.get(&customer).is_some_and(|facts| facts.has_bought)
        || book.orders.values().any(|other| other.id != order.id && other.customer == Some(customer) && has_left(other.status))
}

/// Asks the rules that are in force about the orders of a decision that are to be fulfilled: each sets its hold where it matches, and takes it off
/// where it does not any more and says so.
pub(crate) fn hold_by_rules(book: &OrderBook, now: Timestamp, decision: &mut OrderDecision) {
    if book.hold_rules.is_empty() {
        return;
    }
    let mut orders = std::mem::take(&mut decision.orders);
    for order in &mut orders {
        if matches!(order.status, OrderStatus::Confirmed | OrderStatus::PartiallyFulfilled) {
            ask_rules(book, now, order, decision);
        }
    }
    decision.orders = orders;
}

fn ask_rules(book: &OrderBook, now: Timestamp, order: &mut Order, decision: &mut OrderDecision) {
    let nowhere = Whereabouts::default();
    let told = decision.whereabouts.iter().find(|(id, _)| *id == order.id).map(|(_, place)| place.clone());
    let place = told.unwrap_or_else(|| book.facts.whereabouts.get(&order.id).unwrap_or(&nowhere).clone());
    let set = set_by_rules(book, order.id, decision);
    let mut number = set.len() as u16;
    let in_force = book.hold_rules.iter().filter(|rule| rule.archived_at.is_none()).map(|rule| &rule.fields);
    for rule in in_force {
        let mut own = set.iter().filter(|hold| hold.rule.as_ref() == Some(&rule.code));
        let standing = own.clone().find(|hold| hold.lifted.is_none());
        match (rule.matched(order, (book, &place)), standing) {
            (None, Some(hold)) if rule.more.lifts_itself => {
                let lifted = holds::lift(order, vec![hold.clone()], (now, Actor::SYSTEM));
                // Nobody let it pass.
                decision.holds.extend(lifted.into_iter().map(|hold| Hold { matched: None, ..hold }));
                decision.events.push(fact(order, rule, ORDER_HOLD_LIFTED));
            }
            (Some(matched), Some(hold)) if hold.matched.as_ref() != Some(&matched) => {
                decision.rematched.push(Hold { matched: Some(matched), ..hold.clone() });
            }
            (Some(matched), None) => {
                let lets = |hold: &Hold| hold.matched.as_ref().is_some_and(|passed| matched.is_within(passed));
                let is_full = order.hold_kinds.len() >= MOST_STANDING || number >= entity::id::MAX_LINES;
                if !is_full && !own.any(lets) {
                    number += 1;
                    order.hold_kinds.push(rule.kind.clone());
                    decision.holds.push(rule.hold((order.id, number), matched, now));
                    decision.events.push(fact(order, rule, ORDER_HELD));
                }
            }
            (None, _) | (Some(_), Some(_)) => {}
        }
    }
    order.hold_kinds.sort_unstable();
}

/// What rules have set on an order, as the decision leaves it so far.
fn set_by_rules(book: &OrderBook, order: OrderId, decision: &OrderDecision) -> Vec<Hold> {
    let mut set = book.facts.set.get(&order).cloned().unwrap_or_default();
    for hold in decision.holds.iter().filter(|hold| hold.order == order && hold.rule.is_some()) {
        set.retain(|known| known.id != hold.id);
        set.push(hold.clone());
    }
    set
}

fn fact(order: &Order, rule: &RuleFields, kind: EventType<OrderEvent>) -> OrderFact {
    let by = By { actor: Actor::SYSTEM, reason: Some(rule.reason.clone()), cancel: None };
    OrderFact { kind, order: order.id, before: Some(order.status), by, changed: Vec::new() }
}

impl RuleFields {
    /// The hold that it sets; `number` counts what rules have set on the order.
    fn hold(&self, (order, number): (OrderId, u16), matched: Matched, now: Timestamp) -> Hold {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn fields() -> RuleFields {
        RuleFields {
            code: "LARGE".to_owned(),
            kind: "credit".to_owned(),
            reason: "Above the limit".to_owned(),
            total_at_least: Some(Money::new(50_000, Currency::GBP)),
            is_unpaid: false,
            lacks_address: false,
            countries: vec!["gb".to_owned()],
            more: MoreConditions::default(),
        }
    }

    #[test]
    fn a_rule_is_kept_in_the_platforms_words() {
        let kept = fields().checked().unwrap();
        assert_eq!((kept.kind.as_str(), kept.countries), ("CREDIT", vec!["GB".to_owned()]));
    }

    #[test]
    fn what_is_wrong_with_a_rule_is_named() {
        let none = RuleFields { total_at_least: None, countries: Vec::new(), ..fields() };
        assert_eq!(none.clone().checked(), Err(RuleProblem::NoCondition), "it would hold every order");
        assert!(RuleFields { is_unpaid: true, ..none.clone() }.checked().is_ok());
        let alone = |more: MoreConditions| RuleFields { more, ..none.clone() }.checked().is_ok();
        assert!(alone(MoreConditions { is_new_customer: true, ..MoreConditions::default() }));
        assert!(!alone(MoreConditions { lifts_itself: true, ..MoreConditions::default() }), "that is no condition");
        let more = MoreConditions { product_tags: vec!["t".repeat(MAX_TAG + 1)], ..MoreConditions::default() };
        let long = RuleFields { more, ..fields() };
        assert_eq!(long.checked(), Err(RuleProblem::TooLong { most: MAX_TAG, name: "productTags" }));
        let flag = RuleFields { kind: "SHORT".to_owned(), ..fields() };
        assert!(matches!(flag.checked(), Err(RuleProblem::Invalid { name: "kind", .. })));
        let nothing = RuleFields { total_at_least: Some(Money::new(0, Currency::GBP)), ..fields() };
        assert!(matches!(nothing.checked(), Err(RuleProblem::OutOfRange { name: "totalAtLeast", .. })));
        let long = RuleFields { reason: "x".repeat(MAX_NOTE + 1), ..fields() };
        assert_eq!(long.checked(), Err(RuleProblem::TooLong { most: MAX_NOTE, name: "reason" }));
        let two = RuleFields { countries: vec!["FR\nDE".to_owned()], ..fields() };
        assert!(matches!(two.checked(), Err(RuleProblem::Invalid { name: "countries", .. })));
    }
}
