//! Setting rules and taking them away.

use std::collections::BTreeSet;

use entity::prelude::*;
use iam::access::{Permit, Reach, code, kind};
use platform::{
    audit::{self, Fields},
    clock, path,
    storage::{
        Fault, Work,
        idempotency::{self, Acted, Key, KeyUse, hash_of},
        journal,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{AlertError, Alerts, check_key, covers, settle};
use crate::alerts::events::{ALERT_RULE_DELETED, ALERT_RULE_SET, EventType, RuleChanged};
use crate::alerts::{
    core::{
        BadAddress, MAX_DAYS, MAX_EMAIL, MAX_RECIPIENTS, MAX_RULES, Quiet, Rule, Scope, check_address, distinct_addresses,
        kind_takes,
    },
    rows,
};

/// A rule as it is wanted. Its JSON is what the idempotency key's hash is over.
#[derive(Debug, Clone, Serialize)]
pub struct RuleFields {
    #[serde(skip)]
    pub idempotency_key: String,
    pub kind: AlertKind,
    pub scope: Scope,
    pub is_enabled: bool,
    pub threshold: Option<Quantity>,
    pub days: Option<i32>,
    pub emails: Vec<String>,
    pub members: Vec<MemberId>,
    pub quiet: Option<Quiet>,
    pub time_zone: Option<String>,
    pub digest: AlertDigest,
    pub digest_hour: i32,
}

/// A rule that is to go.
#[derive(Debug, Clone, Serialize)]
pub struct RuleRemoval {
    #[serde(skip)]
    pub idempotency_key: String,
    pub id: AlertRuleId,
}

/// What is remembered of a call.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    rule: AlertRuleId,
    seq: Option<i64>,
}

type May = Permit<kind::AlertRuleWrite>;

fn invalid(message: &str, name: &str) -> AlertError {
    AlertError::Invalid { message: message.to_owned(), field: path!["input", name] }
}
fn out_of_range(message: String, name: &str) -> AlertError {
    AlertError::OutOfRange { message, field: path!["input", name] }
}

impl RuleFields {
    /// Whether the parts fit the kind and each other; what is named is looked for later.
    fn check(&self) -> Result<(), AlertError> {
        let [store, what, threshold, days] = kind_takes(self.kind);
        let given = [
            (self.scope.store.is_some(), store, "storeId"),
            (self.scope.category.is_some(), what, "categoryId"),
            (self.scope.product.is_some(), what, "productId"),
            (self.threshold.is_some(), threshold, "threshold"),
            (self.days.is_some(), days, "days"),
        ];
        if let Some((.., name)) = given.iter().find(|(is_given, is_taken, _)| *is_given && !is_taken) {
            return Err(invalid(&format!("a rule for {} does not take this", self.kind), name));
        }
        if self.scope.category.is_some() && self.scope.product.is_some() {
            return Err(invalid("a rule is for a category or for a product, not for both", "productId"));
        }
        if self.threshold.is_some_and(Quantity::is_negative) {
            return Err(out_of_range("a quantity of 0 or more is expected".to_owned(), "threshold"));
        }
        if self.days.is_some_and(|days| !(0..=MAX_DAYS).contains(&days)) {
            return Err(out_of_range(format!("0 to {MAX_DAYS} days are expected"), "days"));
        }
        if !(0..24).contains(&self.digest_hour) {
            return Err(out_of_range("an hour from 0 to 23 is expected".to_owned(), "digestHour"));
        }
        if self.time_zone.as_deref().is_some_and(|zone| !clock::is_time_zone(zone)) {
            return Err(invalid("an IANA time zone is expected, as in Europe/London", "timeZone"));
        }
        self.check_quiet()?;
        self.check_recipients()
    }

    fn check_quiet(&self) -> Result<(), AlertError> {
        let Some(Quiet { from, to }) = self.quiet else { return Ok(()) };
        if !(0..1_440).contains(&from) || !(0..1_440).contains(&to) {
            return Err(out_of_range("times from 00:00 to 23:59 are expected".to_owned(), "quietHours"));
        }
        if from == to {
            return Err(invalid(
                "quiet hours that end when they begin are none: leave them out, or disable the rule",
                "quietHours",
            ));
        }
        Ok(())
    }

    fn check_recipients(&self) -> Result<(), AlertError> {
        for (count, name) in [(self.emails.len(), "emails"), (self.members.len(), "memberIds")] {
            if count > MAX_RECIPIENTS {
                let message = format!("at most {MAX_RECIPIENTS} are told by one rule");
                return Err(AlertError::LimitExceeded { message, field: path!["input", name] });
            }
        }
        for (index, email) in self.emails.iter().enumerate() {
            let field = path!["input", "emails", index];
            match check_address(email) {
                Ok(()) => {}
                Err(BadAddress::TooLong) => return Err(AlertError::TooLong { most: MAX_EMAIL, field }),
                Err(BadAddress::Invalid) => {
                    let message = "an e-mail address is expected, as in ada@example.com".to_owned();
                    return Err(AlertError::Invalid { message, field });
                }
            }
        }
        Ok(())
    }

    fn rule(&self, id: AlertRuleId, before: Option<&Rule>, now: Timestamp) -> Rule {
        Rule {
            id,
            kind: self.kind,
            scope: self.scope,
            is_enabled: self.is_enabled,
            threshold: self.threshold,
            days: self.days,
            emails: distinct_addresses(&self.emails),
            members: self.members.iter().copied().collect::<BTreeSet<_>>().into_iter().collect(),
            quiet: self.quiet,
            time_zone: self.time_zone.clone(),
            digest: self.digest,
            digest_hour: self.digest_hour,
            version: before.map_or(1, |before| before.version + 1),
            created_at: before.map_or(now, |before| before.created_at),
            updated_at: now,
        }
    }
}

impl Alerts {
    /// Sets the rule of a kind for a scope: makes it, or puts it in the place of the one that is there.
    pub async fn set_rule(&self, permit: May, fields: RuleFields) -> Result<Acted<Option<Rule>>, AlertError> {
        check_key(&fields.idempotency_key)?;
        fields.check()?;
        self.check_own(&permit, &fields).await?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let done = self.set(&mut work, &permit, &fields).await;
        settle(work, done).await
    }

    /// Refuses stores that are not the caller's, and members who are none.
    async fn check_own(&self, permit: &May, fields: &RuleFields) -> Result<(), AlertError> {
        match fields.scope.store {
            Some(store) if !permit.covers(store) => {
                return Err(AlertError::NotFound { what: "store", field: path!["input", "storeId"] });
            }
            None if permit.reach() != Reach::Everywhere => {
                return Err(invalid("your rules are for your stores: name one of them", "storeId"));
            }
            _ => {}
        }
        for (index, member) in fields.members.iter().enumerate() {
            if self.0.access.member(permit.tenant(), *member).await?.is_none() {
                return Err(AlertError::NotFound { what: "active member", field: path!["input", "memberIds", index] });
            }
        }
        Ok(())
    }

    async fn set(&self, work: &mut Work, permit: &May, fields: &RuleFields) -> Result<Acted<Option<Rule>>, AlertError> {
        let now = self.0.clock.now();
        let (owner, key) = (permit.actor().id, fields.idempotency_key.clone());
        let key = Key { owner, mutation: "alertRuleUpsert", key, hash: hash_of(fields) };
        // The counter first, so that two calls come one after the other, and the second finds what the first has made.
        journal::lock(work).await?;
        if let Some(known) = idempotency::before(work, &key).await? {
            return replayed(work, known).await;
        }
        if let Some((what, name)) = rows::missing(work, &fields.scope).await? {
            return Err(AlertError::NotFound { what, field: path!["input", name] });
        }
        let there = rows::lock_rule_of(work, fields.kind, &fields.scope).await?;
        if there.is_none() && rows::count_rules(work).await? >= MAX_RULES {
            let message = format!("a tenant has at most {MAX_RULES} rules for alerts");
            return Err(AlertError::LimitExceeded { message, field: path!["input"] });
        }
        let id = there.as_ref().map_or_else(|| self.0.clock.id(), |rule| rule.id);
        let rule = fields.rule(id, there.as_ref(), now);
        let was = there.as_ref().map(traced);
        match there {
            Some(_) => rows::change_rule(work, &rule).await?,
            None => rows::add_rule(work, &rule).await?,
        }
        audit::changed(work, rule.id, was.as_ref(), Some(&traced(&rule)), None);
        self.end(work, (&key, ALERT_RULE_SET), rule).await
    }

    /// Takes a rule away: what it said holds no more for what is opened from now on.
    pub async fn remove_rule(&self, permit: May, removal: RuleRemoval) -> Result<Acted<Option<Rule>>, AlertError> {
        check_key(&removal.idempotency_key)?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let done = self.remove(&mut work, &permit, &removal).await;
        settle(work, done).await
    }

    async fn remove(&self, work: &mut Work, permit: &May, removal: &RuleRemoval) -> Result<Acted<Option<Rule>>, AlertError> {
        let (owner, key) = (permit.actor().id, removal.idempotency_key.clone());
        let key = Key { owner, mutation: "alertRuleDelete", key, hash: hash_of(removal) };
        journal::lock(work).await?;
        if let Some(known) = idempotency::before(work, &key).await? {
            return replayed(work, known).await;
        }
        let found = rows::lock_rule(work, removal.id).await?.filter(|rule| covers(permit, rule));
        let rule = found.ok_or_else(|| AlertError::NotFound { what: "alert rule", field: path!["input", "id"] })?;
        rows::remove_rule(work, rule.id).await?;
        audit::changed(work, rule.id, Some(&traced(&rule)), None, None);
        self.end(work, (&key, ALERT_RULE_DELETED), rule).await
    }

    async fn end(
        &self,
        work: &mut Work,
        (key, event): (&Key, EventType<RuleChanged>),
        rule: Rule,
    ) -> Result<Acted<Option<Rule>>, AlertError> {
        let now = self.0.clock.now();
        let changed = event.event(&RuleChanged { id: rule.id, kind: rule.kind, version: rule.version });
        let seq = journal::append(work, vec![changed], now).await?;
        let receipt = serde_json::to_string(&Receipt { rule: rule.id, seq }).map_err(|err| Fault::Broken(err.to_string()))?;
        idempotency::remember(work, [(key, receipt)], now).await?;
        Ok(Acted { value: Some(rule), seq, is_replayed: false })
    }
}

/// What the audit log compares. Addresses of people are recorded as changed, without their values.
fn traced(rule: &Rule) -> Fields {
    let time = |minute: i32| format!("{:02}:{:02}", minute / 60, minute % 60);
    Fields::default()
        .with("kind", rule.kind.as_str())
        .with("storeId", rule.scope.store)
        .with("categoryId", rule.scope.category)
        .with("productId", rule.scope.product)
        .with("isEnabled", rule.is_enabled)
        .with("threshold", rule.threshold)
        .with("days", rule.days)
        .personal("emails", code::<kind::AlertRuleWrite>(), &rule.emails)
        .with("memberIds", &rule.members)
        .with("quietHours", rule.quiet.map(|quiet| json!({ "from": time(quiet.from), "to": time(quiet.to) })))
        .with("timeZone", &rule.time_zone)
        .with("digest", rule.digest.as_str())
        .with("digestHour", rule.digest_hour)
}

/// The answer of an earlier call: the rule as it is now, if it is still there.
async fn replayed(work: &Work, known: KeyUse) -> Result<Acted<Option<Rule>>, AlertError> {
    let KeyUse::Same(receipt) = known else { return Err(AlertError::KeyReused) };
    let receipt: Receipt =
        serde_json::from_str(&receipt).map_err(|_| Fault::corrupt("idempotency", "a receipt of a rule names it"))?;
    let value = rows::rules_by_id(work, &[receipt.rule]).await?.pop();
    Ok(Acted { value, seq: receipt.seq, is_replayed: true })
}
