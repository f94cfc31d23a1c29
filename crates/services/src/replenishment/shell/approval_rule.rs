//! Setting a tenant's rule, and approving the night's plan by it.

use std::sync::Arc;

use entity::prelude::*;
use iam::access::{Access, Caller, Permission, PermissionSet, Permit, Reach, code, kind, permit};
use inventory::ledger::{Ledger, Mode};
use platform::{
    audit::{self, AuditContext, AuditWriter, Fields, Origin, money},
    clock::Clock,
    path,
    stages::{Refusals, Stage},
    storage::{
        Database, Fault, Reads, Work,
        idempotency::{self, CallResult, EarlierUse, Key, hash_of, settle},
        journal,
    },
};
use serde::{Deserialize, Serialize};

use super::{
    approve::{PlanApprove, approve_plan},
    purchase_budget::{available_budgets, reprice_lines},
    refusal::{ReplenishmentError, ReplenishmentRefusal},
    sending::{Sender, send_orders_of_rule},
};
use crate::{
    forecasting::shell::drifted_classes,
    replenishment::{
        core::{ApprovalRule, CONFIDENCE_SCALE, Choice, Limits, PlanLine, RuleProblem},
        events::{REPLENISHMENT_RULE_SET, RuleEvent},
        rows::{self, StoredRule},
    },
};

/// An approval rule to set. The idempotency key's hash is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct RuleSet {
    #[serde(skip)]
    pub idempotency_key: String,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    pub is_on: bool,
    pub plan: Option<Money>,
    pub supplier: Option<Money>,
    pub transfers: bool,
    pub confidence: f64,
    /// Whether orders are also sent, in the name of the member who sets the rule.
    pub sends: bool,
}

/// Stored receipt of a call.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    seq: Option<i64>,
}

type PolicyPermit = Permit<kind::StockPolicy>;
type ChangeResult = Result<CallResult<Option<StoredRule>>, ReplenishmentError>;

/// The tenant's rule; None if it was never set.
pub async fn find_rule(permit: &PolicyPermit, db: &Database) -> Result<Option<StoredRule>, Fault> {
    rows::rule(&permit.scope(db)).await
}

/// Sets the rule, which needs the permissions that it uses in all stores: to buy and to transfer.
///
/// # Errors
/// All refusals of the first stage that has any.
pub async fn set_rule(db: &Database, clock: &Clock, permit: PolicyPermit, input: RuleSet, mode: Mode) -> ChangeResult {
    let mut refusals = Refusals::default();
    refusals.extend(idempotency::check_key(&input.idempotency_key).err().map(ReplenishmentRefusal::BadKey));
    let rule = ApprovalRule::new(input.is_on, (input.plan, input.supplier), input.transfers, input.confidence);
    refusals.extend(rule.as_ref().err().into_iter().flatten().copied().map(ReplenishmentRefusal::Rule));
    let can_buy = permit.also::<kind::PurchaseWrite>().is_ok_and(|permit| permit.reach() == Reach::Everywhere);
    let can_transfer = permit.also::<kind::TransferWrite>().is_ok_and(|permit| permit.reach() == Reach::Everywhere);
    if permit.reach() != Reach::Everywhere || !can_buy || !can_transfer {
        let message = "the rule acts in all stores: stock.policy, purchase.write and transfer.write are needed for all of them";
        refusals.add(ReplenishmentRefusal::NotEverywhere { message, field: path!["input"] });
    }
    let sender = refusals.take(resolve_sender(&permit, input.sends)).flatten();
    refusals.end(Stage::Value)?;
    let in_rule = |problems: Vec<RuleProblem>| problems.into_iter().map(ReplenishmentRefusal::Rule).collect::<Vec<_>>();
    let rule = ApprovalRule { sender, ..rule.map_err(in_rule)? };
    let mut work = permit.scope(db).begin().await?;
    let outcome = set(&mut work, clock.now(), &permit, (&input, rule)).await;
    settle(work, outcome, mode.is_dry()).await
}

/// The member in whose name the rule sends: a person who may approve orders in all stores.
fn resolve_sender(permit: &PolicyPermit, sends: bool) -> Result<Option<MemberId>, ReplenishmentRefusal> {
    if !sends {
        return Ok(None);
    }
    let approves = permit.also::<kind::PurchaseApprove>().is_ok_and(|permit| permit.reach() == Reach::Everywhere);
    if permit.actor().kind != ActorKind::Member || !approves {
        let message = "the rule approves and sends orders in your name: it takes a member with purchase.approve for all stores";
        return Err(ReplenishmentRefusal::Invalid { message, field: path!["input", "isSending"] });
    }
    Ok(Some(MemberId::from_uuid(permit.actor().id)))
}

async fn set(work: &mut Work, now: Timestamp, permit: &PolicyPermit, (input, rule): (&RuleSet, ApprovalRule)) -> ChangeResult {
    let (owner, text) = (permit.actor().id, input.idempotency_key.clone());
    let key = Key { owner, mutation: "replenishmentRuleSet", key: text, hash: hash_of(input) };
    let earlier = idempotency::lock_and_look_up(work, &key).await?;
    let before = rows::rule(work).await?;
    match earlier {
        EarlierUse::Nothing => {}
        EarlierUse::Reused => return Err(ReplenishmentRefusal::KeyReused.into()),
        EarlierUse::Same(Receipt { seq }) => return Ok(CallResult { value: before, seq, is_replayed: true }),
    }
    let actual = before.map_or(0, |stored_rule| stored_rule.version);
    if input.expected_version.is_some_and(|expected| expected != actual) {
        return Err(ReplenishmentRefusal::Stale { what: "rule", actual }.into());
    }
    // Existing plans are left to people: the rule begins with the next one.
    let after = StoredRule { rule, done_until: now, version: actual + 1, updated_at: now };
    rows::change_rule(work, &after).await?;
    let (tenant, old_fields) = (work.tenant(), before.map(|stored_rule| audit_fields(&stored_rule.rule)));
    audit::changed(work, tenant, old_fields.as_ref(), Some(&audit_fields(&rule)), None);
    let event = RuleEvent { is_on: rule.is_on, version: after.version };
    let seq = journal::append_other(work, vec![REPLENISHMENT_RULE_SET.event(&event)], now).await?;
    idempotency::keep(work, &key, &Receipt { seq }, now).await?;
    Ok(CallResult { value: Some(after), seq, is_replayed: false })
}

/// Returns the fields for the audit log's comparison.
fn audit_fields(rule: &ApprovalRule) -> Fields {
    const MASK: &str = code::<kind::StockPolicy>();
    let path = |field: &str| format!("replenishmentRule.{field}");
    let limit = |amount_of: fn(&Limits) -> Money| money(rule.limits.as_ref().map(amount_of));
    Fields::default()
        .masked(path("enabled"), MASK, rule.is_on)
        .masked(path("planAmount"), MASK, limit(|limits| limits.plan))
        .masked(path("supplierAmount"), MASK, limit(|limits| limits.supplier))
        .masked(path("transfers"), MASK, rule.transfers)
        .masked(path("confidence"), MASK, f64::from(rule.confidence) / CONFIDENCE_SCALE)
        .masked(path("sends"), MASK, rule.sender.is_some())
}

/// Applies the rules of all tenants to the nightly plans. A tenant whose plan fails is logged and
/// skipped, so that it does not block the others.
pub async fn approve_all(ledger: &Ledger, access: &Access, audit_writer: &AuditWriter) -> Result<(), Fault> {
    for tenant in rows::tenants_with_rule(&ledger.database().global()).await? {
        match Box::pin(approve_night(ledger, access, audit_writer, tenant)).await {
            Ok(0) => {}
            Ok(lines) => tracing::info!(tenant = %tenant, lines, "a rule approved lines of a replenishment plan"),
            Err(fault) => tracing::warn!(tenant = %tenant, error = %fault, "no replenishment plan could be approved by its rule"),
        }
    }
    Ok(())
}

/// Approves the lines of the newest nightly plan that a tenant's rule accepts, and returns their
/// number. 0 if the rule is off, or has processed the plan. An interrupted call is repeated with
/// the same key, and finishes the claimed lines. If the rule has a sender, the orders are sent
/// afterwards.
pub async fn approve_night(
    ledger: &Ledger,
    access: &Access,
    audit_writer: &AuditWriter,
    tenant: TenantId,
) -> Result<usize, Fault> {
    let (scope, now) = (ledger.database().tenant(tenant), ledger.clock().now());
    let Some(stored_rule) = rows::rule(&scope).await?.filter(|stored_rule| stored_rule.rule.is_on) else { return Ok(0) };
    let Some(id) = rows::nightly_since(&scope, stored_rule.done_until, now).await? else { return Ok(0) };
    let Some(plan) = rows::plan(&scope, id).await? else { return Ok(0) };
    let lines = rows::lines_of(&scope, id).await?;
    // Forecasts of a demand class that has drifted twice have no reliable confidence: their lines
    // are left to people.
    let suspended_classes = drifted_classes(&scope).await?;
    let is_trusted = |line: &&PlanLine| line.figures.class.is_none_or(|class| !suspended_classes.contains(&class));
    let trusted_lines = reprice_lines(&scope, lines.iter().filter(is_trusted).cloned().collect()).await?;
    let (supplier_ids, available) =
        (rows::known_suppliers(&scope, &trusted_lines).await?, available_budgets(&scope, now, Some(id), &trusted_lines).await?);
    let chosen_ids = stored_rule.rule.lines_to_approve(&trusted_lines, &supplier_ids, &available);
    let is_begun = lines.iter().any(|line| line.approved_by == Some(Actor::REPLENISHMENT_RULE));
    let approved_count = if chosen_ids.is_empty() && !is_begun {
        0
    } else {
        let input = PlanApprove {
            idempotency_key: format!("rule-{id}"),
            plan: id,
            expected_version: plan.version,
            choice: Choice::Rule { lines: chosen_ids },
            // They are sent in the name of a member, below.
            is_sending: false,
        };
        match approve_as_rule(ledger, audit_writer, tenant, input).await {
            Ok(approved_count) => approved_count,
            Err(ReplenishmentError::Fault(fault)) => return Err(fault),
            Err(ReplenishmentError::Refused(refusals)) => match refusals.first() {
                // Another call is approving the plan, or spending the budget: the next round
                // processes the rest.
                Some(ReplenishmentRefusal::Stale { .. }) => return Ok(0),
                // The plan has no open lines any more.
                Some(ReplenishmentRefusal::State(_) | ReplenishmentRefusal::NotFound { .. }) => 0,
                _ => return Err(Fault::Broken(format!("{refusals:?}"))),
            },
        }
    };
    if (approved_count > 0 || is_begun)
        && let Some(sender) = Sender::of_rule(access, &stored_rule.rule, &rule_caller(tenant)).await?
    {
        let context = context_of("replenishment.send", audit_writer, tenant);
        let sent_count = context.run_within(Box::pin(send_orders_of_rule(ledger, &scope, id, &sender))).await?;
        tracing::info!(tenant = %tenant, orders = sent_count, "a rule sent orders of a replenishment plan");
    }
    let work = scope.begin().await?;
    rows::mark_processed(&work, plan.made_at, now).await?;
    work.commit().await?;
    Ok(approved_count)
}

/// The approval, with the rule as its actor.
async fn approve_as_rule(
    ledger: &Ledger,
    audit_writer: &AuditWriter,
    tenant: TenantId,
    input: PlanApprove,
) -> Result<usize, ReplenishmentError> {
    let permit = permit::<kind::PurchaseRead>(&rule_caller(tenant)).map_err(|denied| Fault::Broken(denied.to_string()))?;
    let context = context_of("replenishment.approve", audit_writer, tenant);
    let approval = context.run_within(Box::pin(approve_plan(ledger, permit, input, Mode::Commit))).await?;
    Ok(approval.approved)
}

fn rule_caller(tenant: TenantId) -> Caller {
    let mut permissions = PermissionSet::default();
    for index in [kind::PurchaseRead::INDEX, kind::PurchaseWrite::INDEX, kind::TransferWrite::INDEX] {
        permissions.insert(index);
    }
    Caller::new(tenant, Actor::REPLENISHMENT_RULE, permissions)
}

fn context_of(action: &str, audit_writer: &AuditWriter, tenant: TenantId) -> Arc<AuditContext> {
    let audit_actor = Some((tenant, Actor::REPLENISHMENT_RULE));
    AuditContext::new(action.to_owned(), Origin::default(), audit_writer.clone(), audit_actor, None)
}
