//! Facts beside an order and its lines that rules for holds use, and the properties that matched.

use std::collections::HashMap;

use entity::prelude::*;
use serde::{Deserialize, Serialize};

use super::{detail::Personal, holds::Hold};
use crate::catalog::core::customer::country_code;

/// Facts of an order's shipping and billing addresses that rules use. The addresses are encrypted:
/// only these facts are readable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressFacts {
    /// True if the order is to be shipped and has no shipping address.
    pub lacks_address: bool,
    /// Country of the billing address; None if it has none.
    pub billing_country: Option<String>,
}

impl AddressFacts {
    pub fn of(personal: &Personal, method: DeliveryMethod) -> Self {
        let billing = personal.billing_address.as_ref().and_then(|address| address.country.clone());
        Self {
            lacks_address: method == DeliveryMethod::Ship && personal.shipping_address.is_none(),
            billing_country: billing.map(country_code),
        }
    }
}

/// Facts of a customer and of those that were merged with it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerFacts {
    /// The customers' tags, folded.
    pub tags: Vec<String>,
    /// True if the customer has received goods of an order that the batch has not loaded.
    pub has_bought: bool,
}

/// Facts about the orders of a batch that are checked against rules; facts that no rule uses are
/// not read.
#[derive(Debug, Clone, Default)]
pub struct RuleFacts {
    pub whereabouts: HashMap<OrderId, AddressFacts>,
    pub customers: HashMap<CustomerId, CustomerFacts>,
    /// Folded tags of products that have any.
    pub product_tags: HashMap<ProductId, Vec<String>>,
    /// Holds that rules have set on these orders, including released ones.
    pub set: HashMap<OrderId, Vec<Hold>>,
}

impl RuleFacts {
    /// Stores the current state of a hold that a rule has set.
    pub(super) fn note(&mut self, hold: &Hold) {
        if hold.rule.is_some() {
            let set = self.set.entry(hold.order).or_default();
            set.retain(|known| known.id != hold.id);
            set.push(hold.clone());
        }
    }
}

/// Properties of an order that made a rule match. Once its hold is released by hand, the rule does
/// not set another one while its match stays within them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Matched {
    /// True for a hold that predates this record: any match counts as within it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub all: bool,
    /// Total of the order, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
    /// Refunded sum of an order that was not paid.
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
    /// True if the match has nothing beyond the one that was exempted.
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
