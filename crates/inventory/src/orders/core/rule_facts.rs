//! What rules that set holds ask beside an order and its lines, and what they matched.

use std::collections::HashMap;

use entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::{detail::Personal, holds::Hold};
use crate::catalog::core::customer::country_code;

/// Where an order goes and where its bill goes, as far as rules ask. Addresses are sealed: only this much is told of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whereabouts {
    /// It is shipped, and says no address to ship to.
    pub lacks_address: bool,
    /// The country of its billing address; None where it says none.
    pub billing_country: Option<String>,
}

impl Whereabouts {
    pub fn of(personal: &Personal, method: DeliveryMethod) -> Self {
        let billing = personal.billing_address.as_ref().and_then(|address| address.country.clone());
        Self {
            lacks_address: method == DeliveryMethod::Ship && personal.shipping_address.is_none(),
            billing_country: billing.map(country_code),
        }
    }
}

/// What is known of a customer, and of those that are merged with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerFacts {
    /// Folded.
    pub tags: Vec<String>,
    /// Something has left for it, by an order that the batch has not loaded.
    pub has_bought: bool,
}

/// What is known around the orders of a batch that rules are asked about; what no rule asks is not read.
#[derive(Debug, Clone, Default)]
pub struct RuleFacts {
    pub whereabouts: HashMap<OrderId, Whereabouts>,
    pub customers: HashMap<CustomerId, CustomerFacts>,
    /// Folded, of products that have any.
    pub product_tags: HashMap<ProductId, Vec<String>>,
    /// What rules have set on these orders, with what was lifted.
    pub set: HashMap<OrderId, Vec<Hold>>,
}

impl RuleFacts {
    /// Keeps a hold that a rule has set, as it is now.
    pub(super) fn note(&mut self, hold: &Hold) {
        if hold.rule.is_some() {
            let set = self.set.entry(hold.order).or_default();
            set.retain(|known| known.id != hold.id);
            set.push(hold.clone());
        }
    }
}

/// What of an order made a rule match. A hold that somebody lifts lets as much pass from then on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Matched {
    /// Of a hold from before this was kept: whatever it was.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// What the order came to, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
    /// What was given back of an order that was not paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refunded: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub billing_country: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<ProductId>,
}

impl Matched {
    /// Whether this is no more than what somebody let pass.
    pub fn is_within(&self, passed: &Self) -> bool {
        let plain = |of: &Self| Self { total: None, refunded: None, products: Vec::new(), ..of.clone() };
        passed.all
            || plain(self) == plain(passed)
                && self.total <= passed.total
                && self.refunded <= passed.refunded
                && self.products.iter().all(|product| passed.products.contains(product))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_let_pass_covers_no_more() {
        let of = |total, country: &str| Matched { total: Some(total), country: Some(country.to_owned()), ..Matched::default() };
        assert!(of(100, "FR").is_within(&of(100, "FR")) && of(99, "FR").is_within(&of(100, "FR")));
        assert!(!of(101, "FR").is_within(&of(100, "FR")), "it comes to more");
        assert!(!of(99, "DE").is_within(&of(100, "FR")), "it goes elsewhere");
        let old: Matched = serde_json::from_str("{\"all\":true}").unwrap();
        assert!(of(101, "FR").is_within(&old));
    }

    #[test]
    fn only_what_matched_is_kept() {
        let matched = Matched { total: Some(5), ..Matched::default() };
        assert_eq!(serde_json::to_string(&matched).unwrap(), "{\"total\":5}");
        assert_eq!(serde_json::from_str::<Matched>("{\"total\":5}").unwrap(), matched);
    }
}
