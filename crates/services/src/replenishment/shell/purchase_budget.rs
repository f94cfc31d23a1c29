//! Setting a tenant's budgets, and what of them is left.

use entity::prelude::*;
use iam::access::{Permit, Reach, code, kind};
use inventory::{
    catalog::rows::small::tenant_zone,
    ledger::{Ledger, Mode},
};
use platform::{
    audit::{self, Fields, money},
    clock::{Clock, local_day, local_moment},
    path,
    stages::{Refusals, Stage},
    storage::{
        Database, Fault, Reads, Work,
        idempotency::{self, Acted, Before, Key, hash_of, settle},
        journal,
    },
};
use serde::{Deserialize, Serialize};

use super::{MERGED, ReplenishmentError, ReplenishmentRefusal};
use crate::replenishment::{
    core::{Budget, BudgetPeriod, BudgetScope, Choice, Claims, Plan, PlanLine, Purse, beyond_budgets},
    events::{BudgetEvent, REPLENISHMENT_BUDGET_SET},
    rows::{self, KeptBudget, Within},
};

/// Budgets of suppliers, categories and stores of a tenant at most.
const MOST_BUDGETS: usize = 100;

/// A budget as it is wanted. Its JSON is what the idempotency key's hash is over.
#[derive(Debug, Clone, Serialize)]
pub struct BudgetSet {
    #[serde(skip)]
    pub idempotency_key: String,
    #[serde(skip)]
    pub expected_version: Option<i64>,
    #[serde(skip_serializing_if = "BudgetScope::is_company")]
    pub scope: BudgetScope,
    /// None: purchases have no limit any more.
    pub amount: Option<Money>,
    pub period: BudgetPeriod,
}

/// What is remembered of a call.
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

type May = Permit<kind::StockPolicy>;
type Done = Result<Acted<Option<KeptBudget>>, ReplenishmentError>;

/// Whether a budget is the permit's: one that is for no single store counts what all stores buy.
fn covers(permit: &May, scope: BudgetScope) -> bool {
    match scope {
        BudgetScope::Store(store) => permit.covers(store),
        BudgetScope::Company | BudgetScope::Supplier(_) | BudgetScope::Category(_) => permit.reach() == Reach::Everywhere,
    }
}

/// The tenant's budget for the company; None before somebody has set one.
pub async fn find_budget(permit: &May, db: &Database) -> Result<Option<KeptBudget>, Fault> {
    rows::budget(&permit.scope(db)).await
}

/// Budgets of suppliers, categories and stores that limit something and that are the permit's.
pub async fn find_scope_budgets(permit: &May, db: &Database) -> Result<Vec<KeptBudget>, Fault> {
    let mut found = rows::scope_budgets(&permit.scope(db)).await?;
    found.retain(|kept| kept.budget.is_some() && covers(permit, kept.scope));
    Ok(found)
}

/// The use of a budget now. None where each plan has the whole amount, and for a caller of some stores, unless it is for one of these.
pub async fn budget_use(permit: &May, ledger: &Ledger, kept: &KeptBudget) -> Result<Option<BudgetUse>, Fault> {
    let (scope, now) = (permit.scope(ledger.database()), ledger.clock().now());
    let Some(budget) = kept.budget.filter(|_| covers(permit, kept.scope)) else { return Ok(None) };
    let today = local_day(now, &tenant_zone(&scope).await?);
    let Some((from, next)) = budget.period.days(today) else { return Ok(None) };
    let within = rows::within(&scope, kept.scope).await?;
    let committed = committed(&scope, now, (&budget, &within), None).await?;
    let (remaining, committed) = (budget.left(committed), Money::new(committed, budget.amount.currency));
    Ok(Some(BudgetUse { from, through: next - 1, committed, remaining }))
}

/// Sets the budget, or takes it away.
///
/// # Errors
/// All refusals of the first stage that has any.
pub async fn set_budget(db: &Database, clock: &Clock, permit: May, input: BudgetSet, mode: Mode) -> Done {
    let mut refusals = Refusals::default();
    refusals.extend(idempotency::check_key(&input.idempotency_key).err().map(ReplenishmentRefusal::BadKey));
    if !matches!(input.scope, BudgetScope::Store(_)) && !covers(&permit, input.scope) {
        let message = "the budget is for all stores: stock.policy is needed for all of them";
        refusals.add(ReplenishmentRefusal::NotEverywhere { message, field: path!["input"] });
    }
    refusals.end(Stage::Permission)?;
    refusals.extend(unknown(&permit, db, input.scope).await?);
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
    let done = set(&mut work, clock.now(), &permit, &input).await;
    settle(work, done, mode.is_dry()).await
}

/// Refuses what the scope names and is not there, or is not the permit's.
async fn unknown(permit: &May, db: &Database, scope: BudgetScope) -> Result<Option<ReplenishmentRefusal>, Fault> {
    let (what, name) = match scope {
        BudgetScope::Company => return Ok(None),
        BudgetScope::Supplier(_) => ("supplier", "supplierId"),
        BudgetScope::Category(_) => ("category", "categoryId"),
        BudgetScope::Store(_) => ("store", "storeId"),
    };
    let is_there = covers(permit, scope) && rows::is_named(&permit.scope(db), scope).await?;
    Ok((!is_there).then(|| ReplenishmentRefusal::NotFound { what, field: path!["input", name] }))
}

async fn set(work: &mut Work, now: Timestamp, permit: &May, input: &BudgetSet) -> Done {
    let (owner, text) = (permit.actor().id, input.idempotency_key.clone());
    let key = Key { owner, mutation: "replenishmentBudgetSet", key: text, hash: hash_of(input) };
    let earlier = idempotency::in_turn(work, &key).await?;
    let before = rows::budget_of(work, input.scope).await?;
    match earlier {
        Before::Nothing => {}
        Before::Reused => return Err(ReplenishmentRefusal::KeyReused.into()),
        Before::Same(Receipt { seq }) => return Ok(Acted { value: before, seq, is_replayed: true }),
    }
    let actual = before.map_or(0, |kept| kept.version);
    if input.expected_version.is_some_and(|expected| expected != actual) {
        return Err(ReplenishmentRefusal::Stale { what: "budget", actual }.into());
    }
    let budget = input.amount.map(|amount| Budget { period: input.period, amount });
    // Nothing is bought from it any more: it would limit nothing.
    if let (BudgetScope::Supplier(supplier), Some(_)) = (input.scope, budget)
        && rows::is_merged(work, supplier).await?
    {
        return Err(ReplenishmentRefusal::Invalid { message: MERGED, field: path!["input", "supplierId"] }.into());
    }
    let is_new = !input.scope.is_company() && budget.is_some() && before.and_then(|kept| kept.budget).is_none();
    if is_new && rows::scope_budgets(work).await?.iter().filter(|kept| kept.budget.is_some()).count() >= MOST_BUDGETS {
        let what = "budgets of suppliers, categories and stores";
        return Err(ReplenishmentRefusal::TooMany { what, most: MOST_BUDGETS, field: path!["input"] }.into());
    }
    let after = KeptBudget { scope: input.scope, budget, version: actual + 1, updated_at: now };
    rows::change_budget(work, &after).await?;
    let (tenant, was) = (work.tenant(), before.map(|kept| traced(&kept)));
    audit::changed(work, tenant, was.as_ref(), Some(&traced(&after)), None);
    let event = BudgetEvent { scope: input.scope, is_limited: budget.is_some(), version: after.version };
    let seq = journal::append_other(work, vec![REPLENISHMENT_BUDGET_SET.event(&event)], now).await?;
    idempotency::keep(work, &key, &Receipt { seq }, now).await?;
    Ok(Acted { value: Some(after), seq, is_replayed: false })
}

/// What the audit log compares: fields of the tenant's.
fn traced(kept: &KeptBudget) -> Fields {
    const MASK: &str = code::<kind::StockPolicy>();
    let of = if kept.scope.is_company() { String::new() } else { format!("{}.", kept.scope.text()) };
    let path = |field: &str| format!("replenishmentBudget.{of}{field}");
    let budget = kept.budget;
    Fields::default().masked(path("amount"), MASK, money(budget.map(|budget| budget.amount))).masked(
        path("period"),
        MASK,
        budget.map(|budget| budget.period),
    )
}

/// What orders take of a budget; of one of plans, those of this plan.
async fn committed(
    reads: &impl Reads,
    now: Timestamp,
    (budget, within): (&Budget, &Within),
    plan: Option<ReplenishmentPlanId>,
) -> Result<i64, Fault> {
    let (currency, zone) = (budget.amount.currency, tenant_zone(reads).await?);
    let Some((first, next)) = budget.period.days(local_day(now, &zone)) else {
        return match plan {
            Some(plan) => rows::committed_of(reads, within, currency, plan).await,
            None => Ok(0),
        };
    };
    let [from, until] = [first, next].map(|day| local_moment((day, 0), &zone, Timestamp(i64::MIN)));
    rows::committed_between(reads, within, currency, (from, until)).await
}

/// What is left of each budget that lines of a plan, or of a new one, take of; also of the company's where no line does.
pub(super) async fn purses(
    reads: &impl Reads,
    now: Timestamp,
    plan: Option<ReplenishmentPlanId>,
    lines: &[PlanLine],
) -> Result<Vec<Purse>, Fault> {
    let mut kept = rows::scope_budgets(reads).await?;
    kept.extend(rows::budget(reads).await?);
    let mut purses = Vec::new();
    for KeptBudget { scope, budget, .. } in kept {
        let Some(budget) = budget else { continue };
        let within = rows::within(reads, scope).await?;
        let products = rows::products_within(reads, &within, lines).await?;
        let mut purse = Purse { scope, left: budget.amount, products };
        if !scope.is_company() && !lines.iter().any(|line| purse.covers(line)) {
            continue;
        }
        purse.left = budget.left(committed(reads, now, (&budget, &within), plan).await?);
        purses.push(purse);
    }
    Ok(purses)
}

/// Holds chosen lines to what is left of the budgets at the prices of today, behind the counter: approvals are one after the other there. Lines that are
/// named by ID are approved all the same. A rule keeps orders whole, so that it chooses anew where something has been ordered since it chose.
pub(super) async fn hold_to_budgets(
    work: &Work,
    now: Timestamp,
    (plan, lines): (&Plan, &[PlanLine]),
    (choice, claims): (&Choice, &mut Claims),
) -> Result<(), ReplenishmentError> {
    if matches!(choice, Choice::Ids(_)) || claims.claimed.is_empty() {
        return Ok(());
    }
    let chosen: Vec<PlanLine> = claims.claimed.iter().map(|(index, _)| lines[*index].clone()).collect();
    let purses = purses(work, now, Some(plan.id), &chosen).await?;
    if purses.is_empty() {
        return Ok(());
    }
    let chosen = priced_today(work, chosen).await?;
    if !matches!(choice, Choice::Rule { .. }) {
        claims.hold_to(&chosen, &purses);
        return Ok(());
    }
    if beyond_budgets(&chosen, &purses).is_empty() {
        Ok(())
    } else {
        Err(ReplenishmentRefusal::Stale { what: "use of the budget", actual: plan.version }.into())
    }
}

/// Lines with what they would cost if they were ordered now: a draft has the prices of its day, not those of the plan. A purchase that has no price any more, or one
/// in another currency than its plan says, which its draft is made in, has none, so that it waits for a person.
pub(super) async fn priced_today(reads: &impl Reads, mut lines: Vec<PlanLine>) -> Result<Vec<PlanLine>, Fault> {
    let costs = rows::costs_today(reads, &lines).await?;
    for line in lines.iter_mut().filter(|line| line.kind.supplier().is_some()) {
        let planned = line.cost;
        let today = costs.get(&line.id).copied();
        line.cost = today.filter(|today| planned.is_some_and(|planned| planned.currency == today.currency));
    }
    Ok(lines)
}
