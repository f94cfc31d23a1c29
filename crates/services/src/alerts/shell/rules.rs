//! Setting and removing rules.

use std::collections::BTreeSet;

use entity::prelude::*;
use iam::access::{Permit, code, kind};
use platform::{
    audit::{self, Fields},
    path,
    stages::{Refusals, Stage},
    storage::{
        Fault, Work,
        idempotency::{self, CallResult, Key, KeyUse, hash_of},
        journal,
    },
};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    call::{check_key, finish_work},
    refusal::{AlertError, AlertRefusal},
    service::Alerts,
    visibility::covers,
};
use crate::alerts::events::{ALERT_RULE_DELETED, ALERT_RULE_SET, EventType, RuleChanged};
use crate::alerts::{
    core::{MAX_RULES, Quiet, Rule, Scope, distinct_addresses},
    rows,
};

/// Input of a rule. The hash of the idempotency key is over its JSON.
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

/// Input of a removal.
#[derive(Debug, Clone, Serialize)]
pub struct RuleRemoval {
    #[serde(skip)]
    pub idempotency_key: String,
    pub id: AlertRuleId,
}

/// Stored result of a call, for its idempotency key.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    rule: AlertRuleId,
    seq: Option<i64>,
}

type WritePermit = Permit<kind::AlertRuleWrite>;

impl RuleFields {
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
    /// Creates or replaces the rule of a kind for a scope.
    ///
    /// # Errors
    /// All refusals of the first stage that has any.
    pub async fn set_rule(&self, permit: WritePermit, fields: RuleFields) -> Result<CallResult<Option<Rule>>, AlertError> {
        let mut refusals = Refusals::default();
        fields.check_shape(&mut refusals);
        refusals.end(Stage::Shape)?;
        let unknown = self.unknown_members(&permit, &fields.members).await?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let outcome = self.set(&mut work, &permit, &fields, unknown).await;
        finish_work(work, outcome).await
    }

    /// Returns refusals of members that do not exist. The caller adds them after the check for a
    /// replayed call.
    async fn unknown_members(&self, permit: &WritePermit, members: &[MemberId]) -> Result<Vec<AlertRefusal>, Fault> {
        let mut unknown = Vec::new();
        for (index, member) in members.iter().enumerate() {
            if self.0.access.member(permit.tenant(), *member).await?.is_none() {
                unknown.push(AlertRefusal::NotFound { what: "active member", field: path!["input", "memberIds", index] });
            }
        }
        Ok(unknown)
    }

    async fn set(
        &self,
        work: &mut Work,
        permit: &WritePermit,
        fields: &RuleFields,
        unknown_members: Vec<AlertRefusal>,
    ) -> Result<CallResult<Option<Rule>>, AlertError> {
        let now = self.0.clock.now();
        let (owner, key) = (permit.actor().id, fields.idempotency_key.clone());
        let key = Key { owner, mutation: "alertRuleUpsert", key, hash: hash_of(fields) };
        // The counter is locked first, so that concurrent calls are serialized, and the second
        // finds the rule of the first.
        journal::lock(work).await?;
        if let Some(key_use) = idempotency::before(work, &key).await? {
            return replay_result(work, permit, key_use).await;
        }
        let mut refusals = Refusals::default();
        let is_uncovered = |name: &str| name == "storeId" && fields.scope.store.is_some_and(|store| !permit.covers(store));
        for (noun, name, is_found) in rows::scope_references(work, &fields.scope).await? {
            if !is_found || is_uncovered(name) {
                refusals.add(AlertRefusal::NotFound { what: noun, field: path!["input", name] });
            }
        }
        refusals.extend(unknown_members);
        fields.check_values(permit, &mut refusals);
        refusals.end(Stage::Value)?;
        let existing = rows::lock_rule_of(work, fields.kind, &fields.scope).await?;
        if existing.is_none() && rows::count_rules(work).await? >= MAX_RULES {
            let message = format!("a tenant has at most {MAX_RULES} rules for alerts");
            return Err(AlertRefusal::LimitExceeded { message, field: path!["input"] }.into());
        }
        let id = existing.as_ref().map_or_else(|| self.0.clock.id(), |rule| rule.id);
        let rule = fields.rule(id, existing.as_ref(), now);
        let previous = existing.as_ref().map(audit_fields);
        match existing {
            Some(_) => rows::change_rule(work, &rule).await?,
            None => rows::add_rule(work, &rule).await?,
        }
        audit::changed(work, rule.id, previous.as_ref(), Some(&audit_fields(&rule)), None);
        self.end(work, (&key, ALERT_RULE_SET), rule).await
    }

    /// Removes a rule; it does not apply to alerts that are opened later.
    pub async fn remove_rule(&self, permit: WritePermit, removal: RuleRemoval) -> Result<CallResult<Option<Rule>>, AlertError> {
        check_key(&removal.idempotency_key)?;
        let mut work = permit.scope(&self.0.db).begin().await?;
        let outcome = self.remove(&mut work, &permit, &removal).await;
        finish_work(work, outcome).await
    }

    async fn remove(
        &self,
        work: &mut Work,
        permit: &WritePermit,
        removal: &RuleRemoval,
    ) -> Result<CallResult<Option<Rule>>, AlertError> {
        let (owner, key) = (permit.actor().id, removal.idempotency_key.clone());
        let key = Key { owner, mutation: "alertRuleDelete", key, hash: hash_of(removal) };
        journal::lock(work).await?;
        if let Some(key_use) = idempotency::before(work, &key).await? {
            return replay_result(work, permit, key_use).await;
        }
        let own_rule = rows::lock_rule(work, removal.id).await?.filter(|rule| covers(permit, rule));
        let rule = own_rule.ok_or_else(|| AlertRefusal::NotFound { what: "alert rule", field: path!["input", "id"] })?;
        rows::remove_rule(work, rule.id).await?;
        audit::changed(work, rule.id, Some(&audit_fields(&rule)), None, None);
        self.end(work, (&key, ALERT_RULE_DELETED), rule).await
    }

    async fn end(
        &self,
        work: &mut Work,
        (key, event): (&Key, EventType<RuleChanged>),
        rule: Rule,
    ) -> Result<CallResult<Option<Rule>>, AlertError> {
        let now = self.0.clock.now();
        let new_event = event.event(&RuleChanged { id: rule.id, kind: rule.kind, version: rule.version });
        let seq = journal::append(work, vec![new_event], now).await?;
        let receipt = serde_json::to_string(&Receipt { rule: rule.id, seq }).map_err(|err| Fault::Broken(err.to_string()))?;
        idempotency::store_receipts(work, [(key, receipt)], now).await?;
        Ok(CallResult { value: Some(rule), seq, is_replayed: false })
    }
}

/// Returns the fields that the audit log compares. Addresses of people are recorded as changed,
/// without their values.
fn audit_fields(rule: &Rule) -> Fields {
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

/// Answer of a repeated call: the current rule, if it still exists and the caller's rights cover
/// it.
async fn replay_result(work: &Work, permit: &WritePermit, key_use: KeyUse) -> Result<CallResult<Option<Rule>>, AlertError> {
    let KeyUse::Same(receipt) = key_use else { return Err(AlertRefusal::KeyReused.into()) };
    let receipt: Receipt =
        serde_json::from_str(&receipt).map_err(|_| Fault::corrupt("idempotency", "a receipt of a rule names it"))?;
    let value = rows::rules_by_id(work, &[receipt.rule]).await?.pop().filter(|rule| covers(permit, rule));
    Ok(CallResult { value, seq: receipt.seq, is_replayed: true })
}
