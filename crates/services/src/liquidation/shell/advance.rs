//! Advances a plan: cuts prices by a step on its day, and closes lines whose last day is over or
//! whose units are sold.

use std::collections::{BTreeMap, HashMap};

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use inventory::{catalog::rows::small_tables::tenant_zone, ledger::Mode};
use platform::{
    audit::{self, Target},
    clock::local_day,
    path,
    storage::{
        Fault, Reads, TenantScope,
        idempotency::{self, Key, KeyUse, hash_of},
        journal,
    },
};
use serde::{Deserialize, Serialize};

use super::{
    approve::{LineProblem, can_see},
    execute::{CutOutcome, Rooms, cut_price, may_execute, required_permission},
    refusal::{LiquidationError, LiquidationRefusal, check_key},
};
use crate::{
    demand::shell::catch_up,
    liquidation::{
        core::{LineState, Plan, PlanLine, SoldDay, sells_out, state_of},
        events::{LIQUIDATION_PLAN_ADVANCED, plan_events},
        rows,
    },
};

/// Products whose sales are read together.
const CHUNK: usize = 500;

/// A plan to advance. The idempotency key's hash is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct PlanAdvance {
    #[serde(skip)]
    pub idempotency_key: String,
    pub plan: LiquidationPlanId,
    #[serde(skip)]
    pub expected_version: i64,
    /// Whether a job advances the plan each night from now on, in the caller's name. None:
    /// unchanged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub automatic: Option<bool>,
}

/// Result of advancing a plan.
#[derive(Debug)]
pub struct AdvanceResult {
    pub plan: Plan,
    /// Lines whose price was cut.
    pub cut: usize,
    /// Lines whose step was skipped, as they sell out without it.
    pub skipped: usize,
    /// Lines that are done.
    pub closed: usize,
    /// Lines whose price could not be cut: a repeated call has their number only.
    pub refused: usize,
    pub problems: Vec<(PlanLine, LineProblem)>,
    pub seq: Option<i64>,
    pub is_replayed: bool,
}

/// Stored receipt of a call.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Receipt {
    plan: LiquidationPlanId,
    cut: usize,
    skipped: usize,
    closed: usize,
    /// Receipts of before do not have it.
    #[serde(default)]
    refused: usize,
    seq: Option<i64>,
}

type ReadPermit = Permit<kind::PurchaseRead>;

/// Lines by product, with the number of their due step and its price.
type Steps = BTreeMap<ProductId, Vec<(PlanLine, i32, i64)>>;

/// Changes that are due on a day.
#[derive(Default)]
struct DueChanges {
    steps: Steps,
    skipped: Vec<PlanLine>,
    closed: Vec<PlanLine>,
}

/// Executes the due steps of a plan.
pub async fn advance_plan(
    rooms: Rooms<'_>,
    permit: ReadPermit,
    input: PlanAdvance,
    mode: Mode,
) -> Result<AdvanceResult, LiquidationError> {
    check_key(&input.idempotency_key)?;
    let (owner, text) = (permit.actor().id, input.idempotency_key.clone());
    let key = Key { owner, mutation: "liquidationPlanAdvance", key: text, hash: hash_of(&input) };
    let scope = permit.scope(rooms.ledger.database());
    let prior_use = idempotency::look_up(&scope, [&key]).await?;
    if let Some(prior_use) = idempotency::key_use(&key, &prior_use) {
        return load_replayed(&scope, prior_use).await;
    }
    let missing = || LiquidationRefusal::NotFound { what: "liquidation plan", field: path!["input", "plan"] };
    let mut plan = rows::plan(&scope, input.plan).await?.ok_or_else(missing)?;
    audit::set_target(Target::of(plan.id));
    if !matches!(plan.state, LiquidationPlanState::Partly | LiquidationPlanState::Approved) {
        return Err(LiquidationRefusal::State(plan.state).into());
    }
    if plan.version != input.expected_version {
        return Err(LiquidationRefusal::Stale { what: "liquidation plan", actual: plan.version }.into());
    }
    plan.advanced_by = choose_price_changer(&permit, &plan, input.automatic)?;
    Box::pin(catch_up(rooms.ledger.database(), scope.tenant(), usize::MAX)).await?;
    let today = local_day(rooms.ledger.clock().now(), &tenant_zone(&scope).await?);
    let DueChanges { steps, skipped, closed } = find_due_changes(&scope, &permit, &plan, today).await?;
    let (mut changed, problems) = cut_prices(rooms, (&permit, mode), &plan, steps).await?;
    let (cut_count, refused_count) = (changed.len(), problems.len());
    let receipt = Receipt {
        plan: plan.id,
        cut: cut_count,
        skipped: skipped.len(),
        closed: closed.len(),
        refused: refused_count,
        seq: None,
    };
    changed.extend(skipped);
    changed.extend(closed);
    if mode == Mode::Validate {
        return Ok(advance_result(plan, receipt, problems, false));
    }
    let (plan, receipt) = store_advance(rooms, &permit, (&key, &input), (receipt, &changed)).await?;
    Ok(advance_result(plan, receipt, problems, false))
}

/// The member in whose name a plan advances from now on: a person who may change prices, with the
/// rights that they have each night. Callers without that right may neither start nor stop it, so
/// that no reader stops a plan that others rely on.
fn choose_price_changer(permit: &ReadPermit, plan: &Plan, automatic: Option<bool>) -> Result<Option<MemberId>, LiquidationError> {
    let Some(is_automatic) = automatic else { return Ok(plan.advanced_by) };
    let prices = permit.also::<kind::ProductWrite>().is_ok_and(|permit| permit.reach() == Reach::Everywhere);
    if permit.actor().kind != ActorKind::Member || !prices {
        let message = "the plan changes prices in your name each night: it takes a member with product.write for all stores";
        return Err(LiquidationRefusal::Invalid { message, field: path!["input", "isAutomatic"] }.into());
    }
    Ok(is_automatic.then(|| MemberId::from_uuid(permit.actor().id)))
}

/// Cuts prices: the lines that it was done for, and those that it was not.
async fn cut_prices(
    rooms: Rooms<'_>,
    (permit, mode): (&ReadPermit, Mode),
    plan: &Plan,
    steps: Steps,
) -> Result<(Vec<PlanLine>, Vec<(PlanLine, LineProblem)>), Fault> {
    let (mut changed, mut problems) = (Vec::new(), Vec::new());
    for (product, lines) in steps {
        if let Some((line, ..)) = lines.iter().find(|(line, ..)| !may_execute(permit, line)) {
            let permission = required_permission(line);
            problems.extend(lines.into_iter().map(|(line, ..)| (line, LineProblem::Forbidden(permission))));
            continue;
        }
        let Some(price) = lines.iter().map(|(_, _, price)| *price).min() else { continue };
        let outcome = match mode {
            Mode::Validate => CutOutcome::Made,
            Mode::Commit => cut_price(rooms.catalog, permit, product, Money::new(price, plan.currency)).await?,
        };
        match outcome {
            CutOutcome::Made => changed.extend(lines.into_iter().map(|(line, step, _)| PlanLine { steps_done: step, ..line })),
            CutOutcome::Refused(reason) => {
                problems.extend(lines.into_iter().map(|(line, ..)| (line, LineProblem::Refused(Some(reason.clone())))));
            }
            CutOutcome::Denied => {}
        }
    }
    Ok((changed, problems))
}

fn advance_result(plan: Plan, receipt: Receipt, problems: Vec<(PlanLine, LineProblem)>, is_replayed: bool) -> AdvanceResult {
    let Receipt { cut, skipped, closed, refused, seq, .. } = receipt;
    AdvanceResult { plan, cut, skipped, closed, refused, problems, seq, is_replayed }
}

async fn find_due_changes(scope: &TenantScope, permit: &ReadPermit, plan: &Plan, today: i32) -> Result<DueChanges, Fault> {
    let mut lines = rows::lines_of(scope, plan.id).await?;
    lines.retain(|line| matches!(line.state, LineState::Approved { .. }) && can_see(permit, line));
    let sales = load_sales(scope, plan, &lines).await?;
    let mut due = DueChanges::default();
    for line in lines {
        let LineState::Approved { group, document } = line.state else { continue };
        let days = sales.get(&line.sales_level()).map(Vec::as_slice).unwrap_or_default();
        if line.until < today {
            due.closed.push(PlanLine { state: LineState::Done { group, document }, ..line });
        } else if let Some((step, price)) = line.due_price(today) {
            if sells_out(&line, days, today) {
                due.skipped.push(PlanLine { steps_done: step, ..line });
            } else {
                due.steps.entry(line.product).or_default().push((line, step, price));
            }
        }
    }
    Ok(due)
}

async fn load_sales(
    scope: &TenantScope,
    plan: &Plan,
    lines: &[PlanLine],
) -> Result<HashMap<(ProductId, StoreId), Vec<SoldDay>>, Fault> {
    let Some(since) = lines.iter().filter_map(|line| line.approved_on).min() else { return Ok(HashMap::new()) };
    let mut products: Vec<ProductId> = lines.iter().map(|line| line.sales_level().0).collect();
    products.sort_unstable();
    products.dedup();
    let mut sales_by_level = HashMap::new();
    for chunk in products.chunks(CHUNK) {
        sales_by_level.extend(rows::sales_since(scope, chunk, since, plan.currency).await?);
    }
    Ok(sales_by_level)
}

async fn store_advance(
    rooms: Rooms<'_>,
    permit: &ReadPermit,
    (key, input): (&Key, &PlanAdvance),
    (mut receipt, changed): (Receipt, &[PlanLine]),
) -> Result<(Plan, Receipt), LiquidationError> {
    let mut work = permit.scope(rooms.ledger.database()).begin().await?;
    let now = rooms.ledger.clock().now();
    journal::lock(&work).await?;
    let missing = || LiquidationRefusal::NotFound { what: "liquidation plan", field: path!["input", "plan"] };
    let mut plan = rows::lock_plan(&work, input.plan).await?.ok_or_else(missing)?;
    if plan.version != input.expected_version {
        // Another call was first. A price that it has cut is that of the step, and is not cut
        // again.
        let actual = plan.version;
        work.rollback().await?;
        return Err(LiquidationRefusal::Stale { what: "liquidation plan", actual }.into());
    }
    let advanced_by = choose_price_changer(permit, &plan, input.automatic)?;
    if !changed.is_empty() || plan.advanced_by != advanced_by {
        plan.advanced_by = advanced_by;
        rows::change_lines(&work, plan.id, changed).await?;
        plan.state = state_of(&rows::lines_of(&work, plan.id).await?);
        (plan.version, plan.updated_at) = (plan.version + 1, now);
        rows::change_plan(&work, &plan).await?;
        let events = plan_events(LIQUIDATION_PLAN_ADVANCED, &plan, changed.len());
        receipt.seq = journal::append_other(&mut work, events, now).await?;
    }
    idempotency::keep(&work, key, &receipt, now).await?;
    work.commit().await?;
    Ok((plan, receipt))
}

/// The answer of an earlier call, with the plan's current state.
async fn load_replayed(scope: &TenantScope, key_use: KeyUse) -> Result<AdvanceResult, LiquidationError> {
    let KeyUse::Same(receipt) = key_use else { return Err(LiquidationRefusal::KeyReused.into()) };
    let receipt: Receipt =
        serde_json::from_str(&receipt).map_err(|_| Fault::corrupt("idempotency", "a receipt of a plan names it"))?;
    let missing = || LiquidationRefusal::NotFound { what: "liquidation plan", field: path!["input", "plan"] };
    let plan = rows::plan(scope, receipt.plan).await?.ok_or_else(missing)?;
    Ok(advance_result(plan, receipt, Vec::new(), true))
}
