//! Creating, changing and archiving rules that set holds, one call after the other.

use entity::prelude::*;
use iam::access::{Permit, kind};
use platform::{
    audit::{self, Fields},
    stages::{Refusals, Stage, Staged, Stop},
    storage::{
        Fault, Reads, Work,
        events::EventType,
        idempotency::{self, CallResult, EarlierUse, Key, KeyProblem, hash_of, settle},
        journal,
    },
};
use serde::{Deserialize, Serialize};

use crate::{
    ledger::{Ledger, Mode},
    orders::{
        core::{HoldRule, MAX_RULES, RuleFields, RuleProblem},
        events::{HOLD_RULE_ARCHIVED, HOLD_RULE_UPDATED, HoldRuleEvent},
        rows,
    },
};

/// Input of a rule's upsert. Its JSON is hashed for the idempotency key.
#[derive(Debug, Clone, Serialize)]
pub struct HoldRuleUpsert {
    #[serde(skip)]
    pub idempotency_key: String,
    pub fields: RuleFields,
}

/// Input for archiving a rule.
#[derive(Debug, Clone, Serialize)]
pub struct HoldRuleArchive {
    #[serde(skip)]
    pub idempotency_key: String,
    pub code: String,
}

/// Reasons to refuse a change of hold rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleRefusal {
    BadKey(KeyProblem),
    Field(RuleProblem),
    NotFound,
    TooMany,
    KeyReused,
}

impl Staged for RuleRefusal {
    fn stage(&self) -> Stage {
        match self {
            Self::BadKey(_) => Stage::Shape,
            Self::Field(problem) => problem.stage(),
            Self::NotFound => Stage::Reference,
            Self::TooMany | Self::KeyReused => Stage::State,
        }
    }
}

/// A refusal or a fault: nothing was written.
pub type RuleStop = Stop<RuleRefusal>;

type RuleCallResult = Result<CallResult<HoldRule>, RuleStop>;

/// Stored receipt of a call.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    code: String,
    seq: Option<i64>,
}

/// Returns all rules of the tenant, by their codes.
pub async fn hold_rules(ledger: &Ledger, permit: &Permit<kind::TenantWrite>) -> Result<Vec<HoldRule>, Fault> {
    rows::hold_rules(&permit.scope(ledger.database())).await
}

/// Creates a rule, or changes the one with this code; an archived one is in force again.
///
/// # Errors
/// All refusals of the first stage that has any.
pub async fn hold_rule_upsert(
    ledger: &Ledger,
    permit: Permit<kind::TenantWrite>,
    input: HoldRuleUpsert,
    mode: Mode,
) -> RuleCallResult {
    let key = key_of(&permit, "holdRuleUpsert", &input.idempotency_key, &input);
    let mut refusals = Refusals::default();
    refusals.extend(idempotency::check_key(&key.key).err().map(RuleRefusal::BadKey));
    refusals.extend(input.fields.problems().into_iter().map(RuleRefusal::Field));
    refusals.end(Stage::Value)?;
    let mut work = permit.scope(ledger.database()).begin().await?;
    let outcome = upsert_rule(&mut work, &key, input.fields.normalized(), ledger.clock().now()).await;
    settle(work, outcome, mode.is_dry()).await
}

/// Archives a rule. Holds that it has set stay.
pub async fn hold_rule_archive(
    ledger: &Ledger,
    permit: Permit<kind::TenantWrite>,
    input: HoldRuleArchive,
    mode: Mode,
) -> RuleCallResult {
    let key = key_of(&permit, "holdRuleArchive", &input.idempotency_key, &input);
    idempotency::check_key(&key.key).map_err(RuleRefusal::BadKey)?;
    let mut work = permit.scope(ledger.database()).begin().await?;
    let outcome = archive_rule(&mut work, &key, &input.code, ledger.clock().now()).await;
    settle(work, outcome, mode.is_dry()).await
}

fn key_of(permit: &Permit<kind::TenantWrite>, mutation: &'static str, key: &str, input: &impl Serialize) -> Key {
    Key { owner: permit.actor().id, mutation, key: key.to_owned(), hash: hash_of(input) }
}

async fn upsert_rule(work: &mut Work, key: &Key, fields: RuleFields, now: Timestamp) -> RuleCallResult {
    if let Some(earlier_outcome) = begin(work, key).await? {
        return Ok(earlier_outcome);
    }
    let has_room = rows::hold_rules(work).await?.len() < MAX_RULES;
    let current_rule = rows::hold_rule(work, &fields.code).await?;
    let old_fields = current_rule.as_ref().map(audit_fields);
    let rule = match current_rule {
        Some(before) => {
            let rule = HoldRule { fields, archived_at: None, version: before.version + 1, updated_at: now, ..before };
            rows::change_rule(work, &rule).await?;
            rule
        }
        None if !has_room => return Err(RuleRefusal::TooMany.into()),
        None => {
            let rule = HoldRule { fields, archived_at: None, version: 1, created_at: now, updated_at: now };
            rows::insert_rule(work, &rule).await?;
            rule
        }
    };
    end(work, key, HOLD_RULE_UPDATED, (old_fields, rule)).await
}

async fn archive_rule(work: &mut Work, key: &Key, code: &str, now: Timestamp) -> RuleCallResult {
    if let Some(earlier_outcome) = begin(work, key).await? {
        return Ok(earlier_outcome);
    }
    // A code cannot contain NUL, which Postgres rejects.
    let current_rule = if code.contains('\0') { None } else { rows::hold_rule(work, code.trim()).await? };
    let Some(before) = current_rule else { return Err(RuleRefusal::NotFound.into()) };
    if before.archived_at.is_some() {
        return Ok(CallResult { value: before, seq: None, is_replayed: false });
    }
    let old_fields = audit_fields(&before);
    let rule = HoldRule { archived_at: Some(now), version: before.version + 1, updated_at: now, ..before };
    rows::change_rule(work, &rule).await?;
    end(work, key, HOLD_RULE_ARCHIVED, (Some(old_fields), rule)).await
}

/// Returns the result of an earlier call with the key, or None.
async fn begin(work: &Work, key: &Key) -> Result<Option<CallResult<HoldRule>>, RuleStop> {
    match idempotency::lock_and_look_up(work, key).await? {
        EarlierUse::Nothing => Ok(None),
        EarlierUse::Reused => Err(RuleRefusal::KeyReused.into()),
        EarlierUse::Same(Receipt { code, seq }) => {
            let value = rows::hold_rule(work, &code).await?.ok_or_else(|| Fault::corrupt("hold_rule", "a rule stays"))?;
            Ok(Some(CallResult { value, seq, is_replayed: true }))
        }
    }
}

/// Fields of the tenant that the audit log compares, each under the rule's code.
fn audit_fields(rule: &HoldRule) -> Fields {
    let RuleFields { code, kind, reason, total_at_least, is_unpaid, lacks_address, countries, more } = &rule.fields;
    let path = |field: &str| format!("holdRule.{code}.{field}");
    Fields::default()
        .with(path("kind"), kind)
        .with(path("reason"), reason)
        .with(path("totalAtLeast"), total_at_least)
        .with(path("isUnpaid"), is_unpaid)
        .with(path("lacksAddress"), lacks_address)
        .with(path("countries"), countries)
        .with(path("isBilledElsewhere"), more.is_billed_elsewhere)
        .with(path("isNewCustomer"), more.is_new_customer)
        .with(path("customerTags"), &more.customer_tags)
        .with(path("productTags"), &more.product_tags)
        .with(path("liftsItself"), more.lifts_itself)
        .with(path("isArchived"), rule.archived_at.is_some())
}

/// Writes the event and the receipt of the call.
async fn end(
    work: &mut Work,
    key: &Key,
    kind: EventType<HoldRuleEvent>,
    (old_fields, rule): (Option<Fields>, HoldRule),
) -> RuleCallResult {
    let (now, tenant) = (rule.updated_at, work.tenant());
    audit::changed(work, tenant, old_fields.as_ref(), Some(&audit_fields(&rule)), None);
    let event = HoldRuleEvent { code: rule.fields.code.clone(), version: rule.version };
    let seq = journal::append_other(work, vec![kind.event(&event)], now).await?;
    idempotency::keep(work, key, &Receipt { code: event.code, seq }, now).await?;
    Ok(CallResult { value: rule, seq, is_replayed: false })
}
