//! Creates plans: proposals are computed without a transaction, and written at once.

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use inventory::{
    ledger::{Ledger, Mode},
    purchasing::rows::suppliers_by_id_or_code,
};
use platform::{
    clock::Clock,
    path,
    stages::{Refusals, Stage},
    storage::{
        Fault, Reads, TenantScope, Work,
        idempotency::{self, CallResult, Key, KeyUse, hash_of},
        journal,
    },
};
use serde::{Deserialize, Serialize};

use super::{
    facts::{ComputedPlan, compute_needs},
    purchase_budget::available_budgets,
    refusal::{ReplenishmentError, ReplenishmentRefusal},
};
use crate::{
    demand::shell::catch_up,
    replenishment::{
        core::{
            AvailableBudget, Plan, PlanLine, PlanScope, apply_plan_budget, cut_count, due_on, fit_purchases, score_on,
            sort_by_urgency, sums,
        },
        events::{PlanEvent, REPLENISHMENT_PLAN_CREATED},
        rows,
    },
};

/// Maximum lines of a plan; the most urgent ones are kept.
pub const MAX_LINES: usize = 20_000;
/// Stores that a plan names at most.
const MAX_STORES: usize = 250;
/// Days that plans are kept.
const RETENTION_DAYS: i64 = 400;

/// Input of a plan. The idempotency key's hash is computed over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct PlanCreate {
    #[serde(skip)]
    pub idempotency_key: String,
    /// Empty for all of the caller's.
    pub stores: Vec<StoreId>,
    pub supplier: Option<SupplierId>,
    pub budget: Option<Money>,
}

/// A new plan. The lines of a dry run are only here.
#[derive(Debug, Clone)]
pub struct CreatedPlan {
    pub plan: Plan,
    pub lines: Option<Vec<PlanLine>>,
}

/// Stored receipt of a call.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    plan: ReplenishmentPlanId,
    seq: Option<i64>,
}

type ChangeResult = Result<CallResult<CreatedPlan>, ReplenishmentError>;

/// Creates a plan, and supersedes open ones of the same scope.
///
/// # Errors
/// All refusals of the first stage that has any.
pub async fn create_plan(ledger: &Ledger, permit: Permit<kind::PurchaseWrite>, input: PlanCreate, mode: Mode) -> ChangeResult {
    let mut refusals = Refusals::default();
    refusals.extend(idempotency::check_key(&input.idempotency_key).err().map(ReplenishmentRefusal::BadKey));
    let too_many = || ReplenishmentRefusal::TooMany { what: "stores", most: MAX_STORES, field: path!["input", "storeIds"] };
    refusals.extend((input.stores.len() > MAX_STORES).then(too_many));
    refusals.end(Stage::Shape)?;
    let (owner, text) = (permit.actor().id, input.idempotency_key.clone());
    let key = Key { owner, mutation: "replenishmentPlanCreate", key: text, hash: hash_of(&input) };
    let scope = permit.scope(ledger.database());
    let prior_use = idempotency::look_up(&scope, [&key]).await?;
    if let Some(prior_use) = idempotency::key_use(&key, &prior_use) {
        return load_replayed(&scope, prior_use).await;
    }
    let (planned_scope, visible_stores) = plan_scope(&scope, &permit, &input).await?;
    // Any reader brings the derived facts up to date, also in a dry run: they are not part of the
    // caller's change.
    catch_up(ledger.database(), scope.tenant(), usize::MAX).await?;
    let computed = compute_needs(&scope, ledger.clock(), &planned_scope, visible_stores.as_deref()).await?;
    let available = available_budgets(&scope, ledger.clock().now(), None, &computed.lines).await?;
    let (plan, lines) = plan_of(ledger.clock(), computed, (planned_scope, available, input.budget), (permit.actor(), false));
    if mode == Mode::Validate {
        return Ok(CallResult { value: CreatedPlan { plan, lines: Some(lines) }, seq: None, is_replayed: false });
    }
    let mut work = scope.begin().await?;
    let outcome = store_plan(&mut work, &key, plan, &lines).await;
    match &outcome {
        Ok(acted) if !acted.is_replayed => work.commit().await?,
        _ => work.rollback().await?,
    }
    outcome
}

/// The stores to plan for, and those that may be read.
async fn plan_scope(
    reads: &TenantScope,
    permit: &Permit<kind::PurchaseWrite>,
    input: &PlanCreate,
) -> Result<(PlanScope, Option<Vec<StoreId>>), ReplenishmentError> {
    let existing_stores = rows::stores(reads).await?;
    let mut refusals = Refusals::default();
    for (index, store) in input.stores.iter().enumerate() {
        if !existing_stores.contains(store) || !permit.covers(*store) {
            refusals.add(ReplenishmentRefusal::NotFound { what: "store", field: path!["input", "storeIds", index] });
        }
    }
    if let Some(supplier) = input.supplier {
        let field = path!["input", "supplierId"];
        match suppliers_by_id_or_code(reads, &[supplier], &[]).await?.first() {
            None => refusals.add(ReplenishmentRefusal::NotFound { what: "supplier", field }),
            Some(known_supplier) if known_supplier.archived_at.is_some() => {
                let message = "this supplier is archived: restore it with supplierRestore, or name another";
                refusals.add(ReplenishmentRefusal::Invalid { message, field });
            }
            Some(_) => {}
        }
    }
    if input.budget.is_some_and(|budget| budget.minor < 0) {
        let message = "an amount of 0 or more is expected";
        refusals.add(ReplenishmentRefusal::Invalid { message, field: path!["input", "budget", "amount"] });
    }
    refusals.end(Stage::State)?;
    let (mut stores, mut visible_stores) = (input.stores.clone(), None);
    if let Reach::Stores(permitted_stores) = permit.reach() {
        visible_stores = Some(permitted_stores.to_vec());
        if stores.is_empty() {
            stores = permitted_stores.to_vec();
        }
    }
    stores.sort_unstable();
    stores.dedup();
    Ok((PlanScope { stores, supplier: input.supplier }, visible_stores))
}

/// Makes a plan from proposals: the most urgent ones, filled up to the minimums of suppliers; lines
/// that wait for a minimum, or do not fit into a budget or the plan's own amount, are cut.
pub(super) fn plan_of(
    clock: &Clock,
    computed: ComputedPlan,
    (scope, mut available, requested_budget): (PlanScope, Vec<AvailableBudget>, Option<Money>),
    (actor, is_nightly): (Actor, bool),
) -> (Plan, Vec<PlanLine>) {
    let ComputedPlan { mut lines, minimums, seq, business_date, forecast_week } = computed;
    sort_by_urgency(&mut lines);
    let left_out = lines.len().saturating_sub(MAX_LINES);
    lines.truncate(MAX_LINES);
    let budget = apply_plan_budget(&mut available, requested_budget);
    fit_purchases(&mut lines, &minimums, &available);
    for (line, position) in lines.iter_mut().zip(1..) {
        (line.id, line.position) = (clock.id(), position);
        // A line that cuts an order has no delivery.
        if line.kind.cut_order().is_none() {
            line.due_on = Some(due_on(business_date, line.figures.lead_days));
            line.score_on = Some(score_on(business_date, &line.figures));
        }
    }
    let now = clock.now();
    let plan = Plan {
        id: clock.id(),
        state: ReplenishmentPlanState::Draft,
        scope,
        business_date,
        is_nightly,
        made_at: now,
        seq,
        forecast_week,
        budget,
        line_count: lines.len() as i64,
        cut_count: cut_count(&lines),
        left_out: left_out as i64,
        costs: sums(&lines),
        actor,
        version: 1,
        updated_at: now,
    };
    (plan, lines)
}

async fn store_plan(work: &mut Work, key: &Key, plan: Plan, lines: &[PlanLine]) -> ChangeResult {
    // The journal is locked first: a concurrent call with the same key has been committed, or
    // waits.
    journal::lock(work).await?;
    if let Some(key_use) = idempotency::before(work, key).await? {
        return load_replayed(work, key_use).await;
    }
    let seq = write(work, &plan, lines).await?;
    idempotency::keep(work, key, &Receipt { plan: plan.id, seq }, plan.made_at).await?;
    Ok(CallResult { value: CreatedPlan { plan, lines: None }, seq, is_replayed: false })
}

/// Writes a plan, and supersedes those that it replaces.
pub(super) async fn write(work: &mut Work, plan: &Plan, lines: &[PlanLine]) -> Result<Option<i64>, Fault> {
    rows::supersede(work, plan).await?;
    rows::delete_plans(work, plan.made_at.plus_seconds(-86_400 * RETENTION_DAYS)).await?;
    rows::insert_plan(work, plan).await?;
    rows::insert_lines(work, plan.id, lines).await?;
    journal::append_other(work, vec![REPLENISHMENT_PLAN_CREATED.event(&PlanEvent::of(plan, 0))], plan.made_at).await
}

/// The answer of an earlier call, with the plan's current state.
async fn load_replayed(reads: &impl Reads, key_use: KeyUse) -> ChangeResult {
    let KeyUse::Same(receipt) = key_use else { return Err(ReplenishmentRefusal::KeyReused.into()) };
    let receipt: Receipt =
        serde_json::from_str(&receipt).map_err(|_| Fault::corrupt("idempotency", "a receipt of a plan names it"))?;
    let missing = || ReplenishmentRefusal::NotFound { what: "replenishment plan", field: path!["input", "idempotencyKey"] };
    let plan = rows::plan(reads, receipt.plan).await?.ok_or_else(missing)?;
    Ok(CallResult { value: CreatedPlan { plan, lines: None }, seq: receipt.seq, is_replayed: true })
}
