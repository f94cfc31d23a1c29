//! A hold on an order: its kind, and the properties of the order that made a rule set it.

use std::collections::HashMap;

use entity::prelude::*;
use serde::{Deserialize, Serialize};

/// Kinds with a meaning for the platform. A tenant may use others.
pub const FRAUD: &str = "FRAUD";
pub const PAYMENT: &str = "PAYMENT";
const PLATFORM_KINDS: [&str; 4] = ["CREDIT", FRAUD, "ADDRESS", PAYMENT];
/// Flags that only the platform sets.
const PLATFORM_FLAGS: [&str; 2] = ["SHORT", "SOURCING"];
/// Maximum holds of an order at the same time.
pub(super) const MAX_ACTIVE_HOLDS: usize = 100;
/// Maximum characters of a hold's kind.
pub const MAX_KIND_LENGTH: usize = 64;

/// A hold on an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub id: HoldId,
    pub order: OrderId,
    pub kind: String,
    pub reason: String,
    pub note: Option<String>,
    pub placed_at: Timestamp,
    pub actor: Actor,
    /// Time and actor of the release; None while the hold is active.
    pub lifted: Option<(Timestamp, Actor)>,
    /// Code of the rule that set the hold; None if a person or integration set it.
    pub rule: Option<String>,
    /// Properties of the order that made the rule match, as last checked; None for a hold that was
    /// set by hand, and for one that the rule released.
    pub matched: Option<MatchedProperties>,
}

/// Holds that are not lifted, by order, of orders that a batch's commands refer to.
pub type HoldsByOrder = HashMap<OrderId, Vec<Hold>>;

/// Properties of an order that made a rule match. Once its hold is released by hand, the rule does
/// not set another one while its match stays within them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MatchedProperties {
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

impl MatchedProperties {
    /// True if the match has nothing beyond the one that was exempted.
    pub fn is_within(&self, other: &Self) -> bool {
        let comparable = |matched: &Self| Self { total: None, refunded: None, products: Vec::new(), ..matched.clone() };
        other.all
            || comparable(self) == comparable(other)
                && self.total <= other.total
                && self.refunded <= other.refunded
                && self.products.iter().all(|product| other.products.contains(product))
    }
}

/// Returns the kind as it is stored: the platform's own words in capitals. None for a kind that
/// callers cannot set, and for text that is not a single line.
pub fn normalize_hold_kind(kind: &str) -> Option<String> {
    let kind = kind.trim();
    let is_same_kind = |word: &&&str| word.eq_ignore_ascii_case(kind);
    if kind.is_empty() || kind.chars().any(char::is_control) || PLATFORM_FLAGS.iter().any(|flag| is_same_kind(&flag)) {
        return None;
    }
    Some(PLATFORM_KINDS.iter().find(is_same_kind).copied().unwrap_or(kind).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platforms_words_are_kept_in_capitals_and_flags_are_nobodys_to_set() {
        assert_eq!(normalize_hold_kind(" fraud "), Some("FRAUD".to_owned()));
        assert_eq!(normalize_hold_kind("Payment"), Some("PAYMENT".to_owned()));
        assert_eq!(normalize_hold_kind("Gift wrap missing"), Some("Gift wrap missing".to_owned()));
        for odd in ["", "  ", "short", "SOURCING", "two\nlines", "a\0b"] {
            assert_eq!(normalize_hold_kind(odd), None, "{odd:?}");
        }
    }

    #[test]
    fn what_was_let_pass_covers_no_more() {
        let of = |total, country: &str| MatchedProperties {
            total: Some(total),
            country: Some(country.to_owned()),
            ..MatchedProperties::default()
        };
        assert!(of(100, "FR").is_within(&of(100, "FR")) && of(99, "FR").is_within(&of(100, "FR")));
        assert!(!of(101, "FR").is_within(&of(100, "FR")), "it comes to more");
        assert!(!of(99, "DE").is_within(&of(100, "FR")), "it goes elsewhere");
        let old: MatchedProperties = serde_json::from_str("{\"all\":true}").unwrap();
        assert!(of(101, "FR").is_within(&old));
    }

    #[test]
    fn only_what_matched_is_kept() {
        let matched = MatchedProperties { total: Some(5), ..MatchedProperties::default() };
        assert_eq!(serde_json::to_string(&matched).unwrap(), "{\"total\":5}");
        assert_eq!(serde_json::from_str::<MatchedProperties>("{\"total\":5}").unwrap(), matched);
    }
}
