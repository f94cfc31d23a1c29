//! Which lines a choice approves, which the caller may not, and which have been overtaken.

use std::collections::{BTreeMap, BTreeSet};

use entity::prelude::*;
use serde::Serialize;
use uuid::Uuid;

use super::{
    line::{LineKind, LineState, PlanLine},
    purchase_budget::{AvailableBudget, Exceeded},
    spending::beyond_budgets,
};

/// A level that changed by more than this share of a line's quantity has overtaken it.
const STALE_SHARE: u64 = 5;
/// Lines that a draft has at most: as many as a transfer takes.
const MOST_OF_A_DRAFT: usize = 500;

/// Which lines are approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Choice {
    All,
    /// Also of lines that a budget has no place for.
    Ids(Vec<ReplenishmentLineId>),
    /// Transfers, and purchases and cuts that are worth no more than this.
    Under(Money),
    /// Those that the tenant's rule has taken. Which they are is no part of a call's hash: a call that is made again finds other lines open.
    Rule {
        #[serde(skip)]
        lines: BTreeSet<ReplenishmentLineId>,
    },
}

impl Choice {
    /// Whether it takes a line as that is now.
    pub fn takes(&self, line: &PlanLine) -> bool {
        let is_open = line.state == LineState::Open;
        match self {
            Self::Ids(ids) => (is_open || line.state.is_beyond_budget()) && ids.contains(&line.id),
            _ if !is_open => false,
            Self::All => true,
            Self::Rule { lines } => lines.contains(&line.id),
            Self::Under(most) => match line.kind {
                LineKind::Transfer { .. } => true,
                LineKind::Purchase { .. } | LineKind::CancelIncoming { .. } => {
                    line.cost.is_some_and(|cost| cost.currency == most.currency && cost.minor <= most.minor)
                }
            },
        }
    }
}

/// A level now: its position, drafts among it, and what is free to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Now {
    pub position: i64,
    pub free: i64,
}

/// What becomes of the lines that were chosen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// Places in the plan's lines, with the draft that each goes into.
    pub claimed: Vec<(usize, Uuid)>,
    pub stale: Vec<usize>,
    pub forbidden: Vec<usize>,
    /// What is left of a budget has no place for them.
    pub beyond: Vec<usize>,
    /// That budget, for each of `beyond`.
    pub exceeded: Vec<Exceeded>,
    /// Chosen beyond the most of a call: they stay open.
    pub later: usize,
}

/// Whether somebody may have a line's draft made.
type May<'a> = &'a dyn Fn(&PlanLine) -> bool;

impl Claims {
    /// Takes back what goes over what is left of budgets, of claimed lines in their order. What a budget cannot count is claimed all the same.
    pub fn hold_to(&mut self, chosen: &[PlanLine], available: &[AvailableBudget]) {
        let beyond: BTreeMap<usize, Exceeded> = beyond_budgets(chosen, available)
            .into_iter()
            .filter(|one| one.issue == ReplenishmentIssue::OverBudget)
            .map(|one| (self.claimed[one.index].0, one.exceeded))
            .collect();
        self.claimed.retain(|(index, _)| !beyond.contains_key(index));
        (self.beyond, self.exceeded) = beyond.into_iter().unzip();
    }
}

/// Decides on each line that is chosen, the most urgent first. A line is stale where its level's position, or what its giver is free to send, moved by more
/// than a fifth of its quantity, apart from what other lines of the plan have moved since.
pub fn approve(
    lines: &[PlanLine],
    choice: &Choice,
    now: &BTreeMap<(ProductId, StoreId), Now>,
    may: May<'_>,
    (most, mut group): (usize, impl FnMut() -> Uuid),
) -> Claims {
    let (moved, given) = done_before(lines);
    let mut claims = Claims::default();
    let mut groups: BTreeMap<DraftKey, (Uuid, usize)> = BTreeMap::new();
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| choice.takes(line)) {
        if !may(line) {
            claims.forbidden.push(index);
            continue;
        }
        if is_stale(line, now, (&moved, &given)) {
            claims.stale.push(index);
            continue;
        }
        if claims.claimed.len() >= most {
            claims.later += 1;
            continue;
        }
        let currency = line.cost.map(|cost| cost.currency.to_string()).unwrap_or_default();
        let key = (line.kind.giver(), line.kind.supplier(), line.kind.cut_order(), line.store, currency);
        let (id, size) = groups.entry(key).or_insert_with(|| (group(), 0));
        if *size >= MOST_OF_A_DRAFT {
            (*id, *size) = (group(), 0);
        }
        *size += 1;
        claims.claimed.push((index, *id));
    }
    claims
}

/// What lines of one draft share: giver, supplier, the order that is cut, store and currency.
type DraftKey = (Option<StoreId>, Option<SupplierId>, Option<PurchaseOrderId>, StoreId, String);
type Units = BTreeMap<(ProductId, StoreId), i64>;

/// What lines of the plan have brought under way since it was made: to levels, and away from givers.
fn done_before(lines: &[PlanLine]) -> (Units, Units) {
    let (mut moved, mut given) = (Units::new(), Units::new());
    for line in lines.iter().filter(|line| line.state.group().is_some()) {
        let brought = if line.kind.cut_order().is_some() { -line.quantity } else { line.quantity };
        *moved.entry((line.product, line.store)).or_default() += brought;
        if let Some(giver) = line.kind.giver() {
            *given.entry((line.product, giver)).or_default() += line.quantity;
        }
    }
    (moved, given)
}

fn is_stale(line: &PlanLine, now: &BTreeMap<(ProductId, StoreId), Now>, (moved, given): (&Units, &Units)) -> bool {
    let of = |store: StoreId| now.get(&(line.product, store)).copied().unwrap_or_default();
    let units = |units: &Units, store: StoreId| units.get(&(line.product, store)).copied().unwrap_or_default();
    let is_far = |before: i64, after: i64| before.abs_diff(after).saturating_mul(STALE_SHARE) > line.quantity.unsigned_abs();
    let expected = line.figures.position.saturating_add(units(moved, line.store));
    if is_far(expected, of(line.store).position) {
        return true;
    }
    // A giver that has more than before still can give.
    line.kind.giver().zip(line.figures.giver_free).is_some_and(|(giver, before)| {
        let (expected, free) = (before.saturating_sub(units(given, giver)), of(giver).free);
        free < expected && is_far(expected, free)
    })
}

/// The state of a plan whose lines stand like this.
pub fn state_of(lines: &[PlanLine]) -> ReplenishmentPlanState {
    let has = |word: ReplenishmentLineState| lines.iter().any(|line| line.state.word() == word);
    let is_begun = has(ReplenishmentLineState::Approved) || has(ReplenishmentLineState::Claimed);
    match (is_begun, has(ReplenishmentLineState::Open)) {
        (false, _) => ReplenishmentPlanState::Draft,
        (true, true) => ReplenishmentPlanState::Partly,
        (true, false) => ReplenishmentPlanState::Approved,
    }
}
