//! Approval of lines: those that are approved, forbidden to the caller, or stale.

use std::collections::BTreeMap;

use entity::prelude::*;
use serde::Serialize;
use uuid::Uuid;

use super::{
    action::LineAction,
    line::{LineState, PlanLine},
};

/// Lines that a document has at most.
const MAX_DOCUMENT_LINES: usize = 500;

/// Selection of the lines to approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Approval {
    All,
    Ids(Vec<LiquidationLineId>),
}

impl Approval {
    /// Whether it names the line.
    pub fn includes_line(&self, line: &PlanLine) -> bool {
        match self {
            Self::All => true,
            Self::Ids(ids) => ids.contains(&line.id),
        }
    }
}

/// Outcomes of the selected lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Claims {
    /// Indices of the plan's lines, with the group of the document that each goes into.
    pub claimed: Vec<(usize, Uuid)>,
    pub stale: Vec<usize>,
    pub forbidden: Vec<usize>,
    /// Number of chosen lines beyond the maximum of a call: they stay proposed.
    pub later: usize,
}

/// Key that the lines of one document have in common.
type DocumentKey = (LiquidationAction, Option<StoreId>, Option<StoreId>, Option<SupplierId>, Option<ProductId>);

fn document_key(line: &PlanLine) -> DocumentKey {
    let word = line.act.word();
    match &line.act {
        // A price is the product's, in all stores, and so is a kit.
        LineAction::Markdown { .. } | LineAction::Bundle(_) => (word, None, None, None, Some(line.product)),
        act => (word, Some(line.store), act.target(), act.supplier(), None),
    }
}

/// Units that have to be free for a line: a markdown or a bundle works with any remaining unit; any
/// other action needs all of the line's units.
const fn required_units(line: &PlanLine) -> i64 {
    match line.act {
        LineAction::Markdown { .. } | LineAction::Bundle(_) => 1,
        _ => line.quantity,
    }
}

/// Decides on each proposed line that is chosen. A line is stale where fewer units are free than it needs.
pub fn approve(
    lines: &[PlanLine],
    approval: &Approval,
    free: &BTreeMap<(ProductId, StoreId), i64>,
    is_allowed: &dyn Fn(&PlanLine) -> bool,
    (limit, mut group): (usize, impl FnMut() -> Uuid),
) -> Claims {
    let mut claims = Claims::default();
    let mut groups: BTreeMap<DocumentKey, (Uuid, usize)> = BTreeMap::new();
    let is_chosen = |line: &PlanLine| line.state == LineState::Proposed && approval.includes_line(line);
    for (index, line) in lines.iter().enumerate().filter(|(_, line)| is_chosen(line)) {
        if !is_allowed(line) {
            claims.forbidden.push(index);
        } else if free.get(&(line.product, line.store)).copied().unwrap_or_default() < required_units(line) {
            claims.stale.push(index);
        } else if claims.claimed.len() >= limit {
            claims.later += 1;
        } else {
            let (id, size) = groups.entry(document_key(line)).or_insert_with(|| (group(), 0));
            if *size >= MAX_DOCUMENT_LINES {
                (*id, *size) = (group(), 0);
            }
            *size += 1;
            claims.claimed.push((index, *id));
        }
    }
    claims
}

/// The state of a plan with these lines.
pub fn state_of(lines: &[PlanLine]) -> LiquidationPlanState {
    let has = |word: LiquidationLineState| lines.iter().any(|line| line.state.word() == word);
    let is_under_way = has(LiquidationLineState::Approved) || has(LiquidationLineState::Claimed);
    let is_begun = is_under_way || has(LiquidationLineState::Done);
    match (is_begun, has(LiquidationLineState::Proposed), is_under_way) {
        (false, _, _) => LiquidationPlanState::Draft,
        (true, true, _) => LiquidationPlanState::Partly,
        (true, false, true) => LiquidationPlanState::Approved,
        (true, false, false) => LiquidationPlanState::Done,
    }
}
