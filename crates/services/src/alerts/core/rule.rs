//! A tenant's rules: the alerts that are opened, their thresholds, and the recipients and times of
//! their e-mails.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use entity::prelude::*;

use super::{address::mailbox_key, schedule::Quiet};

/// Scope of a rule; a field that is `None` matches everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Scope {
    pub store: Option<StoreId>,
    /// A category with its descendants.
    pub category: Option<CategoryId>,
    pub product: Option<ProductId>,
}

impl Scope {
    /// Returns the scope as one text: a tenant has one rule for each kind and scope.
    pub fn text(&self) -> String {
        let part = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let goods_id = self.product.map(|id| id.to_string()).or_else(|| self.category.map(|id| id.to_string()));
        format!("{}/{}", part(self.store.map(|id| id.to_string())), part(goods_id))
    }
}

/// Recipient of alert e-mails.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Recipient {
    Address(String),
    Member(MemberId),
}

impl Recipient {
    /// Returns the stored form, which also tells the two variants apart: an ID has no @.
    pub fn text(&self) -> String {
        match self {
            Self::Address(address) => address.clone(),
            Self::Member(member) => member.to_string(),
        }
    }
    pub fn parse(text: &str) -> Self {
        text.parse().map_or_else(|_| Self::Address(text.to_owned()), Self::Member)
    }
}

/// Stored rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub id: AlertRuleId,
    pub kind: AlertKind,
    pub scope: Scope,
    pub is_enabled: bool,
    /// Threshold in place of the level's own; for counts and forecasts, the minimum difference.
    pub threshold: Option<Quantity>,
    /// Days before a lot's expiry, or after the due date of an order, a transfer or a fulfilment.
    pub days: Option<i32>,
    pub emails: Vec<String>,
    pub members: Vec<MemberId>,
    pub quiet: Option<Quiet>,
    /// Time zone of the rule's hours; `None` for that of the alert's store, or of the tenant if the
    /// alert has no store.
    pub time_zone: Option<String>,
    pub digest: AlertDigest,
    /// Hour of the day at which a DAILY digest is sent.
    pub digest_hour: i32,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Rule {
    pub fn recipients(&self) -> impl Iterator<Item = Recipient> {
        let addresses = self.emails.iter().cloned().map(Recipient::Address);
        addresses.chain(self.members.iter().copied().map(Recipient::Member))
    }
}

/// Place of an alert, to which the scopes of rules are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AlertScope {
    pub store: Option<StoreId>,
    pub product: Option<ProductId>,
    pub category: Option<CategoryId>,
}

/// Effective settings of a kind at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    pub is_on: bool,
    pub threshold: Option<Quantity>,
    pub days: Option<i32>,
}

/// A tenant's rules, and the parents of its categories.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    pub rules: Vec<Rule>,
    pub parents: BTreeMap<CategoryId, CategoryId>,
}

/// Maximum steps from a category to the root.
const MAX_LEVELS: usize = 100;
/// Distance of a rule without a product or a category.
const UNSCOPED_DISTANCE: usize = usize::MAX;

impl Rules {
    /// Returns the number of steps from a category up to another one.
    fn ancestor_distance(&self, from: Option<CategoryId>, to: CategoryId) -> Option<usize> {
        let mut at = from?;
        for steps in 0..MAX_LEVELS {
            if at == to {
                return Some(steps);
            }
            at = *self.parents.get(&at)?;
        }
        None
    }

    /// Returns a sort key that puts the narrowest rule for a place first; `None` if the rule does
    /// not match the place.
    fn specificity_key(&self, scope: &Scope, alert_scope: AlertScope) -> Option<(usize, Reverse<bool>)> {
        if scope.store.is_some() && scope.store != alert_scope.store {
            return None;
        }
        let goods_rank = match (scope.product, scope.category) {
            (Some(product), _) => (Some(product) == alert_scope.product).then_some(0)?,
            (None, Some(category)) => self.ancestor_distance(alert_scope.category, category)? + 1,
            (None, None) => UNSCOPED_DISTANCE,
        };
        Some((goods_rank, Reverse(scope.store.is_some())))
    }

    /// Returns the rules of a kind for a place, the narrowest first: a product before a category, a
    /// category before its ancestors, a store before all.
    pub fn matching_rules(&self, kind: AlertKind, alert_scope: AlertScope) -> Vec<&Rule> {
        let kind_rules = self.rules.iter().filter(|rule| rule.kind == kind);
        let mut ranked_rules: Vec<_> =
            kind_rules.filter_map(|rule| Some((self.specificity_key(&rule.scope, alert_scope)?, rule))).collect();
        ranked_rules.sort_by_key(|(specificity_key, rule)| (*specificity_key, rule.id));
        ranked_rules.into_iter().map(|(_, rule)| rule).collect()
    }

    /// Returns the settings of the narrowest matching rule; without a rule, the kind is on.
    pub fn setting(&self, kind: AlertKind, alert_scope: AlertScope) -> Setting {
        match self.matching_rules(kind, alert_scope).first() {
            Some(rule) => Setting { is_on: rule.is_enabled, threshold: rule.threshold, days: rule.days },
            None => Setting { is_on: true, threshold: None, days: None },
        }
    }

    /// Returns the recipients of an alert, without duplicates: those of every enabled rule for its
    /// place, each with the narrowest rule that names them, which sets the time.
    pub fn recipients_of(&self, kind: AlertKind, alert_scope: AlertScope) -> BTreeMap<Recipient, &Rule> {
        let (mut rule_by_recipient, mut mailboxes) = (BTreeMap::new(), BTreeSet::new());
        for rule in self.matching_rules(kind, alert_scope).into_iter().filter(|rule| rule.is_enabled) {
            for recipient in rule.recipients() {
                if mailboxes.insert(mailbox_key(&recipient.text())) {
                    rule_by_recipient.insert(recipient, rule);
                }
            }
        }
        rule_by_recipient
    }

    /// Returns the maximum `days` of the rules of a kind, at least `default_days`.
    pub fn max_days(&self, kind: AlertKind, default_days: i32) -> i32 {
        self.rules.iter().filter(|rule| rule.kind == kind).filter_map(|rule| rule.days).fold(default_days, i32::max)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn id<K>(n: u128) -> Id<K> {
        Id::from_uuid(Uuid::from_u128(n))
    }
    fn rule(n: u128, scope: Scope, threshold: i64, email: &str) -> Rule {
        Rule {
            id: id(n),
            kind: AlertKind::LowStock,
            scope,
            is_enabled: true,
            threshold: Quantity::new(threshold),
            days: None,
            emails: vec![email.to_owned()],
            members: Vec::new(),
            quiet: None,
            time_zone: None,
            digest: AlertDigest::None,
            digest_hour: 8,
            version: 1,
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        }
    }
    fn rules() -> Rules {
        let scope = |store: Option<u128>, category: Option<u128>, product: Option<u128>| Scope {
            store: store.map(id),
            category: category.map(id),
            product: product.map(id),
        };
        let rules = vec![
            rule(1, scope(None, None, None), 10, "all@x"),
            rule(2, scope(Some(5), None, None), 20, "shop@x"),
            rule(3, scope(None, Some(7), None), 30, "things@x"),
            rule(4, scope(None, Some(8), None), 40, "cups@x"),
            rule(5, scope(Some(5), None, Some(9)), 50, "ALL@x"),
        ];
        // Cups are things.
        Rules { rules, parents: [(id(8), id(7))].into() }
    }
    fn line(store: u128, category: Option<u128>, product: u128) -> Option<i64> {
        let alert_scope = AlertScope { store: Some(id(store)), product: Some(id(product)), category: category.map(id) };
        rules().setting(AlertKind::LowStock, alert_scope).threshold.map(Quantity::get)
    }

    #[test]
    fn the_narrowest_rule_decides() {
        assert_eq!(line(6, None, 1), Some(10));
        assert_eq!(line(5, None, 1), Some(20));
        assert_eq!(line(6, Some(7), 1), Some(30));
        assert_eq!(line(5, Some(7), 1), Some(30), "what it is comes before where it is");
        assert_eq!(line(6, Some(8), 1), Some(40), "the nearer category");
        assert_eq!(line(5, Some(8), 9), Some(50));
        assert_eq!(line(6, Some(8), 9), Some(40), "that product's rule is for another store");
    }

    #[test]
    fn every_rule_for_a_place_tells_its_own_and_nobody_is_told_twice() {
        let rules = rules();
        let alert_scope = AlertScope { store: Some(id(5)), product: Some(id(9)), category: Some(id(8)) };
        let told = rules.recipients_of(AlertKind::LowStock, alert_scope);
        let by: Vec<(String, AlertRuleId)> = told.iter().map(|(who, rule)| (who.text(), rule.id)).collect();
        let expected = [("ALL@x", 5), ("cups@x", 4), ("shop@x", 2), ("things@x", 3)];
        assert_eq!(by, expected.map(|(who, rule)| (who.to_owned(), id(rule))));
    }

    #[test]
    fn a_rule_of_a_category_that_is_gone_is_for_nothing() {
        let mut rules = rules();
        rules.parents.clear();
        let alert_scope = AlertScope { store: Some(id(6)), product: Some(id(1)), category: Some(id(99)) };
        assert_eq!(rules.setting(AlertKind::LowStock, alert_scope).threshold, Quantity::new(10));
        // A cycle would be a fault of the rows; the search ends nevertheless.
        rules.parents = [(id(98), id(99)), (id(99), id(98))].into();
        assert_eq!(rules.setting(AlertKind::LowStock, alert_scope).threshold, Quantity::new(10));
    }
}
