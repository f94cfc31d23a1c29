//! Rules that set holds by themselves when an order is confirmed.

use entity::prelude::*;
use serde::Serialize;

use super::{
    holds::{Hold, MAX_KIND, MOST_STANDING, kept_kind},
    order::{By, Order, OrderDecision, OrderFact},
};
use crate::{
    catalog::core::customer::{MAX_COUNTRY, country_code},
    ledger::MAX_NOTE,
    orders::events::ORDER_HELD,
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
}

/// What is wrong with a field of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleProblem {
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
        for (text, most, name) in texts.into_iter().chain(countries) {
            if text.chars().nth(most).is_some() {
                return Err(RuleProblem::TooLong { most, name });
            }
            if text.trim().is_empty() || text.chars().any(char::is_control) {
                return Err(RuleProblem::Invalid { message: "a text in one line is expected", name });
            }
        }
        if self.countries.len() > MOST_COUNTRIES {
            return Err(RuleProblem::TooLong { most: MOST_COUNTRIES, name: "countries" });
        }
        let odd_kind = RuleProblem::Invalid { message: "SHORT and SOURCING are the platform's own", name: "kind" };
        let kind = kept_kind(&self.kind).ok_or(odd_kind)?;
        if self.total_at_least.is_some_and(|total| total.minor <= 0) {
            return Err(RuleProblem::OutOfRange { message: "an amount above 0 is expected", name: "totalAtLeast" });
        }
        if self.total_at_least.is_none() && !self.is_unpaid && !self.lacks_address && self.countries.is_empty() {
            return Err(RuleProblem::NoCondition);
        }
        let countries = self.countries.into_iter().map(|country| country_code(country.trim().to_owned())).collect();
        Ok(Self { code: self.code.trim().to_owned(), kind, countries, ..self })
    }

    /// Whether all that it says is true of the order.
    fn matches(&self, order: &Order, lacks_address: bool) -> bool {
        use PaymentStatus::{Authorised, NothingDue, Overpaid, Paid};
        let total = order.current_total();
        let is_large = |least: Money| least.currency == total.currency && total.minor >= least.minor;
        let is_covered = matches!(order.paid_now().payment, Authorised | NothingDue | Overpaid | Paid);
        let goes_there = |country: &String| self.countries.contains(country);
        self.total_at_least.is_none_or(is_large)
            && !(self.is_unpaid && is_covered)
            && (lacks_address || !self.lacks_address)
            && (self.countries.is_empty() || order.country.as_ref().is_some_and(goes_there))
    }
}

/// Sets the holds of the rules that match an order which the decision confirms. Each order is confirmed once.
pub(super) fn hold_by_rules(rules: &[HoldRule], now: Timestamp, decision: &mut OrderDecision, lacks_address: bool) {
    let confirmed = decision.orders.first_mut().filter(|order| order.status == OrderStatus::Confirmed);
    let Some(order) = confirmed else { return };
    let matching: Vec<(u16, &RuleFields)> = (1..)
        .zip(rules.iter().filter(|rule| rule.archived_at.is_none()).map(|rule| &rule.fields))
        .filter(|(_, rule)| rule.matches(order, lacks_address))
        .take(MOST_STANDING.saturating_sub(order.hold_kinds.len()))
        .collect();
    for (nth, rule) in matching {
        order.hold_kinds.push(rule.kind.clone());
        decision.holds.push(Hold {
            id: order.id.line(nth),
            order: order.id,
            kind: rule.kind.clone(),
            reason: rule.reason.clone(),
            note: None,
            placed_at: now,
            actor: Actor::SYSTEM,
            lifted: None,
            rule: Some(rule.code.clone()),
        });
        let by = By { actor: Actor::SYSTEM, reason: Some(rule.reason.clone()), cancel: None };
        decision.events.push(OrderFact {
            kind: ORDER_HELD,
            order: order.id,
            before: Some(order.status),
            by,
            changed: Vec::new(),
        });
    }
    order.hold_kinds.sort_unstable();
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
        assert!(RuleFields { is_unpaid: true, ..none }.checked().is_ok());
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
