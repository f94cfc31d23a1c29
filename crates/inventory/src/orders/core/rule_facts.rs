//! Facts beside an order and its lines that rules for holds use.

use std::collections::HashMap;

use entity::prelude::*;

use super::{detail::Personal, hold::Hold};
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
            let rule_holds = self.set.entry(hold.order).or_default();
            rule_holds.retain(|existing| existing.id != hold.id);
            rule_holds.push(hold.clone());
        }
    }
}
