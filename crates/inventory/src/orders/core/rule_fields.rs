//! What people say of a rule that sets holds, and what is wrong with it.

use entity::prelude::*;
use platform::stages::{Stage, Staged};
use serde::Serialize;

use super::{
    detail::{MAX_TAG, MAX_TAGS},
    holds::{MAX_KIND, kept_kind},
};
use crate::{
    catalog::core::customer::{MAX_COUNTRY, country_code},
    ledger::MAX_NOTE,
    stock::core::{At, Field},
};

/// Countries of a rule at most.
const MOST_COUNTRIES: usize = 100;
const MAX_CODE: usize = 64;

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

/// What is wrong with a rule, and in which field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleProblem {
    Missing {
        at: At,
    },
    Invalid {
        message: &'static str,
        at: At,
    },
    /// In characters, or in items of a list.
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
    /// It would hold every order.
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

/// What is wrong with a text in one line.
fn line_problem(text: &str, most: usize, at: At) -> Option<RuleProblem> {
    if text.chars().nth(most).is_some() {
        return Some(RuleProblem::TooLong { most, at });
    }
    let is_line = !text.trim().is_empty() && !text.chars().any(char::is_control);
    (!is_line).then_some(RuleProblem::Invalid { message: "a text in one line is expected", at })
}

impl RuleFields {
    /// All that is wrong with them.
    pub fn problems(&self) -> Vec<RuleProblem> {
        let mut found = Vec::new();
        let texts =
            [(&self.code, MAX_CODE, Field::Code), (&self.kind, MAX_KIND, Field::Kind), (&self.reason, MAX_NOTE, Field::Reason)];
        for (text, most, field) in texts {
            let at = At::input(field);
            if text.trim().is_empty() {
                found.push(RuleProblem::Missing { at });
            } else {
                found.extend(line_problem(text, most, at));
            }
        }
        let lists = [
            (&self.countries, MOST_COUNTRIES, MAX_COUNTRY, Field::Countries),
            (&self.more.customer_tags, MAX_TAGS, MAX_TAG, Field::CustomerTags),
            (&self.more.product_tags, MAX_TAGS, MAX_TAG, Field::ProductTags),
        ];
        for (list, most, longest, field) in lists {
            if list.len() > most {
                found.push(RuleProblem::TooLong { most, at: At::input(field) });
                continue;
            }
            let each = list.iter().enumerate();
            found.extend(each.filter_map(|(index, text)| line_problem(text, longest, At::row(field, index))));
        }
        if !self.kind.trim().is_empty() && kept_kind(&self.kind).is_none() {
            found.push(RuleProblem::OwnKind);
        }
        if self.total_at_least.is_some_and(|total| total.minor <= 0) {
            let message = "an amount above 0 is expected";
            found.push(RuleProblem::OutOfRange { message, at: At::input(Field::TotalAtLeast) });
        }
        let says_none = self.total_at_least.is_none() && !self.is_unpaid && !self.lacks_address && self.countries.is_empty();
        if says_none && self.more.match_all() {
            found.push(RuleProblem::NoCondition);
        }
        found
    }

    /// The fields as they are kept, of which nothing is wrong.
    #[must_use]
    pub fn kept(self) -> Self {
        let kind = kept_kind(&self.kind).unwrap_or_else(|| self.kind.clone());
        let countries = self.countries.into_iter().map(|country| country_code(country.trim().to_owned())).collect();
        let trimmed = |list: Vec<String>| -> Vec<String> { list.iter().map(|tag| tag.trim().to_owned()).collect() };
        let (customer_tags, product_tags) = (trimmed(self.more.customer_tags), trimmed(self.more.product_tags));
        let more = MoreConditions { customer_tags, product_tags, ..self.more };
        Self { code: self.code.trim().to_owned(), kind, countries, more, ..self }
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
        let kept = fields().kept();
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
        let product_tags = vec!["blade".to_owned(), "t".repeat(MAX_TAG + 1)];
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
                RuleProblem::TooLong { most: MAX_TAG, at: At::row(Field::ProductTags, 1) },
                RuleProblem::OwnKind,
                RuleProblem::OutOfRange { message: "an amount above 0 is expected", at: At::input(Field::TotalAtLeast) },
            ]
        );
        assert_eq!(platform::stages::earliest(wrong.problems()).len(), 4, "the form of texts and lists first");
    }
}
