//! Setting policies and taking them away.

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use inventory::ledger::Mode;
use platform::{
    audit::{self, Fields, money},
    clock::{Clock, day_text},
    path,
    stages::{Refusals, Stage},
    storage::{
        Database, Fault, Work,
        idempotency::{self, CallResult, Key, KeyUse, hash_of, settle},
        journal,
    },
};
use serde::{Deserialize, Serialize};

use super::refusal::{MERGED, ReplenishmentError, ReplenishmentRefusal, check_key};
use crate::replenishment::{
    core::{Policy, PolicyFields, PolicyProblem, PolicyScope, Rule, SERVICE_SCALE},
    events::{EventType, PolicyEvent, REPLENISHMENT_POLICY_REMOVED, REPLENISHMENT_POLICY_SET},
    rows,
};

/// Policies of a tenant at most.
const MAX_POLICIES: i64 = 10_000;

/// A policy to set. The idempotency key's hash is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct PolicySet {
    #[serde(skip)]
    pub idempotency_key: String,
    /// None creates a policy.
    pub id: Option<ReplenishmentPolicyId>,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub fields: PolicyFields,
}

/// A policy that is to go.
#[derive(Debug, Clone, Serialize)]
pub struct PolicyRemoval {
    #[serde(skip)]
    pub idempotency_key: String,
    pub id: ReplenishmentPolicyId,
}

/// Stored receipt of a call.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    policy: ReplenishmentPolicyId,
    seq: Option<i64>,
}

type PolicyPermit = Permit<kind::StockPolicy>;
type ChangeResult = Result<CallResult<Option<Policy>>, ReplenishmentError>;

/// Whether a permit covers a scope: one without a store needs the permission for all stores.
fn covers(permit: &PolicyPermit, scope: &PolicyScope) -> bool {
    scope.store.map_or_else(|| permit.reach() == Reach::Everywhere, |store| permit.covers(store))
}

/// Creates or changes a policy. A second one of the same scope is refused.
///
/// # Errors
/// All refusals of the first stage that has any.
pub async fn set_policy(db: &Database, clock: &Clock, permit: PolicyPermit, input: PolicySet, mode: Mode) -> ChangeResult {
    let mut refusals = Refusals::default();
    refusals.extend(idempotency::check_key(&input.idempotency_key).err().map(ReplenishmentRefusal::BadKey));
    refusals.extend(policy_refusals(input.fields.problems()));
    refusals.end(Stage::Shape)?;
    let mut work = permit.scope(db).begin().await?;
    let outcome = set(&mut work, clock, &permit, (&input, refusals)).await;
    settle(work, outcome, mode.is_dry()).await
}

fn policy_refusals(problems: Vec<PolicyProblem>) -> Vec<ReplenishmentRefusal> {
    problems.into_iter().map(ReplenishmentRefusal::Policy).collect()
}

async fn set(
    work: &mut Work,
    clock: &Clock,
    permit: &PolicyPermit,
    (input, mut refusals): (&PolicySet, Refusals<ReplenishmentRefusal>),
) -> ChangeResult {
    let (owner, text) = (permit.actor().id, input.idempotency_key.clone());
    let key = Key { owner, mutation: "replenishmentPolicySet", key: text, hash: hash_of(input) };
    // The journal is locked first, so that concurrent calls are serialized, and the second one
    // finds the policy of the first.
    journal::lock(work).await?;
    if let Some(key_use) = idempotency::before(work, &key).await? {
        return load_replayed(work, permit, key_use).await;
    }
    let before = match input.id {
        None => None,
        Some(id) => {
            let locked_policy = rows::lock_policy(work, id).await?.filter(|policy| covers(permit, &policy.scope));
            let missing = || ReplenishmentRefusal::NotFound { what: "replenishment policy", field: path!["input", "id"] };
            refusals.extend(locked_policy.is_none().then(missing));
            locked_policy
        }
    };
    refuse_scope(work, permit, &input.fields.scope, &mut refusals).await?;
    refusals.end(Stage::Value)?;
    let rule = input.fields.rule().map_err(policy_refusals)?;
    let actual = before.map(|policy| policy.version);
    if let Some((expected, actual)) = input.expected_version.zip(actual).filter(|(expected, actual)| expected != actual) {
        tracing::debug!(expected, actual, "a policy has changed since it was read");
        refusals.add(ReplenishmentRefusal::Stale { what: "replenishment policy", actual });
    }
    let existing_policy = rows::policy_of_scope(work, &input.fields.scope).await?;
    let is_taken = existing_policy.is_some_and(|policy| Some(policy.id) != input.id);
    refusals.extend(is_taken.then_some(ReplenishmentRefusal::ScopeTaken));
    if before.is_none() && rows::count_policies(work).await? >= MAX_POLICIES {
        refusals.add(ReplenishmentRefusal::TooManyPolicies(MAX_POLICIES));
    }
    refusals.end(Stage::State)?;
    let now = clock.now();
    let policy = Policy {
        id: before.map_or_else(|| clock.id(), |policy| policy.id),
        scope: input.fields.scope,
        rule,
        method: input.fields.method.unwrap_or(SafetyStockMethod::Quantile),
        version: before.map_or(1, |policy| policy.version + 1),
        created_at: before.map_or(now, |policy| policy.created_at),
        updated_at: now,
    };
    match before {
        Some(_) => rows::update_policy(work, &policy).await?,
        None => rows::insert_policy(work, &policy).await?,
    }
    audit::changed(work, policy.id, before.as_ref().map(audit_fields).as_ref(), Some(&audit_fields(&policy)), None);
    end(work, (&key, REPLENISHMENT_POLICY_SET), policy, now).await
}

/// Refuses objects of the scope that do not exist, or that the permit does not cover.
async fn refuse_scope(
    work: &Work,
    permit: &PolicyPermit,
    scope: &PolicyScope,
    refusals: &mut Refusals<ReplenishmentRefusal>,
) -> Result<(), Fault> {
    let is_others = |name: &str| name == "storeId" && !covers(permit, scope);
    for (object_kind, name, is_there) in rows::find_scope_objects(work, scope).await? {
        if !is_there || is_others(name) {
            refusals.add(ReplenishmentRefusal::NotFound { what: object_kind, field: path!["input", name] });
        }
    }
    if let Some(supplier) = scope.supplier
        && rows::is_merged(work, supplier).await?
    {
        refusals.add(ReplenishmentRefusal::Invalid { message: MERGED, field: path!["input", "supplierId"] });
    }
    if scope.store.is_none() && !covers(permit, scope) {
        let message = "your policies are for your stores: name one of them";
        refusals.add(ReplenishmentRefusal::NotEverywhere { message, field: path!["input", "storeId"] });
    }
    Ok(())
}

/// Returns the fields for the audit log's comparison.
fn audit_fields(policy: &Policy) -> Fields {
    let PolicyScope { product, store, class, xyz, supplier } = policy.scope;
    let fields = Fields::default()
        .with("kind", policy.rule.kind().as_str())
        .with("productId", product)
        .with("storeId", store)
        .with("abcClass", class)
        .with("xyzClass", xyz)
        .with("supplierId", supplier)
        .with("safetyStockMethod", policy.method.as_str());
    let level = |service: i32| f64::from(service) / SERVICE_SCALE;
    match policy.rule {
        Rule::MinMax => fields,
        Rule::ReorderPoint { service, cover_days, order_cost } => {
            fields.with("serviceLevel", level(service)).with("coverDays", cover_days).with("orderCost", money(order_cost))
        }
        Rule::Periodic { service, review_days, review_from } => {
            fields.with("serviceLevel", level(service)).with("reviewDays", review_days).with("reviewFrom", day_text(review_from))
        }
        Rule::Service { cover_days, order_cost } => fields.with("coverDays", cover_days).with("orderCost", money(order_cost)),
        Rule::TargetDays { safety_days, target_days } => fields.with("safetyDays", safety_days).with("targetDays", target_days),
    }
}

/// Deletes a policy: later plans use the next policy that applies.
pub async fn remove_policy(db: &Database, clock: &Clock, permit: PolicyPermit, input: PolicyRemoval, mode: Mode) -> ChangeResult {
    check_key(&input.idempotency_key)?;
    let mut work = permit.scope(db).begin().await?;
    let outcome = remove(&mut work, clock, &permit, &input).await;
    settle(work, outcome, mode.is_dry()).await
}

async fn remove(work: &mut Work, clock: &Clock, permit: &PolicyPermit, input: &PolicyRemoval) -> ChangeResult {
    let (owner, text) = (permit.actor().id, input.idempotency_key.clone());
    let key = Key { owner, mutation: "replenishmentPolicyRemove", key: text, hash: hash_of(input) };
    journal::lock(work).await?;
    if let Some(key_use) = idempotency::before(work, &key).await? {
        return load_replayed(work, permit, key_use).await;
    }
    let locked_policy = rows::lock_policy(work, input.id).await?.filter(|policy| covers(permit, &policy.scope));
    let missing = || ReplenishmentRefusal::NotFound { what: "replenishment policy", field: path!["input", "id"] };
    let policy = locked_policy.ok_or_else(missing)?;
    rows::remove_policy(work, policy.id).await?;
    audit::changed(work, policy.id, Some(&audit_fields(&policy)), None, None);
    end(work, (&key, REPLENISHMENT_POLICY_REMOVED), policy, clock.now()).await
}

async fn end(work: &mut Work, (key, event): (&Key, EventType<PolicyEvent>), policy: Policy, now: Timestamp) -> ChangeResult {
    let seq = journal::append_other(work, vec![event.event(&PolicyEvent::of(&policy))], now).await?;
    idempotency::keep(work, key, &Receipt { policy: policy.id, seq }, now).await?;
    Ok(CallResult { value: Some(policy), seq, is_replayed: false })
}

/// The answer of an earlier call: the current policy, if it still exists.
async fn load_replayed(work: &Work, permit: &PolicyPermit, key_use: KeyUse) -> ChangeResult {
    let KeyUse::Same(receipt) = key_use else { return Err(ReplenishmentRefusal::KeyReused.into()) };
    let receipt: Receipt =
        serde_json::from_str(&receipt).map_err(|_| Fault::corrupt("idempotency", "a receipt of a policy names it"))?;
    let value = rows::policy(work, receipt.policy).await?.filter(|policy| covers(permit, &policy.scope));
    Ok(CallResult { value, seq: receipt.seq, is_replayed: true })
}
