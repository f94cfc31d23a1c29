//! Approval of lines: those that are approved, forbidden to the caller, or stale.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;
use serde::Serialize;
use uuid::Uuid;

use super::{
    budget_allocation::lines_over_budget,
    line::{LineKind, LineState, PlanLine},
    purchase_budget::{AvailableBudget, Exceeded},
    reason::ReasonCode,
};

/// A level that changed by more than this share of a line's quantity has overtaken it.
const STALE_SHARE: u64 = 5;
/// Lines that a draft has at most: as many as a transfer takes.
const MAX_DRAFT_LINES: usize = 500;

/// Selection of the lines to approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Choice {
    All,
    /// These lines, including those that exceed a budget.
    Ids(Vec<ReplenishmentLineId>),
    /// Transfers, and purchases and cuts that are worth no more than this.
    Under(Money),
    /// Lines that the tenant's rule has chosen. The lines are not part of a call's hash: a repeated
    /// call finds other lines open.
    Rule {
        #[serde(skip)]
        lines: BTreeSet<ReplenishmentLineId>,
    },
}

impl Choice {
    /// Whether it takes a line as that is now.
    pub fn includes_line(&self, line: &PlanLine) -> bool {
        let is_open = line.state == LineState::Open;
        match self {
            Self::Ids(ids) => (is_open || line.state.is_beyond_budget()) && ids.contains(&line.id),
            _ if !is_open => false,
            Self::All => true,
            Self::Rule { lines } => lines.contains(&line.id),
            Self::Under(limit) => match line.kind {
                LineKind::Transfer { .. } => true,
                LineKind::Purchase { .. } | LineKind::CancelIncoming { .. } => {
                    line.cost.is_some_and(|cost| cost.currency == limit.currency && cost.minor <= limit.minor)
                }
            },
        }
    }
}

/// Current state of a level: its position with drafts, and the units that other stores may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CurrentLevel {
    pub position: i64,
    pub free: i64,
    /// Whether an approved plan clears its units: only a line for owed units, which knows of it, is still needed.
    pub is_liquidated: bool,
}

/// Outcomes of the selected lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// Indices of the plan's lines, with the group of the draft that each goes into.
    pub claimed: Vec<(usize, Uuid)>,
    pub stale: Vec<usize>,
    pub forbidden: Vec<usize>,
    /// Lines whose cost exceeds the rest of a budget.
    pub beyond: Vec<usize>,
    /// The exceeded budget of each line in `beyond`.
    pub exceeded: Vec<Exceeded>,
    /// Number of chosen lines beyond the maximum of a call: they stay open.
    pub later: usize,
}

/// Whether the caller may create a line's draft.
type CanDraft<'a> = &'a dyn Fn(&PlanLine) -> bool;

impl Claims {
    /// Releases claimed lines that exceed the rest of a budget, in the order of the lines. Lines
    /// that a budget cannot count, because of their currency, stay claimed.
    pub fn release_over_budget(&mut self, chosen_lines: &[PlanLine], available: &[AvailableBudget]) {
        let exceeded_groups: BTreeMap<usize, Exceeded> = lines_over_budget(chosen_lines, available)
            .into_iter()
            .filter(|one| one.issue == ReplenishmentIssue::OverBudget)
            .map(|one| (self.claimed[one.index].0, one.exceeded))
            .collect();
        self.claimed.retain(|(index, _)| !exceeded_groups.contains_key(index));
        (self.beyond, self.exceeded) = exceeded_groups.into_iter().unzip();
    }
}

/// Decides on each chosen line, the most urgent first. A line is stale if its level's position, or
/// the units that its giver may send, changed by more than a fifth of its quantity, apart from the
/// changes by other lines of the plan; or if an approved plan of liquidation clears its level by now.
pub fn approve(
    lines: &[PlanLine],
    choice: &Choice,
    current_levels: &BTreeMap<(ProductId, StoreId), CurrentLevel>,
    is_allowed: CanDraft<'_>,
    (limit, mut group): (usize, impl FnMut() -> Uuid),
) -> Claims {
    let (moved_units, given_units) = units_under_way(lines);
    let mut claims = Claims::default();
    let mut groups: BTreeMap<DraftKey, (Uuid, usize)> = BTreeMap::new();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| choice.includes_line(line)) {
        if !is_allowed(line) {
            claims.forbidden.push(index);
            continue;
        }
        if is_stale(line, current_levels, (&moved_units, &given_units)) {
            claims.stale.push(index);
            continue;
        }
        if claims.claimed.len() >= limit {
            claims.later += 1;
            continue;
        }
        let currency = line.cost.map(|cost| cost.currency.to_string()).unwrap_or_default();
        let key = (line.kind.source_store(), line.kind.supplier(), line.kind.cut_order(), line.store, currency);
        let (id, size) = groups.entry(key).or_insert_with(|| (group(), 0));
        if *size >= MAX_DRAFT_LINES {
            (*id, *size) = (group(), 0);
        }
        *size += 1;
        claims.claimed.push((index, *id));
    }
    claims
}

/// Key that the lines of one draft have in common: giver, supplier, the order that is cut, store
/// and currency.
type DraftKey = (Option<StoreId>, Option<SupplierId>, Option<PurchaseOrderId>, StoreId, String);
type Units = BTreeMap<(ProductId, StoreId), i64>;

/// Returns the units that lines of the plan have put under way since it was made: to levels, and
/// from givers.
fn units_under_way(lines: &[PlanLine]) -> (Units, Units) {
    let (mut moved_units, mut given_units) = (Units::new(), Units::new());
    for line in lines.iter().filter(|line| line.state.group().is_some()) {
        let change = if line.kind.cut_order().is_some() { -line.quantity } else { line.quantity };
        *moved_units.entry((line.product, line.store)).or_default() += change;
        if let Some(giver) = line.kind.source_store() {
            *given_units.entry((line.product, giver)).or_default() += line.quantity;
        }
    }
    (moved_units, given_units)
}

fn is_stale(
    line: &PlanLine,
    current_levels: &BTreeMap<(ProductId, StoreId), CurrentLevel>,
    (moved_units, given_units): (&Units, &Units),
) -> bool {
    let level_at = |store: StoreId| current_levels.get(&(line.product, store)).copied().unwrap_or_default();
    let units = |units: &Units, store: StoreId| units.get(&(line.product, store)).copied().unwrap_or_default();
    let knows = || line.reasons.iter().any(|reason| reason.code == ReasonCode::Liquidated);
    if line.kind.cut_order().is_none() && level_at(line.store).is_liquidated && !knows() {
        return true;
    }
    let is_far = |before: i64, after: i64| before.abs_diff(after).saturating_mul(STALE_SHARE) > line.quantity.unsigned_abs();
    let expected = line.figures.position.saturating_add(units(moved_units, line.store));
    if is_far(expected, level_at(line.store).position) {
        return true;
    }
    // A giver with more units than before can still send them.
    line.kind.source_store().zip(line.figures.giver_free).is_some_and(|(giver, before)| {
        let (expected, free) = (before.saturating_sub(units(given_units, giver)), level_at(giver).free);
        free < expected && is_far(expected, free)
    })
}

/// The state of a plan with these lines.
pub fn state_of(lines: &[PlanLine]) -> ReplenishmentPlanState {
    let has = |word: ReplenishmentLineState| lines.iter().any(|line| line.state.word() == word);
    let is_begun = has(ReplenishmentLineState::Approved) || has(ReplenishmentLineState::Claimed);
    match (is_begun, has(ReplenishmentLineState::Open)) {
        (false, _) => ReplenishmentPlanState::Draft,
        (true, true) => ReplenishmentPlanState::Partly,
        (true, false) => ReplenishmentPlanState::Approved,
    }
}
