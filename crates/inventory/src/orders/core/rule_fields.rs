//! Rules that set holds: their fields as input, and the problems of these.

use entity::prelude::*;
use platform::stages::{Stage, Staged};
use serde::Serialize;

use super::{
    detail::{MAX_TAG_LENGTH, MAX_TAGS},
    hold::{MAX_KIND_LENGTH, normalize_hold_kind},
};
use crate::{
    catalog::core::customer::{MAX_COUNTRY, country_code},
    ledger::MAX_NOTE,
    stock::core::{At, Field},
};

/// Maximum rules of a tenant, including archived ones.
pub const MAX_RULES: usize = 100;
/// Maximum countries of a rule.
const MAX_COUNTRIES: usize = 100;
const MAX_CODE: usize = 64;

/// Input of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleFields {
    /// Code of the rule, which never changes.
    pub code: String,
    /// Kind of the hold.
    pub kind: String,
    pub reason: String,
    /// Matches orders with at least this total, in this currency.
    pub total_at_least: Option<Money>,
    /// Matches orders that are neither paid nor authorised in full.
    pub is_unpaid: bool,
    /// Matches orders that are to be shipped and have no shipping address.
    pub lacks_address: bool,
    /// Matches orders to one of these countries; empty for any country.
    pub countries: Vec<String>,
    #[serde(skip_serializing_if = "MoreConditions::is_empty")]
    pub more: MoreConditions,
}

/// Further conditions of a rule.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MoreConditions {
    /// Matches orders that are billed to another country than they are shipped to.
    pub is_billed_elsewhere: bool,
    /// Matches orders of customers who have not received anything yet, and orders without a
    /// customer.
    pub is_new_customer: bool,
    /// Matches orders whose customer has one of these tags; empty for any customer, or none.
    pub customer_tags: Vec<String>,
    /// Matches orders with a product that has one of these tags; empty for any.
    pub product_tags: Vec<String>,
    /// True if the rule lifts its hold when it no longer matches.
    pub lifts_itself: bool,
}

impl MoreConditions {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
    /// True if no condition is set.
    fn match_all(&self) -> bool {
        !self.is_billed_elsewhere && !self.is_new_customer && self.customer_tags.is_empty() && self.product_tags.is_empty()
    }
}

/// A rule that sets holds: it matches an order that meets all its conditions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRule {
    pub fields: RuleFields,
    /// Time from which the rule sets no holds; None while it is in force.
    pub archived_at: Option<Timestamp>,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// Problem of a rule, and its field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleProblem {
    Missing {
        at: At,
    },
    Invalid {
        message: &'static str,
        at: At,
    },
    /// Longer than the maximum, in characters or in items of a list.
    TooLong {
        most: usize,
        at: At,
    },
    OutOfRange {
        message: &'static str,
        at: At,
    },
    /// The kind of the hold is the platform's own.
    OwnKind,
    /// Without conditions, the rule would hold every order.
    NoCondition,
}

impl Staged for RuleProblem {
    fn stage(&self) -> Stage {
        match self {
            Self::Missing { .. } | Self::Invalid { .. } | Self::TooLong { .. } => Stage::Shape,
            Self::OutOfRange { .. } | Self::OwnKind | Self::NoCondition => Stage::Value,
        }
    }
}

/// Returns the problem of a text that must be a single line.
fn line_problem(text: &str, max_length: usize, at: At) -> Option<RuleProblem> {
    if text.chars().nth(max_length).is_some() {
        return Some(RuleProblem::TooLong { most: max_length, at });
    }
    let is_line = !text.trim().is_empty() && !text.chars().any(char::is_control);
    (!is_line).then_some(RuleProblem::Invalid { message: "a text in one line is expected", at })
}

impl RuleFields {
    /// Returns all problems of the fields.
    pub fn problems(&self) -> Vec<RuleProblem> {
        let mut rule_problems = Vec::new();
        let texts = [
            (&self.code, MAX_CODE, Field::Code),
            (&self.kind, MAX_KIND_LENGTH, Field::Kind),
            (&self.reason, MAX_NOTE, Field::Reason),
        ];
        for (text, limit, field) in texts {
            let at = At::input(field);
            if text.trim().is_empty() {
                rule_problems.push(RuleProblem::Missing { at });
            } else {
                rule_problems.extend(line_problem(text, limit, at));
            }
        }
        let lists = [
            (&self.countries, MAX_COUNTRIES, MAX_COUNTRY, Field::Countries),
            (&self.more.customer_tags, MAX_TAGS, MAX_TAG_LENGTH, Field::CustomerTags),
            (&self.more.product_tags, MAX_TAGS, MAX_TAG_LENGTH, Field::ProductTags),
        ];
        for (list, limit, max_length, field) in lists {
            if list.len() > limit {
                rule_problems.push(RuleProblem::TooLong { most: limit, at: At::input(field) });
                continue;
            }
            let numbered_texts = list.iter().enumerate();
            rule_problems
                .extend(numbered_texts.filter_map(|(index, text)| line_problem(text, max_length, At::row(field, index))));
        }
        if !self.kind.trim().is_empty() && normalize_hold_kind(&self.kind).is_none() {
            rule_problems.push(RuleProblem::OwnKind);
        }
        if self.total_at_least.is_some_and(|total| total.minor <= 0) {
            let message = "an amount above 0 is expected";
            rule_problems.push(RuleProblem::OutOfRange { message, at: At::input(Field::TotalAtLeast) });
        }
        let has_no_condition =
            self.total_at_least.is_none() && !self.is_unpaid && !self.lacks_address && self.countries.is_empty();
        if has_no_condition && self.more.match_all() {
            rule_problems.push(RuleProblem::NoCondition);
        }
        rule_problems
    }

    /// Returns the valid fields in the form in which they are stored.
    #[must_use]
    pub fn normalized(self) -> Self {
        let kind = normalize_hold_kind(&self.kind).unwrap_or_else(|| self.kind.clone());
        let countries = self.countries.into_iter().map(|country| country_code(country.trim().to_owned())).collect();
        let trimmed = |list: Vec<String>| -> Vec<String> { list.iter().map(|tag| tag.trim().to_owned()).collect() };
        let (customer_tags, product_tags) = (trimmed(self.more.customer_tags), trimmed(self.more.product_tags));
        let conditions = MoreConditions { customer_tags, product_tags, ..self.more };
        Self { code: self.code.trim().to_owned(), kind, countries, more: conditions, ..self }
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
        assert!(fields().problems().is_empty());
        let kept = fields().normalized();
        assert_eq!((kept.kind.as_str(), kept.countries), ("CREDIT", vec!["GB".to_owned()]));
    }

    #[test]
    fn what_is_wrong_with_a_rule_is_named() {
        let none = RuleFields { total_at_least: None, countries: Vec::new(), ..fields() };
        assert_eq!(none.problems(), [RuleProblem::NoCondition], "it would hold every order");
        assert!(RuleFields { is_unpaid: true, ..none.clone() }.problems().is_empty());
        let alone = |more: MoreConditions| RuleFields { more, ..none.clone() }.problems().is_empty();
        assert!(alone(MoreConditions { is_new_customer: true, ..MoreConditions::default() }));
        assert!(!alone(MoreConditions { lifts_itself: true, ..MoreConditions::default() }), "that is no condition");
        let product_tags = vec!["blade".to_owned(), "t".repeat(MAX_TAG_LENGTH + 1)];
        let wrong = RuleFields {
            code: " ".to_owned(),
            reason: "x".repeat(MAX_NOTE + 1),
            kind: "SHORT".to_owned(),
            total_at_least: Some(Money::new(0, Currency::GBP)),
            countries: vec!["FR\nDE".to_owned()],
            more: MoreConditions { product_tags, ..MoreConditions::default() },
            ..fields()
        };
        let message = "a text in one line is expected";
        assert_eq!(
            wrong.problems(),
            [
                RuleProblem::Missing { at: At::input(Field::Code) },
                RuleProblem::TooLong { most: MAX_NOTE, at: At::input(Field::Reason) },
                RuleProblem::Invalid { message, at: At::row(Field::Countries, 0) },
                RuleProblem::TooLong { most: MAX_TAG_LENGTH, at: At::row(Field::ProductTags, 1) },
                RuleProblem::OwnKind,
                RuleProblem::OutOfRange { message: "an amount above 0 is expected", at: At::input(Field::TotalAtLeast) },
            ]
        );
        assert_eq!(platform::stages::keep_earliest(wrong.problems()).len(), 4, "the form of texts and lists first");
    }
}
