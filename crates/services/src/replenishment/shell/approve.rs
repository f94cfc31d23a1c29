//! Approves lines: they are claimed in one transaction, made into drafts through the rooms' shells,
//! and written with their drafts in another. The next call continues a call that was interrupted in
//! between: a claimed line has its group, and a group has one draft.

use std::collections::BTreeMap;

use entity::prelude::*;
use iam::access::{Permission, Permit, kind};
use inventory::{
    catalog::rows::small_tables::tenant_zone,
    ledger::{Ledger, Mode},
};
use platform::{
    audit::{self, Target},
    clock::local_day,
    path,
    storage::{
        Fault, Reads, Work,
        idempotency::{self, EarlierUse, Key, hash_of},
        journal,
    },
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    draft_outcome::{DraftOutcome, DraftRefusal},
    drafts::find_or_create_draft,
    purchase_budget::limit_to_budgets,
    refusal::{ReplenishmentError, ReplenishmentRefusal, check_key},
    sending::{SendOutcome, check_sender, send_orders_of_caller},
};
use crate::replenishment::{
    core::{Choice, Claims, CurrentLevel, Exceeded, LineKind, LineState, Plan, PlanLine, approve, cut_count, state_of, sums},
    events::{PlanEvent, REPLENISHMENT_PLAN_APPROVED},
    rows,
};

/// Maximum lines that a call approves, the most urgent first. Others stay open.
pub const MAX_APPROVED: usize = 5_000;
/// Lines that a call names by id at most.
const MAX_IDS: usize = 500;
/// Products whose levels are read together.
const CHUNK: usize = 500;

/// Lines to approve. The idempotency key's hash is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct PlanApprove {
    #[serde(skip)]
    pub idempotency_key: String,
    pub plan: ReplenishmentPlanId,
    #[serde(skip)]
    pub expected_version: i64,
    pub choice: Choice,
    /// Whether the purchase orders are also placed and sent, in the caller's name.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_sending: bool,
}

/// Reason why a chosen line has no draft.
#[derive(Debug)]
pub enum LineProblem {
    /// The permission that it needs in its store: the line stays open.
    Forbidden(&'static str),
    Stale,
    /// The line does not fit into a budget any more, and is cut. None if an earlier version did not
    /// store the budget.
    OverBudget(Option<Exceeded>),
    /// With the reasons of the room, which are not available to a repeated call with the same key.
    DraftRefused(DraftRefusal),
}

/// Result of an approval.
#[derive(Debug)]
pub struct ApprovalResult {
    pub plan: Plan,
    /// Lines whose drafts this call created, now or in an earlier attempt.
    pub approved: usize,
    /// Chosen lines beyond the maximum of a call: they stay open.
    pub later: usize,
    pub problems: Vec<(PlanLine, LineProblem)>,
    /// Purchase orders that were sent and not sent; empty unless that was asked for.
    pub sending: SendOutcome,
    pub seq: Option<i64>,
    pub is_replayed: bool,
}

/// Stored receipt of a call: lines by their positions.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    plan: ReplenishmentPlanId,
    claimed: Vec<i32>,
    stale: Vec<i32>,
    forbidden: Vec<i32>,
    #[serde(default)]
    beyond: Vec<i32>,
    /// The exceeded budget of each line in `beyond`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    exceeded: Vec<Exceeded>,
    later: usize,
}

type ReadPermit = Permit<kind::PurchaseRead>;

/// Approves the chosen lines of a plan.
pub async fn approve_plan(
    ledger: &Ledger,
    permit: ReadPermit,
    input: PlanApprove,
    mode: Mode,
) -> Result<ApprovalResult, ReplenishmentError> {
    check_key(&input.idempotency_key)?;
    check_sender(&permit, input.is_sending)?;
    if let Choice::Ids(ids) = &input.choice
        && ids.len() > MAX_IDS
    {
        return Err(ReplenishmentRefusal::TooMany { what: "lines", most: MAX_IDS, field: path!["input", "lines", "ids"] }.into());
    }
    let mut work = permit.scope(ledger.database()).begin().await?;
    let claim = claim_lines(&mut work, ledger, (&permit, mode), &input).await;
    match &claim {
        Ok((_, is_replayed)) if !is_replayed && mode == Mode::Commit => work.commit().await?,
        _ => work.rollback().await?,
    }
    let (receipt, is_replayed) = claim?;
    if mode == Mode::Validate {
        return approved_plan(ledger, &permit, receipt, (BTreeMap::new(), None, is_replayed)).await;
    }
    let (refusals, seq) = create_claimed_drafts(ledger, &permit, receipt.plan).await?;
    let sending = if input.is_sending {
        send_orders_of_caller(ledger, &permit, (receipt.plan, &receipt.claimed)).await?
    } else {
        SendOutcome::default()
    };
    let approval = approved_plan(ledger, &permit, receipt, (refusals, seq.max(sending.seq), is_replayed)).await?;
    Ok(ApprovalResult { sending, ..approval })
}

/// The permission that a line's draft needs, in the store that it is for.
fn required_permission(line: &PlanLine) -> &'static str {
    match line.kind {
        LineKind::Transfer { .. } => kind::TransferWrite::info().code,
        LineKind::Purchase { .. } | LineKind::CancelIncoming { .. } => kind::PurchaseWrite::info().code,
    }
}

fn may_execute(permit: &ReadPermit, line: &PlanLine) -> bool {
    match line.kind {
        LineKind::Transfer { .. } => permit.also::<kind::TransferWrite>().is_ok_and(|permit| permit.covers(line.store)),
        LineKind::Purchase { .. } | LineKind::CancelIncoming { .. } => {
            permit.also::<kind::PurchaseWrite>().is_ok_and(|permit| permit.covers(line.store))
        }
    }
}

/// Whether the line is shown to the caller at all.
fn can_see(permit: &ReadPermit, line: &PlanLine) -> bool {
    permit.covers(line.store) || line.kind.source_store().is_some_and(|giver| permit.covers(giver))
}

async fn claim_lines(
    work: &mut Work,
    ledger: &Ledger,
    (permit, mode): (&ReadPermit, Mode),
    input: &PlanApprove,
) -> Result<(Receipt, bool), ReplenishmentError> {
    let (owner, text) = (permit.actor().id, input.idempotency_key.clone());
    let key = Key { owner, mutation: "replenishmentPlanApprove", key: text, hash: hash_of(input) };
    match idempotency::lock_and_look_up(work, &key).await? {
        EarlierUse::Nothing => {}
        EarlierUse::Reused => return Err(ReplenishmentRefusal::KeyReused.into()),
        EarlierUse::Same(receipt) => return Ok((receipt, true)),
    }
    let missing = || ReplenishmentRefusal::NotFound { what: "replenishment plan", field: path!["input", "plan"] };
    let mut plan = rows::lock_plan(work, input.plan).await?.ok_or_else(missing)?;
    audit::set_target(Target::of(plan.id));
    let mut lines = rows::lines_of(work, plan.id).await?;
    lines.retain(|line| can_see(permit, line));
    check_ids(&input.choice, &lines)?;
    let is_claimed = lines.iter().any(|line| matches!(line.state, LineState::Claimed { .. }));
    // Lines that exceed a budget can be named even after all others are approved.
    let is_named = plan.state == ReplenishmentPlanState::Approved && lines.iter().any(|line| input.choice.includes_line(line));
    let is_open = is_named || matches!(plan.state, ReplenishmentPlanState::Draft | ReplenishmentPlanState::Partly);
    if !is_open && !is_claimed {
        return Err(ReplenishmentRefusal::State(plan.state).into());
    }
    if plan.version != input.expected_version {
        return Err(ReplenishmentRefusal::Stale { what: "replenishment plan", actual: plan.version }.into());
    }
    let at = ledger.clock().now();
    let now = levels_now(work, local_day(at, &tenant_zone(work).await?), &lines).await?;
    let may = |line: &PlanLine| may_execute(permit, line);
    let mut claims = if is_open {
        approve(&lines, &input.choice, &now, &may, (MAX_APPROVED, || ledger.clock().uuid()))
    } else {
        Claims::default()
    };
    limit_to_budgets(work, at, (&plan, &lines), (&input.choice, &mut claims)).await?;
    let receipt = receipt_of(plan.id, &lines, &claims);
    if mode == Mode::Validate {
        return Ok((receipt, false));
    }
    apply_decisions(&mut lines, &claims, permit.actor());
    let changed = claims.claimed.iter().map(|(index, _)| index).chain(&claims.stale).chain(&claims.beyond);
    let changed: Vec<&PlanLine> = changed.map(|index| &lines[*index]).collect();
    if !changed.is_empty() {
        rows::change_lines(work, plan.id, changed).await?;
        let plan_lines = rows::lines_of(work, plan.id).await?;
        (plan.state, plan.cut_count, plan.costs) = (state_of(&plan_lines), cut_count(&plan_lines), sums(&plan_lines));
        (plan.version, plan.updated_at) = (plan.version + 1, at);
        rows::change_plan(work, &plan).await?;
    }
    idempotency::keep(work, &key, &receipt, at).await?;
    Ok((receipt, false))
}

/// Writes the decisions into the lines.
fn apply_decisions(lines: &mut [PlanLine], claims: &Claims, actor: Actor) {
    for (index, group) in &claims.claimed {
        lines[*index].state = LineState::Claimed { group: *group };
        lines[*index].approved_by = Some(actor);
    }
    for index in &claims.stale {
        lines[*index].state = LineState::Refused(ReplenishmentIssue::Stale);
    }
    for index in &claims.beyond {
        lines[*index].state = LineState::Cut(ReplenishmentIssue::OverBudget);
    }
}

/// Every id names a line of the plan.
fn check_ids(choice: &Choice, lines: &[PlanLine]) -> Result<(), ReplenishmentError> {
    let Choice::Ids(ids) = choice else { return Ok(()) };
    match ids.iter().position(|id| !lines.iter().any(|line| line.id == *id)) {
        Some(index) => {
            Err(ReplenishmentRefusal::NotFound { what: "line of the plan", field: path!["input", "lines", "ids", index] }.into())
        }
        None => Ok(()),
    }
}

fn receipt_of(plan: ReplenishmentPlanId, lines: &[PlanLine], claims: &Claims) -> Receipt {
    let places = |indices: &[usize]| indices.iter().map(|index| lines[*index].position).collect();
    Receipt {
        plan,
        claimed: claims.claimed.iter().map(|(index, _)| lines[*index].position).collect(),
        stale: places(&claims.stale),
        forbidden: places(&claims.forbidden),
        beyond: places(&claims.beyond),
        exceeded: claims.exceeded.clone(),
        later: claims.later,
    }
}

fn can_be_approved(state: &LineState) -> bool {
    *state == LineState::Open || state.is_beyond_budget()
}

/// The current levels of lines that can be approved, at both ends of transfers.
async fn levels_now(
    reads: &impl Reads,
    today: i32,
    lines: &[PlanLine],
) -> Result<BTreeMap<(ProductId, StoreId), CurrentLevel>, Fault> {
    let mut products: Vec<ProductId> =
        lines.iter().filter(|line| can_be_approved(&line.state)).map(|line| line.product).collect();
    products.sort_unstable();
    products.dedup();
    let (owed, drafted, leaving) =
        (rows::backordered_units(reads).await?, rows::drafted_units(reads).await?, rows::outgoing_draft_units(reads).await?);
    let mut current_levels = BTreeMap::new();
    for chunk in products.chunks(CHUNK) {
        for (product, levels) in rows::levels(reads, chunk).await? {
            for mut level in levels {
                let key = (product, level.store);
                level.owed = owed.get(&key).copied().unwrap_or_default();
                level.drafted = drafted.get(&key).copied().unwrap_or_default();
                level.leaving = leaving.get(&key).copied().unwrap_or_default();
                let current = CurrentLevel { position: level.position(), free: level.free(), ..CurrentLevel::default() };
                current_levels.insert(key, current);
            }
        }
    }
    // A store that never had the product has no level, only owed and drafted units.
    for key in owed.keys().chain(drafted.keys()) {
        let units = |store_units: &rows::StoreUnits| store_units.get(key).copied().unwrap_or_default();
        let position = units(&drafted) - units(&owed);
        current_levels.entry(*key).or_insert_with(|| CurrentLevel { position, ..CurrentLevel::default() });
    }
    for key in rows::liquidated_levels(reads, today).await? {
        current_levels.entry(key).or_default().is_liquidated = true;
    }
    Ok(current_levels)
}

type Refusals = BTreeMap<i32, DraftRefusal>;

/// Makes the drafts of all claimed lines of a plan that the caller may, and writes them down.
async fn create_claimed_drafts(
    ledger: &Ledger,
    permit: &ReadPermit,
    plan: ReplenishmentPlanId,
) -> Result<(Refusals, Option<i64>), Fault> {
    let scope = permit.scope(ledger.database());
    let mut groups: BTreeMap<Uuid, Vec<PlanLine>> = BTreeMap::new();
    for line in rows::lines_of(&scope, plan).await? {
        if let LineState::Claimed { group } = line.state {
            groups.entry(group).or_default().push(line);
        }
    }
    let (mut changed_lines, mut refusals, mut first_fault) = (Vec::new(), Refusals::new(), None);
    for (group, lines) in groups {
        if !lines.iter().all(|line| may_execute(permit, line)) {
            continue;
        }
        let state = match find_or_create_draft(ledger, permit, group, &lines).await {
            Ok(DraftOutcome::Made(document)) => LineState::Approved { group, document },
            Ok(DraftOutcome::Refused(rejections)) => {
                refusals.extend(lines.first().map(|line| (line.position, rejections)));
                LineState::Refused(ReplenishmentIssue::DraftRefused)
            }
            Ok(DraftOutcome::Denied) => continue,
            // Created drafts are stored before the fault is returned.
            Err(fault) => {
                first_fault = Some(fault);
                break;
            }
        };
        changed_lines.extend(lines.into_iter().map(|line| PlanLine { state, ..line }));
    }
    let seq = if changed_lines.is_empty() { None } else { store_outcome(ledger, permit, plan, &changed_lines).await? };
    match first_fault {
        Some(fault) => Err(fault),
        None => Ok((refusals, seq)),
    }
}

async fn store_outcome(
    ledger: &Ledger,
    permit: &ReadPermit,
    id: ReplenishmentPlanId,
    changed_lines: &[PlanLine],
) -> Result<Option<i64>, Fault> {
    let mut work = permit.scope(ledger.database()).begin().await?;
    let now = ledger.clock().now();
    journal::lock(&work).await?;
    let Some(mut plan) = rows::lock_plan(&work, id).await? else {
        return Err(Fault::corrupt("replenishment_plan", "a plan that is approved stays"));
    };
    rows::change_lines(&work, id, changed_lines).await?;
    let plan_lines = rows::lines_of(&work, id).await?;
    // A draft that was refused buys nothing.
    plan.costs = sums(&plan_lines);
    if plan.state != ReplenishmentPlanState::Superseded {
        plan.state = state_of(&plan_lines);
    }
    (plan.version, plan.updated_at) = (plan.version + 1, now);
    rows::change_plan(&work, &plan).await?;
    let approved_count = changed_lines.iter().filter(|line| line.state.document().is_some()).count();
    let seq = journal::append_other(
        &mut work,
        vec![REPLENISHMENT_PLAN_APPROVED.event(&PlanEvent::of(&plan, approved_count as i64))],
        now,
    )
    .await?;
    work.commit().await?;
    Ok(seq)
}

/// The answer, built from the receipt and the current lines.
async fn approved_plan(
    ledger: &Ledger,
    permit: &ReadPermit,
    receipt: Receipt,
    (mut refusals, seq, is_replayed): (Refusals, Option<i64>, bool),
) -> Result<ApprovalResult, ReplenishmentError> {
    let scope = permit.scope(ledger.database());
    let missing = || ReplenishmentRefusal::NotFound { what: "replenishment plan", field: path!["input", "plan"] };
    let plan = rows::plan(&scope, receipt.plan).await?.ok_or_else(missing)?;
    let mut problems = Vec::new();
    for line in rows::lines_of(&scope, plan.id).await? {
        let line_position = line.position;
        // Places ascend, as they were taken from the plan's lines.
        let has = |places: &[i32]| places.binary_search(&line_position).is_ok();
        if has(&receipt.forbidden) {
            let permission = required_permission(&line);
            problems.push((line, LineProblem::Forbidden(permission)));
        } else if has(&receipt.stale) {
            problems.push((line, LineProblem::Stale));
        } else if let Ok(nth) = receipt.beyond.binary_search(&line_position) {
            problems.push((line, LineProblem::OverBudget(receipt.exceeded.get(nth).copied())));
        } else if has(&receipt.claimed) && line.state == LineState::Refused(ReplenishmentIssue::DraftRefused) {
            problems.push((line, LineProblem::DraftRefused(refusals.remove(&line_position).unwrap_or_default())));
        }
    }
    let drafts_refused = problems.iter().filter(|(_, problem)| matches!(problem, LineProblem::DraftRefused(_))).count();
    let approved_count = receipt.claimed.len().saturating_sub(drafts_refused);
    let sending = SendOutcome::default();
    Ok(ApprovalResult { plan, approved: approved_count, later: receipt.later, problems, sending, seq, is_replayed })
}
