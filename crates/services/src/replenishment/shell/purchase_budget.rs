//! Sets a tenant's budgets, and computes the rest of them.

use std::{collections::BTreeSet, mem::discriminant};

use entity::prelude::*;
use iam::access::{Permit, Reach, code, kind};
use inventory::{
    catalog::rows::small_tables::tenant_zone,
    ledger::{Ledger, Mode},
};
use platform::{
    audit::{self, Fields, MaskStore, money},
    clock::{Clock, local_day, resolve_local_time},
    path,
    stages::{Refusals, Stage},
    storage::{
        Database, Fault, Reads, Work,
        idempotency::{self, CallResult, EarlierUse, Key, hash_of, settle},
        journal,
    },
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::refusal::{MERGED, ReplenishmentError, ReplenishmentRefusal};
use crate::replenishment::{
    core::{AvailableBudget, Budget, BudgetPeriod, BudgetScope, Choice, Claims, Plan, PlanLine, lines_over_budget},
    events::{BudgetEvent, REPLENISHMENT_BUDGET_SET},
    rows::{self, BudgetMembers, StoredBudget, Sums},
};

/// Budgets of suppliers, categories and stores of a tenant at most.
const MAX_BUDGETS: usize = 100;

/// A budget to set. The idempotency key's hash is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct BudgetSet {
    #[serde(skip)]
    pub idempotency_key: String,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    #[serde(skip_serializing_if = "BudgetScope::is_company")]
    pub scope: BudgetScope,
    /// None removes the limit.
    pub amount: Option<Money>,
    pub period: BudgetPeriod,
}

/// Stored receipt of a call.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    seq: Option<i64>,
}

/// The use of a budget in the current week or month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BudgetUse {
    /// First and last day.
    pub from: i32,
    pub through: i32,
    pub committed: Money,
    pub remaining: Money,
}

type PolicyPermit = Permit<kind::StockPolicy>;
type ChangeResult = Result<CallResult<Option<StoredBudget>>, ReplenishmentError>;

/// Whether a permit covers a budget: one without a single store counts purchases of all stores.
fn covers(permit: &PolicyPermit, scope: BudgetScope) -> bool {
    match scope {
        BudgetScope::Store(store) => permit.covers(store),
        BudgetScope::Company | BudgetScope::Supplier(_) | BudgetScope::Category(_) => permit.reach() == Reach::Everywhere,
    }
}

/// The tenant's budget for the company; None if it was never set.
pub async fn find_budget(permit: &PolicyPermit, db: &Database) -> Result<Option<StoredBudget>, Fault> {
    rows::budget(&permit.scope(db)).await
}

/// Budgets of suppliers, categories and stores that limit something and that are the permit's.
pub async fn find_scope_budgets(permit: &PolicyPermit, db: &Database) -> Result<Vec<StoredBudget>, Fault> {
    let mut stored = rows::scope_budgets(&permit.scope(db)).await?;
    stored.retain(|stored_budget| covers(permit, stored_budget.scope));
    Ok(stored)
}

/// The current use of each of several budgets, read together. None for budgets of plans, and for
/// budgets that the permit does not cover.
pub async fn budget_uses(
    permit: &PolicyPermit,
    ledger: &Ledger,
    stored: &[StoredBudget],
) -> Result<Vec<Option<BudgetUse>>, Fault> {
    let (scope, now) = (permit.scope(ledger.database()), ledger.clock().now());
    let visible_budget = |stored: &StoredBudget| stored.budget.filter(|_| covers(permit, stored.scope));
    let budgets: Vec<(BudgetScope, Budget)> =
        stored.iter().filter_map(|stored| Some((stored.scope, visible_budget(stored)?))).collect();
    if budgets.is_empty() {
        return Ok(vec![None; stored.len()]);
    }
    let zone = tenant_zone(&scope).await?;
    let (today, counted) = (local_day(now, &zone), with_members(&scope, budgets).await?);
    let mut committed_amounts = compute_committed(&scope, (now, zone.as_str()), &counted, None).await?.into_iter();
    let use_of = |stored: &StoredBudget| {
        let budget = visible_budget(stored)?;
        let committed = committed_amounts.next()?;
        let (from, next) = budget.period.days(today)?;
        let (remaining, committed) = (budget.remaining_after(committed), Money::new(committed, budget.amount.currency));
        Some(BudgetUse { from, through: next - 1, committed, remaining })
    };
    Ok(stored.iter().map(use_of).collect())
}

/// Sets the budget, or takes it away.
///
/// # Errors
/// All refusals of the first stage that has any.
pub async fn set_budget(db: &Database, clock: &Clock, permit: PolicyPermit, input: BudgetSet, mode: Mode) -> ChangeResult {
    let mut refusals = Refusals::default();
    refusals.extend(idempotency::check_key(&input.idempotency_key).err().map(ReplenishmentRefusal::BadKey));
    if !matches!(input.scope, BudgetScope::Store(_)) && !covers(&permit, input.scope) {
        let message = "the budget is for all stores: stock.policy is needed for all of them";
        refusals.add(ReplenishmentRefusal::NotEverywhere { message, field: path!["input"] });
    }
    refusals.end(Stage::Permission)?;
    refusals.extend(unknown_reference(&permit, db, input.scope).await?);
    refusals.end(Stage::Reference)?;
    if let Some(amount) = input.amount {
        if amount.minor < 0 {
            let message = "an amount of 0 or more is expected";
            refusals.add(ReplenishmentRefusal::OutOfRange { message, field: path!["input", "amount", "amount"] });
        }
        if rows::terms(&permit.scope(db)).await?.currency != Some(amount.currency) {
            let message = "the tenant's own currency is expected";
            refusals.add(ReplenishmentRefusal::Invalid { message, field: path!["input", "amount", "currencyCode"] });
        }
    }
    refusals.end(Stage::Value)?;
    let mut work = permit.scope(db).begin().await?;
    let outcome = set(&mut work, clock.now(), &permit, &input).await;
    settle(work, outcome, mode.is_dry()).await
}

/// Refuses objects of the scope that do not exist, or that the permit does not cover.
async fn unknown_reference(
    permit: &PolicyPermit,
    db: &Database,
    scope: BudgetScope,
) -> Result<Option<ReplenishmentRefusal>, Fault> {
    let (object_kind, name) = match scope {
        BudgetScope::Company => return Ok(None),
        BudgetScope::Supplier(_) => ("supplier", "supplierId"),
        BudgetScope::Category(_) => ("category", "categoryId"),
        BudgetScope::Store(_) => ("store", "storeId"),
    };
    let is_there = covers(permit, scope) && rows::scope_exists(&permit.scope(db), scope).await?;
    Ok((!is_there).then(|| ReplenishmentRefusal::NotFound { what: object_kind, field: path!["input", name] }))
}

async fn set(work: &mut Work, now: Timestamp, permit: &PolicyPermit, input: &BudgetSet) -> ChangeResult {
    let (owner, text) = (permit.actor().id, input.idempotency_key.clone());
    let key = Key { owner, mutation: "replenishmentBudgetSet", key: text, hash: hash_of(input) };
    let earlier = idempotency::lock_and_look_up(work, &key).await?;
    let before = rows::budget_of(work, input.scope).await?;
    match earlier {
        EarlierUse::Nothing => {}
        EarlierUse::Reused => return Err(ReplenishmentRefusal::KeyReused.into()),
        EarlierUse::Same(Receipt { seq }) => return Ok(CallResult { value: before, seq, is_replayed: true }),
    }
    let actual = before.map_or(0, |stored_budget| stored_budget.version);
    if input.expected_version.is_some_and(|expected| expected != actual) {
        return Err(ReplenishmentRefusal::Stale { what: "budget", actual }.into());
    }
    let budget = input.amount.map(|amount| Budget { period: input.period, amount });
    // No purchases are made from a merged supplier: its budget would limit nothing.
    if let (BudgetScope::Supplier(supplier), Some(_)) = (input.scope, budget)
        && rows::is_merged(work, supplier).await?
    {
        return Err(ReplenishmentRefusal::Invalid { message: MERGED, field: path!["input", "supplierId"] }.into());
    }
    let is_new = !input.scope.is_company() && budget.is_some() && before.and_then(|stored_budget| stored_budget.budget).is_none();
    if is_new && rows::scope_budgets(work).await?.len() >= MAX_BUDGETS {
        let object_kind = "budgets of suppliers, categories and stores";
        return Err(ReplenishmentRefusal::TooMany { what: object_kind, most: MAX_BUDGETS, field: path!["input"] }.into());
    }
    let after = StoredBudget { scope: input.scope, budget, version: actual + 1, updated_at: now };
    rows::change_budget(work, &after).await?;
    let (tenant, old_fields) = (work.tenant(), before.map(|stored_budget| audit_fields(&stored_budget)));
    audit::changed(work, tenant, old_fields.as_ref(), Some(&audit_fields(&after)), None);
    let event = BudgetEvent { scope: input.scope, is_limited: budget.is_some(), version: after.version };
    let seq = journal::append_other(work, vec![REPLENISHMENT_BUDGET_SET.event(&event)], now).await?;
    idempotency::keep(work, &key, &Receipt { seq }, now).await?;
    Ok(CallResult { value: Some(after), seq, is_replayed: false })
}

/// Returns the fields for the audit log's comparison, each visible to those who see the budget.
fn audit_fields(stored_budget: &StoredBudget) -> Fields {
    const MASK: &str = code::<kind::StockPolicy>();
    let path_prefix = if stored_budget.scope.is_company() { String::new() } else { format!("{}.", stored_budget.scope.text()) };
    let (amount, period) =
        (format!("replenishmentBudget.{path_prefix}amount"), format!("replenishmentBudget.{path_prefix}period"));
    let budget = stored_budget.budget;
    let (money, days) = (money(budget.map(|budget| budget.amount)), budget.map(|budget| budget.period));
    let store = match stored_budget.scope {
        BudgetScope::Company => return Fields::default().masked(amount, MASK, money).masked(period, MASK, days),
        BudgetScope::Supplier(_) | BudgetScope::Category(_) => MaskStore::All,
        BudgetScope::Store(store) => MaskStore::One(store),
    };
    Fields::default().masked_for(amount, (MASK, store), money).masked_for(period, (MASK, store), days)
}

/// A budget, and the IDs that it covers, including merged suppliers and subcategories.
struct CoveredBudget {
    scope: BudgetScope,
    budget: Budget,
    members: BTreeSet<Uuid>,
}

impl CoveredBudget {
    /// Whether one statement can sum the purchases that count against both budgets.
    fn shares_query(&self, other: &Self) -> bool {
        discriminant(&self.scope) == discriminant(&other.scope)
            && self.budget.period == other.budget.period
            && self.budget.amount.currency == other.budget.amount.currency
    }
}

/// Budgets with the IDs that they cover now, in their order.
async fn with_members(reads: &impl Reads, budgets: Vec<(BudgetScope, Budget)>) -> Result<Vec<CoveredBudget>, Fault> {
    let scopes: Vec<BudgetScope> = budgets.iter().map(|(scope, _)| *scope).collect();
    let members = rows::members(reads, &scopes).await?;
    Ok(budgets.into_iter().zip(members).map(|((scope, budget), members)| CoveredBudget { scope, budget, members }).collect())
}

/// Returns the amount that orders take of each budget, in minor units; for a budget of plans, the
/// amount that this plan's orders take. Budgets of one kind, period and currency are read together.
async fn compute_committed(
    reads: &impl Reads,
    (now, zone): (Timestamp, &str),
    covered_budgets: &[CoveredBudget],
    plan: Option<ReplenishmentPlanId>,
) -> Result<Vec<i64>, Fault> {
    let mut committed_sums: Vec<Option<i64>> = vec![None; covered_budgets.len()];
    for (index, first) in covered_budgets.iter().enumerate() {
        if committed_sums[index].is_some() {
            continue;
        }
        let members = covered_budgets
            .iter()
            .filter(|other_budget| other_budget.shares_query(first))
            .flat_map(|other_budget| other_budget.members.iter().copied())
            .collect();
        let (query_members, currency) = (BudgetMembers::of(first.scope, members), first.budget.amount.currency);
        let sums = match (first.budget.period.days(local_day(now, zone)), plan) {
            (Some((first, next)), _) => {
                let [from, until] = [first, next].map(|day| resolve_local_time((day, 0), zone, Timestamp(i64::MIN)));
                rows::committed_between(reads, &query_members, currency, (from, until)).await?
            }
            (None, Some(plan)) => rows::committed_of(reads, &query_members, currency, plan).await?,
            (None, None) => Sums::new(),
        };
        for (committed_sums, other_budget) in
            committed_sums.iter_mut().zip(covered_budgets).filter(|(_, other_budget)| other_budget.shares_query(first))
        {
            let member_sums = other_budget.members.iter().filter_map(|id| sums.get(id));
            *committed_sums = Some(member_sums.fold(0, |sum: i64, minor| sum.saturating_add(*minor)));
        }
    }
    Ok(committed_sums.into_iter().map(Option::unwrap_or_default).collect())
}

/// Returns the amount left of each budget that covers lines of a plan, or of a new one; also of the
/// company's if it covers none.
pub(super) async fn available_budgets(
    reads: &impl Reads,
    now: Timestamp,
    plan: Option<ReplenishmentPlanId>,
    lines: &[PlanLine],
) -> Result<Vec<AvailableBudget>, Fault> {
    let mut stored = rows::scope_budgets(reads).await?;
    stored.extend(rows::budget(reads).await?);
    let budgets: Vec<(BudgetScope, Budget)> = stored.iter().filter_map(|stored| Some((stored.scope, stored.budget?))).collect();
    let has_categories = budgets.iter().any(|(scope, _)| matches!(scope, BudgetScope::Category(_)));
    let categories = if has_categories { rows::categories_of(reads, lines).await? } else { Vec::new() };
    let (mut available, mut covered_budgets) = (Vec::new(), Vec::new());
    for covered_budget in with_members(reads, budgets).await? {
        let category_products = categories.iter().filter(|(_, category)| covered_budget.members.contains(&category.uuid()));
        let products = category_products.map(|(product, _)| *product).collect();
        let one_budget = AvailableBudget { scope: covered_budget.scope, left: covered_budget.budget.amount, products };
        if covered_budget.scope.is_company() || lines.iter().any(|line| one_budget.covers(line)) {
            available.push(one_budget);
            covered_budgets.push(covered_budget);
        }
    }
    if available.is_empty() {
        return Ok(available);
    }
    let zone = tenant_zone(reads).await?;
    let committed_sums = compute_committed(reads, (now, zone.as_str()), &covered_budgets, plan).await?;
    for (one_budget, (covered_budget, committed_sums)) in available.iter_mut().zip(covered_budgets.iter().zip(committed_sums)) {
        one_budget.left = covered_budget.budget.remaining_after(committed_sums);
    }
    Ok(available)
}

/// Limits chosen lines to the rest of the budgets at today's prices, after the journal is locked,
/// so that approvals are serialized. Lines that are named by ID are approved nevertheless. A rule
/// keeps orders whole, so that it has to choose again if something was ordered since its choice.
pub(super) async fn limit_to_budgets(
    work: &Work,
    now: Timestamp,
    (plan, lines): (&Plan, &[PlanLine]),
    (choice, claims): (&Choice, &mut Claims),
) -> Result<(), ReplenishmentError> {
    if matches!(choice, Choice::Ids(_)) || claims.claimed.is_empty() {
        return Ok(());
    }
    let chosen_lines: Vec<PlanLine> = claims.claimed.iter().map(|(index, _)| lines[*index].clone()).collect();
    let available = available_budgets(work, now, Some(plan.id), &chosen_lines).await?;
    if available.is_empty() {
        return Ok(());
    }
    let chosen_lines = reprice_lines(work, chosen_lines).await?;
    if !matches!(choice, Choice::Rule { .. }) {
        claims.release_over_budget(&chosen_lines, &available);
        return Ok(());
    }
    if lines_over_budget(&chosen_lines, &available).is_empty() {
        Ok(())
    } else {
        Err(ReplenishmentRefusal::Stale { what: "use of the budget", actual: plan.version }.into())
    }
}

/// Returns lines with their cost at today's prices: a draft has the prices of its day, not those of
/// the plan. A purchase without a current price, or with one in another currency than the plan's,
/// has no cost, so that it waits for a person.
pub(super) async fn reprice_lines(reads: &impl Reads, mut lines: Vec<PlanLine>) -> Result<Vec<PlanLine>, Fault> {
    let costs = rows::costs_today(reads, &lines).await?;
    for line in lines.iter_mut().filter(|line| line.kind.supplier().is_some()) {
        let planned_cost = line.cost;
        let today = costs.get(&line.id).copied();
        line.cost = today.filter(|today| planned_cost.is_some_and(|planned_cost| planned_cost.currency == today.currency));
    }
    Ok(lines)
}
