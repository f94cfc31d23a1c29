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
        idempotency::{self, Acted, Before, Key, hash_of, settle},
        journal,
    },
};
use serde::{Deserialize, Serialize};

use super::{
    approve::{PlanApprove, approve_plan},
    purchase_budget::{available_budgets, reprice_lines},
    refusal::{ReplenishmentError, ReplenishmentRefusal},
    sending::{Sender, send_orders},
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

type May = Permit<kind::StockPolicy>;
type Done = Result<Acted<Option<StoredRule>>, ReplenishmentError>;

/// The tenant's rule; None if it was never set.
pub async fn find_rule(permit: &May, db: &Database) -> Result<Option<StoredRule>, Fault> {
    rows::rule(&permit.scope(db)).await
}

/// Sets the rule, which needs the permissions that it uses in all stores: to buy and to transfer.
///
/// # Errors
/// All refusals of the first stage that has any.
pub async fn set_rule(db: &Database, clock: &Clock, permit: May, input: RuleSet, mode: Mode) -> Done {
    let mut refusals = Refusals::default();
    refusals.extend(idempotency::check_key(&input.idempotency_key).err().map(ReplenishmentRefusal::BadKey));
    let rule = ApprovalRule::new(input.is_on, (input.plan, input.supplier), input.transfers, input.confidence);
    refusals.extend(rule.as_ref().err().into_iter().flatten().copied().map(ReplenishmentRefusal::Rule));
    let buys = permit.also::<kind::PurchaseWrite>().is_ok_and(|permit| permit.reach() == Reach::Everywhere);
    let moves = permit.also::<kind::TransferWrite>().is_ok_and(|permit| permit.reach() == Reach::Everywhere);
    if permit.reach() != Reach::Everywhere || !buys || !moves {
        let message = "the rule acts in all stores: stock.policy, purchase.write and transfer.write are needed for all of them";
        refusals.add(ReplenishmentRefusal::NotEverywhere { message, field: path!["input"] });
    }
    let sender = refusals.take(sender(&permit, input.sends)).flatten();
    refusals.end(Stage::Value)?;
    let in_rule = |problems: Vec<RuleProblem>| problems.into_iter().map(ReplenishmentRefusal::Rule).collect::<Vec<_>>();
    let rule = ApprovalRule { sender, ..rule.map_err(in_rule)? };
    let mut work = permit.scope(db).begin().await?;
    let done = set(&mut work, clock.now(), &permit, (&input, rule)).await;
    settle(work, done, mode.is_dry()).await
}

/// The member in whose name the rule sends: a person who may approve orders in all stores.
fn sender(permit: &May, sends: bool) -> Result<Option<MemberId>, ReplenishmentRefusal> {
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

async fn set(work: &mut Work, now: Timestamp, permit: &May, (input, rule): (&RuleSet, ApprovalRule)) -> Done {
    let (owner, text) = (permit.actor().id, input.idempotency_key.clone());
    let key = Key { owner, mutation: "replenishmentRuleSet", key: text, hash: hash_of(input) };
    let earlier = idempotency::lock_and_look_up(work, &key).await?;
    let before = rows::rule(work).await?;
    match earlier {
        Before::Nothing => {}
        Before::Reused => return Err(ReplenishmentRefusal::KeyReused.into()),
        Before::Same(Receipt { seq }) => return Ok(Acted { value: before, seq, is_replayed: true }),
    }
    let actual = before.map_or(0, |kept| kept.version);
    if input.expected_version.is_some_and(|expected| expected != actual) {
        return Err(ReplenishmentRefusal::Stale { what: "rule", actual }.into());
    }
    // Existing plans are left to people: the rule begins with the next one.
    let after = StoredRule { rule, done_until: now, version: actual + 1, updated_at: now };
    rows::change_rule(work, &after).await?;
    let (tenant, was) = (work.tenant(), before.map(|kept| audit_fields(&kept.rule)));
    audit::changed(work, tenant, was.as_ref(), Some(&audit_fields(&rule)), None);
    let event = RuleEvent { is_on: rule.is_on, version: after.version };
    let seq = journal::append_other(work, vec![REPLENISHMENT_RULE_SET.event(&event)], now).await?;
    idempotency::keep(work, &key, &Receipt { seq }, now).await?;
    Ok(Acted { value: Some(after), seq, is_replayed: false })
}

/// Returns the fields for the audit log's comparison.
fn audit_fields(rule: &ApprovalRule) -> Fields {
    const MASK: &str = code::<kind::StockPolicy>();
    let path = |field: &str| format!("replenishmentRule.{field}");
    let limit = |of: fn(&Limits) -> Money| money(rule.limits.as_ref().map(of));
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
    let Some(kept) = rows::rule(&scope).await?.filter(|kept| kept.rule.is_on) else { return Ok(0) };
    let Some(id) = rows::nightly_since(&scope, kept.done_until, now).await? else { return Ok(0) };
    let Some(plan) = rows::plan(&scope, id).await? else { return Ok(0) };
    let lines = rows::lines_of(&scope, id).await?;
    // Forecasts of a demand class that has drifted twice have no reliable confidence: their lines
    // are left to people.
    let suspended = drifted_classes(&scope).await?;
    let is_trusted = |line: &&PlanLine| line.figures.class.is_none_or(|class| !suspended.contains(&class));
    let trusted = reprice_lines(&scope, lines.iter().filter(is_trusted).cloned().collect()).await?;
    let (known, available) =
        (rows::known_suppliers(&scope, &trusted).await?, available_budgets(&scope, now, Some(id), &trusted).await?);
    let chosen = kept.rule.approves(&trusted, &known, &available);
    let is_begun = lines.iter().any(|line| line.approved_by == Some(Actor::REPLENISHMENT_RULE));
    let approved = if chosen.is_empty() && !is_begun {
        0
    } else {
        let input = PlanApprove {
            idempotency_key: format!("rule-{id}"),
            plan: id,
            expected_version: plan.version,
            choice: Choice::Rule { lines: chosen },
        };
        match approve_as_rule(ledger, audit_writer, tenant, input).await {
            Ok(approved) => approved,
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
    if (approved > 0 || is_begun)
        && let Some(sender) = Sender::of(access, tenant, &kept.rule).await?
    {
        let buys = permit::<kind::PurchaseWrite>(&rule_caller(tenant)).map_err(|denied| Fault::Broken(denied.to_string()))?;
        let context = context_of("replenishment.send", audit_writer, tenant);
        let sent = context.over(Box::pin(send_orders(ledger, &scope, id, (&buys, &sender)))).await?;
        tracing::info!(tenant = %tenant, orders = sent, "a rule sent orders of a replenishment plan");
    }
    let work = scope.begin().await?;
    rows::mark_processed(&work, plan.made_at, now).await?;
    work.commit().await?;
    Ok(approved)
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
    let approved = context.over(Box::pin(approve_plan(ledger, permit, input, Mode::Commit))).await?;
    Ok(approved.approved)
}

fn rule_caller(tenant: TenantId) -> Caller {
    let mut permissions = PermissionSet::default();
    for index in [kind::PurchaseRead::INDEX, kind::PurchaseWrite::INDEX, kind::TransferWrite::INDEX] {
        permissions.insert(index);
    }
    Caller::new(tenant, Actor::REPLENISHMENT_RULE, permissions)
}

fn context_of(action: &str, audit_writer: &AuditWriter, tenant: TenantId) -> Arc<AuditContext> {
    let who = Some((tenant, Actor::REPLENISHMENT_RULE));
    AuditContext::new(action.to_owned(), Origin::default(), audit_writer.clone(), who, None)
}
