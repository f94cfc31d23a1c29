//! Approves lines: they are claimed in one transaction, executed through the rooms' shells, and
//! their results are written in another. The next call continues a call that was interrupted in
//! between.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;
use iam::access::{Permit, kind};
use inventory::{catalog::rows::small_tables::tenant_zone, ledger::Mode};
use platform::{
    audit::{self, Target},
    clock::local_day,
    path,
    storage::{
        Fault, Work,
        idempotency::{self, EarlierUse, Key, hash_of},
        journal,
    },
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    execute::{GroupOutcome, Rooms, execute_lines, may_execute, required_permission},
    refusal::{LiquidationError, LiquidationRefusal, Refusal, check_key},
};
use crate::liquidation::{
    core::{Approval, Claims, LineState, Plan, PlanLine, approve, state_of},
    events::{LIQUIDATION_PLAN_APPROVED, plan_events},
    rows,
};

/// Maximum lines that a call approves, in descending order of value. Others stay proposed.
pub const MAX_APPROVED: usize = 1_000;
/// Lines that a call names by id at most.
const MAX_IDS: usize = 500;
/// Age of a plan's last change after which no call works on it any more: any caller may claim its
/// claimed lines again.
const CLAIM_SECONDS: i64 = 3_600;

/// Lines to approve. The idempotency key's hash is over its JSON.
#[derive(Debug, Clone, Serialize)]
pub struct PlanApprove {
    #[serde(skip)]
    pub idempotency_key: String,
    pub plan: LiquidationPlanId,
    #[serde(skip)]
    pub expected_version: i64,
    pub approval: Approval,
}

/// Reason why a chosen line was not executed.
#[derive(Debug)]
pub enum LineProblem {
    /// The permission that it needs in its store: the line stays proposed.
    Forbidden(&'static str),
    Stale,
    /// With the reasons of the room, which are not available to a repeated call with the same key.
    Refused(Option<Refusal>),
}

/// Result of an approval.
#[derive(Debug)]
pub struct ApprovalResult {
    pub plan: Plan,
    /// Lines that this call carried out, or that were carried out for it earlier.
    pub approved: usize,
    /// Chosen lines beyond the maximum of a call: they stay proposed.
    pub later: usize,
    pub problems: Vec<(PlanLine, LineProblem)>,
    pub seq: Option<i64>,
    pub is_replayed: bool,
}

/// Stored receipt of a call: lines by their positions.
#[derive(Debug, Serialize, Deserialize)]
struct Receipt {
    plan: LiquidationPlanId,
    claimed: Vec<i32>,
    stale: Vec<i32>,
    forbidden: Vec<i32>,
    later: usize,
}

type ReadPermit = Permit<kind::PurchaseRead>;

/// Approves the chosen lines of a plan.
pub async fn approve_plan(
    rooms: Rooms<'_>,
    permit: ReadPermit,
    input: PlanApprove,
    mode: Mode,
) -> Result<ApprovalResult, LiquidationError> {
    check_key(&input.idempotency_key)?;
    if let Approval::Ids(ids) = &input.approval
        && ids.len() > MAX_IDS
    {
        return Err(LiquidationRefusal::TooMany { what: "lines", most: MAX_IDS, field: path!["input", "lines", "ids"] }.into());
    }
    let mut work = permit.scope(rooms.ledger.database()).begin().await?;
    let claim = claim_lines(&mut work, rooms, (&permit, mode), &input).await;
    match &claim {
        Ok((_, is_replayed)) if !is_replayed && mode == Mode::Commit => work.commit().await?,
        _ => work.rollback().await?,
    }
    let (receipt, is_replayed) = claim?;
    if mode == Mode::Validate {
        return approved_plan(rooms, &permit, receipt, (BTreeMap::new(), None, is_replayed)).await;
    }
    let (refusals, seq) = execute_claims(rooms, &permit, receipt.plan).await?;
    approved_plan(rooms, &permit, receipt, (refusals, seq, is_replayed)).await
}

/// Whether the line is shown to the caller at all.
pub(super) fn can_see(permit: &ReadPermit, line: &PlanLine) -> bool {
    permit.covers(line.store) || line.act.target().is_some_and(|store| permit.covers(store))
}

async fn claim_lines(
    work: &mut Work,
    rooms: Rooms<'_>,
    (permit, mode): (&ReadPermit, Mode),
    input: &PlanApprove,
) -> Result<(Receipt, bool), LiquidationError> {
    let (owner, text) = (permit.actor().id, input.idempotency_key.clone());
    let key = Key { owner, mutation: "liquidationPlanApprove", key: text, hash: hash_of(input) };
    match idempotency::lock_and_look_up(work, &key).await? {
        EarlierUse::Nothing => {}
        EarlierUse::Reused => return Err(LiquidationRefusal::KeyReused.into()),
        EarlierUse::Same(receipt) => return Ok((receipt, true)),
    }
    let missing = || LiquidationRefusal::NotFound { what: "liquidation plan", field: path!["input", "plan"] };
    let mut plan = rows::lock_plan(work, input.plan).await?.ok_or_else(missing)?;
    audit::set_target(Target::of(plan.id));
    let mut lines = rows::lines_of(work, plan.id).await?;
    lines.retain(|line| can_see(permit, line));
    check_ids(&input.approval, &lines)?;
    let is_claimed = lines.iter().any(|line| matches!(line.state, LineState::Claimed { .. }));
    let is_open = matches!(plan.state, LiquidationPlanState::Draft | LiquidationPlanState::Partly);
    if !is_open && !is_claimed {
        return Err(LiquidationRefusal::State(plan.state).into());
    }
    if plan.version != input.expected_version {
        return Err(LiquidationRefusal::Stale { what: "liquidation plan", actual: plan.version }.into());
    }
    let mut products: Vec<ProductId> = lines.iter().map(|line| line.product).collect();
    products.sort_unstable();
    products.dedup();
    let free = rows::free_now(work, &products).await?;
    let mut claims = if is_open {
        let may = |line: &PlanLine| may_execute(permit, line);
        approve(&lines, &input.approval, &free, &may, (MAX_APPROVED, || rooms.ledger.clock().uuid()))
    } else {
        Claims::default()
    };
    let now = rooms.ledger.clock().now();
    claims.claimed.extend(abandoned_claims(permit, &input.approval, &plan, &lines, now));
    claims.claimed.sort_unstable();
    let receipt = receipt_of(plan.id, &lines, &claims);
    if mode == Mode::Validate {
        return Ok((receipt, false));
    }
    // A call that claims nothing changes nothing: the timeout of earlier claims continues.
    if !claims.claimed.is_empty() || !claims.stale.is_empty() {
        write_claims(work, &mut plan, &mut lines, (&claims, owner, now)).await?;
    }
    idempotency::keep(work, &key, &receipt, now).await?;
    Ok((receipt, false))
}

/// Writes down which lines the caller carries out, and which were overtaken.
async fn write_claims(
    work: &Work,
    plan: &mut Plan,
    lines: &mut [PlanLine],
    (claims, owner, now): (&Claims, Uuid, Timestamp),
) -> Result<(), Fault> {
    for (index, group) in &claims.claimed {
        lines[*index].state = LineState::Claimed { group: *group, by: owner };
    }
    for index in &claims.stale {
        lines[*index].state = LineState::Refused(LiquidationIssue::Stale);
    }
    let changed = claims.claimed.iter().map(|(index, _)| *index).chain(claims.stale.iter().copied());
    rows::change_lines(work, plan.id, changed.map(|index| &lines[index])).await?;
    if matches!(plan.state, LiquidationPlanState::Draft | LiquidationPlanState::Partly) {
        plan.state = state_of(&rows::lines_of(work, plan.id).await?);
    }
    (plan.version, plan.updated_at) = (plan.version + 1, now);
    rows::change_plan(work, plan).await
}

/// Lines that others have claimed, and that the call which did so will not carry out any more: their places and their groups. Those that the caller may,
/// of groups that the caller chose a line of: a group is one document.
fn abandoned_claims(
    permit: &ReadPermit,
    approval: &Approval,
    plan: &Plan,
    lines: &[PlanLine],
    now: Timestamp,
) -> Vec<(usize, Uuid)> {
    if plan.updated_at.plus_seconds(CLAIM_SECONDS) > now {
        return Vec::new();
    }
    let owner = permit.actor().id;
    let group_of = |line: &PlanLine| match line.state {
        LineState::Claimed { group, by } if by != owner && may_execute(permit, line) => Some(group),
        _ => None,
    };
    let chosen_groups: BTreeSet<Uuid> = lines.iter().filter(|line| approval.includes_line(line)).filter_map(group_of).collect();
    let claim_of = |(index, line): (usize, &PlanLine)| {
        group_of(line).filter(|group| chosen_groups.contains(group)).map(|group| (index, group))
    };
    lines.iter().enumerate().filter_map(claim_of).collect()
}

/// Every id names a line of the plan.
fn check_ids(approval: &Approval, lines: &[PlanLine]) -> Result<(), LiquidationError> {
    let Approval::Ids(ids) = approval else { return Ok(()) };
    match ids.iter().position(|id| !lines.iter().any(|line| line.id == *id)) {
        Some(index) => {
            Err(LiquidationRefusal::NotFound { what: "line of the plan", field: path!["input", "lines", "ids", index] }.into())
        }
        None => Ok(()),
    }
}

fn receipt_of(plan: LiquidationPlanId, lines: &[PlanLine], claims: &Claims) -> Receipt {
    let places = |indices: &[usize]| indices.iter().map(|index| lines[*index].position).collect();
    Receipt {
        plan,
        claimed: claims.claimed.iter().map(|(index, _)| lines[*index].position).collect(),
        stale: places(&claims.stale),
        forbidden: places(&claims.forbidden),
        later: claims.later,
    }
}

type Refusals = BTreeMap<i32, Refusal>;

/// Carries out all claimed lines of a plan that the caller may, and writes them down.
async fn execute_claims(rooms: Rooms<'_>, permit: &ReadPermit, id: LiquidationPlanId) -> Result<(Refusals, Option<i64>), Fault> {
    let scope = permit.scope(rooms.ledger.database());
    let Some(plan) = rows::plan(&scope, id).await? else { return Ok((Refusals::new(), None)) };
    let today = local_day(rooms.ledger.clock().now(), &tenant_zone(&scope).await?);
    let mut groups: BTreeMap<(Uuid, Uuid), Vec<PlanLine>> = BTreeMap::new();
    for line in rows::lines_of(&scope, id).await? {
        if let LineState::Claimed { group, by: claimer } = line.state {
            groups.entry((group, claimer)).or_default().push(line);
        }
    }
    let (mut changed_lines, mut refusals, mut first_fault) = (Vec::new(), Refusals::new(), None);
    for (key, lines) in groups {
        if !lines.iter().all(|line| may_execute(permit, line)) {
            continue;
        }
        match execute_lines(rooms, permit, key, &lines, (today, plan.currency)).await {
            Ok(GroupOutcome::Made(document)) => changed_lines.extend(lines.into_iter().map(|line| PlanLine {
                state: LineState::after_execution(key.0, document),
                approved_on: Some(today),
                steps_done: line.due_price(today).map_or(line.steps_done, |(step, _)| step),
                ..line
            })),
            Ok(GroupOutcome::Refused(reason)) => {
                let state = LineState::Refused(LiquidationIssue::Refused);
                refusals.extend(lines.iter().map(|line| (line.position, reason.clone())));
                changed_lines.extend(lines.into_iter().map(|line| PlanLine { state, ..line }));
            }
            Ok(GroupOutcome::Denied) => {}
            // Executed lines are stored before the fault is returned.
            Err(fault) => {
                first_fault = Some(fault);
                break;
            }
        }
    }
    let seq = if changed_lines.is_empty() { None } else { store_outcome(rooms, permit, id, &changed_lines).await? };
    match first_fault {
        Some(fault) => Err(fault),
        None => Ok((refusals, seq)),
    }
}

async fn store_outcome(
    rooms: Rooms<'_>,
    permit: &ReadPermit,
    id: LiquidationPlanId,
    changed_lines: &[PlanLine],
) -> Result<Option<i64>, Fault> {
    let mut work = permit.scope(rooms.ledger.database()).begin().await?;
    let now = rooms.ledger.clock().now();
    journal::lock(&work).await?;
    let Some(mut plan) = rows::lock_plan(&work, id).await? else {
        return Err(Fault::corrupt("liquidation_plan", "a plan that is approved stays"));
    };
    rows::change_lines(&work, id, changed_lines).await?;
    if plan.state != LiquidationPlanState::Superseded {
        plan.state = state_of(&rows::lines_of(&work, id).await?);
    }
    (plan.version, plan.updated_at) = (plan.version + 1, now);
    rows::change_plan(&work, &plan).await?;
    let carried_count = changed_lines.iter().filter(|line| line.state.document().is_some()).count();
    let seq = journal::append_other(&mut work, plan_events(LIQUIDATION_PLAN_APPROVED, &plan, carried_count), now).await?;
    work.commit().await?;
    Ok(seq)
}

/// The answer, built from the receipt and the current lines.
async fn approved_plan(
    rooms: Rooms<'_>,
    permit: &ReadPermit,
    receipt: Receipt,
    (mut refusals, seq, is_replayed): (Refusals, Option<i64>, bool),
) -> Result<ApprovalResult, LiquidationError> {
    let scope = permit.scope(rooms.ledger.database());
    let missing = || LiquidationRefusal::NotFound { what: "liquidation plan", field: path!["input", "plan"] };
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
        } else if has(&receipt.claimed) && line.state == LineState::Refused(LiquidationIssue::Refused) {
            problems.push((line, LineProblem::Refused(refusals.remove(&line_position))));
        }
    }
    let refused_count = problems.iter().filter(|(_, problem)| matches!(problem, LineProblem::Refused(_))).count();
    let approved_count = receipt.claimed.len().saturating_sub(refused_count);
    Ok(ApprovalResult { plan, approved: approved_count, later: receipt.later, problems, seq, is_replayed })
}
