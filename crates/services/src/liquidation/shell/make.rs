//! Creates plans: proposals are computed without a transaction, and written at once.

use std::cmp::Reverse;

use entity::prelude::*;
use iam::access::{Permit, Reach, kind};
use inventory::ledger::{Ledger, Mode};
use platform::{
    clock::Clock,
    path,
    stages::{Refusals, Stage},
    storage::{
        Fault, Reads, Work,
        idempotency::{self, CallResult, Key, KeyUse, hash_of},
        journal,
    },
};
use serde::{Deserialize, Serialize};

use super::{
    ask::stores_within,
    compute::{ComputedProposals, ProposalScope, compute_proposals},
    refusal::{LiquidationError, LiquidationRefusal},
};
use crate::{
    demand::shell::catch_up,
    liquidation::{
        core::{Candidate, Criteria, LineAction, LineFigures, LineState, Plan, PlanLine, Proposal, sum, total_cost},
        events::{LIQUIDATION_PLAN_CREATED, PlanEvent},
        rows,
    },
    replenishment::rows::stores as known_stores,
};

/// Maximum lines of a plan; those with the highest value are kept.
pub const MAX_LINES: usize = 2_000;
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
    /// None for the best action of each level.
    pub actions: Option<Vec<LiquidationAction>>,
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
    plan: LiquidationPlanId,
    seq: Option<i64>,
}

type WritePermit = Permit<kind::PurchaseWrite>;
type ChangeResult = Result<CallResult<CreatedPlan>, LiquidationError>;

/// Creates a plan, and supersedes drafts for the same stores.
///
/// # Errors
/// All refusals of the first stage that has any.
pub async fn create_plan(ledger: &Ledger, permit: WritePermit, input: PlanCreate, mode: Mode) -> ChangeResult {
    let mut refusals = Refusals::default();
    refusals.extend(idempotency::check_key(&input.idempotency_key).err().map(LiquidationRefusal::BadKey));
    let too_many = || LiquidationRefusal::TooMany { what: "stores", most: MAX_STORES, field: path!["input", "storeIds"] };
    refusals.extend((input.stores.len() > MAX_STORES).then(too_many));
    refusals.end(Stage::Shape)?;
    let (owner, text) = (permit.actor().id, input.idempotency_key.clone());
    let key = Key { owner, mutation: "liquidationPlanCreate", key: text, hash: hash_of(&input) };
    let scope = permit.scope(ledger.database());
    let prior_use = idempotency::look_up(&scope, [&key]).await?;
    if let Some(prior_use) = idempotency::key_use(&key, &prior_use) {
        return load_replayed(&scope, prior_use).await;
    }
    let stores = plan_stores(&scope, &permit, &input).await?;
    // Any reader brings the derived facts up to date, also in a dry run: they are not part of the
    // caller's change.
    catch_up(ledger.database(), scope.tenant(), usize::MAX).await?;
    let criteria = rows::settings(&scope).await?.criteria;
    let listed = (!stores.is_empty()).then(|| stores.clone());
    let proposal_scope = ProposalScope { products: None, listed, seen: stores_within(&permit, None) };
    let computed = Box::pin(compute_proposals(&scope, ledger.clock(), &criteria, proposal_scope)).await?;
    let (plan, lines) = plan_of(ledger.clock(), computed, &criteria, (stores, input.actions), permit.actor());
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

/// The stores that the plan is for, ascending; empty for all.
async fn plan_stores(reads: &impl Reads, permit: &WritePermit, input: &PlanCreate) -> Result<Vec<StoreId>, LiquidationError> {
    let existing_stores = known_stores(reads).await?;
    let mut refusals = Refusals::default();
    for (index, store) in input.stores.iter().enumerate() {
        if !existing_stores.contains(store) || !permit.covers(*store) {
            refusals.add(LiquidationRefusal::NotFound { what: "store", field: path!["input", "storeIds", index] });
        }
    }
    if input.actions.as_ref().is_some_and(|actions| actions.contains(&LiquidationAction::Keep)) {
        let message = "KEEP needs no plan: leave it out";
        refusals.add(LiquidationRefusal::Invalid { message, field: path!["input", "actions"] });
    }
    refusals.end(Stage::State)?;
    let mut stores = input.stores.clone();
    if let (true, Reach::Stores(permitted_stores)) = (stores.is_empty(), permit.reach()) {
        stores = permitted_stores.to_vec();
    }
    stores.sort_unstable();
    stores.dedup();
    Ok(stores)
}

fn plan_of(
    clock: &Clock,
    computed: ComputedProposals,
    criteria: &Criteria,
    (stores, actions): (Vec<StoreId>, Option<Vec<LiquidationAction>>),
    actor: Actor,
) -> (Plan, Vec<PlanLine>) {
    let ComputedProposals { proposals, seq, business_date, forecast_week, currency } = computed;
    let is_wanted = |word: LiquidationAction| {
        word != LiquidationAction::Keep && actions.as_ref().is_none_or(|actions| actions.contains(&word))
    };
    let mut lines: Vec<PlanLine> = proposals
        .into_iter()
        .filter_map(|proposal| {
            let chosen = proposal.best_candidate().filter(|chosen| is_wanted(chosen.act.word()))?.clone();
            Some(line_of(proposal, chosen, criteria))
        })
        .collect();
    lines.sort_by_key(|line| (Reverse(line.figures.value_minor.unwrap_or(-1)), line.product, line.store));
    let left_out = lines.len().saturating_sub(MAX_LINES);
    lines.truncate(MAX_LINES);
    for (position, line) in (1..).zip(&mut lines) {
        line.position = position;
    }
    // IDs ascend in the order of creation, which must not reveal the order of costs.
    let mut indexes: Vec<usize> = (0..lines.len()).collect();
    indexes.sort_unstable_by_key(|index| (lines[*index].product, lines[*index].store));
    for index in indexes {
        lines[index].id = clock.id();
    }
    let now = clock.now();
    let plan = Plan {
        id: clock.id(),
        state: LiquidationPlanState::Draft,
        stores,
        business_date,
        made_at: now,
        seq,
        forecast_week,
        currency,
        line_count: lines.len() as i64,
        left_out: left_out as i64,
        expected: sum(&lines),
        value_minor: total_cost(&lines),
        actor,
        version: 1,
        updated_at: now,
        advanced_by: None,
    };
    (plan, lines)
}

/// The line of a proposal, without its ID and its position.
fn line_of(proposal: Proposal, chosen: Candidate, criteria: &Criteria) -> PlanLine {
    let terms = chosen.act.supplier().and_then(|supplier| criteria.terms_of(supplier));
    let credit = |percent: i32| (proposal.cost.unwrap_or_default() * f64::from(percent) / 100.0).round() as i64;
    let figures = LineFigures {
        free: proposal.free,
        target_free: chosen.target_free,
        decimals: proposal.decimals,
        weekly: proposal.weekly,
        days_without_sale: proposal.days_without_sale,
        days_of_supply: proposal.days_of_supply,
        price_minor: proposal.price,
        value_minor: proposal.value,
        credit_minor: terms.map_or(0, |terms| credit(terms.credit_percent)),
        freight_minor: match &chosen.act {
            LineAction::Transfer { to } => criteria.freight(proposal.store, *to),
            _ => terms.map_or(0, |terms| terms.freight_minor),
        },
        response: proposal.response,
        price_floor: proposal.price_floor,
    };
    PlanLine {
        id: LiquidationLineId::NIL,
        position: 0,
        act: chosen.act,
        state: LineState::Proposed,
        product: proposal.product,
        store: proposal.store,
        quantity: chosen.quantity,
        expected: chosen.recovery,
        until: chosen.until,
        approved_on: None,
        steps_done: 0,
        figures,
        reasons: proposal.reasons,
        score: None,
    }
}

async fn store_plan(work: &mut Work, key: &Key, plan: Plan, lines: &[PlanLine]) -> ChangeResult {
    // The journal is locked first: a concurrent call with the same key has been committed, or
    // waits.
    journal::lock(work).await?;
    if let Some(key_use) = idempotency::before(work, key).await? {
        return load_replayed(work, key_use).await;
    }
    rows::supersede(work, &plan).await?;
    rows::delete_plans(work, plan.made_at.plus_seconds(-86_400 * RETENTION_DAYS)).await?;
    rows::insert_plan(work, &plan).await?;
    rows::insert_lines(work, plan.id, lines).await?;
    let seq = journal::append_other(work, vec![LIQUIDATION_PLAN_CREATED.event(&PlanEvent::of(&plan, 0))], plan.made_at).await?;
    idempotency::keep(work, key, &Receipt { plan: plan.id, seq }, plan.made_at).await?;
    Ok(CallResult { value: CreatedPlan { plan, lines: None }, seq, is_replayed: false })
}

/// The answer of an earlier call, with the plan's current state.
async fn load_replayed(reads: &impl Reads, key_use: KeyUse) -> ChangeResult {
    let KeyUse::Same(receipt) = key_use else { return Err(LiquidationRefusal::KeyReused.into()) };
    let receipt: Receipt =
        serde_json::from_str(&receipt).map_err(|_| Fault::corrupt("idempotency", "a receipt of a plan names it"))?;
    let missing = || LiquidationRefusal::NotFound { what: "liquidation plan", field: path!["input", "idempotencyKey"] };
    let plan = rows::plan(reads, receipt.plan).await?.ok_or_else(missing)?;
    Ok(CallResult { value: CreatedPlan { plan, lines: None }, seq: receipt.seq, is_replayed: true })
}
